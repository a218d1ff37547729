"""What an error of the database means: whether to try again, and a sentence for people."""

from typing import cast

import psycopg2
from psycopg2 import errors as pg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from plain_commands.errors import PlainError
from serverless_postgres.refusals import LOST, Fate, refusal

# The SQLSTATEs, and their classes, of errors that are not hopeless (PostgreSQL 18, Appendix A).
_FATES = {
    "08": Fate.LOST,
    "25P03": Fate.LOST,  # idle_in_transaction_session_timeout
    "40001": Fate.PASSING,  # serialization_failure
    "40P01": Fate.PASSING,  # deadlock_detected
    "53300": Fate.LOST,  # too_many_connections
    "55P03": Fate.PASSING,  # lock_not_available
    "57P01": Fate.LOST,  # admin_shutdown
    "57P02": Fate.LOST,  # crash_shutdown
    "57P03": Fate.LOST,  # cannot_connect_now
    "57P05": Fate.LOST,  # idle_session_timeout
}
_POOLER_STATE = "08P01"
"""With it PgBouncer tells of everything, a wrong database as well as a server that is gone."""


def original(error: BaseException) -> BaseException:
    """Unwrap what SQLAlchemy wrapped."""
    if isinstance(error, DBAPIError) and error.orig is not None:
        return error.orig
    return error


def fate(error: BaseException) -> Fate:
    """Judge an error of psycopg2, as it is or wrapped by SQLAlchemy: the one word on it.

    Its SQLSTATE tells; where there is none, as of libpq, its text.
    """
    error = original(error)
    if isinstance(error, psycopg2.InterfaceError):
        return Fate.LOST
    if not isinstance(error, psycopg2.DatabaseError):
        return Fate.HOPELESS
    state = error.pgcode
    if state and state != _POOLER_STATE:
        return _FATES.get(state) or _FATES.get(state[:2], Fate.HOPELESS)
    found = refusal(str(error))
    if found is LOST:
        is_lost = state == _POOLER_STATE or LOST.fits(str(error))
    else:
        is_lost = found.passing and isinstance(error, psycopg2.OperationalError)
    return Fate.LOST if is_lost else Fate.HOPELESS


def is_connection_loss(error: BaseException) -> bool:
    """Tell whether the connection is gone, or could not be made, through no fault of the query."""
    return fate(error) is Fate.LOST


def is_deadlock(error: BaseException) -> bool:
    """Tell whether a statement was undone because others did theirs at the same time."""
    return isinstance(original(error), pg.DeadlockDetected | pg.SerializationFailure)


def is_pool_exhausted(error: BaseException | None) -> bool:
    """Tell whether all connections of this process are in use."""
    return isinstance(error, PoolTimeoutError)


def describe(error: BaseException) -> str:
    """Say in one sentence, without any password, why the database can't be used."""
    error = original(error)
    if isinstance(error, PlainError):
        return error.detail
    if isinstance(error, pg.InsufficientPrivilege):
        return f"The database role may not do this: {cast('str', error.diag.message_primary)}."
    return refusal(str(error)).said


def told(error: BaseException) -> str:
    """Say what went wrong on a connection: in Postgres's words, or in those of our own errors."""
    detail = getattr(error, "detail", None)
    if detail:
        return str(detail)
    if isinstance(error, psycopg2.Error) and error.pgcode and error.diag.message_primary:
        return f"{error.diag.message_primary}."
    return describe(error)
