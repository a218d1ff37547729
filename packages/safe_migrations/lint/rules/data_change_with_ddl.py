"""Changes of many rows in one statement, and copies made under a lock."""

from collections.abc import Iterator

from postgast import pg_query_pb2 as pg

from safe_migrations.lint import fixes
from safe_migrations.lint.finding import Situation
from safe_migrations.lint.locks import Lock
from safe_migrations.lint.names import find, relation, sql_of
from safe_migrations.lint.row_changes import in_batches, is_narrow
from safe_migrations.lint.rule import Facts, rule

# What they hold is done later, if at all.
_ONLY_SAID = {"create_function_stmt", "rule_stmt"}


@rule(
    "a statement that changes many rows at once, or copies them under a lock",
    why="One statement changes many rows of {table}: each stays locked until the end, and a "
    "failure near it loses all of the work.",
    cure=lambda _, found: in_batches(found.table, found.node),
)
def data_change_with_ddl(situation: Situation) -> Iterator[Facts]:
    """Find UPDATEs and DELETEs of more than a few rows."""
    return (found for found in _changes(situation) if found.lock is None)


@data_change_with_ddl.also(
    why="It changes rows of {table} while the transaction holds {lock} from an earlier statement: "
    "{waits} wait until all rows are through.",
    cure=lambda _, found: in_batches(found.table, found.node),
)
def under_a_lock(situation: Situation) -> Iterator[Facts]:
    """Find the same in a transaction that has locked the table."""
    return (found for found in _changes(situation) if found.lock is not None)


def _changes(situation: Situation) -> Iterator[Facts]:
    if situation.statement.is_batched or situation.kind in _ONLY_SAID:
        return
    for kind in (pg.UpdateStmt, pg.DeleteStmt, pg.MergeStmt):
        for node in find(situation.statement.tree, kind):
            table = relation(node.relation)
            if table.startswith("pg_") or not situation.is_in_use(table):
                continue
            if not is_narrow(situation.catalog, table, node):
                held = [
                    effect.lock
                    for past in situation.earlier
                    for effect in past.effects
                    if effect.table == table and effect.lock >= Lock.SHARE
                ]
                lock = max(held, default=None)
                yield Facts(table=table, node=node, lock=lock, waits=_waits(lock))


def _waits(lock: Lock | None) -> str:
    return "all reads and writes" if lock is not None and lock.stops_reads else "writes"


def _copied_elsewhere(situation: Situation, found: Facts) -> str:
    held = found.held
    if situation.kind == "create_table_as_stmt" and relation(situation.node.into.rel) in held:
        tree = pg.Node()
        tree.CopyFrom(situation.statement.tree)
        into = tree.create_table_as_stmt.into.rel
        name = relation(into)
        into.relname += "_new"
        what = "MATERIALIZED VIEW" if situation.node.objtype == pg.OBJECT_MATVIEW else "TABLE"
        old, new = fixes.name(name), fixes.name(relation(into))
        return (
            f"{fixes.execute(sql_of(tree))}\n# with its indexes, and only then:\n"
            + fixes.execute(f"DROP {what} {old}")
            + "\n"
            + fixes.execute(f"ALTER {what} {new} RENAME TO {old}")
        )
    return fixes.then("# all up to here", fixes.execute(situation.statement.sql))


@data_change_with_ddl.also(
    why="It copies rows of {sources} while the transaction holds {lock} on {locked} from an "
    "earlier statement: {waits} wait until all rows are through.",
    cure=_copied_elsewhere,
)
def copies_under_a_lock(situation: Situation) -> Iterator[Facts]:
    """Find rows that are copied from a table while the transaction locks one in use."""
    tree = situation.statement.tree
    if situation.statement.is_batched or situation.kind in _ONLY_SAID:
        return
    selects = [item.select_stmt for item in find(tree, pg.InsertStmt)]
    selects += [item.query for item in find(tree, pg.CreateTableAsStmt)]
    sources = sorted(
        {
            name
            for select in selects
            if select.HasField("node") and not select.select_stmt.HasField("limit_count")
            for item in find(select, pg.RangeVar)
            if situation.catalog.table(name := relation(item)) and situation.is_in_use(name)
        }
    )
    held = {
        effect.table: effect.lock
        for past in situation.earlier
        for effect in past.effects
        if effect.lock >= Lock.SHARE and effect.is_target and situation.is_in_use(effect.table)
    }
    if sources and held:
        locked, lock = max(held.items(), key=lambda item: item[1])
        yield Facts(sources=sources, held=held, locked=locked, lock=lock, waits=_waits(lock))
