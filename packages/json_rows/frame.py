"""What statements that change rows have in common: their conditions, their answer, its judge."""

from collections.abc import Callable, Iterable
from typing import Any

import sqlalchemy
from sqlalchemy.types import TypeEngine
from sqlmodel import SQLModel

from json_rows.models import for_database
from json_rows.statement import DIALECT, JsonText, Row, Rows, quoted
from smorest_sqlmodel.errors import (
    ApiError,
    ConflictError,
    FieldError,
    ForbiddenError,
    NotFoundError,
)

Refusal = Callable[..., ApiError | None]
"""Says of a row that was left as it is, by its version, its state and what a statement has beyond
these, why; None: that is fine."""


def where(*conditions: str) -> str:
    """Join conditions with AND; one that is always true goes without saying."""
    return " AND ".join(condition for condition in conditions if condition != "true") or "true"


READ_ONLY = "may be seen, and not changed"
"""The state, in a statement's answer, of a row that the asker sees and must leave as it is."""


def unless_read_only(state: str, writable: str) -> str:
    """Write the state of a row that was left as it is, or that it is read-only."""
    if writable == "true":
        return state
    return f"CASE WHEN {writable} THEN {state} ELSE '{READ_ONLY}' END"


def is_in(expression: str, values: Iterable[str]) -> str:
    """Write a condition: an expression has one of these values."""
    return f"{expression} = ANY({array(values)})"


def array(values: Iterable[str]) -> str:
    """Write an array of texts that are known when a statement is written, such as states."""
    return f"'{{{','.join(values)}}}'::text[]"


def literal(value: Any, kind: TypeEngine[Any]) -> str:
    """Write a value that is known when a statement is written."""
    compiled = sqlalchemy.literal(value, kind).compile(
        dialect=DIALECT, compile_kwargs={"literal_binds": True}
    )
    return str(compiled)


def contains(parameter: str, *expressions: str) -> str:
    """Write a condition: a parameter's text is part of an expression's, whatever its case."""
    escaped = rf"regexp_replace(%({parameter})s::text, '([\\%%_])', '\\\1', 'g')"
    found = [f"{each} ILIKE concat('%%', {escaped}, '%%')" for each in expressions]
    return f"({' OR '.join(found)})"


def judge(noun: str, refusal: Refusal | None = None) -> Callable[[Rows], Row]:
    """Judge the row of a statement: (json, version[, done, state[, ...]]).

    No row is a NotFoundError, and one that the asker must not change a ForbiddenError. One that was
    not done is as `refusal` says, or as it should be.
    """

    def judged(rows: Rows) -> Row:
        if not rows:
            message = f"There is no such {noun}."
            raise NotFoundError(message)
        json, version, *rest = rows[0]
        done, *more = rest or (True, None)
        if not done and more and more[0] == READ_ONLY:
            message = f"You may see the {noun}, but not change it."
            raise ForbiddenError(message)
        if not done and refusal and (error := refusal(version, *more)):
            raise error
        return Row(json, version, done)

    return judged


def judge_repeated(rows: Rows) -> Row:
    """Judge the row that an earlier request has left; no row: its id is that of another."""
    if not rows:
        message = "Another row has this id, with other values."
        taken = FieldError("body", "/id", "already_exists", "is already taken")
        raise ConflictError(message, errors=[taken])
    text, version, *_ = rows[0]
    return Row(text, version, created=False)


def differing(names: Iterable[str], given: str, kept: str) -> str:
    """Write an array: which of these columns has another value in one row than in the other.

    What is not given may have any value.
    """
    found = [
        f"CASE WHEN {given}.{quoted(name)} IS NOT NULL "
        f"AND {given}.{quoted(name)} IS DISTINCT FROM {kept}.{quoted(name)} THEN '{name}' END"
        for name in names
    ]
    return f"array_remove(ARRAY[{', '.join(found)}]::text[], NULL)"


def written(body: "SQLModel | Iterable[SQLModel]", *, only_given: bool = False) -> JsonText:
    """Write a validated body, one row or many, as the JSON that statements take."""
    if isinstance(body, SQLModel):
        return for_database(body, only_given=only_given)
    rows = (for_database(row, only_given=only_given) for row in body)
    return JsonText(b"[" + b",".join(rows) + b"]")
