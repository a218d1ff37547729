"""Moments of a branch's history, and lifetimes of branches, as people write them."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

from plain_commands.durations import read_duration
from plain_commands.errors import InvalidInputError

# "Maximum expiration is 30 days from the current time" (Neon's manual, "Branch expiration").
LONGEST_LIFETIME = timedelta(days=30)
_LSN = re.compile(r"[0-9A-Fa-f]{1,8}/[0-9A-Fa-f]{1,8}")


@dataclass(frozen=True, slots=True)
class Moment:
    """A point of a branch's history: a position in its log (`lsn`), or a `timestamp`."""

    kind: str
    text: str

    @classmethod
    def read(cls, text: str) -> Self:
        """Read an LSN, such as 0/1A2B3C8, or a time in ISO 8601 with its time zone.

        Raises InvalidInputError for what is neither, and for a time that is yet to come.
        """
        if _LSN.fullmatch(text.strip()):
            return cls("lsn", text.strip().upper())
        try:
            time = datetime.fromisoformat(text.strip())
        except ValueError:
            time = None
        if time is None or time.tzinfo is None:
            # Guessing the time zone would bring back another state than the one that is meant.
            message = (
                f"{text!r} is not a point in time: write a time with its time zone, such as "
                "2026-11-24T02:00:00Z or 2026-11-24T11:00:00+09:00, or an LSN such as 0/1A2B3C8."
            )
            raise InvalidInputError(message)
        if time > datetime.now(UTC):
            message = f"{text} is in the future: no branch has a state from then."
            raise InvalidInputError(message)
        return cls("timestamp", as_timestamp(time))

    def fields(self, prefix: str = "") -> dict[str, str]:
        """Write it as a field of the API: `parent_lsn`, `source_timestamp`, and the like."""
        return {prefix + self.kind: self.text}


def read_lifetime(text: str) -> timedelta:
    """Read how long a branch is to live, such as 90m, 12h, 7d or 2w.

    Raises InvalidInputError for anything else, and for more than Neon allows.
    """
    lifetime = read_duration(text, noun="lifetime")
    if lifetime > LONGEST_LIFETIME:
        message = f"Neon lets a branch expire after {LONGEST_LIFETIME.days} days at most."
        raise InvalidInputError(message)
    return lifetime


def as_timestamp(time: datetime) -> str:
    """Write a time as the API wants it: UTC, to the second unless there is more."""
    precision = "microseconds" if time.microsecond else "seconds"
    return time.astimezone(UTC).isoformat(timespec=precision).replace("+00:00", "Z")


def minute(timestamp: str | None) -> str:
    """Write a time of the API for people: in UTC, to the minute; empty if there is none."""
    if not timestamp:
        return ""
    return f"{datetime.fromisoformat(timestamp).astimezone(UTC):%Y-%m-%d %H:%M} UTC"
