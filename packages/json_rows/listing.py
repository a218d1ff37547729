"""Pages of rows: filters, sorts, and the keyset cursor that leads from one page to the next."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, get_args, get_origin
from uuid import UUID

from sqlalchemy import Table
from sqlmodel import SQLModel

from json_rows import ownership
from json_rows.cursor import mark_of, read_cursor, write_cursor
from json_rows.declared import only_known
from json_rows.frame import where
from json_rows.measuring import IN_MEMORY, measured
from json_rows.members import chosen_names
from json_rows.ownership_reader import SORT_KEY
from json_rows.statement import (
    CACHED_STATEMENTS,
    Query,
    Rows,
    Statement,
    json_names,
    quoted,
    shown,
)

SMALL_PAGE = 50
"""How many rows no larger than a summary's (some 170 KB at worst) are a page without measuring."""


_RESERVED = frozenset({"owner", "limit", "after_key", "after_id"})


class Slow(str):
    """SQL of a filter or a sort for which Postgres looks at row after row, as no index has it."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Page:
    """What a client wants of a listing: how many rows, in which order, with what, from where.

    `mark` says in its cursors of which list they are, and for whom, as `Selection.mark` writes it.
    """

    limit: int
    sort: str
    fields: tuple[str, ...]
    cursor: str | None
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Items:
    """The rows of a page as JSON, and the cursor of the page after it."""

    items: list[bytes]
    next_cursor: str | None


class Listing:
    """Pages of rows: filtered, sorted, and cut by a keyset cursor.

    `source` is what stands in FROM: a table, or a subquery with an `id`, whose last word is its
    name. A row has the fields of `summary`, unless the client asks for more or less of those of
    `read`; `shape` is what the document says of it, if that is something else. `more` gives fields
    that the source does not have: SQL in which `page` is the row, or a function that writes it; it
    is run for the rows of a page only.

    `conditions` has SQL for the fields of the filter model and for what a path fixes, with a
    parameter of that name; one that is named as a column of `table` needs none: it is equal to the
    parameter, or to one of a list. `sorts` has SQL that is never NULL. What is `Slow` is answered
    for a few clients at a time, unless a filter of `narrow`, by which an index leaves few rows,
    stands beside it; so is a filter by a column that no index begins with. Where all lists are of
    one parent (`within` is its column), nothing is slow. Rows are the asker's, as `owned` says. The
    statement of each combination of filters is built once. Raises ValueError for a filter without a
    condition, or with the name of a parameter that each statement has, and TypeError for a default
    sort or a `narrow` filter that there is not.

    `large` names fields of the summary whose length nothing limits.
    """

    def __init__(
        self,
        name: str,
        source: str,
        read: type[SQLModel],
        *,
        sorts: Mapping[str, str],
        default_sort: str,
        summary: type[SQLModel] | None = None,
        shape: Any = None,
        table: Table | None = None,
        owned: str = "true",
        within: str = "",
        filters: type[SQLModel] | None = None,
        conditions: Mapping[str, str] | None = None,
        more: Mapping[str, str | Callable[[], str]] | None = None,
        large: frozenset[str] = frozenset(),
        narrow: frozenset[str] = frozenset(),
    ) -> None:
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
        self._source = source
        self._row = source.rpartition(" ")[2]
        self._owned = owned
        self._order = dict(sorts)
        self._more = dict(more or {})
        self._conditions = _conditions(filters, conditions or {}, table, within)
        # What is always within one parent is narrow enough.
        wide = not within or (filters is not None and within in filters.model_fields)
        self._narrow = narrow | ({within} if within else set())
        slow = {name for name, sql in self._conditions.items() if isinstance(sql, Slow)}
        self.slow_filters = frozenset(slow - self._narrow if wide else ())
        self.slow_sorts = frozenset(
            name for name, sql in sorts.items() if wide and isinstance(sql, Slow)
        )
        only_known(self.sorts, {default_sort}, of="`default_sort`")
        only_known(self._conditions, narrow, of="`narrow`")
        self._statement = lru_cache(CACHED_STATEMENTS)(self._written)
        ownership.declare(self._write_all)

    def where(
        self, filters: SQLModel | None = None, parent: Query | None = None, **fixed: object
    ) -> "Selection":
        """Choose rows: by the filters that are set, and by what the path fixes.

        `parent` is asked for when there are no rows: it tells an empty list from a list of nothing.
        """
        chosen = filters.model_dump(exclude_none=True) if filters else {}
        place = "&".join(f"{name}={value}" for name, value in sorted(fixed.items()))
        return Selection(self, {**chosen, **fixed}, parent, place)

    def condition(self, names: Sequence[str]) -> str:
        """Write the condition that rows are the asker's and fit the filters of these names."""
        return where(self._owned, *(self._conditions[name] for name in sorted(names)))

    def query(self, filters: Mapping[str, Any], page: Page) -> Query:
        """Ask for one row more than the page holds, so that its end is known.

        Only where rows may be large are they measured: it takes a tenth of a millisecond or two.
        """
        onward = {}
        if page.cursor is not None:
            onward = read_cursor(page.cursor, page.mark, page.sort)
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

    def _written(
        self,
        chosen: frozenset[str],
        sort: str,
        names: tuple[str, ...],
        *,
        onward: bool,
        is_measured: bool,
    ) -> Statement:
        page = self._page(self.condition(tuple(chosen)), sort, names, onward=onward)
        if not is_measured:
            return Statement(page, is_list=True)
        return Statement(measured(page), first=[IN_MEMORY], is_list=True)

    def _page(self, condition: str, sort: str, names: tuple[str, ...], *, onward: bool) -> str:
        key, row_id = self._order[sort.removeprefix("-")], f"{self._row}.id"
        is_descending = sort.startswith("-")
        if onward:
            sign = "<" if is_descending else ">"
            after = f"({key}, {row_id}) {sign} (%(after_key)s, %(after_id)s)"
            condition = where(condition, after)
        direction = " DESC" if is_descending else ""
        more = {
            name: sql() if callable(sql) else sql
            for name, sql in self._more.items()
            if name in names
        }
        # As text: psycopg2 takes longer to make a UUID object than to fetch its row.
        return f"""SELECT row_to_json(shown), page.{SORT_KEY}::text, page.id::text
FROM (SELECT {self._row}.*, {key} AS {SORT_KEY}
    FROM {self._source}
    WHERE {condition}
    ORDER BY {key}{direction}, {row_id}{direction}
    LIMIT %(limit)s) AS page, {shown("page", names, more)}"""

    def _write_all(self) -> None:
        names = frozenset(self._conditions)
        self._statement(names, self.default_sort, self.names, onward=True, is_measured=True)


@dataclass(frozen=True, slots=True)
class Selection:
    """Rows of a listing that a view has chosen; the bridge cuts the page."""

    listing: Listing
    filters: Mapping[str, Any]
    parent: Query | None = None
    place: str = ""

    def mark(self, owner: UUID | None) -> str:
        """Tell the cursors of this list for one who asks from all others.

        Filters may change from page to page, what the path fixes may not.
        """
        return mark_of(self.listing.name, self.place, str(owner or ""))

    @property
    def condition(self) -> str:
        """The condition that finds these rows, for a statement of one's own.

        Its parameters are `filters`, and `owner`, which the unit of work binds.
        """
        return self.listing.condition(tuple(self.filters))

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
    return Items(items, write_cursor(page.mark, page.sort, key, row_id))


def _conditions(
    filters: type[SQLModel] | None, given: Mapping[str, str], table: Table | None, within: str
) -> dict[str, str]:
    """Complete the conditions: filters that are columns, and what a path fixes, need none."""
    conditions = dict(given)
    missing = []
    fields = dict(filters.model_fields) if filters else {}
    for name in [*fields, *([within] if within else [])]:
        if name in conditions:
            continue
        if table is None or name not in table.columns:
            missing.append(name)
            continue
        is_list = name in fields and _is_list(fields[name].annotation)
        value = f"ANY(%({name})s)" if is_list else f"%({name})s"
        sql = f"{quoted(table)}.{quoted(name)} = {value}"
        conditions[name] = sql if _is_indexed(table, name) else Slow(sql)
    if taken := sorted(_RESERVED & conditions.keys()):
        message = f"filters can't be called {taken}: the statements of lists have such parameters"
        raise ValueError(message)
    if missing:
        message = f"no condition for the filters {sorted(missing)}"
        raise ValueError(message)
    return conditions


def _is_list(annotation: Any) -> bool:
    return get_origin(annotation) is list or any(map(_is_list, get_args(annotation)))


def _is_indexed(table: Table, name: str) -> bool:
    """Tell whether an index of a table begins with a column."""
    keys = [table.primary_key, *table.constraints, *table.indexes]
    first = [next(iter(getattr(key, "columns", ())), None) for key in keys]
    return any(column is not None and column.name == name for column in first)
