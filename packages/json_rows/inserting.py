"""New rows: one or many of a body, with their children, counted by their parent."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from uuid import UUID

from sqlmodel import SQLModel

from json_rows import ownership
from json_rows.declared import nothing_lost, only_columns, only_known
from json_rows.frame import judge, judge_repeated, unless_read_only, where, written
from json_rows.resource import Resource
from json_rows.statement import (
    Query,
    Row,
    Rows,
    Statement,
    Subject,
    columns,
    json_names,
    quoted,
)
from json_rows.values import defaults, visible
from smorest_sqlmodel.errors import ApiError, ConflictError


class New:
    """New rows of a resource, from a validated body: one of `create`, or with `many` a list of it.

    The body is the CTE `given`; the columns of its names are taken over, unless `values` has SQL
    for them, and the others have their defaults. `first` are statements before all, such as a lock;
    the body is `%(json)s` there. `before` are CTEs that read `given`, and `source` what of them
    each row is made of, `given` included. In a resource with a parent the CTE `parent` is its row,
    of which `parent_values` are set before; `into_open` is for a parent that takes rows in open
    states only. `also` are further CTEs, such as an INSERT of children, which find the new rows in
    `added`, and `more` shows members of the answer as they have become by that.

    A row that an earlier request with the same id made is found, if its values are the same: what
    the body leaves out and the columns `changing` may have any value, and what `also` made of the
    body is compared by `same`, SQL on `given` and the row. A foreign key to a row of others is
    refused as one to no row.
    """

    def __init__(
        self,
        resource: Resource,
        create: type[SQLModel],
        *,
        many: bool = False,
        values: Mapping[str, str] | None = None,
        first: Sequence[str] = (),
        before: Mapping[str, str] | None = None,
        source: str = "given",
        parent_values: Mapping[str, str] | None = None,
        into_open: bool = False,
        also: Mapping[str, str] | None = None,
        more: Mapping[str, str] | None = None,
        changing: frozenset[str] = frozenset(),
        same: str = "true",
    ) -> None:
        self._resource = resource
        self._create = create
        self._many = many
        self._same = same
        self._source = source
        self._first = first
        self._values = dict(values or {})
        self._parent_values = parent_values
        self._into_open = into_open
        self._before, self._also = dict(before or {}), dict(also or {})
        self._more = more
        self._changing = changing
        read = [self._source, *self._values.values(), *self._before.values(), *self._also.values()]
        nothing_lost(resource.table, create, read)
        only_known(json_names(create), changing, of="`changing`")
        if into_open or parent_values is not None:
            only_columns(resource.above.table, parent_values or {}, of="`parent_values`")
        # What it raises is raised now, not by the first request.
        defaults(resource.table, {*json_names(create), *self._values, resource.link})
        if resource.key not in create.model_fields:
            message = f"{create.__name__} has no {resource.key}, by which a row is found again."
            raise TypeError(message)
        parent = resource.parent
        self._judge = judge((parent or resource).noun, self._refusal if into_open else None)
        ownership.declare(lambda: (self._statement, self._repeated))

    def query(
        self,
        body: SQLModel | Sequence[SQLModel],
        parent: UUID | None = None,
        *,
        shown_once: Mapping[str, str] | None = None,
    ) -> Query:
        """Insert the rows; those that are there already with the same values are fine.

        `parent` is the key of the parent's row. `shown_once` are members that the answer to one row
        has besides, such as a secret of which the body holds a digest: they never reach the
        database, no copy of the answer is kept, and a repeated request is shown the row without
        them. Raises NotFoundError where there is no parent, ConflictError where it takes no more
        rows, or where others have these ids.
        """
        rows = [body] if isinstance(body, SQLModel) else body
        keys = [getattr(row, self._resource.key) for row in rows]
        parameters = {"parent": parent} if self._many else {"parent": parent, "key": keys[0]}

        def outcome() -> Query:
            # The id counts also when the service gave it: so it finds what an attempt of its own
            # did. So does what was made up for what is shown once: only its own attempts have it.
            text = written(body, only_given=not self._many and not shown_once)
            judged = _revealing(judge_repeated, shown_once)
            return self._repeated.query({**parameters, "json": text}, judged)

        return Query(
            self._statement,
            {**parameters, "json": written(body)},
            _revealing(self._judge, shown_once),
            outcome,
            repeatable=True,
            about=self._about(keys, parent, is_shown_once=bool(shown_once)),
        )

    def _about(
        self, keys: list[UUID], parent: UUID | None, *, is_shown_once: bool
    ) -> Subject | None:
        resource = self._resource
        if not self._many:
            return resource.subject(keys[0], is_shown_once=is_shown_once)
        if not keys:
            return None
        if resource.parent is None or parent is None:
            # Each goes with other rows: the ids are kept, and no copy of them.
            return Subject(keys[0], resource.get_all, {}, is_shown_once=True, many=keys)
        return Subject(parent, resource.get_all, resource.parent.goes_with(), many=keys)

    @cached_property
    def _statement(self) -> Statement:
        resource, parent = self._resource, self._resource.parent
        ctes, given = self._given(is_shared=bool(parent or self._before or self._also))
        ctes |= self._before
        source = given if self._source == "given" else self._source
        first, values, refused = list(self._first), self._values, ""
        if parent:
            found = where(
                parent.is_one("parent"),
                resource.over_parent,
                parent.is_open() if self._into_open else "true",
            )
            ctes["parent"] = self._parent(parent, found)
            source, values = f"{source}, parent", {resource.link: f"parent.{quoted(parent.key)}"}
            values |= self._values
            if self._into_open:
                first.append(parent.lock(parent.is_one("parent")))
            if self._into_open or resource.over_parent != "true":
                left = where(parent.is_one("parent"), "NOT EXISTS (SELECT FROM parent)")
                state = parent.column("status") if self._into_open else "NULL::text"
                state = unless_read_only(state, resource.over_parent)
                refused = (
                    f"\nUNION ALL SELECT NULL::json, NULL::int, false, {state} "
                    f"FROM {parent.name} WHERE {left}"
                )
        ctes["added"] = insert(resource, self._create, source=source, values=values)
        return Statement(self._answer() + refused, first=first, ctes=ctes | self._also)

    def _given(self, *, is_shared: bool) -> tuple[dict[str, str], str]:
        if not self._many:
            return self._resource.given(is_shared=is_shared)
        rows = f"json_populate_recordset(NULL::{self._resource.name}, %(json)s::json)"
        return {"given": f"SELECT * FROM {rows} WITH ORDINALITY"}, "given"

    def _parent(self, parent: Resource, found: str) -> str:
        if self._parent_values is None:
            return f"SELECT {parent.name}.* FROM {parent.name} WHERE {found}"
        source = "" if self._many else f"FROM {self._source}"
        return (
            f"UPDATE {parent.name} SET {parent.touched(self._parent_values)} {source}\n"
            f"WHERE {found} RETURNING {parent.name}.*"
        )

    def _answer(self) -> str:
        resource = self._resource
        row = resource.row("added", resource.members.all, self._more)
        if self._many:
            # None of none is fine, if they would have had a parent.
            there = "EXISTS (SELECT FROM parent)" if resource.parent else "true"
            same = f"added.{quoted(resource.key)} = given.{quoted(resource.key)}"
            return self._array(f"given, added, {row} WHERE {same}", there)
        return (
            f"SELECT row_to_json(shown), {resource.version('added')}, true, NULL::text\n"
            f"FROM added, {row}"
        )

    def _array(self, source: str, condition: str) -> str:
        rows = "coalesce(json_agg(row_to_json(shown) ORDER BY given.ordinality), '[]')"
        all_of_them = where("count(*) = (SELECT count(*) FROM given)", condition)
        return f"SELECT {rows}, NULL::int, true, NULL::text\nFROM {source} HAVING {all_of_them}"

    @cached_property
    def _repeated(self) -> Statement:
        """Find the rows with the ids of the body, if they have the values of the body."""
        resource = self._resource
        names = [name for name in json_names(self._create) if name in resource.table.columns]
        ctes, given = self._given(is_shared=False)
        same = [
            f"(given.{quoted(name)} IS NULL OR given.{quoted(name)} = {resource.column(name)})"
            for name in names
            if name not in {resource.key, *self._changing}
        ]
        if resource.parent:
            same.append(f"{resource.column(resource.link)} = %(parent)s")
        same.append(self._same)
        rows = f"{given}, {resource.name}, {resource.row(resource.name, resource.members.all)}"
        if self._many:
            one = f"{resource.column(resource.key)} = given.{quoted(resource.key)}"
            found = where(one, *same, resource.owned)
            return Statement(self._array(f"{rows} WHERE {found}", "count(*) > 0"), ctes=ctes)
        return Statement(
            f"SELECT row_to_json(shown), {resource.version()}, false, NULL::text\n"
            f"FROM {rows} WHERE {where(resource.is_one(), *same)}"
        )

    def _refusal(self, _: object, state: str) -> ApiError:
        noun, rows = self._resource.above.noun, self._resource.table.name.replace("_", " ")
        message = f"The {noun} is {state}; that is final, it takes no more {rows}."
        return ConflictError(message, current=state, allowed=[])


def insert(
    resource: Resource,
    create: type[SQLModel],
    *,
    source: str,
    values: Mapping[str, str] | None = None,
    on_conflict: str = "",
) -> str:
    """Write an INSERT of the rows `given` in a source, also as an effect of another statement."""
    table = resource.table
    taken = {name: f"given.{quoted(name)}" for name in json_names(create) if name in table.columns}
    only_columns(table, values or {}, of="`values`")
    row = taken | dict(values or {})
    row |= defaults(table, row)
    row = {name: visible(resource, name, sql) for name, sql in row.items()}
    # Whom a row belongs to by another column, or by its parent, that value says (`visible`).
    owner = resource.owner if resource.owner_column == resource.key else None
    condition = f" WHERE {owner.to_own('given')}" if owner else ""
    return (
        f"INSERT INTO {resource.name} ({columns(row)})\nSELECT {', '.join(row.values())}\n"
        f"FROM {source}{condition}\n{on_conflict}RETURNING {resource.name}.*"
    )


def _revealing(
    judged: Callable[[Rows], Row], members: Mapping[str, str] | None
) -> Callable[[Rows], Row]:
    """Add members to the JSON of the row, an object, that a rule makes of rows."""
    if not members:
        return judged
    more = json.dumps(dict(members), ensure_ascii=False).encode()

    def revealed(rows: Rows) -> Row:
        row = judged(rows)
        return replace(row, json=row.json[:-1] + b"," + more[1:])

    return revealed
