"""What statements that change rows have in common: their conditions, their answer, its judge."""

from collections.abc import Callable, Iterable
from typing import Any

import sqlalchemy
from sqlalchemy.types import TypeEngine
from sqlmodel import SQLModel

from json_rows.models import for_database
from json_rows.statement import DIALECT, JsonText, Row, Rows
from smorest_sqlmodel.errors import ApiError, NotFoundError

Refusal = Callable[[Any, Any], ApiError | None]
"""Says of a row that was left as it is, by its version and its state, why; None: that is fine."""


def where(*conditions: str) -> str:
    """Join conditions with AND; one that is always true goes without saying."""
    return " AND ".join(condition for condition in conditions if condition != "true") or "true"


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
    """Judge the row of a statement: (json, version[, done, state]).

    No row is a NotFoundError. One that was not done is as `refusal` says, or as it should be.
    """

    def judged(rows: Rows) -> Row:
        if not rows:
            message = f"There is no such {noun}."
            raise NotFoundError(message)
        json, version, done, state = (*rows[0], True, None)[:4]
        if not done and refusal and (error := refusal(version, state)):
            raise error
        return Row(json, version, done)

    return judged


def written(body: "SQLModel | Iterable[SQLModel]", *, only_given: bool = False) -> JsonText:
    """Write a validated body, one row or many, as the JSON that statements take."""
    if isinstance(body, SQLModel):
        return for_database(body, only_given=only_given)
    rows = (for_database(row, only_given=only_given) for row in body)
    return JsonText(b"[" + b",".join(rows) + b"]")
