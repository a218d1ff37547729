"""Rows that clients change or delete: under a lock, and only in the version that they have seen."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CTE,
    JSON,
    ColumnElement,
    Integer,
    Select,
    Table,
    any_,
    bindparam,
    delete,
    exists,
    false,
    func,
    literal_column,
    null,
    or_,
    select,
    true,
    update,
)
from sqlalchemy import cast as sql_cast
from sqlmodel import SQLModel

from json_rows.members import Members
from json_rows.models import for_database
from json_rows.rows import CACHED_STATEMENTS, expect_one, given, table_of
from json_rows.statement import Query, Row, Rows, Statement, as_json, json_name, version_of
from smorest_sqlmodel.errors import PreconditionFailedError


class Changed:
    """A row of which a client changes some columns; its version is one higher after.

    With `versions` (from If-Match) the row must have one of them, else PreconditionFailedError. The
    answer has the members of `summary`, or the `fields` of `read` that the client wants.
    """

    def __init__(
        self,
        noun: str,
        model: type[SQLModel],
        read: type[SQLModel],
        *,
        summary: type[SQLModel] | None = None,
    ) -> None:
        table = table_of(model)
        self._members = Members(read, summary)
        wanted = [table.c.id == bindparam("key"), _has_version(table)]
        self._judge = _expect_current(noun)

        @lru_cache(CACHED_STATEMENTS)
        def statement(names: tuple[str, ...], shown: tuple[str, ...]) -> Statement:
            changed = select(table).where(*wanted).cte("changed")
            if names:
                body = given(table, names)
                values: dict[str, ColumnElement[Any]] = {name: body.c[name] for name in names}
                values |= {"version": table.c.version + 1, "updated_at": func.now()}
                change = update(table).values(values).where(*wanted)
                changed = change.returning(*table.c).cte("changed")
            row = as_json(changed, shown, changed.c.version, true())
            return Statement(
                lock(table, bindparam("key")), row.union_all(_otherwise(table, changed))
            )

        @lru_cache(CACHED_STATEMENTS)
        def outcome(names: tuple[str, ...], shown: tuple[str, ...]) -> Statement:
            body = given(table, names)
            before = table.c.version - 1 == any_(bindparam("versions", type_=ARRAY(Integer)))
            same = [table.c[name].is_not_distinct_from(body.c[name]) for name in names]
            row = as_json(table, shown, table.c.version, true())
            return Statement(row.where(table.c.id == bindparam("key"), before, *same))

        self._statement = statement
        self._outcome = outcome

    def query(
        self,
        key: UUID,
        body: SQLModel,
        versions: Sequence[int] | None = None,
        fields: Sequence[str] | None = None,
    ) -> Query:
        """Change the columns that the body has, and no others."""
        shown = self._members.chosen(fields)
        names = tuple(json_name(type(body), name) for name in sorted(body.model_fields_set))
        text = for_database(body, only_given=True)
        parameters = {"key": key, "json": text, "versions": versions}
        outcome = None
        if names and versions is not None:
            outcome = self._outcome(names, shown).query(parameters, self._judge)
        return self._statement(names, shown).query(parameters, self._judge, outcome=outcome)


class Deleted:
    """A row that a client deletes, and all that hangs on it; `versions` as with Changed."""

    def __init__(self, noun: str, model: type[SQLModel]) -> None:
        table = table_of(model)
        gone = (
            delete(table)
            .where(table.c.id == bindparam("key"), _has_version(table))
            .returning(table.c.id)
            .cte("gone")
        )
        done = select(sql_cast(null(), JSON), sql_cast(null(), Integer), true())
        there = exists(select(table.c.id).where(table.c.id == bindparam("key")))
        locked = lock(table, bindparam("key"), to_delete=True)
        self._statement = Statement(
            locked, done.select_from(gone).union_all(_otherwise(table, gone))
        )
        self._outcome = Statement(done.where(~there))
        self._judge = _expect_current(noun)

    def query(self, key: UUID, versions: Sequence[int] | None = None) -> Query:
        """Delete a row."""
        return self._statement.query(
            {"key": key, "versions": versions},
            self._judge,
            outcome=self._outcome.query({"key": key}, self._judge),
        )


def lock(table: Table, key: Any, *, to_delete: bool = False) -> Select[Any]:
    """Take a row's lock, as the first statement of a batch.

    The next statement of the batch sees all that was committed until the lock was granted. FOR NO
    KEY UPDATE lets foreign-key checks pass (PostgreSQL 18, 13.3.2 "Row-Level Locks").
    """
    row: Select[Any] = select(literal_column("1")).where(table.c.id == key)
    return row.with_for_update(key_share=not to_delete)


def _has_version(table: Table) -> ColumnElement[bool]:
    if "version" not in table.c:
        return true()
    versions = bindparam("versions", type_=ARRAY(Integer))
    return or_(versions.is_(None), table.c.version == any_(versions))


def _otherwise(table: Table, done: CTE) -> Select[*tuple[Any, ...]]:
    """Tell of a row that is there, but was left as it is."""
    return select(sql_cast(null(), JSON), version_of(table), false()).where(
        table.c.id == bindparam("key"), ~exists(select(done.c.id))
    )


def _expect_current(noun: str) -> Callable[[Rows], Row]:
    expect = expect_one(noun)

    def judge(rows: Rows) -> Row:
        row = expect(rows)
        if not rows[0][2]:
            message = f"The {noun} has changed since then; its version is now {row.version}."
            raise PreconditionFailedError(message, headers={"ETag": f'"{row.version}"'})
        return row

    return judge
