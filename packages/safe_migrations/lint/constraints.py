"""Constraints that a statement adds, and what its line does beside them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from postgast import pg_query_pb2 as pg

from safe_migrations.lint import fixes
from safe_migrations.lint.finding import Situation
from safe_migrations.lint.names import columns_of, strings
from safe_migrations.lint.replay import constrained_columns, constraint_name, definition
from safe_migrations.lint.rule import Facts


@dataclass(frozen=True, slots=True)
class Added:
    """A constraint that is added to a table; `column` is the new column that it rides on."""

    table: str
    tree: Any
    columns: tuple[str, ...]
    column: Any = None

    @property
    def is_unchecked(self) -> bool:
        """Whether no row is read for it."""
        return bool(self.tree.skip_validation) or not self.tree.is_enforced

    def name(self, situation: Situation) -> str:
        """Name it as Postgres does."""
        found = situation.catalog.table(self.table)
        dropped = {
            command.name for _, command in situation.commands(pg.AT_DropConstraint) if command.name
        }
        taken = {*(found.constraints if found else ()), *situation.catalog.indexes} - dropped
        return constraint_name(self.table, self.tree, self.columns, taken)

    def before(self, situation: Situation) -> str:
        """Write what else the line does that the constraint needs; else nothing.

        That is its new column, added without it, or that the constraint of its name is dropped.
        """
        if self.column is None:
            columns = constrained_columns(self.tree) or columns_of(self.tree.raw_expr)
            return fixes.needed(situation, self.table, columns, self.tree.conname)
        bare = pg.ColumnDef()
        bare.CopyFrom(self.column)
        del bare.constraints[:]
        rest = [item for item in self.column.constraints if item.constraint != self.tree]
        bare.constraints.extend(rest)
        return fixes.add_column(self.table, bare) + "\n"

    def not_valid(self, name: str) -> str:
        """Write it with all its options, but NOT VALID."""
        copy = pg.Constraint()
        copy.CopyFrom(self.tree)
        copy.conname = name
        copy.skip_validation = True
        if self.tree.contype == pg.CONSTR_FOREIGN and not self.tree.fk_attrs:
            copy.fk_attrs.extend(pg.Node(string=pg.String(sval=item)) for item in self.columns)
        return fixes.alter_table(self.table, pg.AT_AddConstraint, pg.Node(constraint=copy))


def added(situation: Situation, kind: int) -> Iterator[Added]:
    """Go through the constraints of a kind that a statement adds, also with a new column."""
    for table, command in situation.commands(pg.AT_AddConstraint):
        constraint = definition(command)
        if constraint.contype == kind:
            yield Added(table, constraint, constrained_columns(constraint))
    for table, command in situation.commands(pg.AT_AddColumn):
        column = definition(command)
        for item in column.constraints:
            if item.constraint.contype == kind:
                yield Added(table, item.constraint, (column.colname,), column)


def by_index(situation: Situation, found: Facts) -> str:
    """Write UNIQUE or PRIMARY KEY by way of an index that is built concurrently."""
    item: Added = found.added
    tree, name = item.tree, item.name(situation)
    known = situation.catalog.table(item.table)
    is_replaced = known is not None and name in known.constraints
    options: dict[str, Any] = {}
    if tree.including:
        options["postgresql_include"] = strings(tree.including)
    if tree.nulls_not_distinct:
        options["postgresql_nulls_not_distinct"] = True
    kind = "PRIMARY KEY" if tree.contype == pg.CONSTR_PRIMARY else "UNIQUE"
    code = fixes.key(
        item.table,
        name,
        kind,
        item.columns,
        timing=_timing(tree),
        is_replaced=is_replaced,
        **options,
    )
    return code if is_replaced else item.before(situation) + code


def _timing(tree: Any) -> str:
    if not tree.deferrable:
        return ""
    return " DEFERRABLE INITIALLY DEFERRED" if tree.initdeferred else " DEFERRABLE"
