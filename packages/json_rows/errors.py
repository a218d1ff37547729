"""What database errors mean for a client of the API."""

import re
from collections.abc import Collection, Mapping
from dataclasses import replace

import psycopg2
from psycopg2 import errors as pg
from sqlalchemy import Table
from sqlmodel import SQLModel

from plain_commands.errors import ConfigurationError, PlainError
from serverless_postgres.losses import (
    describe,
    is_connection_loss,
    is_deadlock,
    is_pool_exhausted,
    original,
)
from smorest_sqlmodel.errors import (
    ApiError,
    ConflictError,
    FieldError,
    InvalidInputError,
    MisconfiguredError,
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


def translate(  # noqa: PLR0911  one for each kind
    error: BaseException, in_path: Collection[str] = ()
) -> ApiError | None:
    """Find the error to tell a client of; None when it is a fault of the service itself.

    `in_path` names columns that the body can't be wrong about, as the path gives their values.
    """
    error = original(error)
    if isinstance(error, ApiError):
        return error
    if isinstance(error, ConfigurationError):
        return MisconfiguredError(error.detail)
    if isinstance(error, PlainError):
        return UnavailableError(error.detail)
    if isinstance(error, pg.IntegrityError):
        return _broken_constraint(error, in_path)
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


def is_duplicate_id(error: ApiError) -> bool:
    """Tell whether a row was refused because its primary key is there already."""
    return isinstance(error.__cause__, pg.UniqueViolation) and [
        item.pointer for item in error.errors
    ] == ["/id"]


def point_into(error: ApiError, parts: Mapping[str, str]) -> None:
    """Point to the part of the body whose row was refused; `parts` are pointers by table."""
    cause = error.__cause__
    if isinstance(cause, psycopg2.Error) and (part := parts.get(cause.diag.table_name or "")):
        error.errors = [replace(each, pointer=part + each.pointer) for each in error.errors]


def _constrained(diagnostics: psycopg2.extensions.Diagnostics) -> list[str]:
    """Name the columns that the broken constraint or unique index is about."""
    for table in SQLModel.metadata.tables.values():
        for item in [*table.constraints, *table.indexes]:
            if getattr(item, "name", None) == diagnostics.constraint_name:
                return _columns(table, item)
    # Where the models leave its name to Postgres: "Key (isbn)=(...) already exists."
    key = re.search(r"\(([\w, ]+)\)=\(", diagnostics.message_detail or "")
    return re.findall(r"\w+", key[1] if key else diagnostics.column_name or "")


def _columns(table: Table, item: object) -> list[str]:
    names = [column.name for column in getattr(item, "columns", ())]
    if not names:
        # A CHECK, or an index on an expression, has its columns in its text only.
        texts = [getattr(item, "sqltext", ""), *getattr(item, "expressions", ())]
        words = set(re.findall(r"\w+", " ".join(map(str, texts))))
        names = [column.name for column in table.columns if column.name in words]
    return names


def _broken_constraint(error: pg.IntegrityError, in_path: Collection[str]) -> ApiError:
    if isinstance(error, pg.NotNullViolation) and _is_of_no_model(error.diag):
        return MisconfiguredError(
            f"The database wants a value for {error.diag.table_name}.{error.diag.column_name}, "
            "which no model has: deploy the code that fills it, or give the column a default."
        )
    names = _constrained(error.diag)
    fields = [name for name in names if name not in in_path] or names

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
            f"There is no row that {said} refers to.",
            errors=errors("unknown_reference", "refers to nothing"),
        )
    if isinstance(error, pg.NotNullViolation):
        return InvalidInputError(
            f"{said} must have a value.", errors=errors("missing", "must have a value")
        )
    return InvalidInputError(
        f"The values contradict each other: they break the rule {_rule(error)}.",
        errors=errors("contradiction", "contradicts the rest"),
    )


def _is_of_no_model(diagnostics: psycopg2.extensions.Diagnostics) -> bool:
    """Tell whether a column of a model's table is one that the model does not have."""
    return any(
        table.name == diagnostics.table_name
        and (table.schema or "public") == diagnostics.schema_name
        and diagnostics.column_name not in table.columns.keys()  # noqa: SIM118  no dictionary
        for table in SQLModel.metadata.tables.values()
    )


def _rule(error: pg.IntegrityError) -> str:
    """Word a rule by its constraint's name: `ck_loans_returned_after_lent`."""
    prefix = f"ck_{error.diag.table_name}_"
    name = error.diag.constraint_name or "of the database"
    return f'"{name.removeprefix(prefix).replace("_", " ")}"'
