"""What a presigned URL says of a call: its query and the members of its body, as botocore prints them."""

from __future__ import annotations


def query(given: str, body: bytes | None) -> str:
    """The pairs of a presigned URL's query that are the call's own, percent-encoded, with an ampersand at the end.

    Of a key that comes twice in the query the first value counts; a body's member replaces a query's of the same name.
    A list of the body repeats its key, and any other nested value stands as `str()` gives it.
    """
    from urllib.parse import parse_qs, quote

    values: dict[str, object] = {key: found[0] for key, found in parse_qs(given, keep_blank_values=True).items()}
    if body:
        import json

        values.update(json.loads(body))
    if not values:
        return ""
    pairs = [(key, item) for key, value in values.items() for item in (value if isinstance(value, list) else [value])]
    return "&".join(f"{quote(key, safe='')}={quote(str(item), safe='')}" for key, item in pairs) + "&"
