"""What Postgres refuses, because something else needs what is changed or dropped.

Facts: PostgreSQL 18, 5.15 "Dependency Tracking", ALTER TABLE and DROP INDEX; each was tried there.
"""

from collections.abc import Iterable, Iterator

from postgast import pg_query_pb2 as pg

from safe_migrations.lint import fixes
from safe_migrations.lint.catalog import Catalog, Constraint, Dependent, Table
from safe_migrations.lint.finding import Situation
from safe_migrations.lint.made_again import made_again
from safe_migrations.lint.names import dotted, qualified, relation, strings
from safe_migrations.lint.rule import Facts, rule

_FUNCTIONS = {pg.OBJECT_FUNCTION, pg.OBJECT_PROCEDURE, pg.OBJECT_ROUTINE}
_FIRST = "# first drop what needs it, once no running code uses that"


@rule(
    "a change that Postgres refuses because a view, a trigger, a policy or a key depends on "
    "what it changes",
    why="Postgres refuses it, as {users} {needs} {table}.{column} as it is.",
    cure=lambda situation, found: (
        made_again(situation, found.dependents) if found.is_made_again else _FIRST
    ),
)
def refused_by_postgres(situation: Situation) -> Iterator[Facts]:
    """Find columns that can't get another type, or can't go, for what is made of them."""
    if situation.kind != "alter_table_stmt" or situation.node.objtype == pg.OBJECT_INDEX:
        return
    table = situation.catalog.table(relation(situation.node.relation))
    for item in situation.node.cmds if table else ():
        command = item.alter_table_cmd
        is_retype = command.subtype == pg.AT_AlterColumnType
        is_drop = command.subtype == pg.AT_DropColumn and command.behavior != pg.DROP_CASCADE
        if table and (is_retype or is_drop) and command.name in table.columns:
            yield from _needed(situation.catalog, table, command.name, is_drop=is_drop)


def _needs(users: list[str]) -> str:
    return "needs" if len(users) == 1 else "need"


def _needed(catalog: Catalog, table: Table, column: str, *, is_drop: bool) -> Iterator[Facts]:
    dependents = catalog.dependents_on(table.name, column)
    users = [f"the {item.kind} {item.name}" for item in dependents]
    users += [
        f"the generated column {item.name}"
        for item in table.columns.values()
        if column in item.generated_from
    ]
    if is_drop:
        keys = _keys_to(catalog, table, column)
        users += [f"the key {item.name} of {name}" for name, item in keys]
    whole = catalog.table(table.parent or "")
    if column in table.partition_key:
        users.append(f"the partitioning of {table.name}")
    elif whole and column in whole.columns:
        users.append(f"{whole.name}, of which {table.name} is a partition,")
    if users:
        yield Facts(
            table=table.name,
            column=column,
            users=users,
            needs=_needs(users),
            dependents=dependents,
            is_made_again=bool(dependents) and len(users) == len(dependents) and not is_drop,
        )


def _keys_to(catalog: Catalog, table: Table, column: str) -> Iterator[tuple[str, Constraint]]:
    """Find the foreign keys that lead to a column, by a constraint that goes with it."""
    for other in catalog.tables.values():
        for key in other.constraints.values():
            is_there = key.parent == table.name and other.name != table.name
            if is_there and column in catalog.referenced(key):
                yield other.name, key


@refused_by_postgres.also(
    why="Postgres refuses it, as {type} is the type of a column of {tables}.",
    cure="# a new type beside {type}, and a column of it",
)
def attributes_of_a_type(situation: Situation) -> Iterator[Facts]:
    """Find types that are in use, of which an attribute gets another type."""
    if situation.kind == "alter_table_stmt" and situation.node.objtype == pg.OBJECT_TYPE:
        name = relation(situation.node.relation)
        tables = [table.name for table in situation.catalog.of_type(name)]
        kinds = {item.alter_table_cmd.subtype for item in situation.node.cmds}
        if tables and pg.AT_AlterColumnType in kinds:
            yield Facts(tables=tables, type=name)


@refused_by_postgres.also(
    why="Postgres refuses it, as the foreign key {keys} {needs} {name}.",
    cure="# first drop the foreign key, or let it lead to another unique constraint",
)
def dropped_constraint(situation: Situation) -> Iterator[Facts]:
    """Find constraints that a foreign key leads to."""
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
            yield Facts(keys=keys, needs=_needs(keys), name=command.name)


@refused_by_postgres.also(why="Postgres refuses it, as {users} {needs} {name}.", cure=_FIRST)
def dropped(situation: Situation) -> Iterator[Facts]:
    """Find tables, views, types and functions that others still need."""
    node = situation.node
    if situation.kind == "drop_stmt" and node.behavior != pg.DROP_CASCADE:
        names = [dotted(item) for item in node.objects]
        for name in names:
            users = [*_users(situation.catalog, node.remove_type, name, names)]
            if users:
                yield Facts(users=users, needs=_needs(users), name=name)


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


def _one_by_one(situation: Situation, found: Facts) -> str:
    drops = [fixes.execute(f"DROP INDEX CONCURRENTLY {fixes.name(name)}") for name in found.names]
    return fixes.outside_transaction(*drops) if situation.is_in_transaction else "\n".join(drops)


@refused_by_postgres.also(why="With CONCURRENTLY, Postgres does not drop {what}.", cure=_one_by_one)
def several_indexes(situation: Situation) -> Iterator[Facts]:
    """Find concurrent drops of more than one index, or of what hangs on it."""
    node = situation.node
    names = _dropped_indexes(situation)
    if names and node.concurrent and (len(names) > 1 or node.behavior == pg.DROP_CASCADE):
        yield Facts(names=names, what="several indexes at once" if len(names) > 1 else "CASCADE")


def _dropped_indexes(situation: Situation) -> list[str]:
    is_index = situation.kind == "drop_stmt" and situation.node.remove_type == pg.OBJECT_INDEX
    return [dotted(item) for item in situation.node.objects] if is_index else []


def _drop_constraint(_: Situation, found: Facts) -> str:
    drop = f"ALTER TABLE {fixes.name(found.table)} DROP CONSTRAINT {fixes.name(found.name)}"
    return f"{fixes.execute(drop)}\n# a short ACCESS EXCLUSIVE on {found.table}"


@refused_by_postgres.also(
    why="{name} is the index of a constraint of {table}: Postgres refuses to drop it alone.",
    cure=_drop_constraint,
)
def index_of_a_constraint(situation: Situation) -> Iterator[Facts]:
    """Find indexes that can only go with their constraint."""
    for name in _dropped_indexes(situation):
        for table in situation.catalog.tables.values():
            schema = table.name.rpartition(".")[0]
            for item in table.constraints.values():
                is_its = qualified(filter(None, (schema, item.name))) == name
                if is_its and item.kind in {"unique", "primary key", "exclude"}:
                    yield Facts(table=table.name, name=name)


@refused_by_postgres.also(
    why="{name} is a part of {whole}: Postgres refuses to drop it alone.",
    cure="# drop {whole}, in a quiet hour",
)
def index_of_a_partition(situation: Situation) -> Iterator[Facts]:
    """Find indexes that can only go with that of the partitioned table."""
    for name in _dropped_indexes(situation):
        index = situation.catalog.indexes.get(name)
        if index and index.parent:
            yield Facts(name=name, whole=index.parent)


def _in_a_quiet_hour(_: Situation, found: Facts) -> str:
    drop = fixes.execute(f"DROP INDEX {fixes.name(found.name)}")
    allow = fixes.allow("drop-index-not-concurrent", "on DATE")
    return f"# in a quiet hour, as it takes ACCESS EXCLUSIVE on all partitions:\n{drop}  {allow}"


@refused_by_postgres.also(
    why="{table} is partitioned: Postgres refuses to drop its index concurrently.",
    cure=_in_a_quiet_hour,
)
def index_of_partitioned(situation: Situation) -> Iterator[Facts]:
    """Find indexes of partitioned tables that are to be dropped concurrently."""
    for name in (
        _dropped_indexes(situation)
        if situation.kind == "drop_stmt" and situation.node.concurrent
        else ()
    ):
        index = situation.catalog.indexes.get(name)
        on = situation.catalog.table(index.table) if index else None
        if on and on.partition_key:
            yield Facts(table=on.name, name=name)


@refused_by_postgres.also(
    why="Postgres refuses it, as {view} has no unique index on plain columns.",
    cure="# first a unique index on {view}, built concurrently",
)
def refreshed(situation: Situation) -> Iterator[Facts]:
    """Find materialized views that can't be refreshed concurrently, for want of a key."""
    if situation.kind != "refresh_mat_view_stmt" or not situation.node.concurrent:
        return
    view = relation(situation.node.relation)
    indexes = [item for item in situation.catalog.indexes.values() if item.table == view]
    has_key = any(item.is_unique and item.columns for item in indexes)
    if view in situation.catalog.tables and not has_key:
        yield Facts(view=view)


@refused_by_postgres.also(
    why="Postgres refuses it inside a transaction, and each revision is one.",
    cure=lambda situation, _: fixes.as_it_is(situation.statement),
)
def outside_only(situation: Situation) -> Iterator[Facts]:
    """Find what Postgres refuses inside a transaction and that has nothing to do with indexes."""
    kinds = {"alter_system_stmt", "createdb_stmt", "dropdb_stmt", "create_table_space_stmt"}
    is_discard = situation.kind == "discard_stmt" and situation.node.target == pg.DISCARD_ALL
    if situation.is_in_transaction and (situation.kind in kinds or is_discard):
        yield Facts()
