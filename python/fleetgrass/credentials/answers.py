"""JSON and dates of a source, read so that whatever is wrong with them is a `ValueError`."""

from __future__ import annotations

from fleetgrass._timestamps import parse_date

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any


def loads(text: str | bytes) -> Any:
    """What the text says. `ValueError`: it is no JSON, or nests deeper than anybody reads."""
    import json

    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("the JSON nests too deeply") from None


def moment(value: Any) -> datetime:
    """When that is. `ValueError`: the value is no date, or one that does not say of which zone."""
    try:
        found = parse_date(value)
    except (TypeError, ValueError, OverflowError, AttributeError):
        raise ValueError(f"{value!r} is no date") from None
    if found.tzinfo is None:
        raise ValueError(f"{value!r} has no time zone")
    return found
