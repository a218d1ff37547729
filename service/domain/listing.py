"""Pages of rows: filters, sorts, and the keyset cursor that leads from one page to the next."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, FromClause, Select, String, bindparam, select, tuple_
from sqlalchemy import cast as sql_cast
from sqlmodel import SQLModel

from service.db.statement import Query, Rows, Statement, as_json, json_names
from service.domain.members import chosen_names
from service.domain.rows import CACHED_STATEMENTS, table_of
from service.errors import InvalidInputError


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
    """The rows of a page as JSON texts, and the cursor of the page after it."""

    items: list[str]
    next_cursor: str | None


class Listing:
    """Pages of rows: filtered, sorted, and cut by a keyset cursor.

    `source` is a table class, or a subquery with an `id`. A row has the fields of `summary`, unless
    the client asks for more or less of those of `read`; `shape` is what the document says of it, if
    that is something else. `conditions` has an
    expression for each field of the filter model, and for what a path fixes, with a bind parameter
    of that name. `more` gives fields that the source does not have. The statement of each
    combination of filters is built once.
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
        conditions: Mapping[str, ColumnElement[bool]],
        sorts: Mapping[str, ColumnElement[Any]],
        default_sort: str,
        more: Mapping[str, ColumnElement[Any]] | None = None,
    ) -> None:
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
        rows = table_of(source) if isinstance(source, type) else source

        @lru_cache(CACHED_STATEMENTS)
        def statement(
            chosen: frozenset[str], sort: str, names: tuple[str, ...], *, onward: bool
        ) -> Statement:
            order = Order(sorts[sort.removeprefix("-")], descending=sort.startswith("-"))
            wanted = [conditions[name] for name in sorted(chosen)]
            return Statement(_page(rows, wanted, order, names, more or {}, onward=onward))

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
        """Ask for one row more than the page holds, so that its end is known."""
        onward = _read_cursor(page.cursor, page.sort) if page.cursor is not None else {}
        names = chosen_names(self.names, page.fields)
        statement = self._statement(frozenset(filters), page.sort, names, onward=bool(onward))
        return statement.query({**filters, **onward, "limit": page.limit + 1})


@dataclass(frozen=True, slots=True)
class Selection:
    """Rows of a listing that a view has chosen; the bridge cuts the page."""

    listing: Listing
    filters: Mapping[str, Any]
    parent: Query | None = None

    def query(self, page: Page) -> Query:
        """Ask for a page of these rows."""
        return self.listing.query(self.filters, page)


def cut(rows: Rows, page: Page) -> Items:
    """Make a page of the rows of `Selection.query`: (json, sort key as text, id)."""
    items = [row[0] for row in rows[: page.limit]]
    if len(rows) <= page.limit:
        return Items(items, None)
    _, key, row_id = rows[page.limit - 1]
    text = json.dumps([page.sort, key, row_id], separators=(",", ":"), ensure_ascii=False)
    return Items(items, base64.urlsafe_b64encode(text.encode()).decode().rstrip("="))


def _read_cursor(cursor: str, sort: str) -> dict[str, Any]:
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        of_sort, key, row_id = json.loads(text)
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
