"""Which tables a statement locks, reads and rewrites.

Facts: PostgreSQL 18, 13.3 "Explicit Locking" and each command's page; they hold from 14 on.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from postgast import pg_query_pb2 as pg

from safe_migrations.lint.alter_effects import alter_table
from safe_migrations.lint.catalog import Catalog, Table
from safe_migrations.lint.locks import Effect, Lock
from safe_migrations.lint.names import content, dotted, find, kind_of, qualified, relation, strings
from safe_migrations.lint.partitions import default_effects


def effects(statement: Any, catalog: Catalog) -> tuple[Effect, ...]:
    """Find what a statement does to which tables; `catalog` is the schema that it finds.

    Tables that it only reads are not told of, nor those that it makes.
    """
    if statement is None:
        return ()
    kind = kind_of(statement)
    find_effects = _EFFECTS.get(kind)
    if find_effects is not None:
        return _together(find_effects(catalog, content(statement)))
    return ()


def _together(found: Iterable[Effect]) -> tuple[Effect, ...]:
    by_table: dict[str, Effect] = {}
    for effect in found:
        known = by_table.get(effect.table)
        by_table[effect.table] = known | effect if known else effect
    return tuple(by_table.values())


def is_concurrent_option(options: Any) -> bool:
    """Tell whether the options of REINDEX say CONCURRENTLY."""
    return any(item.def_elem.defname == "concurrently" for item in options)


def _create_index(catalog: Catalog, node: Any) -> Iterator[Effect]:
    name = relation(node.relation)
    lock = Lock.SHARE_UPDATE_EXCLUSIVE if node.concurrent else Lock.SHARE
    table = catalog.table(name)
    is_only_parent = bool(table and table.partition_key) and not node.relation.inh
    yield Effect(name, lock, scans=not is_only_parent)
    for child in catalog.children(name) if node.relation.inh else ():
        yield Effect(child, lock, scans=True, is_target=False)


def _in_schema(catalog: Catalog, name: str) -> list[Table]:
    return [table for table in catalog.tables.values() if table.name.startswith(f"{name}.")]


_TAKE_ALONG: dict[int, Callable[[Catalog, str], list[Table]]] = {
    pg.OBJECT_DOMAIN: Catalog.of_type,
    pg.OBJECT_SCHEMA: _in_schema,
    pg.OBJECT_TYPE: Catalog.of_type,
}
"""The tables of which CASCADE takes something along."""


def _drop(catalog: Catalog, node: Any) -> Iterator[Effect]:
    for item in node.objects:
        name = dotted(item)
        if node.remove_type == pg.OBJECT_INDEX:
            index = catalog.indexes.get(name)
            lock = Lock.SHARE_UPDATE_EXCLUSIVE if node.concurrent else Lock.ACCESS_EXCLUSIVE
            if index:
                yield Effect(index.table, lock)
        elif node.remove_type in {pg.OBJECT_TABLE, pg.OBJECT_MATVIEW}:
            yield Effect(name, Lock.ACCESS_EXCLUSIVE)
            yield from _parents(catalog, name)
        elif node.behavior == pg.DROP_CASCADE and node.remove_type in _TAKE_ALONG:
            for table in _TAKE_ALONG[node.remove_type](catalog, name):
                yield Effect(table.name, Lock.ACCESS_EXCLUSIVE, is_target=False)
        elif node.remove_type in {pg.OBJECT_TRIGGER, pg.OBJECT_POLICY, pg.OBJECT_RULE}:
            # The name of the table comes before that of the object.
            yield Effect(".".join(name.split(".")[:-1]), Lock.ACCESS_EXCLUSIVE)


def _parents(catalog: Catalog, name: str) -> Iterator[Effect]:
    table = catalog.table(name)
    if table and table.parent:
        yield Effect(table.parent, Lock.ACCESS_EXCLUSIVE, is_target=False)
        yield from default_effects(catalog, table.parent)
    for constraint in table.constraints.values() if table else ():
        if constraint.parent and constraint.parent != name:
            yield Effect(constraint.parent, Lock.ACCESS_EXCLUSIVE, is_target=False)


def _create_table(catalog: Catalog, node: Any) -> Iterator[Effect]:
    for constraint in find(node, pg.Constraint):
        if constraint.contype == pg.CONSTR_FOREIGN:
            parent = relation(constraint.pktable)
            if parent != relation(node.relation):
                yield Effect(parent, Lock.SHARE_ROW_EXCLUSIVE, is_target=False)
    for parent in node.inh_relations:
        # A partition's bound becomes part of what the parent's default partition may hold.
        lock = Lock.ACCESS_EXCLUSIVE if node.HasField("partbound") else Lock.SHARE_UPDATE_EXCLUSIVE
        name = relation(parent.range_var)
        yield Effect(name, lock, is_target=False)
        if node.HasField("partbound"):
            yield from default_effects(catalog, name, grows=True)


def _rename(_catalog: Catalog, node: Any) -> Iterator[Effect]:
    if not node.HasField("relation"):
        return
    name = relation(node.relation)
    if node.rename_type == pg.OBJECT_INDEX:
        return  # The lock is on the index alone.
    yield Effect(name, Lock.ACCESS_EXCLUSIVE)


def _change_rows(_catalog: Catalog, node: Any) -> Iterator[Effect]:
    yield Effect(relation(node.relation), Lock.ROW_EXCLUSIVE)


def _truncate(catalog: Catalog, node: Any) -> Iterator[Effect]:
    names = [relation(item.range_var) for item in node.relations]
    for name in names:
        yield Effect(name, Lock.ACCESS_EXCLUSIVE)
    if node.behavior == pg.DROP_CASCADE:
        for name in names:
            for child in catalog.referencing(name):
                yield Effect(child, Lock.ACCESS_EXCLUSIVE, is_target=False)


def _reindex(catalog: Catalog, node: Any) -> Iterator[Effect]:
    lock = Lock.SHARE_UPDATE_EXCLUSIVE if is_concurrent_option(node.params) else Lock.SHARE
    if not node.HasField("relation"):
        for name in catalog.tables:
            yield Effect(name, lock, scans=True)
        return
    name = relation(node.relation)
    if node.kind == pg.REINDEX_OBJECT_INDEX:
        index = catalog.indexes.get(name)
        name = index.table if index else name
    yield Effect(name, lock, scans=True)


def _cluster(_catalog: Catalog, node: Any) -> Iterator[Effect]:
    if node.HasField("relation"):
        yield Effect(relation(node.relation), Lock.ACCESS_EXCLUSIVE, rewrites=True)


def is_full(node: Any) -> bool:
    """Tell whether a VACUUM is FULL."""
    return any(
        item.def_elem.defname == "full" and not _is_off(item.def_elem) for item in node.options
    )


def _is_off(option: Any) -> bool:
    if not option.HasField("arg"):
        return False
    value = content(option.arg)
    return str(getattr(value, "sval", getattr(value, "ival", ""))).lower() in {"false", "off", "0"}


def _vacuum(catalog: Catalog, node: Any) -> Iterator[Effect]:
    full = node.is_vacuumcmd and is_full(node)
    lock = Lock.ACCESS_EXCLUSIVE if full else Lock.SHARE_UPDATE_EXCLUSIVE
    names = [relation(item.vacuum_relation.relation) for item in node.rels] or catalog.tables
    for name in names:
        yield Effect(name, lock, rewrites=full, scans=not full)


def _refresh(_catalog: Catalog, node: Any) -> Iterator[Effect]:
    lock = Lock.EXCLUSIVE if node.concurrent else Lock.ACCESS_EXCLUSIVE
    yield Effect(relation(node.relation), lock, rewrites=not node.concurrent)


def _lock(_catalog: Catalog, node: Any) -> Iterator[Effect]:
    for item in node.relations:
        yield Effect(relation(item.range_var), Lock(node.mode))


def _create_trigger(_catalog: Catalog, node: Any) -> Iterator[Effect]:
    yield Effect(relation(node.relation), Lock.SHARE_ROW_EXCLUSIVE)


def _set_schema(_catalog: Catalog, node: Any) -> Iterator[Effect]:
    if node.HasField("relation"):
        yield Effect(relation(node.relation), Lock.ACCESS_EXCLUSIVE)


def _policy(_catalog: Catalog, node: Any) -> Iterator[Effect]:
    yield Effect(relation(node.table), Lock.ACCESS_EXCLUSIVE)


def _rule(_catalog: Catalog, node: Any) -> Iterator[Effect]:
    yield Effect(relation(node.relation), Lock.ACCESS_EXCLUSIVE)


def _alter_domain(catalog: Catalog, node: Any) -> Iterator[Effect]:
    if is_domain_checked(node):
        for table in catalog.of_type(qualified(strings(node.type_name))):
            yield Effect(table.name, Lock.SHARE, scans=True, is_target=False)


def is_domain_checked(node: Any) -> bool:
    """Tell whether an ALTER DOMAIN reads the tables that use the domain."""
    adds = node.subtype == "C" and not getattr(node, "def").constraint.skip_validation
    return bool(adds or node.subtype in {"O", "V"})


def _comment(_catalog: Catalog, node: Any) -> Iterator[Effect]:
    if node.objtype in {pg.OBJECT_TABLE, pg.OBJECT_COLUMN}:
        name = dotted(node.object)
        if node.objtype == pg.OBJECT_COLUMN:
            name = name.rpartition(".")[0]
        yield Effect(name, Lock.SHARE_UPDATE_EXCLUSIVE)


def _statistics(_catalog: Catalog, node: Any) -> Iterator[Effect]:
    for item in node.relations:
        yield Effect(relation(item.range_var), Lock.SHARE_UPDATE_EXCLUSIVE)


_EFFECTS: dict[str, Callable[[Catalog, Any], Iterable[Effect]]] = {
    "alter_domain_stmt": _alter_domain,
    "alter_object_schema_stmt": _set_schema,
    "alter_policy_stmt": _policy,
    "alter_table_stmt": alter_table,
    "cluster_stmt": _cluster,
    "comment_stmt": _comment,
    "create_policy_stmt": _policy,
    "create_stats_stmt": _statistics,
    "create_stmt": _create_table,
    "create_trig_stmt": _create_trigger,
    "delete_stmt": _change_rows,
    "drop_stmt": _drop,
    "index_stmt": _create_index,
    "insert_stmt": _change_rows,
    "lock_stmt": _lock,
    "merge_stmt": _change_rows,
    "refresh_mat_view_stmt": _refresh,
    "reindex_stmt": _reindex,
    "rename_stmt": _rename,
    "rule_stmt": _rule,
    "truncate_stmt": _truncate,
    "update_stmt": _change_rows,
    "vacuum_stmt": _vacuum,
}
