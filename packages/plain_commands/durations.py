"""How long something takes, as people write it in commands: 90m, 12h, 7d or 2w."""

import re
from datetime import timedelta

from plain_commands.errors import InvalidInputError

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def read_duration(
    text: str,
    *,
    noun: str = "duration",
    least: timedelta = timedelta(minutes=1),
    most: timedelta = timedelta.max,
) -> timedelta:
    """Read minutes, hours, days or weeks.

    Raises InvalidInputError for anything else, and for what is shorter or longer than it may be:
    nothing at all is no duration, unless `least` says so.
    """
    found = re.fullmatch(r"(\d{1,6})\s*([mhdw])", text.strip(), re.ASCII)
    length = timedelta(**{_UNITS[found[2]]: int(found[1])}) if found else None
    if length is None or length < least:
        message = f"{text!r} is not a {noun}: write minutes, hours, days or weeks, as in 90m or 7d."
        raise InvalidInputError(message)
    if length > most:
        message = f"The {noun} may be {in_words(most)} at most."
        raise InvalidInputError(message)
    return length


def in_words(duration: timedelta) -> str:
    """Write a duration in the largest unit that fits without a rest: `90 minutes`, `7 days`."""
    for unit, name in (("days", "day"), ("hours", "hour"), ("minutes", "minute")):
        count, rest = divmod(duration, timedelta(**{unit: 1}))
        if count and not rest:
            return f"{count} {name}{'s' * (count > 1)}"
    return f"{duration // timedelta(seconds=1)} seconds"
