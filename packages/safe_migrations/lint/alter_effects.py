"""What the commands of ALTER TABLE do to the table and to others.

Facts: PostgreSQL 18, ALTER TABLE, and AlterTableGetLockLevel in its source.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from postgast import pg_query_pb2 as pg

from safe_migrations.lint.catalog import Catalog
from safe_migrations.lint.locks import Effect, Lock
from safe_migrations.lint.names import is_null, relation, type_of
from safe_migrations.lint.partitions import default_effects, is_proved
from safe_migrations.lint.replay import definition, is_serial
from safe_migrations.lint.retypes import retype
from safe_migrations.lint.volatility import is_volatile

_LOCKS = {
    **dict.fromkeys(
        (
            pg.AT_AttachPartition,
            pg.AT_ClusterOn,
            pg.AT_DropCluster,
            pg.AT_ResetOptions,
            pg.AT_ResetRelOptions,
            pg.AT_SetOptions,
            pg.AT_SetRelOptions,
            pg.AT_SetStatistics,
            pg.AT_ValidateConstraint,
        ),
        Lock.SHARE_UPDATE_EXCLUSIVE,
    ),
    **dict.fromkeys(
        (
            pg.AT_DisableTrig,
            pg.AT_DisableTrigAll,
            pg.AT_DisableTrigUser,
            pg.AT_EnableAlwaysTrig,
            pg.AT_EnableReplicaTrig,
            pg.AT_EnableTrig,
            pg.AT_EnableTrigAll,
            pg.AT_EnableTrigUser,
        ),
        Lock.SHARE_ROW_EXCLUSIVE,
    ),
}
# The triggers of a foreign key go on both sides.
_PARENT_LOCKS = {
    pg.AT_DropConstraint: Lock.ACCESS_EXCLUSIVE,
    pg.AT_ValidateConstraint: Lock.ROW_SHARE,
}
# With a partitioned table they change its partitions.
_RECURSING = {
    pg.AT_AddColumn,
    pg.AT_AddConstraint,
    pg.AT_AlterColumnType,
    pg.AT_DropColumn,
    pg.AT_DropConstraint,
    pg.AT_DropNotNull,
    pg.AT_SetNotNull,
    pg.AT_ValidateConstraint,
}
REWRITING = {
    pg.AT_SetAccessMethod: "SET ACCESS METHOD",
    pg.AT_SetLogged: "SET LOGGED",
    pg.AT_SetTableSpace: "SET TABLESPACE",
    pg.AT_SetUnLogged: "SET UNLOGGED",
}


def alter_table(catalog: Catalog, node: Any) -> Iterator[Effect]:
    """Find the effects of an ALTER TABLE."""
    name = relation(node.relation)
    if node.objtype == pg.OBJECT_INDEX:
        index = catalog.indexes.get(name)
        moves = any(item.alter_table_cmd.subtype == pg.AT_SetTableSpace for item in node.cmds)
        if index and moves:
            yield Effect(index.table, Lock.ACCESS_EXCLUSIVE)
        return
    for item in node.cmds:
        command = item.alter_table_cmd
        yield from _command(catalog, name, command)
        if command.subtype in _RECURSING and node.relation.inh:
            for child in catalog.children(name):
                for effect in _command(catalog, child, command):
                    yield replace(effect, is_target=False)


def _command(catalog: Catalog, name: str, command: Any) -> Iterator[Effect]:
    kind = command.subtype
    lock = _LOCKS.get(kind, Lock.ACCESS_EXCLUSIVE)
    if kind == pg.AT_AddColumn:
        yield from _add_column(catalog, name, definition(command))
    elif kind == pg.AT_AddConstraint:
        yield from _add_constraint(catalog, name, definition(command))
    elif kind == pg.AT_AlterColumnType:
        found = retype(catalog, name, command)
        yield Effect(name, lock, rewrites=found.rewrites, scans=found.scans)
    elif kind == pg.AT_SetNotNull:
        table = catalog.table(name)
        yield Effect(name, lock, scans=not (table and table.is_proved_not_null(command.name)))
    elif kind == pg.AT_AlterConstraint:
        yield from _alter_constraint(catalog, name, command)
    elif kind in _PARENT_LOCKS:
        yield Effect(name, lock, scans=kind == pg.AT_ValidateConstraint)
        yield from _parent(catalog, name, command.name, _PARENT_LOCKS[kind])
    elif kind == pg.AT_AttachPartition:
        yield Effect(name, lock)
        yield from _attach(catalog, name, definition(command))
    elif kind == pg.AT_DetachPartition:
        yield from _detach(catalog, name, definition(command))
    else:
        rewritten = kind in REWRITING or sets_stored(catalog, name, command)
        yield Effect(name, lock, rewrites=rewritten)


def _alter_constraint(catalog: Catalog, name: str, command: Any) -> Iterator[Effect]:
    if not is_enforcing(command):
        yield Effect(name, Lock.ACCESS_EXCLUSIVE)
        return
    yield Effect(name, Lock.SHARE_ROW_EXCLUSIVE, scans=True)
    yield from _parent(catalog, name, definition(command).conname, Lock.SHARE_ROW_EXCLUSIVE)


def is_enforcing(command: Any) -> bool:
    """Tell whether ALTER CONSTRAINT makes a foreign key one that is enforced, and so checks it."""
    changed = definition(command)
    return bool(changed.alter_enforceability and changed.is_enforced)


def sets_stored(catalog: Catalog, name: str, command: Any) -> bool:
    """Tell whether a stored generated column gets another expression; an unknown one is stored."""
    column = catalog.column(name, command.name)
    is_virtual = column is not None and column.generated == "virtual"
    return bool(command.subtype == pg.AT_SetExpression) and not is_virtual


def _parent(catalog: Catalog, name: str, constraint: str, lock: Lock) -> Iterator[Effect]:
    table = catalog.table(name)
    found = table.constraints.get(constraint) if table else None
    if found and found.parent:
        yield Effect(found.parent, lock, is_target=False)


def _attach(catalog: Catalog, name: str, part: Any) -> Iterator[Effect]:
    scans = not is_proved(catalog, name, part)
    yield Effect(relation(part.name), Lock.ACCESS_EXCLUSIVE, scans=scans, is_target=False)
    yield from default_effects(catalog, name, grows=True)


def _detach(catalog: Catalog, name: str, part: Any) -> Iterator[Effect]:
    yield from default_effects(catalog, name)
    lock = Lock.SHARE_UPDATE_EXCLUSIVE if part.concurrent else Lock.ACCESS_EXCLUSIVE
    yield Effect(name, lock)
    yield Effect(relation(part.name), Lock.ACCESS_EXCLUSIVE, is_target=False)


def column_default(column: Any) -> Any:
    """Find the expression of a column's DEFAULT; None when it has none, or NULL."""
    for item in column.constraints:
        constraint = item.constraint
        if constraint.contype == pg.CONSTR_DEFAULT:
            return None if is_null(constraint.raw_expr) else constraint.raw_expr
    return None


def column_constraint(column: Any, kind: int) -> Any:
    """Find a column's own constraint of a kind; None when there is none."""
    return next(
        (item.constraint for item in column.constraints if item.constraint.contype == kind), None
    )


def is_stored(column: Any) -> bool:
    """Tell whether a column is generated and stored."""
    generated = column_constraint(column, pg.CONSTR_GENERATED)
    return generated is not None and generated.generated_kind != "v"


def _add_column(catalog: Catalog, name: str, column: Any) -> Iterator[Effect]:
    type_ = type_of(column.type_name)
    default = column_default(column)
    rewritten = (
        is_serial(type_)
        or column_constraint(column, pg.CONSTR_IDENTITY) is not None
        or is_stored(column)
        or (default is not None and is_volatile(default, catalog))
        or type_.name in catalog.domains
    )
    yield Effect(name, Lock.ACCESS_EXCLUSIVE, rewrites=rewritten)
    for item in column.constraints:
        yield from _column_constraint(name, item.constraint, has_values=default is not None)


def _column_constraint(name: str, constraint: Any, *, has_values: bool) -> Iterator[Effect]:
    builds = {pg.CONSTR_CHECK, pg.CONSTR_UNIQUE, pg.CONSTR_PRIMARY}
    if constraint.contype in builds:
        yield Effect(name, Lock.ACCESS_EXCLUSIVE, scans=True)
    elif constraint.contype == pg.CONSTR_FOREIGN:
        # Of a column without values Postgres knows that they need no check.
        yield Effect(name, Lock.ACCESS_EXCLUSIVE, scans=has_values)
        yield Effect(relation(constraint.pktable), Lock.SHARE_ROW_EXCLUSIVE, is_target=False)


def _add_constraint(catalog: Catalog, name: str, constraint: Any) -> Iterator[Effect]:
    kind = constraint.contype
    if kind == pg.CONSTR_FOREIGN:
        scans = not constraint.skip_validation and constraint.is_enforced
        yield Effect(name, Lock.SHARE_ROW_EXCLUSIVE, scans=scans)
        parent = relation(constraint.pktable)
        if parent != name:
            yield Effect(parent, Lock.SHARE_ROW_EXCLUSIVE, is_target=False)
        return
    table = catalog.table(name)
    if kind == pg.CONSTR_NOTNULL:
        columns = [item.string.sval for item in constraint.keys]
        proved = table is not None and all(map(table.is_proved_not_null, columns))
        scans = not constraint.skip_validation and not proved
    elif kind == pg.CONSTR_PRIMARY and constraint.indexname:
        scans = bool(nullable_key(catalog, name, constraint))
    elif kind == pg.CONSTR_UNIQUE and constraint.indexname:
        scans = False
    else:
        is_ignored = kind == pg.CONSTR_CHECK and not constraint.is_enforced
        scans = not constraint.skip_validation and not is_ignored
    yield Effect(name, Lock.ACCESS_EXCLUSIVE, scans=scans)


def nullable_key(catalog: Catalog, name: str, constraint: Any) -> tuple[str, ...]:
    """Name the columns that PRIMARY KEY USING INDEX would have to set NOT NULL."""
    index = catalog.indexes.get(constraint.indexname)
    table = catalog.table(name)
    if index is None or table is None:
        return ()
    return tuple(item for item in index.columns if not table.is_proved_not_null(item))
