"""Timestamps that the core does not read itself: zones, ISO 8601, HTTP dates, and what is out of range.

As botocore does it: dateutil where it is installed (botocore needs it, so beside boto3 it is), the standard library
where it is not.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone, tzinfo

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def local_zone() -> tzinfo:
    """The process's local time zone, as `time.tzset` last set it."""
    try:
        from dateutil.tz import tzlocal
    except ImportError:
        return _LocalZone()
    zone: tzinfo = tzlocal()
    return zone


def parse(value: Any) -> datetime:
    """A moment from a number of seconds or a text, numeric or a date of any usual form.

    Raises:
        ValueError: The text is no date.
        RuntimeError: The number is too large for a date.
    """
    zone = local_zone()
    try:
        return _parse(value, zone)
    except (OSError, OverflowError):
        pass
    try:
        start = datetime(1970, 1, 1, tzinfo=timezone.utc).astimezone(zone)
        return start + timedelta(seconds=float(value))
    except (TypeError, ValueError, OSError, OverflowError):
        pass
    raise RuntimeError(f'Unable to calculate correct timezone offset for "{value}"')


def _parse(value: Any, zone: tzinfo) -> datetime:
    if isinstance(value, (int, float)):
        return datetime.fromtimestamp(value, zone)
    try:
        return datetime.fromtimestamp(float(value), zone)
    except (TypeError, ValueError):
        pass
    try:
        return parse_date(value)
    except (TypeError, ValueError) as error:
        raise ValueError(f'Invalid timestamp "{value}": {error}') from error


def parse_date(text: Any) -> datetime:
    try:
        from dateutil.parser import parse as parse_any
        from dateutil.tz import tzutc
    except ImportError:
        return _parse_date_plainly(text)
    # A date marked GMT is one of UTC, whatever the local zone calls itself.
    moment: datetime = parse_any(text, tzinfos={"GMT": tzutc()})
    return moment


def _parse_date_plainly(text: Any) -> datetime:
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        from email.utils import parsedate_to_datetime

        try:
            return parsedate_to_datetime(text)
        except (TypeError, ValueError):
            raise ValueError(f"Unknown string format: {text}") from None


class _LocalZone(tzinfo):
    """Local time by the standard library alone."""

    def _at(self, moment: datetime) -> datetime:
        return moment.replace(tzinfo=None).astimezone()

    def utcoffset(self, moment: datetime | None) -> timedelta | None:
        return None if moment is None else self._at(moment).utcoffset()

    def dst(self, moment: datetime | None) -> timedelta | None:
        return None

    def tzname(self, moment: datetime | None) -> str | None:
        return None if moment is None else self._at(moment).tzname()

    def fromutc(self, moment: datetime) -> datetime:
        local = moment.replace(tzinfo=timezone.utc).astimezone()
        return local.replace(tzinfo=self)

    def __repr__(self) -> str:
        return "tzlocal()"
