"""Resources: the rows of one table as REST shows them, and the parts of all statements on them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, lru_cache, partial
from typing import Any
from uuid import UUID

from sqlmodel import SQLModel

from json_rows import ownership
from json_rows.declared import only_columns, only_known
from json_rows.frame import is_in, judge, where
from json_rows.listing import Listing, Selection
from json_rows.members import CACHED_CHOICES, Members
from json_rows.owners import owner_above, owner_named, shared
from json_rows.statement import (
    Query,
    Statement,
    Subject,
    json_names,
    quoted,
    references,
    shown,
    table_of,
)


class Resource:
    """The rows of a table: whose they are, which states they go through, and what is shown of them.

    `read` has the members of a row, `summary` those that lists and answers to changes show of it,
    `detail` those that lists show on demand, if these are more.

    Rows belong to whom the column `owner` names: a foreign key, or the key itself. It may also be a
    condition, such as `EXISTS (SELECT FROM members WHERE members.club_id = {row}.id AND
    members.reader_id = %(owner)s)`. A row of a `parent`, which a foreign key refers to, belongs to
    whom the parent's row belongs to; whoever writes it locks the parent's row first. Rows without
    either are everybody's.

    Owners let others in by rows of `shared_by`, a model that refers to this table and to those who
    own rows; an owner has such a row, too. Each of these may see the row, and change it where
    `writers`, SQL on theirs, says so (`{member}.role <> 'viewer'`). With `by_owner` a child is only
    changed by whom its parent's row belongs to, or by whom its column `or_by` names, such as a
    member who leaves. With `known` a statement may read rows of anybody, by the condition
    `anybodys`: to find whom an owner lets in by name, or to show who they are.

    `states` says which values of the column `status` may follow which. `goes_with` says which rows
    a copy of an answer must not outlive: by the column of kept answers that refers to them, the
    column of this table that holds their id; what a child's parent goes with, its rows go with.
    `more` are members that are no columns: SQL by name, in which `{row}` is the row, or a function
    that writes it, such as one that nests children declared further down. What lists take (`sorts`,
    `filters` ...) is described by `Listing`. Raises TypeError for what can't be.

        shelves = Resource("shelf", Shelf, ShelfRead, owner="reader_id")
        books = Resource("book", Book, BookRead, parent=shelves, sorts={"title": "books.title"},
            default_sort="title")
        NEW_BOOK = New(books, BookCreate)
    """

    def __init__(
        self,
        noun: str,
        model: type[SQLModel],
        read: type[SQLModel],
        *,
        summary: type[SQLModel] | None = None,
        detail: type[SQLModel] | None = None,
        owner: str | None = None,
        shared_by: type[SQLModel] | None = None,
        writers: str = "true",
        by_owner: bool = False,
        or_by: str = "",
        known: bool = False,
        parent: "Resource | None" = None,
        states: Mapping[Any, frozenset[Any]] | None = None,
        goes_with: Mapping[str, str] | None = None,
        more: Mapping[str, str | Callable[[], str]] | None = None,
        **listed: Any,
    ) -> None:
        self.noun = noun
        self.table = table_of(model)
        self.name = quoted(self.table)
        (self.key,) = self.table.primary_key.columns.keys()
        self.parent = parent
        self.link = self._reference_to(parent) if parent else ""
        self.states = states or {}
        self.members = Members(read, summary, key=self.key)
        self._goes_with = dict(goes_with or {})
        self._more = dict(more or {})
        self._refuse_what_is_not_there(read, detail or read)
        self.owner_column = owner if owner in set(self.table.columns.keys()) else None
        self.owner = None
        if owner:
            self.owner = owner_named(self.table, self.key, owner)
        elif parent and parent.owner:
            self.owner = owner_above(
                parent.owner, self.link, parent.name, parent.key, by_owner=by_owner, or_by=or_by
            )
        if self.owner and shared_by:
            self.owner = shared(
                self.owner,
                self.table,
                self.key,
                owner or "",
                by=table_of(shared_by),
                writers=writers,
            )
        if self.owner and known:
            self.owner = replace(self.owner, known=f"{{row}}.{quoted(self.key)} IS NOT NULL")
        if self.owner:
            ownership.own(self.name, self.owner)
        self._by_owner = by_owner
        self._get = lru_cache(CACHED_CHOICES)(self._write_get)
        ownership.declare(lambda: (self._get(self.members.all), self._get_all))
        self._listing = None
        if listed:
            self._listing = Listing(
                model.__name__,
                self.name,
                detail or read,
                summary=summary,
                table=self.table,
                owned=self.owned,
                within=self.link,
                more={name: partial(self._written_more, name, "page") for name in self._more},
                **listed,
            )

    # Reading

    @property
    def listing(self) -> Listing:
        """How rows are listed; TypeError where they are not."""
        if self._listing is None:
            message = f"No {self.noun} is listed: the resource has no `sorts` and `default_sort`."
            raise TypeError(message)
        return self._listing

    def get(self, key: UUID, fields: Sequence[str] | None = None) -> Query:
        """Ask for one row, or for some fields of it; NotFoundError when there is none."""
        names = self.members.chosen(fields, self.members.all)
        return self._get(names).query({"key": key}, judge(self.noun))

    def get_all(self, keys: Sequence[UUID]) -> Query:
        """Ask for rows as one JSON array, in the order of keys; NotFoundError if one is missing."""
        return self._get_all.query({"keys": keys}, judge(self.noun))

    def where(self, filters: SQLModel | None = None, **fixed: Any) -> Selection:
        """Choose rows: by the filters that are set, and by what else is fixed."""
        return self.listing.where(filters, **fixed)

    def within(self, parent: UUID, filters: SQLModel | None = None) -> Selection:
        """Choose rows of one parent; an empty page of no parent is a NotFoundError."""
        above = self.above
        there = above.get(parent, [above.key])
        fixed: dict[str, Any] = {self.link: parent}
        return self.listing.where(filters, there, **fixed)

    @property
    def owned(self) -> str:
        """The condition that the asker may see a row."""
        return self.owner.sql(self.name) if self.owner else "true"

    @property
    def writable(self) -> str:
        """The condition that the asker may change a row, where it is another than to see it."""
        is_other = self.owner and self.owner.changing
        return self.owner.to_change(self.name) if self.owner and is_other else "true"

    @property
    def theirs(self) -> str:
        """The condition that a row is the asker's own, where it is another than to see it."""
        is_other = self.owner and self.owner.owning
        return self.owner.to_own(self.name) if self.owner and is_other else "true"

    @property
    def anybodys(self) -> str:
        """The condition to read rows of anybody; TypeError where they are not `known`."""
        if self.owner is None or not self.owner.known:
            message = f"Rows of {self.table.name} are not known to others."
            raise TypeError(message)
        return self.owner.to_know(self.name)

    @property
    def over_parent(self) -> str:
        """The condition that the asker may give a parent's row children of this resource."""
        return self.above.theirs if self._by_owner else self.above.writable

    # What statements of `json_rows` are made of; `row`, `version`, `touched`, `is_one`,
    # `is_current`, `is_open`, `column`, `lock`, `lock_to_write` and `nested` are for a service's.

    @property
    def above(self) -> "Resource":
        """The parent; TypeError where there is none."""
        if self.parent is None:
            message = f"No {self.noun} has a parent."
            raise TypeError(message)
        return self.parent

    def row(self, source: str, names: Sequence[str], more: Mapping[str, str] | None = None) -> str:
        """Write a row of a source (the table, or a CTE that has its columns) as `shown`."""
        here = {name: sql.format(row=source) for name, sql in (more or {}).items()}
        usual = [name for name in self._more if name in names and name not in here]
        return shown(
            source, names, here | {name: self._written_more(name, source) for name in usual}
        )

    def given(self, *, is_shared: bool) -> tuple[dict[str, str], str]:
        """Write the body as a row `given` of this table: CTEs, and what stands for it in FROM.

        Where more than one part of a statement reads it, it is a CTE.
        """
        row = f"json_populate_record(NULL::{self.name}, %(json)s::json)"
        if is_shared:
            return {"given": f"SELECT * FROM {row}"}, "given"
        return {}, f"{row} AS given"

    def version(self, source: str | None = None) -> str:
        """Write the version of a row, or NULL where the table has none."""
        has_one = "version" in self.table.columns
        return f"{source or self.name}.version" if has_one else "NULL::int"

    def is_current(self) -> str:
        """Write the condition that a row has one of the versions that If-Match names."""
        if "version" not in self.table.columns:
            return "true"
        return f"(%(versions)s::int[] IS NULL OR {self.version()} = ANY(%(versions)s::int[]))"

    def is_one(self, parameter: str = "key") -> str:
        """Write the condition that finds the row of a key, if it is the asker's."""
        return where(f"{self.column(self.key)} = %({parameter})s", self.owned)

    def is_open(self) -> str:
        """Write the condition that no final state has been reached."""
        if not self.states:
            message = f"{self.table.name} has no states, and so no row that is open."
            raise TypeError(message)
        open_states = [str(state) for state, after in self.states.items() if after]
        return is_in(self.column("status"), open_states)

    def column(self, name: str) -> str:
        """Write a column of the table, with the table's name."""
        return f"{self.name}.{quoted(name)}"

    def lock(self, found: str, *, to_delete: bool = False) -> str:
        """Write a statement that takes rows' locks; the next one sees what was done before.

        FOR NO KEY UPDATE lets foreign-key checks pass (PostgreSQL 18, 13.3.2 "Row-Level Locks").
        """
        strength = "UPDATE" if to_delete else "NO KEY UPDATE"
        return f"SELECT FROM {self.name} WHERE {found} FOR {strength}"

    def lock_to_write(self) -> str:
        """Write a statement that locks the row of `key`, or its parent's where it has one."""
        if self.parent is None:
            return self.lock(self.is_one())
        link = f"(SELECT {self.column(self.link)} FROM {self.name} WHERE {self.is_one()})"
        return self.parent.lock(
            where(f"{self.parent.column(self.parent.key)} = {link}", self.parent.owned)
        )

    def nested(self, *, order: str, source: str = "", on: str = "") -> str:
        """Write the rows of a parent as a JSON array, which its row shows as one of its `more`.

        They are in the order of a column. `source` is a CTE that has them in place of the table.
        `on` is a condition on them, by default that they are the children of `{row}`.
        """
        own = f"{source} AS {self.table.name}" if source else self.name
        joined = on or f"{self.column(self.link)} = {{row}}.{quoted(self.above.key)}"
        row = self.row(self.table.name, self.members.usual).replace("{", "{{").replace("}", "}}")
        rows = f"json_agg(row_to_json(shown) ORDER BY {self.column(order)})"
        return f"coalesce((SELECT {rows} FROM {own}, {row} WHERE {joined}), '[]')"

    def touched(self, values: Mapping[str, str]) -> str:
        """Write what an UPDATE sets: values by column, and what every change brings."""
        only_columns(self.table, values, of="what is set")
        always = {"version": f"{self.name}.version + 1", "updated_at": "now()"}
        always = {name: sql for name, sql in always.items() if name in self.table.columns}
        return ", ".join(f"{quoted(name)} = {sql}" for name, sql in (always | dict(values)).items())

    # What answers are about

    def subject(
        self, key: UUID, fields: Sequence[str] | None = None, *, is_shown_once: bool = False
    ) -> Subject:
        """Say that an answer shows this row, or some fields of it."""
        return Subject(key, partial(self.get, fields=fields), self.goes_with(), is_shown_once)

    def goes_with(self, key: str = "%(about)s") -> dict[str, str]:
        """Write what the copy of an answer goes with: SQL for ids, by column of kept answers."""

        def value(column: str) -> str:
            found = f"{self.name} WHERE {quoted(self.key)} = {key}"
            return key if column == self.key else f"(SELECT {quoted(column)} FROM {found})"

        above = self.parent.goes_with(value(self.link)) if self.parent else {}
        return above | {name: value(column) for name, column in self._goes_with.items()}

    def _written_more(self, name: str, source: str) -> str:
        sql = self._more[name]
        return (sql() if callable(sql) else sql).format(row=source)

    def _write_get(self, names: tuple[str, ...]) -> Statement:
        return Statement(
            f"SELECT row_to_json(shown), {self.version()} FROM {self.name}, "
            f"{self.row(self.name, names)} WHERE {self.is_one()}"
        )

    @cached_property
    def _get_all(self) -> Statement:
        key = self.column(self.key)
        found = where(f"{key} = ANY(%(keys)s::uuid[])", self.owned)
        order = f"array_position(%(keys)s::uuid[], {key})"
        return Statement(
            f"SELECT json_agg(row_to_json(shown) ORDER BY {order}), NULL::int FROM {self.name}, "
            f"{self.row(self.name, self.members.all)} WHERE {found}\n"
            "HAVING count(*) = cardinality(%(keys)s::uuid[])"
        )

    def _refuse_what_is_not_there(self, read: type[SQLModel], most: type[SQLModel]) -> None:
        only_columns(self.table, self._goes_with.values(), of="`goes_with`")
        only_columns(self.table, set(self.members.all) - set(self._more), of=read.__name__)
        only_known(json_names(most), self._more, of="`more`")
        only_columns(self.table, ["status"] if self.states else [], of="`states`")

    def _reference_to(self, parent: "Resource") -> str:
        """Find the column that refers to a parent's rows."""
        key = parent.table.c[parent.key]
        names = [name for name, column in references(self.table).items() if column is key]
        if len(names) != 1:
            message = f"{self.table.name} has {len(names)} foreign keys to {parent.table.name}."
            raise TypeError(message)
        return names[0]
