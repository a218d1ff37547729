"""Pages of rows: filters, sorts, and the keyset cursor that leads from one page to the next."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    String,
    Text,
    bindparam,
    case,
    func,
    literal_column,
    select,
    text,
    tuple_,
)
from sqlalchemy import cast as sql_cast
from sqlmodel import SQLModel

from json_rows.members import chosen_names
from json_rows.rows import CACHED_STATEMENTS, table_of
from json_rows.statement import Query, Rows, Statement, as_json, json_names
from smorest_sqlmodel.errors import InvalidInputError

PAGE_BYTES = 8 * 1024 * 1024
"""Most JSON in a page of several rows: two of the largest bodies, which clients can take in."""

SMALL_PAGE = 50
"""How many rows no larger than a summary's (some 170 KB at worst) are a page without measuring."""

_IN_MEMORY = text("SET LOCAL work_mem = '64MB'")
"""Once a window of rows goes to disk, Postgres reads all of them, also those beyond the page."""


@dataclass(frozen=True, slots=True)
class Order:
    """An order of a listing; the id breaks ties."""

    key: ColumnElement[Any]
    descending: bool


@dataclass(frozen=True, slots=True)
class Page:
    """What a client wants of a listing: how many rows, in which order, with what, from where."""

    limit: int
    sort: str
    fields: tuple[str, ...]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class Items:
    """The rows of a page as JSON, and the cursor of the page after it."""

    items: list[bytes]
    next_cursor: str | None


class Listing:
    """Pages of rows: filtered, sorted, and cut by a keyset cursor.

    `source` is a table class, or a subquery with an `id`. A row has the fields of `summary`, unless
    the client asks for more or less of those of `read`; `shape` is what the document says of it, if
    that is something else. `conditions` has an expression for each field of the filter model, and
    for what a path fixes, with a bind parameter of that name. `more` gives fields that the source
    does not have. The statement of each combination of filters is built once. Raises ValueError for
    a filter without a condition.

    `large` names fields of the summary whose length nothing limits. `unindexed` names the filters
    and sorts for which Postgres looks at row after row, as no index has them; `narrow` the filters
    by which an index leaves so few rows that this takes no time.
    """

    def __init__(
        self,
        name: str,
        source: type[SQLModel] | FromClause,
        read: type[SQLModel],
        *,
        summary: type[SQLModel] | None = None,
        shape: Any = None,
        filters: type[SQLModel] | None = None,
        conditions: Mapping[str, ColumnElement[bool]] | None = None,
        sorts: Mapping[str, ColumnElement[Any]],
        default_sort: str,
        more: Mapping[str, ColumnElement[Any]] | None = None,
        large: frozenset[str] = frozenset(),
        unindexed: frozenset[str] = frozenset(),
        narrow: frozenset[str] = frozenset(),
    ) -> None:
        conditions = conditions or {}
        missing = set(filters.model_fields) - set(conditions) if filters else set()
        if missing:
            message = f"no condition for the filters {missing}"
            raise ValueError(message)
        self.name = name
        self.summary = summary or read
        self.read = read
        self.shape = shape or self.summary
        self.names = tuple(json_names(read))
        self.light = tuple(json_names(self.summary))
        self.heavy = tuple(name for name in self.names if name not in self.light)
        self.sorts = [sign + name for name in sorts for sign in ("", "-")]
        self.default_sort = default_sort
        self._large = large.union(self.heavy)
        self.slow_filters = unindexed.intersection(conditions).difference(narrow)
        self.slow_sorts = unindexed.intersection(sorts)
        self._narrow = narrow
        rows = table_of(source) if isinstance(source, type) else source

        @lru_cache(CACHED_STATEMENTS)
        def statement(
            chosen: frozenset[str],
            sort: str,
            names: tuple[str, ...],
            *,
            onward: bool,
            is_measured: bool,
        ) -> Statement:
            order = Order(sorts[sort.removeprefix("-")], descending=sort.startswith("-"))
            wanted = [conditions[name] for name in sorted(chosen)]
            page = _page(rows, wanted, order, names, more or {}, onward=onward)
            return Statement(_IN_MEMORY, _measured(page)) if is_measured else Statement(page)

        self._statement = statement

    def where(
        self, filters: SQLModel | None = None, *, parent: Query | None = None, **fixed: object
    ) -> "Selection":
        """Choose rows: by the filters that are set, and by what the path fixes.

        `parent` is asked for when there are no rows: it tells an empty list from a list of nothing.
        """
        chosen = filters.model_dump(exclude_none=True) if filters else {}
        return Selection(self, {**chosen, **fixed}, parent)

    def query(self, filters: Mapping[str, Any], page: Page) -> Query:
        """Ask for one row more than the page holds, so that its end is known.

        Only where rows may be large are they measured: it takes a tenth of a millisecond or two.
        """
        onward = _read_cursor(page.cursor, page.sort) if page.cursor is not None else {}
        names = chosen_names(self.names, page.fields)
        statement = self._statement(
            frozenset(filters),
            page.sort,
            names,
            onward=bool(onward),
            is_measured=page.limit > SMALL_PAGE or not self._large.isdisjoint(names),
        )
        return statement.query({**filters, **onward, "limit": page.limit + 1})

    def is_search(self, filters: Mapping[str, Any], page: Page) -> bool:
        """Tell whether Postgres has to look at row after row for a page."""
        slow = self.slow_filters.intersection(filters)
        is_slow = slow or page.sort.removeprefix("-") in self.slow_sorts
        # Texts are read whole: that takes its time however few rows are left.
        return bool(is_slow) and ("q" in slow or self._narrow.isdisjoint(filters))


@dataclass(frozen=True, slots=True)
class Selection:
    """Rows of a listing that a view has chosen; the bridge cuts the page."""

    listing: Listing
    filters: Mapping[str, Any]
    parent: Query | None = None

    def query(self, page: Page) -> Query:
        """Ask for a page of these rows."""
        return self.listing.query(self.filters, page)

    def is_search(self, page: Page) -> bool:
        """Tell whether Postgres has to look at row after row for a page."""
        return self.listing.is_search(self.filters, page)


def cut(rows: Rows, page: Page) -> Items:
    """Make a page of the rows of `Selection.query`: (json, sort key as text, id).

    The last of them may be there only to tell that the page is not the last one: it is one more
    than was asked for, or has no JSON as that would be too much.
    """
    items = [row[0] for row in rows[: page.limit] if row[0] is not None]
    if len(items) == len(rows):
        return Items(items, None)
    _, key, row_id = rows[len(items) - 1]
    cursor = json.dumps([page.sort, key, row_id], separators=(",", ":"), ensure_ascii=False)
    return Items(items, base64.urlsafe_b64encode(cursor.encode()).decode().rstrip("="))


def _read_cursor(cursor: str, sort: str) -> dict[str, Any]:
    try:
        known = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        of_sort, key, row_id = json.loads(known)
        if of_sort == sort and b"\0" not in key.encode():
            return {"after_key": key, "after_id": UUID(row_id)}
    except (ValueError, TypeError, AttributeError, RecursionError):
        pass
    raise bad_cursor()


def bad_cursor() -> InvalidInputError:
    """Refuse a cursor: made up, cut off, or of another order."""
    message = "is not a cursor of this list in this order; start again without one"
    return InvalidInputError.of(location="query", name="cursor", code="bad_cursor", message=message)


def _page(
    source: FromClause,
    conditions: Sequence[ColumnElement[bool]],
    order: Order,
    names: tuple[str, ...],
    more: Mapping[str, ColumnElement[Any]],
    *,
    onward: bool,
) -> Select[Any]:
    columns = [order.key, source.c["id"]]
    if onward:
        after = tuple_(
            sql_cast(bindparam("after_key"), order.key.type),
            bindparam("after_id", type_=source.c["id"].type),
        )
        position = tuple_(*columns)
        conditions = [*conditions, position < after if order.descending else position > after]
    own = [source.c[name] for name in names if name not in more]
    extra = [expression.label(name) for name, expression in more.items() if name in names]
    rows = (
        select(*own, *extra, order.key.label("_key"))
        .where(*conditions)
        .order_by(*(column.desc() if order.descending else column for column in columns))
        .limit(bindparam("limit"))
        .subquery("page")
    )
    # As text: psycopg2 takes longer to make a UUID object than to fetch its row.
    return as_json(rows, names, sql_cast(rows.c["_key"], String), sql_cast(rows.c["id"], String))


def _measured(page: Select[Any]) -> Select[Any]:
    """End a page before the row that would make it larger than PAGE_BYTES; the first may be.

    That row comes without its JSON, and those after it are not even read: Postgres stops where a
    running count goes beyond a constant ("Run Condition" in its plans, PostgreSQL 15 and later).
    """
    # OFFSET 0 keeps the planner from writing the JSON once for its length and once to be sent.
    rows = page.offset(literal_column("0")).subquery("rows")
    json_, *position = rows.c
    size = func.octet_length(sql_cast(json_, Text))
    total = func.sum(size).over(rows=(None, 0))
    is_too_much = (total > PAGE_BYTES) & (total > size)
    sized = select(json_, *position, is_too_much.label("is_too_much")).subquery("sized")
    beyond = func.count(case((sized.c["is_too_much"], 1))).over(rows=(None, 0))
    counted = select(sized, beyond.label("beyond")).subquery("counted")
    json_, *position = list(counted.c)[:3]
    is_within = counted.c["beyond"] == 0
    return select(case((is_within, json_)), *position).where(counted.c["beyond"] <= 1)
