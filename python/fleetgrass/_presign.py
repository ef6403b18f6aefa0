"""What a presigned URL says of a call: its query and the members of its body, as botocore prints them."""

from __future__ import annotations


def query_pairs(query: str, body: bytes | None) -> list[tuple[str, str]]:
    """The pairs of a presigned URL's query, not encoded yet.

    Of a key that comes twice in the query the first value counts; a body's member replaces a query's of the same name. A
    list of the body repeats its key, and any other nested value stands as `str()` gives it.
    """
    from urllib.parse import parse_qs

    values: dict[str, object] = {key: found[0] for key, found in parse_qs(query, keep_blank_values=True).items()}
    if body:
        import json

        values.update(json.loads(body))
    pairs: list[tuple[str, str]] = []
    for key, value in values.items():
        pairs.extend((key, str(item)) for item in (value if isinstance(value, list) else [value]))
    return pairs
