"""Values of SQLite, made fit for Postgres; what had to be repaired is noted.

SQLite holds a column to its type only loosely: text may stand in an INTEGER column, be no valid
UTF-8 or contain NUL, and a JSON column is text that nobody checked. A value that can be converted
without loss is; another is replaced, and a note keeps the value as it was.
"""

import base64
import json
import math
import re
from collections.abc import Collection
from contextlib import suppress
from datetime import datetime

from sqlite_to_postgres import json_text
from sqlite_to_postgres.refusal import RefusedError
from sqlite_to_postgres.times import NoTimeError, plain_time, read_time

INT_MAX = 2**31 - 1
"""Largest value of a Postgres integer column."""

BIGINT_MAX = 2**63 - 1
"""Largest value of a Postgres bigint column, and of any integer in SQLite."""

AS_READ = "2026-01-31 14:00:00+09:00"
"""A time in a form that is always understood."""

_WHOLE = re.compile(r"\s*[+-]?[0-9]{1,20}\s*")
_UNFIT = re.compile(r"[\0\n]")
_NOTHING = object()


class Values:
    """Converts the values of one row after the other; `take_notes` ends a row.

    A note is one line, `what was repaired` or `what was repaired: the value before, as JSON`.
    """

    def __init__(self) -> None:
        self._notes: list[str] = []

    def note(self, repair: str, was: object = _NOTHING) -> None:
        """Note a repair, and the value before where it is lost otherwise."""
        self._notes.append(repair if was is _NOTHING else f"{repair}: {_shown(was)}")

    def take_notes(self) -> str | None:
        """Return the notes on the row, one a line, and begin anew."""
        if not self._notes:
            return None
        notes = "\n".join(self._notes)
        self._notes.clear()
        return notes

    def text(self, column: str, value: object) -> str | None:
        """Convert to text that Postgres takes."""
        if value is None:
            return None
        text = value if type(value) is str else self._as_text(column, value)
        if "\0" in text:
            self.note(f"NUL in {column}, now U+FFFD")
            return text.replace("\0", "\ufffd")
        return text

    def short_text(self, column: str, value: object, limit: int) -> str | None:
        """Convert to text of at most `limit` characters."""
        text = self.text(column, value)
        if text is None or len(text) <= limit:
            return text
        self.note(f"{column} cut to {limit} characters", text)
        return text[:limit]

    def name(self, column: str, value: object, limit: int, substitute: str) -> str:
        """Convert to text of 1 to `limit` characters; `substitute` stands in for none."""
        text = self.short_text(column, value, limit)
        if text:
            return text
        # It may be made of an id, which is whatever the file has.
        fit = _UNFIT.sub("\ufffd", substitute)[:limit]
        self.note(f"{column} missing, now {fit}")
        return fit

    def whole(self, column: str, value: object, least: int = 0, most: int = INT_MAX) -> str | None:
        """Convert to a whole number from `least` to `most`."""
        if value is None:
            return None
        number = value if type(value) is int else _as_whole(value)
        if number is not None and least <= number <= most:
            return str(number)
        self.note(f"{column} out of range or not a whole number, now null", value)
        return None

    def number(self, column: str, value: object, most: float) -> str | None:
        """Convert to a number from 0 to `most`."""
        if value is None:
            return None
        try:
            number = value if type(value) is float else float(_plain(value))  # type: ignore[arg-type]
        except (TypeError, ValueError):
            number = math.nan
        if 0 <= number <= most:
            return repr(number)
        self.note(f"{column} out of range or not a number, now null", value)
        return None

    def moment(self, column: str, value: object) -> datetime | None:
        """Convert to a naive time in UTC; one without a zone is UTC already."""
        if value is None:
            return None
        try:
            return plain_time(value) or self._other_moment(column, value)
        except NoTimeError as error:
            self.note(f"{column} {error}, now null", value)
            return None

    def moment_or(
        self, column: str, value: object, substitute: datetime, substitute_column: str
    ) -> datetime:
        """Convert to a naive time in UTC; that of another column stands in for none."""
        moment = self.moment(column, value)
        if moment is None:
            self.note(f"{column} missing, now {substitute_column}")
            return substitute
        return moment

    def required_moment(self, column: str, value: object) -> datetime:
        """Convert to a naive time in UTC; raises RefusedError where there is none."""
        why: object = "is missing"
        if value is not None:
            try:
                return plain_time(value) or self._other_moment(column, value)
            except NoTimeError as error:
                why = error
        message = f"{column} {why}; write it as {AS_READ} in the source, and import that again"
        raise RefusedError(message)

    def known(self, column: str, value: object, vocabulary: Collection[str]) -> str:
        """Convert to text of a closed vocabulary; raises RefusedError for any other."""
        text = self.text(column, value)
        if text is not None and text in vocabulary:
            return text
        message = f"{column} {json.dumps(text, ensure_ascii=False)} is unknown"
        raise RefusedError(message)

    def _other_moment(self, column: str, value: object) -> datetime:
        moment, how = read_time(value)
        if how:
            self.note(f"{column} {how}, converted", value)
        return moment

    def document(self, column: str, value: object) -> str | None:
        """Convert to the text of a JSON value; JSON's null is null, what is no JSON a string."""
        if value is None or value == "null":
            return None
        text = value if type(value) is str else self._as_json(column, value)
        if json_text.has_a_name_twice(text):
            self.note(f"names given twice in {column}, the last value of each kept", text)
        try:
            return None if json_text.decode(text) is None else text
        except json_text.DoubtfulJsonError:
            return self._mended(column, text)
        except (ValueError, RecursionError):
            return self._as_string(column, text)

    def _mended(self, column: str, text: str) -> str:
        try:
            mended = json_text.mend(text)
        except (ValueError, RecursionError):
            return self._as_string(column, text)
        if mended.characters:
            self.note(f"NUL or lone surrogates in {column}, now U+FFFD")
        if mended.numbers:
            self.note(f"numbers in {column} that JSON can't hold, now null", mended.numbers)
        return mended.text

    def _as_string(self, column: str, text: str) -> str:
        self.note(f"{column} is no JSON, now a JSON string")
        return json.dumps(self.text(column, text), ensure_ascii=False)

    def _as_json(self, column: str, value: object) -> str:
        # SQLite turns the text of a lone number in a JSON column into a number.
        return repr(value) if isinstance(value, int | float) else self._as_text(column, value)

    def _as_text(self, column: str, value: object) -> str:
        if not isinstance(value, bytes):
            return str(value)
        try:
            return value.decode()
        except UnicodeDecodeError:
            self.note(f"{column} is binary, now base64")
            return base64.b64encode(value).decode()


def _plain(value: object) -> object:
    """Take text that was stored as binary for the text that it is."""
    if isinstance(value, bytes):
        with suppress(UnicodeDecodeError):
            return value.decode()
    return value


def _as_whole(value: object) -> int | None:
    value = _plain(value)
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return None


def _shown(value: object) -> str:
    if isinstance(value, bytes):
        value = f"base64:{base64.b64encode(value).decode()}"
    return json.dumps(value, ensure_ascii=False)
