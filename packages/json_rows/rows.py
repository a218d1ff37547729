"""The statements that every resource needs: one row by its id, a new row, one made before."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any, cast
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    JSON,
    ColumnElement,
    FromClause,
    Table,
    Text,
    any_,
    bindparam,
    column,
    func,
    insert,
    literal,
    literal_column,
    or_,
    select,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.sql.schema import ScalarElementColumnDefault
from sqlmodel import SQLModel

from json_rows.members import Members
from json_rows.models import for_database
from json_rows.statement import (
    Query,
    Row,
    Rows,
    Statement,
    Subject,
    as_json,
    json_names,
    quoted,
    version_of,
)
from smorest_sqlmodel.errors import (
    ConflictError,
    FieldError,
    NotFoundError,
)

CACHED_STATEMENTS = 256
"""How many compiled statements a resource keeps: one for each combination of filters in use."""


def table_of(model: type[SQLModel]) -> Table:
    """Get the table behind a table class."""
    return cast("Table", model.__table__)  # type: ignore[attr-defined]


def given(table: Table, names: Sequence[str]) -> FromClause:
    """Make a row `given` of the parameter `json`, a validated body; Postgres casts its values."""
    row = func.json_populate_record(
        literal_column(f"NULL::{quoted(table)}"), sql_cast(bindparam("json"), JSON)
    )
    return row.table_valued(*[column(name, table.c[name].type) for name in names], name="given")


def among(member: ColumnElement[Any], values: Iterable[str]) -> ColumnElement[bool]:
    """Word a condition: the column has one of these values."""
    return member == any_(literal([str(value) for value in values], ARRAY(Text)))


def contains(parameter: str, *columns: ColumnElement[Any]) -> ColumnElement[bool]:
    """Word a filter: the parameter's text is part of one of the columns, whatever its case."""
    escaped = func.regexp_replace(
        bindparam(parameter, type_=Text), r"([\\%_])", r"\\\1", "g", type_=Text
    )
    return or_(*(col.ilike(func.concat("%", escaped, "%")) for col in columns))


def expect_one(noun: str) -> Callable[[Rows], Row]:
    """Judge that there is a row of (json, version or null); NotFoundError when there is none."""

    def judge(rows: Rows) -> Row:
        if not rows:
            message = f"There is no such {noun}."
            raise NotFoundError(message)
        return Row(*rows[0])

    return judge


def _is_there_already(rows: Rows) -> Row:
    if not rows:
        message = "Another row has this id, with other values."
        raise ConflictError(
            message, errors=[FieldError("body", "/id", "already_exists", "is already taken")]
        )
    return replace(Row(*rows[0]), created=False)


class One:
    """One row of a resource by its id, whole or some fields of it.

    `goes_with` says which rows a copy of an answer must not outlive: by the column of the kept
    answers that refers to them (see KeptAnswer), the column of this resource that holds their id.
    """

    def __init__(
        self,
        noun: str,
        model: type[SQLModel],
        read: type[SQLModel],
        *,
        key: str = "id",
        goes_with: Mapping[str, ColumnElement[Any]] | None = None,
    ) -> None:
        table = table_of(model)
        self._members = Members(read, key=key)
        self._judge = expect_one(noun)

        @lru_cache(CACHED_STATEMENTS)
        def statement(names: tuple[str, ...]) -> Statement:
            row = as_json(table, names, version_of(table))
            return Statement(row.where(table.c[key] == bindparam("key")))

        self._statement = statement
        self._goes_with = {
            name: _value_of(column, table.c[key]) for name, column in (goes_with or {}).items()
        }

    def get(self, key: UUID, fields: Sequence[str] | None = None) -> Query:
        """Ask for one row, or for some fields of it; NotFoundError when there is none."""
        return self._statement(self._members.chosen(fields)).query({"key": key}, self._judge)

    def subject(self, key: UUID, fields: Sequence[str] | None = None) -> Subject:
        """Say that an answer shows this row, or some fields of it."""
        return Subject(key, partial(self.get, fields=fields), self._goes_with)


def _value_of(column: ColumnElement[Any], key: ColumnElement[Any]) -> str:
    """Write SQL for the value of a column in the row whose key is the parameter `about`."""
    if column is key:
        return "%(about)s"
    return f"({Statement(select(column).where(key == bindparam('about'))).sql})"


class New:
    """A new row of a resource, from a validated body.

    The columns are those of `create`; `computed` gives those that are not simply taken over, in
    terms of `given`, the body as a row; the others have their defaults. `one` reads the row again,
    in place of an answer too large to keep.
    """

    def __init__(
        self,
        model: type[SQLModel],
        create: type[SQLModel],
        read: type[SQLModel],
        *,
        one: One | None = None,
        computed: Callable[[FromClause], Mapping[str, ColumnElement[Any]]] | None = None,
    ) -> None:
        table = table_of(model)
        names = json_names(create)
        body = given(table, names)
        values: dict[str, ColumnElement[Any]] = {name: body.c[name] for name in names}
        values |= computed(body) if computed else {}
        values |= _defaults(table, values.keys())
        new = select(*values.values()).select_from(body)
        added = (
            insert(table)
            .from_select(list(values), new, include_defaults=False)
            .returning(*table.c)
            .cte("added")
        )
        self._insert = Statement(as_json(added, json_names(read), version_of(added)))
        self._repeated = Repeated(model, create, read)
        self._one = one

    def query(self, body: SQLModel) -> Query:
        """Insert a row; one that is there already with the same values is fine."""
        key: UUID = body.id  # type: ignore[attr-defined]
        return self._insert.query(
            {"json": for_database(body)},
            outcome=self._repeated.query(body),
            repeatable=True,
            about=self._one.subject(key) if self._one else None,
        )


def _defaults(table: Table, given_names: Collection[str]) -> dict[str, ColumnElement[Any]]:
    """Find the values of columns that only Python knows, for which SQLAlchemy would send NULL.

    Raises TypeError for one that Python would have to compute.
    """
    defaults: dict[str, ColumnElement[Any]] = {}
    for col in table.columns:
        if col.name in given_names or col.default is None or col.server_default is not None:
            continue
        if not isinstance(col.default, ScalarElementColumnDefault):
            message = f"{table.name}.{col.name} needs a server default, or a value in `computed`."
            raise TypeError(message)
        defaults[col.name] = literal(col.default.arg, col.type)
    return defaults


class Repeated:
    """The row that an earlier request with the same id made.

    What the body leaves out may have any value, and so may `changing` columns; a row that differs
    otherwise is a ConflictError.
    """

    def __init__(
        self,
        model: type[SQLModel],
        create: type[SQLModel],
        read: type[SQLModel],
        *,
        changing: frozenset[str] = frozenset(),
        within: Sequence[str] = (),
    ) -> None:
        table = table_of(model)
        names = json_names(create)
        body = given(table, names)
        same = [
            or_(body.c[name].is_(None), body.c[name] == table.c[name])
            for name in names
            if name not in changing
        ]
        same += [table.c[name] == bindparam(name) for name in within]
        row = as_json(table, json_names(read), version_of(table))
        self._statement = Statement(row.where(table.c.id == bindparam("id"), *same))

    def query(self, body: SQLModel, **within: UUID) -> Query:
        """Ask for the row that has the id and the values of the body."""
        text = for_database(body, only_given=True)
        # The id counts also when the service gave it: so it finds what an attempt of its own did.
        parameters = {"json": text, "id": body.id, **within}  # type: ignore[attr-defined]
        return self._statement.query(parameters, _is_there_already)
