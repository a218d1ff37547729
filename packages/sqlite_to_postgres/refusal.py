"""Why a row can't be imported, and checks that tables share."""

import json
from datetime import datetime

from sqlite_to_postgres.times import NoTimeError
from sqlite_to_postgres.values import Values

AS_READ = "2026-01-31 14:00:00+09:00"
"""A time in a form that is always understood."""


class RefusedError(Exception):
    """A row can't be imported; the message says why."""


def known(column: str, value: str | None, vocabulary: frozenset[str]) -> str:
    """Hold a value to a closed vocabulary; RefusedError for any other."""
    if value in vocabulary:
        return value
    message = f"{column} {json.dumps(value, ensure_ascii=False)} is unknown"
    raise RefusedError(message)


def birth(values: Values, created_at: object) -> datetime:
    """Convert the time at which a row was added; RefusedError for none."""
    why: object = "is missing"
    if created_at is not None:
        try:
            return values.certain_moment("created_at", created_at)
        except NoTimeError as error:
            why = error
    message = f"created_at {why}; write it as {AS_READ} in the source, and import that again"
    raise RefusedError(message)


def last_change(values: Values, updated_at: object, created_at: datetime) -> datetime:
    """Convert the time at which a row last changed; without one, it never did."""
    moment = values.moment("updated_at", updated_at)
    if moment is None:
        values.note("updated_at missing, now created_at")
        return created_at
    return moment
