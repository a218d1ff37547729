"""What the errors of Alembic and of the database mean to who runs a command."""

import re
from collections.abc import Iterable

import psycopg2
from sqlalchemy.exc import DBAPIError

from service.db.errors import describe, is_connection_loss, original
from service.errors import (
    BehindError,
    ConfigurationError,
    DriftError,
    ServiceError,
    SeveralHeadsError,
)

_SHOWN = 200
_KNOWN: tuple[tuple[str, type[ServiceError], str], ...] = (
    (
        "Multiple head|is ambiguous|more than one head",
        SeveralHeadsError,
        (
            "Join the heads with `flask db merge heads -m 'Join them'`, or put your own revision "
            "behind the other one with `flask db rebase`."
        ),
    ),
    ("Target database is not up to date", BehindError, "Run `flask db upgrade` first."),
    ("New upgrade operations detected", DriftError, ""),
    ("not on all head revisions", BehindError, "Run `flask db upgrade`."),
    (
        "Can't locate revision identified by '(.+)'",
        ConfigurationError,
        (
            "`flask db history` lists those in the code; if the database itself is at {}, this "
            "code is older than the database: update it."
        ),
    ),
    (
        r"Relative revision \S+ didn't produce",
        ConfigurationError,
        "There are not as many that way: `flask db history -i` shows where the database is.",
    ),
)


def explain(error: Exception, heads: Iterable[object] = ()) -> ServiceError:
    """Find the error to tell: one or two sentences with the way out, and an exit code.

    `heads` are named where there are too many of them.
    """
    if isinstance(error, ServiceError):
        return error
    if isinstance(error, DBAPIError | psycopg2.Error):
        return _database_error(error)
    # A chain of errors is a list of lines; the last is the one that counts.
    said = str(error).strip().splitlines()[-1].rstrip(".")
    for pattern, kind, way_out in _KNOWN:
        if match := re.search(pattern, said):
            if kind is SeveralHeadsError and (names := " and ".join(map(str, heads))):
                said = f"There are several heads: {names}"
            return kind(f"{said}. {way_out.format(*match.groups())}".strip())
    return ConfigurationError(f"{said}.")


def _database_error(error: DBAPIError | psycopg2.Error) -> ServiceError:
    cause = original(error)
    if is_connection_loss(error) or not getattr(cause, "pgcode", None):
        return ConfigurationError(describe(error))
    lines = str(cause).strip().splitlines()
    detail = next((line for line in lines if line.startswith("DETAIL:")), "")
    said = f"{lines[0]}. {detail.removeprefix('DETAIL:').strip()}".strip()
    statement = " ".join((getattr(error, "statement", None) or "").split())
    if statement:
        said += f" The statement was: {statement[:_SHOWN]}"
    return ConfigurationError(f"The database refuses a statement: {said}")
