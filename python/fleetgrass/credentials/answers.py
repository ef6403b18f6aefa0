"""JSON and dates of a source, read so that whatever is wrong with them is a `ValueError`."""

from __future__ import annotations

from fleetgrass._timestamps import parse_date

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from typing import Any


def loads(text: str | bytes) -> Any:
    """What the text says. `ValueError`: it is no JSON, or nests deeper than anybody reads."""
    import json

    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("the JSON nests too deeply") from None


def check_keys(provider: str, keys: Mapping[str, Any], names: Mapping[str, str]) -> None:
    """`CredentialRetrievalError`, which shows none of them: a key or token is no text. A token may be None."""
    for ours in ("access_key", "secret_key", "token"):
        value = keys[ours]
        if value is None and ours == "token":
            continue
        if not isinstance(value, str):
            problem = f"of type {type(value).__name__}"
        elif not _is_unicode(value):
            problem = "no Unicode text"
        else:
            continue
        from fleetgrass.credentials import refuse

        refuse(provider, f"{names[ours]!r} in the answer is {problem}, and has to be a text")


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def moment(value: Any) -> datetime:
    """When that is. `ValueError`: the value is no date, or one that does not say of which zone."""
    try:
        found = parse_date(value)
    except (TypeError, ValueError, OverflowError, AttributeError):
        raise ValueError(f"{value!r} is no date") from None
    if found.tzinfo is None:
        raise ValueError(f"{value!r} has no time zone")
    return found
