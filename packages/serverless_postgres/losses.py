"""What an error of the database means: whether the connection is lost, and a sentence on it."""

from typing import cast

import psycopg2
from psycopg2 import errors as pg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from plain_commands.errors import PlainError
from serverless_postgres.refusals import LOST, refusal

_CONNECTION_STATES = {"57P01", "57P02", "57P03", "25P03", "08000", "08001", "08003", "08006"}
_POOLER_STATE = "08P01"
"""With it PgBouncer tells of everything, a wrong database as well as a server that is gone."""
_CONNECTION_TEXTS = (
    "server closed the connection unexpectedly",
    "SSL SYSCALL error",
    "Couldn't connect to compute node",
    "could not connect to server",
    "connection to server",
    "connection already closed",
    "Connection refused",
    "Connection timed out",
    "could not receive data from server",
    "could not send data to server",
)


def original(error: BaseException) -> BaseException:
    """Unwrap what SQLAlchemy wrapped."""
    if isinstance(error, DBAPIError) and error.orig is not None:
        return error.orig
    return error


def is_connection_loss(error: BaseException) -> bool:
    """Tell whether the connection is gone, or could not be made, through no fault of the query."""
    error = original(error)
    if isinstance(error, psycopg2.InterfaceError):
        return True
    if not isinstance(error, psycopg2.OperationalError):
        return False
    if error.pgcode and error.pgcode != _POOLER_STATE:
        return error.pgcode in _CONNECTION_STATES
    found = refusal(str(error))
    if found is not LOST:
        return found.passing
    return bool(error.pgcode) or any(text in str(error) for text in _CONNECTION_TEXTS)


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
