"""Statements compiled once, whose rows Postgres turns into JSON that goes to the wire as it is.

Building a statement costs more than running it, and turning rows into objects and those into JSON
more still. So the fast path is: a `Read` model names the columns, SQLAlchemy builds the SQL when
the service starts, Postgres answers with `row_to_json`, and nobody touches the text any more: its
bytes are never decoded, as one emoji makes a str of it four times as large.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg2.extensions import QuotedString, register_adapter
from sqlalchemy import (
    JSON,
    ClauseElement,
    ColumnElement,
    FromClause,
    Integer,
    Select,
    SelectBase,
    Table,
    cast,
    func,
    literal_column,
    null,
    select,
    true,
)
from sqlalchemy.dialects.postgresql.psycopg2 import PGDialect_psycopg2
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.sql.visitors import iterate
from sqlmodel import SQLModel

_DIALECT = PGDialect_psycopg2()  # type: ignore[no-untyped-call]

Rows = Sequence[tuple[Any, ...]]


class JsonText(bytes):
    """JSON in UTF-8, as a parameter: psycopg2 quotes it as a text, without making a str of it."""


register_adapter(JsonText, QuotedString)


@dataclass(frozen=True, slots=True)
class Row:
    """A row as JSON in UTF-8, its version where it has one, and whether this request made it."""

    json: bytes
    version: int | None = None
    created: bool = True


def first_row(rows: Rows) -> Row:
    """Judge a statement that always has a row."""
    return Row(*rows[0])


@dataclass(frozen=True, slots=True)
class Subject:
    """The row that an answer shows: its id, how it is read again, and what it goes with.

    `goes_with` has SQL that finds the rows that a copy of the answer must not outlive, by the
    column of kept answers that refers to them; `%(about)s` in it is the id.
    """

    id: UUID
    again: "Callable[[UUID], Query]"
    goes_with: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Query:
    """A statement with its parameters, and the rule that turns its rows into an answer.

    `judge` takes the rows and returns a Row or raises an ApiError. `outcome` finds what the
    query leaves behind: it is asked when the query is refused and may have been done already, by
    an attempt whose reply was lost or, if `repeatable`, by an earlier request with the same id.
    `about` is the row that it answers with.
    """

    statement: "Statement"
    parameters: Mapping[str, Any]
    judge: Callable[[Rows], Row]
    outcome: "Query | None" = None
    repeatable: bool = False
    about: Subject | None = None

    @property
    def sql(self) -> str:
        """The SQL of the statement."""
        return self.statement.sql


class Statement:
    """One or more clauses, compiled once and sent in one round trip.

    Several clauses are sent as one batch: one transaction for Postgres, though each of them sees
    what was committed before it began, which is what a lock wants (PostgreSQL 18, 54.2.2.1
    "Multiple Statements in a Simple Query"). The rows are those of the last clause.
    """

    def __init__(self, *clauses: ClauseElement) -> None:
        self._clauses = clauses
        self.is_write = any(
            isinstance(part, UpdateBase) for clause in clauses for part in iterate(clause)
        )
        self.sql, self.constants = _compile(clauses)
        self._more: dict[str, str] = {}

    def query(
        self,
        parameters: Mapping[str, Any],
        judge: Callable[[Rows], Row] = first_row,
        *,
        outcome: Query | None = None,
        repeatable: bool = False,
        about: Subject | None = None,
    ) -> Query:
        """Bind the parameters: whatever psycopg2 can adapt."""
        return Query(self, {**self.constants, **parameters}, judge, outcome, repeatable, about)

    def sql_with(self, expression: str) -> str:
        """Write the SQL with one column more, the last of all: an expression of Postgres's."""
        if expression not in self._more:
            *before, last = self._clauses
            if not isinstance(last, SelectBase):
                message = "a statement whose rows count must end with a SELECT"
                raise TypeError(message)
            rows = last.subquery("answer")
            columns: list[Any] = [literal_column("answer.*"), literal_column(expression)]
            sql, constants = _compile((*before, select(*columns).select_from(rows)))
            if constants != self.constants:
                message = "the parameters of a statement must have names of their own"
                raise ValueError(message)
            self._more[expression] = sql
        return self._more[expression]


def _compile(clauses: Iterable[ClauseElement]) -> tuple[str, dict[str, Any]]:
    """Compile clauses to one batch; returns also the parameters whose values are known."""
    compiled: list[Any] = [clause.compile(dialect=_DIALECT) for clause in clauses]
    constants: dict[str, Any] = {}
    for part in compiled:
        for name, value in part.params.items():
            if part.binds[name].required:
                continue
            if constants.setdefault(name, value) != value:
                message = f"two clauses of one statement use the parameter {name}"
                raise ValueError(message)
    return ";\n".join(part.string for part in compiled), constants


def quoted(named: Table | str) -> str:
    """Write a name in SQL: that of a table with its schema, or of a column."""
    write = _DIALECT.identifier_preparer
    return write.quote(named) if isinstance(named, str) else write.format_table(named)


def json_name(model: type[SQLModel], field_name: str) -> str:
    """Name a field as JSON and the database do: its alias where it has one."""
    return model.model_fields[field_name].alias or field_name


def json_names(model: type[SQLModel]) -> list[str]:
    """Name all fields of a model as JSON and the database do, in order."""
    return [json_name(model, field_name) for field_name in model.model_fields]


def as_json(
    source: FromClause,
    names: Iterable[str],
    *extra: ColumnElement[Any],
) -> Select[Any]:
    """Select rows of a source as JSON (column 1), and whatever else is wanted of them.

    `names` are the members of the JSON, in order: columns of the source.
    """
    shown = select(*[source.c[name] for name in names]).correlate(source).lateral("shown")
    row = func.row_to_json(shown.table_valued(), type_=JSON)
    return select(row, *extra).select_from(source.join(shown, true()))


def version_of(source: FromClause) -> ColumnElement[int | None]:
    """Select the version of a row, or null where its table has none."""
    return source.c["version"] if "version" in source.c else cast(null(), Integer)
