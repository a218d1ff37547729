"""Times as people have them in SQLite, read where they can mean one moment only.

SQLite has no type for them: programs leave text in many forms, and numbers that count something
since some day. ISO 8601 is read as it stands; of any other form it is told, so that it becomes a
note on the row. What may mean two moments is not read at all.
"""

import re
import unicodedata
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

# All times are naive, and UTC.
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001
# Of numbers: wider than what most programs have seen, and so narrow that the ranges of no two
# units meet, nor that of a unit with those of Excel, Cocoa, Windows or .NET.
_FIRST = (datetime(2000, 1, 1) - _EPOCH) // timedelta(microseconds=1)  # noqa: DTZ001
_LAST = (datetime(2100, 1, 1) - _EPOCH) // timedelta(microseconds=1)  # noqa: DTZ001
_UNITS = {
    "seconds": Decimal(1_000_000),
    "milliseconds": Decimal(1000),
    "microseconds": Decimal(1),
    "nanoseconds": Decimal("0.001"),
}
_JULIAN_DAY_OF_EPOCH = Decimal("2440587.5")
_MS_PER_DAY = 86_400_000
_FEWEST_DAYS, _MOST_DAYS = 10_000, 100_000
_COMPACT = {8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}

_FAR_AWAY = "is before 1970 or after 2999"
_MOST_CHARACTERS = 200
_MOST_OFFSET = timedelta(hours=16)
_PLAIN_LENGTHS = {len("2026-01-11 04:22:27"), len("2026-01-11 04:22:27.521293")}
_AROUND = " \t\r\n\v\f\0\u200b\ufeff\"'"
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

_NUMBER = re.compile(r"[+-]?[0-9]{1,30}(?:\.[0-9]{0,30})?(?:e[+-]?[0-9]{1,3})?", re.IGNORECASE)
_CLOCK = r"""
    (?P<hour>[0-9]{2}|[0-9](?=:))
    (?: :?(?P<minute>[0-9]{2}) (?: :?(?P<second>[0-9]{2}) (?:[.,:](?P<fraction>[0-9]+))? )? )?
"""
# Where there is an offset, it says all. Go, JavaScript and Java write names or a clock's state
# behind it.
_ZONE = r"""
    (?P<blank>\s*)
    (?: Z
      | (?P<word>UTC|GMT|UT)? (?: (?P<sign>[+\u2212-]) (?P<offset>[0-9]{1,2}(?: :?[0-9]{2}){0,2}) )?
        (?P<name> (?:\s*(?!AM|PM)[A-Z]{2,6}|\s+[A-Z]+/[A-Z_/]+|\s+[+-][0-9]{2,4})?
                  (?:\s+m=[+-][0-9.]+)? (?:\[[A-Z0-9_/+-]+\])? (?:\s*\([^()]*\))? )
    )
"""
_WEEKDAY = r"(?:[A-Z]{3,9}(?:,\s*|\s+))?"
_ISO, _MAIL, _JAVASCRIPT = (
    re.compile(form, re.VERBOSE | re.IGNORECASE | re.ASCII)
    for form in (
        # And what comes close to it: all that has the year first.
        rf"""(?: (?P<year>[0-9]{{4}}) (?P<separator>[-/.]) (?P<month>[0-9]{{1,2}}) (?P=separator)
                 (?P<day>[0-9]{{1,2}})
               | (?P<date> [0-9]{{8}} | [0-9]{{4}}-?W[0-9]{{2}}(?:-?[0-9])? ) )
             (?: (?:T|\s+|_|-(?=[0-9]{{2}}:[0-9]{{2}}:)) {_CLOCK} {_ZONE} )?""",
        # Sun, 11 Jan 2026 04:22:27 +0000
        rf"""{_WEEKDAY} (?P<day>[0-9]{{1,2}}) [\s-](?P<month>[A-Z]{{3}}) [\s-](?P<year>[0-9]{{4}})
             \s+ {_CLOCK} {_ZONE}""",
        # Sun Jan 11 2026 13:22:27 GMT+0900 (Korean Standard Time)
        rf"""{_WEEKDAY} (?P<month>[A-Z]{{3}}) \s+ (?P<day>[0-9]{{1,2}}) \s+ (?P<year>[0-9]{{4}})
             \s+ {_CLOCK} {_ZONE}""",
    )
)
# As Postgres writes what other databases can't hold.
_FAR = re.compile(r"-?infinity|[0-9]{4,6}-[0-9-]{5}(?: [0-9:.]+)? BC|[0-9]{5,6}-[0-9-]{5}(?: .*)?")
_YEAR_LAST = re.compile(r"[0-9]{1,2}([-/.])[0-9]{1,2}\1(?:[0-9]{4}|[0-9]{2})(?![0-9]).*", re.DOTALL)


class NoTimeError(Exception):
    """A value is no time, or may mean several; the message follows on the name of its column."""

    def __init__(self, why: str = "is not a time") -> None:
        super().__init__(why)


class Reading(NamedTuple):
    """A naive time in UTC, and how the value said it, if not as ISO 8601."""

    moment: datetime
    how: str | None = None


def plain_time(value: object) -> datetime | None:
    """Read a time as SQLAlchemy writes it, as `read_time` would; None for any other value."""
    if (
        type(value) is str
        and len(value) in _PLAIN_LENGTHS
        and value[4] == "-"
        and value[10] in " T"
        and value[11:13] != "24"
        and value[13] == value[16] == ":"
    ):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            return None
        if moment.tzinfo is None and is_plausible(moment):
            return moment
    return None


def read_time(value: object) -> Reading:
    """Read a time in any form; without a zone it is UTC. Raises NoTimeError."""
    try:
        reading = _read(value)
    except (ValueError, ArithmeticError) as error:
        # A month 13, an hour 25, the year 0.
        raise NoTimeError from error
    if not is_plausible(reading.moment):
        raise NoTimeError(_FAR_AWAY)
    return reading


def is_plausible(moment: datetime) -> bool:
    """Tell whether a time is from 1970 to 2999: beyond that, somebody has mistaken a unit."""
    return 1970 <= moment.year <= 2999  # noqa: PLR2004


def _read(value: object) -> Reading:
    if type(value) is int or (type(value) is float and not value.is_integer()):
        return _of_number(str(value))
    if type(value) is float:
        return _of_number(str(int(value)))
    given = value.decode() if isinstance(value, bytes) else value
    if not isinstance(given, str) or len(given) > _MOST_CHARACTERS:
        raise NoTimeError
    text = unicodedata.normalize("NFKC", given).strip(_AROUND)
    if not text:
        message = "is empty"
        raise NoTimeError(message)
    if _NUMBER.fullmatch(text):
        return _of_number(text)
    reading = _of_text(text)
    if text == given:
        return reading
    around = "with blanks, quotes or full-width characters"
    return Reading(reading.moment, f"{reading.how}, {around}" if reading.how else around)


def _of_number(text: str) -> Reading:
    """Read a number as what it counts, which the range tells that it is in."""
    if len(text) in _COMPACT and text.startswith("20") and text.isdigit():
        try:
            moment = datetime.strptime(text, _COMPACT[len(text)])  # noqa: DTZ007
            return Reading(moment, "in digits only")
        except ValueError:
            pass
    number = Decimal(text)
    for unit, microseconds in _UNITS.items():
        since = number * microseconds
        if _FIRST <= since < _LAST:
            return Reading(_EPOCH + timedelta(microseconds=int(since)), f"in {unit} since 1970")
    # As exact as SQLite is about them; a floating-point number has no more digits.
    milliseconds = (number - _JULIAN_DAY_OF_EPOCH) * _MS_PER_DAY
    if _FIRST <= milliseconds * 1000 < _LAST:
        return Reading(_EPOCH + timedelta(milliseconds=round(milliseconds)), "as a Julian day")
    if _FEWEST_DAYS <= number <= _MOST_DAYS:
        message = "is a number that may count days since 1858, 1899, 1904 or 1970"
    else:
        message = "is a number that is in no range of a known unit"
    raise NoTimeError(message)


def _of_text(text: str) -> Reading:
    if _FAR.fullmatch(text):
        raise NoTimeError(_FAR_AWAY)
    if match := _ISO.fullmatch(text):
        return _assembled(match, _loose(match))
    if match := _MAIL.fullmatch(text):
        how = "as in an e-mail"
    elif match := _JAVASCRIPT.fullmatch(text):
        how = "as in JavaScript"
    elif _YEAR_LAST.match(text):
        message = "is a date that does not begin with the year"
        raise NoTimeError(message)
    else:
        raise NoTimeError
    if not (match["word"] or match["sign"]):
        message = "is in words, and without an offset from UTC"
        raise NoTimeError(message)
    return _assembled(match, [how])


def _loose(match: re.Match[str]) -> list[str]:
    """Say what is not ISO 8601 in a text that comes close to it."""
    zone = match["word"] or match["sign"]
    is_strict = match["date"] or (
        match["separator"] == "-" and len(match["month"]) == len(match["day"]) == 2  # noqa: PLR2004
    )
    found = {
        "with another form of date": not is_strict,
        "with one digit for the hour": match["hour"] and len(match["hour"]) == 1,
        "with a blank before the zone": match["blank"],
        "with UTC as a word": match["word"],
        "with the name of the zone": zone and match["name"],
    }
    return [how for how, is_so in found.items() if is_so]


def _assembled(match: re.Match[str], how: list[str]) -> Reading:
    hour, minute, second = (int(match[name] or 0) for name in ("hour", "minute", "second"))
    fraction = match["fraction"] or ""
    microsecond = int(fraction[:6].ljust(6, "0"))
    if fraction[6:].strip("0"):
        how.append("with more than six decimals")
    later = timedelta(0)
    if (hour, minute, second, microsecond) == (24, 0, 0, 0):
        how.append("at 24:00")
        hour, later = 0, timedelta(days=1)
    if second == 60:  # noqa: PLR2004  a leap second, or rounded up
        how.append("in a 60th second")
        second, later = 59, timedelta(seconds=1)
    day = _day(match)
    moment = datetime(day.year, day.month, day.day, hour, minute, second, microsecond)  # noqa: DTZ001
    return Reading(moment + later - _offset(match), ", ".join(how) or None)


def _day(match: re.Match[str]) -> date:
    if match.re is _ISO and match["date"]:
        return date.fromisoformat(match["date"].upper())
    month = match["month"].lower()
    number = _MONTHS.index(month) + 1 if month.isalpha() else int(month)
    return date(int(match["year"]), number, int(match["day"]))


def _offset(match: re.Match[str]) -> timedelta:
    """Read the offset from UTC; NoTimeError for a name that has none, or another one."""
    name = (match["name"] or "").strip().upper()
    if not match["sign"]:
        if name:
            message = "has the name of a zone, but not its offset from UTC"
            raise NoTimeError(message)
        return timedelta(0)
    offset = _size(match["sign"], match["offset"])
    is_other = (name[:1] in {"+", "-"} and _size(name[0], name[1:].split()[0]) != offset) or (
        offset and name.split()[:1] in (["UTC"], ["GMT"])
    )
    if is_other or abs(offset) >= _MOST_OFFSET:
        message = "has an offset from UTC that can't be"
        raise NoTimeError(message)
    return offset


def _size(sign: str, digits: str) -> timedelta:
    plain = digits.replace(":", "")
    plain = plain.zfill(len(plain) + len(plain) % 2)
    hours, minutes, seconds = (int(plain[at : at + 2] or 0) for at in (0, 2, 4))
    if max(minutes, seconds) >= 60:  # noqa: PLR2004
        return _MOST_OFFSET
    size = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    return size if sign == "+" else -size
