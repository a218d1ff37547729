"""Reads Retry-After, in seconds or as a date (RFC 9110, 10.2.3): the least wait before a repeat."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

_LONGEST = timedelta(days=3650)


def retry_after_s(headers: Mapping[str, str]) -> float:
    """Return the seconds to wait; 0 where the header is not there or is malformed.

    A date is compared with that of the answer, so that it does not matter what the clock here says.
    """
    text = headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text), _LONGEST.total_seconds())
    then = _date(text)
    if then is None:
        return 0
    now = _date(headers.get("Date", "")) or datetime.now(UTC)
    return max(timedelta(), min(then - now, _LONGEST)).total_seconds()


def time_in(seconds: float) -> str:
    """Name the time after a wait, for people: rounded up to the second, in UTC."""
    then = datetime.now(UTC) + timedelta(seconds=seconds, microseconds=999_999)
    return f"{then:%Y-%m-%d %H:%M:%S} UTC"


def _date(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
