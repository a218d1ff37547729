"""What database errors mean: for a client of the API, and for a person at a terminal."""

import re
from typing import cast

import psycopg2
from psycopg2 import errors as pg
from sqlalchemy import Table
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from service.db.refusals import LOST, refusal
from service.errors import (
    ConfigurationError,
    ConflictError,
    FieldError,
    InvalidInputError,
    ServiceError,
    UnavailableError,
)


class TransientError(UnavailableError):
    """What may succeed when it is tried again; how it failed decides what may be repeated.

    `is_outcome_open` says that it may have been done nevertheless, `is_in_transaction` that what
    came before it in its transaction is undone.
    """

    def __init__(
        self,
        detail: str,
        *,
        reason: str,
        is_in_transaction: bool = False,
        is_outcome_open: bool = False,
    ) -> None:
        super().__init__(detail)
        self.reason = reason
        self.is_in_transaction = is_in_transaction
        self.is_outcome_open = is_outcome_open


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


def translate(error: BaseException) -> ServiceError | None:  # noqa: PLR0911  one for each kind
    """Find the error to tell a client of; None when it is a fault of the service itself."""
    error = original(error)
    if isinstance(error, ServiceError):
        return error
    if isinstance(error, pg.IntegrityError):
        return _broken_constraint(error)
    if isinstance(error, pg.QueryCanceled | pg.LockNotAvailable):
        return UnavailableError("The database took too long to answer; try again.")
    if is_deadlock(error):
        return ConflictError("Another request changed the same rows; try again.")
    if isinstance(error, psycopg2.DataError):
        detail = str(error.diag.message_primary or "value out of range")
        return InvalidInputError(f"The database refuses a value: {detail}.")
    if is_pool_exhausted(error):
        return UnavailableError("All database connections are in use; try again.")
    if is_connection_loss(error) or isinstance(error, psycopg2.OperationalError):
        return UnavailableError(describe(error))
    return None


def is_duplicate_id(error: ServiceError) -> bool:
    """Tell whether a row was refused because its primary key is there already."""
    return isinstance(error.__cause__, pg.UniqueViolation) and [
        item.pointer for item in error.errors
    ] == ["/id"]


def constrained_fields(constraint: str | None) -> tuple[str, ...]:
    """Name the columns that a constraint or unique index of this schema is about."""
    # Schema changes explain errors, too, and should not wait for the models' imports.
    from sqlmodel import SQLModel  # noqa: PLC0415

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
    if isinstance(error, pg.NotNullViolation) and _is_of_no_model(error.diag):
        return ConfigurationError(
            f"The database wants a value for {error.diag.table_name}.{error.diag.column_name}, "
            "which no model has: deploy the code that fills it, or give the column a default."
        )
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


def _is_of_no_model(diagnostics: psycopg2.extensions.Diagnostics) -> bool:
    """Tell whether a column of a model's table is one that the model does not have."""
    from sqlmodel import SQLModel  # noqa: PLC0415  as above

    return any(
        table.name == diagnostics.table_name
        and (table.schema or "public") == diagnostics.schema_name
        and diagnostics.column_name not in table.columns.keys()  # noqa: SIM118  no dictionary
        for table in SQLModel.metadata.tables.values()
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
    if isinstance(error, pg.InsufficientPrivilege):
        return f"The database role may not do this: {cast('str', error.diag.message_primary)}."
    return refusal(str(error)).said
