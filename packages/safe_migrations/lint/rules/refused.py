"""Rules on what Postgres refuses, because something else needs what is changed or dropped.

Facts: PostgreSQL 18, 5.15 "Dependency Tracking", ALTER TABLE and DROP INDEX; each was tried there.
"""

from collections.abc import Iterable, Iterator

from postgast import pg_query_pb2 as pg

from safe_migrations.lint import fixes
from safe_migrations.lint.catalog import Catalog, Constraint, Dependent, Table
from safe_migrations.lint.finding import Problem, Situation
from safe_migrations.lint.names import dotted, qualified, relation, sql_of, strings

_RULE = "refused-by-postgres"
_VIEWS = {"view", "materialized view"}
_DROP = {"view": "VIEW", "rule": "RULE", "trigger": "TRIGGER", "policy": "POLICY"}
_FUNCTIONS = {pg.OBJECT_FUNCTION, pg.OBJECT_PROCEDURE, pg.OBJECT_ROUTINE}


def changed_column(situation: Situation) -> Iterator[Problem]:
    """Find columns that can't get another type, or can't go, for what is made of them."""
    if situation.kind != "alter_table_stmt" or situation.node.objtype == pg.OBJECT_INDEX:
        return
    name = relation(situation.node.relation)
    if situation.node.objtype == pg.OBJECT_TYPE:
        yield from _attributes(situation, name)
    table = situation.catalog.table(name)
    for item in situation.node.cmds if table else ():
        command = item.alter_table_cmd
        is_retype = command.subtype == pg.AT_AlterColumnType
        is_drop = command.subtype == pg.AT_DropColumn and command.behavior != pg.DROP_CASCADE
        if table and (is_retype or is_drop) and command.name in table.columns:
            yield from _needed(situation, table, command.name, is_drop=is_drop)


def _attributes(situation: Situation, name: str) -> Iterator[Problem]:
    users = [table.name for table in situation.catalog.of_type(name)]
    kinds = {item.alter_table_cmd.subtype for item in situation.node.cmds}
    if users and pg.AT_AlterColumnType in kinds:
        yield Problem(
            _RULE,
            f"Postgres refuses it, as {' and '.join(users)} has a column of the type {name}.",
            f"# a new type beside {name}, and a column of it",
        )


def _needed(situation: Situation, table: Table, column: str, *, is_drop: bool) -> Iterator[Problem]:
    catalog = situation.catalog
    dependents = catalog.dependents_on(table.name, column)
    generated = [
        f"the generated column {item.name}"
        for item in table.columns.values()
        if column in item.generated_from
    ]
    keys = [f"the key {item.name} of {name}" for name, item in _keys_to(catalog, table, column)]
    for_all = [f"the {item.kind} {item.name}" for item in dependents] + generated
    if is_drop:
        for_all += keys
    whole = catalog.table(table.parent or "")
    if column in table.partition_key:
        for_all.append(f"the partitioning of {table.name}")
    elif whole and column in whole.columns:
        for_all.append(f"{whole.name}, of which {table.name} is a partition,")
    if not for_all:
        return
    needs = "needs" if len(for_all) == 1 else "need"
    is_made_again = bool(dependents) and len(for_all) == len(dependents) and not is_drop
    yield Problem(
        _RULE,
        f"Postgres refuses it, as {' and '.join(for_all)} {needs} {table.name}.{column} as it is.",
        _made_again(situation, dependents)
        if is_made_again
        else "# first drop what needs it, once no running code uses that",
    )


def _keys_to(catalog: Catalog, table: Table, column: str) -> Iterator[tuple[str, Constraint]]:
    """Find the foreign keys that lead to a column, by a constraint that goes with it."""
    for other in catalog.tables.values():
        for key in other.constraints.values():
            is_there = key.parent == table.name and other.name != table.name
            if is_there and column in catalog.referenced(key):
                yield other.name, key


def _made_again(situation: Situation, dependents: list[Dependent]) -> str:
    """Write a change between the drop and the new creation of what stands in its way."""
    chain = _with_theirs(situation.catalog, dependents)
    if any(item.tree is None or item.kind not in _DROP for item in chain):
        names = " and ".join(f"the {item.kind} {item.name}" for item in chain)
        return f"# drop {names} before it, and make it again after it, in the same transaction"
    drops = [fixes.execute(_drop(item)) for item in reversed(chain)]
    again = [fixes.execute(sql_of(item.tree)) for item in chain]
    is_view = any(item.kind in _VIEWS for item in chain)
    note = ["# and GRANT again what was granted on the views"] if is_view else []
    change = fixes.execute(situation.statement.sql)
    return "\n".join([*drops, change, *again, *note])


def _with_theirs(catalog: Catalog, dependents: list[Dependent]) -> list[Dependent]:
    """List what depends on something, and then what depends on that, and so on."""
    chain = list(dependents)
    for item in chain:
        if item.kind in _VIEWS:
            chain += [other for other in catalog.dependents_on(item.name) if other not in chain]
    return sorted(chain, key=lambda item: _depth(item, chain))


def _depth(item: Dependent, chain: list[Dependent]) -> int:
    """Count how many views lie one behind the other before it."""
    below = [other for other in chain if other.kind in _VIEWS and other.name in item.uses]
    return 1 + max((_depth(other, chain) for other in below), default=0)


def _drop(item: Dependent) -> str:
    on = f" ON {fixes.name(item.table)}" if item.table else ""
    return f"DROP {_DROP[item.kind]} {fixes.name(item.name)}{on}"


def dropped(situation: Situation) -> Iterator[Problem]:
    """Find tables, views, types, functions and constraints that others still need."""
    yield from _constraints(situation)
    node = situation.node
    if situation.kind != "drop_stmt" or node.behavior == pg.DROP_CASCADE:
        return
    names = [dotted(item) for item in node.objects]
    for name in names:
        users = [*_users(situation.catalog, node.remove_type, name, names)]
        if users:
            yield Problem(
                _RULE,
                f"Postgres refuses it, as {' and '.join(users)} needs {name}.",
                "# first drop what needs it, once no running code uses that",
            )


def _users(catalog: Catalog, kind: int, name: str, gone: Iterable[str]) -> Iterator[str]:
    if kind in {pg.OBJECT_TABLE, pg.OBJECT_VIEW, pg.OBJECT_MATVIEW}:
        for item in catalog.dependents_on(name):
            if item.table != name and item.name not in gone:
                yield f"the {item.kind} {item.name}"
        for other in catalog.referencing(name):
            if other not in gone and catalog.table(name):
                yield f"a foreign key of {other}"
    elif kind in {pg.OBJECT_TYPE, pg.OBJECT_DOMAIN}:
        yield from (f"a column of {table.name}" for table in catalog.of_type(name))
    elif kind in _FUNCTIONS:
        yield from (f"the trigger {item.name} of {item.table}" for item in _calling(catalog, name))


def _calling(catalog: Catalog, function: str) -> Iterator[Dependent]:
    for item in catalog.dependents:
        if item.kind == "trigger" and item.tree is not None:
            called = item.tree.create_trig_stmt.funcname
            if qualified(strings(called)) == function:
                yield item


def _constraints(situation: Situation) -> Iterator[Problem]:
    for table, command in situation.commands(pg.AT_DropConstraint):
        found = situation.catalog.table(table)
        gone = found.constraints.get(command.name) if found else None
        if gone is None or gone.kind not in {"unique", "primary key"}:
            continue
        keys = [
            f"{key.name} of {other.name}"
            for other in situation.catalog.tables.values()
            for key in other.constraints.values()
            if key.parent == table and set(situation.catalog.referenced(key)) == set(gone.columns)
        ]
        if keys and command.behavior != pg.DROP_CASCADE:
            yield Problem(
                _RULE,
                f"Postgres refuses it, as the foreign key {' and '.join(keys)} needs "
                f"{command.name}.",
                "# first drop the foreign key, or let it lead to another unique constraint",
            )


def dropped_index(situation: Situation) -> Iterator[Problem]:
    """Find indexes that can't be dropped, or not concurrently."""
    node = situation.node
    if situation.kind != "drop_stmt" or node.remove_type != pg.OBJECT_INDEX:
        return
    names = [dotted(item) for item in node.objects]
    if node.concurrent and (len(names) > 1 or node.behavior == pg.DROP_CASCADE):
        what = "several indexes at once" if len(names) > 1 else "CASCADE"
        drops = [fixes.execute(f"DROP INDEX CONCURRENTLY {fixes.name(name)}") for name in names]
        is_inside = situation.is_in_transaction
        yield Problem(
            _RULE,
            f"With CONCURRENTLY, Postgres does not drop {what}.",
            fixes.outside_transaction(*drops) if is_inside else "\n".join(drops),
        )
    for name in names:
        yield from _index(situation, name)


def _index(situation: Situation, name: str) -> Iterator[Problem]:
    catalog = situation.catalog
    for table in catalog.tables.values():
        schema = table.name.rpartition(".")[0]
        for item in table.constraints.values():
            is_its = qualified(filter(None, (schema, item.name))) == name
            if is_its and item.kind in {"unique", "primary key", "exclude"}:
                drop = f"ALTER TABLE {fixes.name(table.name)} DROP CONSTRAINT {fixes.name(name)}"
                yield Problem(
                    _RULE,
                    f"{name} is the index of a constraint of {table.name}: Postgres refuses to "
                    "drop it alone.",
                    f"{fixes.execute(drop)}\n# a short ACCESS EXCLUSIVE on {table.name}",
                )
    index = catalog.indexes.get(name)
    if index and index.parent:
        yield Problem(
            _RULE,
            f"{name} is a part of {index.parent}: Postgres refuses to drop it alone.",
            f"# drop {index.parent}, in a quiet hour",
        )
    on = catalog.table(index.table) if index else None
    if on and on.partition_key and situation.node.concurrent:
        yield Problem(
            _RULE,
            f"{on.name} is partitioned: Postgres refuses to drop its index concurrently.",
            "# in a quiet hour, as it takes ACCESS EXCLUSIVE on all partitions:\n"
            + fixes.execute(f"DROP INDEX {fixes.name(name)}")
            + "  "
            + fixes.allow("drop-index-not-concurrent", "on DATE"),
        )


def refreshed(situation: Situation) -> Iterator[Problem]:
    """Find materialized views that can't be refreshed concurrently, for want of a key."""
    if situation.kind != "refresh_mat_view_stmt" or not situation.node.concurrent:
        return
    name = relation(situation.node.relation)
    indexes = [item for item in situation.catalog.indexes.values() if item.table == name]
    if name in situation.catalog.tables and not any(
        item.is_unique and item.columns for item in indexes
    ):
        yield Problem(
            _RULE,
            f"Postgres refuses it, as {name} has no unique index on plain columns.",
            f"# first a unique index on {name}, built concurrently",
        )


def outside_only(situation: Situation) -> Iterator[Problem]:
    """Find what Postgres refuses inside a transaction and that has nothing to do with indexes."""
    kinds = {"alter_system_stmt", "createdb_stmt", "dropdb_stmt", "create_table_space_stmt"}
    is_discard = situation.kind == "discard_stmt" and situation.node.target == pg.DISCARD_ALL
    if situation.is_in_transaction and (situation.kind in kinds or is_discard):
        yield Problem(
            _RULE,
            "Postgres refuses it inside a transaction, and each revision is one.",
            fixes.as_it_is(situation.statement),
        )


RULES = (changed_column, dropped, dropped_index, refreshed, outside_only)
