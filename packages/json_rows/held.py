"""All that is held of one row: itself, and what hangs on it, table after table."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from uuid import UUID

from sqlalchemy import LargeBinary, Table

from json_rows import ownership
from json_rows.hanging import any_of, hanging_on, kept_to
from json_rows.measuring import IN_MEMORY, measured
from json_rows.resource import Resource
from json_rows.statement import Query, Statement, columns, quoted, shown
from json_rows.streaming import ROWS_AT_ONCE
from json_rows.unit_of_work import UnitOfWork


class Held:
    """All rows that go when a row of a resource is deleted, and that row, as they are stored.

    So what `Deleted` counts is what this shows; columns of bytes, such as digests, are left out.
    `also` are conditions for rows of other tables, by name, or for more of one: they name the row
    by `%(key)s`.
    """

    def __init__(self, resource: Resource, *, also: Mapping[str, str] | None = None) -> None:
        self._resource = resource
        self._also = dict(also or {})
        self._statement = lru_cache(None)(self._written)
        ownership.declare(self._write_all)

    def rows(self, key: UUID, work: UnitOfWork) -> Iterator[tuple[str, bytes]]:
        """Yield rows, each as the name of its table and JSON in UTF-8, parents first.

        Each page is a query of its own, as with `stream`, and no connection is held between them:
        rows are seen as of their page's time.
        """
        for table in self._tables:
            after: list[str] = []
            has_more = True
            while has_more:
                query = self._page(table, key, after)
                found = list(work.fetch(query))
                work.rest()
                has_more = len(found) == ROWS_AT_ONCE or (bool(found) and found[-1][0] is None)
                found.reverse()
                while found:
                    json, last, _ = found.pop()
                    if json is not None:
                        after = last
                        yield table.name, json

    def _page(self, table: Table, key: UUID, after: Sequence[str]) -> Query:
        parameters = {f"after_{place}": value for place, value in enumerate(after)}
        return self._statement(table, onward=bool(after)).query({"key": key, **parameters})

    @cached_property
    def _tables(self) -> dict[Table, str]:
        resource = self._resource
        found = {resource.table: f"{resource.column(resource.key)} = %(key)s"}
        found |= hanging_on(resource)
        for name, condition in self._also.items():
            table = resource.table.metadata.tables[name]
            found[table] = any_of(table, [*([found[table]] if table in found else []), condition])
        return found

    def _written(self, table: Table, *, onward: bool) -> Statement:
        name, keys = quoted(table), [column.name for column in table.primary_key.columns]
        own = columns(keys, name)
        rows = self._tables[table]
        if onward:
            after = ", ".join(f"%(after_{place})s" for place in range(len(keys)))
            rows = f"({rows}) AND ({own}) > ({after})"
        # OFFSET 0: by the keys' own order Postgres might look at the rows of everybody.
        those = f"SELECT {own} FROM {kept_to(table, rows)} OFFSET 0"
        page = f"SELECT * FROM ({those}) AS those ORDER BY {columns(keys)} LIMIT {ROWS_AT_ONCE}"
        texts = ", ".join(f"{name}.{quoted(key)}::text" for key in keys)
        members = [
            column.name for column in table.columns if not isinstance(column.type, LargeBinary)
        ]
        of_page = kept_to(table, f"({own}) IN ({page})", f", {shown(name, members)}")
        json = f"SELECT row_to_json(shown), ARRAY[{texts}], NULL FROM {of_page} ORDER BY {own}"
        return Statement(measured(json), first=[IN_MEMORY], is_list=True)

    def _write_all(self) -> None:
        for table in self._tables:
            self._statement(table, onward=True)
