"""What ALTER COLUMN TYPE does beside changing a type: to rows, indexes and constraints.

Facts: PostgreSQL 18, ALTER TABLE, "Notes", and ATPostAlterTypeCleanup with CheckIndexCompatible in
its source: an index with an expression or a condition is built anew whenever a column of it gets a
type, be it the one that it has, and a CHECK on the column is verified anew.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from postgast import pg_query_pb2 as pg

from safe_migrations.lint.catalog import Catalog, Column, Constraint, Table
from safe_migrations.lint.finding import Situation
from safe_migrations.lint.names import column_name, type_of, without_casts
from safe_migrations.lint.replay import collation_of, definition
from safe_migrations.lint.types import rebuilds_indexes, rewrites


@dataclass(frozen=True, slots=True)
class Retype:
    """`rewrites` is to write all rows anew; else `indexes` are those built anew.

    `constraints` are those for which all rows are read, each with its table.
    """

    rewrites: bool
    indexes: tuple[str, ...] = ()
    constraints: tuple[tuple[str, Constraint], ...] = ()

    @property
    def scans(self) -> bool:
        """Whether all rows are read."""
        return bool(self.indexes or self.constraints)


def retyped(situation: Situation) -> Iterator[tuple[str, Any, str, Retype]]:
    """Go through the columns that get a type: each with its table, and where that is felt."""
    for table, command in situation.commands(pg.AT_AlterColumnType):
        for name in (table, *situation.catalog.children(table)):
            yield table, command, name, retype(situation.catalog, name, command)


def retype(catalog: Catalog, name: str, command: Any) -> Retype:
    """Find what a change of a column's type does; a rewrite where the old type is not known."""
    table, column = catalog.table(name), catalog.column(name, command.name)
    if table is None or column is None:
        return Retype(rewrites=True)
    changed = definition(command)
    if _rewrites(catalog, column, changed):
        return Retype(rewrites=True)
    is_other_order = (
        rebuilds_indexes(column.type, type_of(changed.type_name))
        or collation_of(changed) != column.collation
    )
    return Retype(
        rewrites=False,
        indexes=tuple(_indexes(catalog, table, column.name, is_other_order=is_other_order)),
        constraints=tuple(
            (table.name, item)
            for item in table.constraints.values()
            if column.name in item.uses and _is_verified(item, is_other_order=is_other_order)
        ),
    )


def _rewrites(catalog: Catalog, column: Column, changed: Any) -> bool:
    if column.generated == "virtual":
        return False  # There is nothing of it to be written.
    new = type_of(changed.type_name)
    if changed.HasField("raw_default"):  # USING
        is_same = column_name(without_casts(changed.raw_default)) == column.name
        casts = changed.raw_default.WhichOneof("node") == "type_cast"
        if not is_same or (casts and type_of(changed.raw_default.type_cast.type_name) != new):
            return True
    if new.name in catalog.domains and new != column.type:
        return True
    old, new = catalog.base_of(column.type), catalog.base_of(new)
    return rewrites(old, new, is_utc=catalog.is_utc)


def _indexes(catalog: Catalog, table: Table, column: str, *, is_other_order: bool) -> list[str]:
    if is_other_order:
        return catalog.indexes_on(table.name, column)
    constrained = [
        item.name
        for item in table.constraints.values()
        if item.kind == "exclude" and not item.is_plain and column in item.uses
    ]
    return constrained + [
        item.name
        for item in catalog.indexes.values()
        if item.table == table.name and not item.is_plain and column in item.uses
    ]


def _is_verified(constraint: Constraint, *, is_other_order: bool) -> bool:
    if constraint.kind == "check":
        return constraint.is_valid and constraint.is_enforced
    return constraint.kind == "foreign key" and constraint.is_valid and is_other_order
