"""Statements of plain SQL, written once, whose rows Postgres turns into JSON that is sent as it is.

Turning rows into objects and those into JSON costs more than running a statement. So the fast path
is: a `Read` model names the columns, the SQL is put together when the service starts, Postgres
answers with `row_to_json`, and nobody touches the text any more: its bytes are never decoded, as
one emoji makes a str of it four times as large.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast
from uuid import UUID

from psycopg2.extensions import QuotedString, register_adapter
from sqlalchemy import Column, Table
from sqlalchemy.dialects.postgresql.psycopg2 import PGDialect_psycopg2
from sqlmodel import SQLModel

from json_rows import ownership

DIALECT = PGDialect_psycopg2()  # type: ignore[no-untyped-call]

_WRITES = re.compile(r"\b(?:INSERT INTO|DELETE FROM|(?<!FOR )(?<!KEY )UPDATE)\b", re.IGNORECASE)

CACHED_STATEMENTS = 256
"""How many statements a resource keeps: one for each combination of filters or members in use."""

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
    return Row(*rows[0][:3])


@dataclass(frozen=True, slots=True)
class Subject:
    """The row that an answer shows: its id, how it is read again, and what it goes with.

    `again` reads it, or the rows `many`, by their ids. `goes_with` has SQL that finds the rows that
    a copy of the answer must not outlive, by the column of kept answers that refers to them;
    `%(about)s` in it is the id. `is_shown_once` is true for an answer of which no copy is kept, as
    it holds what nobody is shown again.
    """

    id: UUID
    again: "Callable[[Any], Query] | None"
    goes_with: Mapping[str, str]
    is_shown_once: bool = False
    many: Sequence[UUID] | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """A statement with its parameters, and the rule that turns its rows into an answer.

    `judge` takes the rows and returns a Row or raises an ApiError. `outcome` makes the query that
    finds what this one leaves behind: it is asked when the query is refused and may have been done
    already, by an attempt whose reply was lost or, if `repeatable`, by an earlier request with the
    same id. `about` is the row that it answers with. `parts` says where in the body rows of other
    tables are, by table: `{"books": "/book"}`.
    """

    statement: "Statement"
    parameters: Mapping[str, Any] = field(default_factory=dict)
    judge: Callable[[Rows], Row] = first_row
    outcome: "Callable[[], Query] | None" = None
    repeatable: bool = False
    about: Subject | None = None
    parts: Mapping[str, str] = field(default_factory=dict)


class Statement:
    """A SELECT with the CTEs before it, and what precedes both, sent in one round trip.

    `first` are statements of their own: all is one batch and one transaction for Postgres, though
    each of them sees what was committed before it began, which is what a lock wants (PostgreSQL 18,
    54.2.2.1 "Multiple Statements in a Simple Query"). `ctes` are by name, in order. Parameters are
    psycopg2's, such as `%(key)s`; `%(owner)s` is who asks, and is bound by the unit of work. Raises
    OwnershipError where the SQL names an owned table without saying whose rows it means. `is_list`
    says that it looks for any number of rows, of which many may be others'.
    """

    def __init__(
        self,
        select: str,
        *,
        first: Sequence[str] = (),
        ctes: Mapping[str, str] | None = None,
        is_list: bool = False,
    ) -> None:
        self._select = select
        before = "".join(f"{statement};\n" for statement in first)
        named = ",\n".join(f"{name} AS ({sql})" for name, sql in (ctes or {}).items())
        self._before = before + (f"WITH {named}\n" if named else "")
        self.sql = self._before + select
        self.is_write = bool(_WRITES.search(self.sql))
        self.is_list = is_list
        self._more: dict[str, str] = {}
        ownership.check(self)

    def query(
        self, parameters: Mapping[str, Any] | None = None, judge: Callable[[Rows], Row] = first_row
    ) -> Query:
        """Bind the parameters: whatever psycopg2 can adapt."""
        return Query(self, parameters or {}, judge)

    def sql_with(self, expression: str) -> str:
        """Write the SQL with one column more, the last of all: an expression of Postgres's."""
        if expression not in self._more:
            self._more[expression] = (
                f"{self._before}SELECT answer.*, {expression} FROM ({self._select}) AS answer"
            )
        return self._more[expression]


def quoted(named: Table | str) -> str:
    """Write a name in SQL: that of a table with its schema, or of a column."""
    write = DIALECT.identifier_preparer
    return write.quote(named) if isinstance(named, str) else write.format_table(named)


def table_of(model: type[SQLModel]) -> Table:
    """Get the table behind a table class."""
    return cast("Table", model.__table__)  # type: ignore[attr-defined]


def references(table: Table) -> dict[str, Column[Any]]:
    """Find the columns that alone refer to a row of another table, and what they refer to."""
    keys = [key for key in table.foreign_key_constraints if len(key.elements) == 1]
    return {key.elements[0].parent.name: key.elements[0].column for key in keys}


def json_name(model: type[SQLModel], field_name: str) -> str:
    """Name a field as JSON and the database do: its alias where it has one."""
    return model.model_fields[field_name].alias or field_name


def json_names(model: type[SQLModel]) -> list[str]:
    """Name all fields of a model as JSON and the database do, in order."""
    return [json_name(model, field_name) for field_name in model.model_fields]


def columns(names: Iterable[str], source: str = "") -> str:
    """Write columns as a list, of a source where one is given: `given.title, given.isbn`."""
    of = f"{source}." if source else ""
    return ", ".join(of + quoted(name) for name in names)


def shown(source: str, names: Iterable[str], more: Mapping[str, str] | None = None) -> str:
    """Write a LATERAL subquery `shown`, whose row has what JSON is to show: `row_to_json(shown)`.

    `names` are its members, in order: columns of the source, or expressions of `more`.
    """
    more = more or {}
    members = ", ".join(
        f"{more[name]} AS {quoted(name)}" if name in more else f"{source}.{quoted(name)}"
        for name in names
    )
    return f"LATERAL (SELECT {members}) AS shown"
