"""What database errors mean: for a client of the API, and for a person at a terminal."""

import re
from typing import cast

import psycopg2
from psycopg2 import errors as pg
from sqlalchemy import Table
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlmodel import SQLModel

from service.errors import (
    ConfigurationError,
    ConflictError,
    FieldError,
    InvalidInputError,
    ServiceError,
    UnavailableError,
)

_CONNECTION_STATES = {"57P01", "57P02", "57P03", "25P03", "08000", "08001", "08003", "08006"}
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
    if error.pgcode:
        return error.pgcode in _CONNECTION_STATES
    return any(text in str(error) for text in _CONNECTION_TEXTS)


def translate(error: BaseException) -> ServiceError | None:  # noqa: PLR0911  one for each kind
    """Find the error to tell a client of; None when it is a fault of the service itself."""
    error = original(error)
    if isinstance(error, ServiceError):
        return error
    if isinstance(error, pg.IntegrityError):
        return _broken_constraint(error)
    if isinstance(error, pg.QueryCanceled | pg.LockNotAvailable):
        return UnavailableError("The database took too long to answer; try again.")
    if isinstance(error, pg.DeadlockDetected | pg.SerializationFailure):
        return ConflictError("Another request changed the same rows; try again.")
    if isinstance(error, psycopg2.DataError):
        detail = str(error.diag.message_primary or "value out of range")
        return InvalidInputError(f"The database refuses a value: {detail}.")
    if isinstance(error, PoolTimeoutError):
        return UnavailableError("All database connections are in use; try again.")
    if is_connection_loss(error) or isinstance(error, psycopg2.OperationalError):
        return UnavailableError(describe(error))
    return None


def is_duplicate_id(error: ConflictError) -> bool:
    """Tell whether a row was refused because its primary key is there already."""
    return isinstance(error.__cause__, pg.UniqueViolation) and [
        item.pointer for item in error.errors
    ] == ["/id"]


def constrained_fields(constraint: str | None) -> tuple[str, ...]:
    """Name the columns that a constraint or unique index of this schema is about."""
    for table in SQLModel.metadata.tables.values():
        for item in [*table.constraints, *table.indexes]:
            if getattr(item, "name", None) == constraint:
                return _columns(table, item)
    return ()


def _columns(table: Table, item: object) -> tuple[str, ...]:
    names = [column.name for column in getattr(item, "columns", ())]
    if not names:
        # A CHECK, or an index on an expression, has its columns in its text only.
        texts = [getattr(item, "sqltext", ""), *getattr(item, "expressions", ())]
        words = set(re.findall(r"\w+", " ".join(map(str, texts))))
        names = [column.name for column in table.columns if column.name in words]
    # The run of a step or a call is in the path; what clashes inside of it is in the body.
    inside = [name for name in names if name != "workflow_id"]
    return tuple(inside or names)


def _broken_constraint(error: pg.IntegrityError) -> ServiceError:
    constraint = error.diag.constraint_name
    fields = constrained_fields(constraint) or (
        (error.diag.column_name,) if error.diag.column_name else ()
    )

    def errors(code: str, message: str) -> list[FieldError]:
        return [FieldError("body", f"/{field}", code, message) for field in fields]

    said = " and ".join(fields)
    if isinstance(error, pg.UniqueViolation):
        return ConflictError(
            f"Another row of {error.diag.table_name} has the same {said}.",
            errors=errors("already_exists", "is already taken"),
        )
    if isinstance(error, pg.ForeignKeyViolation):
        return InvalidInputError(
            f"There is nothing that {said} refers to.",
            errors=errors("unknown_reference", "refers to nothing"),
        )
    return InvalidInputError(
        f"The values contradict each other: {_rule(error)} is broken.",
        errors=errors("contradiction", "contradicts the rest"),
    )


def _rule(error: pg.IntegrityError) -> str:
    """Word a rule by its constraint's name: `ck_nodes_completed_after_start`."""
    prefix = f"ck_{error.diag.table_name}_"
    name = error.diag.constraint_name or "a rule of the database"
    return f'"{name.removeprefix(prefix).replace("_", " ")}"'


def describe(error: BaseException) -> str:
    """Say in one sentence, without any password, why the database can't be used."""
    error = original(error)
    if isinstance(error, ConfigurationError):
        return error.detail
    text = " ".join(str(error).split())
    cases = {
        "could not translate host name": "The host of DATABASE_URL is unknown: check its spelling.",
        "password authentication failed": "The database refuses the user name or password of "
        "DATABASE_URL.",
        "no password supplied": "The database wants a password, and DATABASE_URL has none.",
        "does not exist": "The database or role that DATABASE_URL names does not exist.",
        "Connection refused": "The database refuses connections: is the server running, and are "
        "the host and port of DATABASE_URL right?",
        "timeout expired": "The database did not answer in time.",
        "Connection timed out": "The database did not answer in time.",
        "too many clients": "The database has no connection left.",
        "remaining connection slots": "The database has no connection left.",
        "starting up": "The database is starting up.",
        "shutting down": "The database is shutting down.",
    }
    for part, sentence in cases.items():
        if part in text:
            return sentence
    if isinstance(error, pg.InsufficientPrivilege):
        return f"The database role may not do this: {cast('str', error.diag.message_primary)}."
    return "The connection to the database is lost."
