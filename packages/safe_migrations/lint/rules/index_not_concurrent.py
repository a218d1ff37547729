"""Index builds that stop writes."""

from collections.abc import Iterator

from alembic.operations.ops import CreateIndexOp

from safe_migrations import cookbook
from safe_migrations.lint import fixes
from safe_migrations.lint.finding import Situation
from safe_migrations.lint.names import relation
from safe_migrations.lint.rule import Facts, rule


def _concurrently(situation: Situation, found: Facts) -> str:
    node, table = situation.node, found.table
    columns = [item.index_elem.name for item in node.index_params]
    # With index=True, Alembic's add_column makes the index, too.
    needed = fixes.needed(situation, table, columns)
    if not _is_plain(situation):
        code = fixes.rewritten(situation.statement.tree, concurrent=True, if_not_exists=False)
        return needed + code
    name = node.idxname or f"{table.rpartition('.')[2]}_{'_'.join(columns)}_idx"
    place = fixes.place(table)
    build = CreateIndexOp(name, place.name, columns, schema=place.schema, unique=node.unique)
    return needed + fixes.printed([cookbook.index(place, name, build)])


def _is_plain(situation: Situation) -> bool:
    node = situation.node
    return all(map(fixes.is_plain_element, node.index_params)) and not (
        node.HasField("where_clause")
        or node.access_method not in {"", "btree"}
        or node.index_including_params
        or node.options
        or node.table_space
        or node.nulls_not_distinct
    )


@rule(
    "an index that is built while writes wait",
    why="Postgres holds SHARE on {table} during the whole build: writes wait.",
    cure=_concurrently,
)
def index_not_concurrent(situation: Situation) -> Iterator[Facts]:
    """Find index builds that are not concurrent."""
    for table in _built(situation):
        known = situation.catalog.table(table)
        if not (known and known.partition_key):
            yield Facts(table=table)


@index_not_concurrent.also(
    why="Postgres builds it on all partitions of {table} under SHARE: writes wait.",
    cure=lambda situation, _: fixes.partition_by_partition(situation.statement.tree),
)
def on_all_partitions(situation: Situation) -> Iterator[Facts]:
    """Find index builds on a table with its partitions."""
    for table in _built(situation):
        known = situation.catalog.table(table)
        if known and known.partition_key and situation.node.relation.inh:
            yield Facts(table=table)


def _built(situation: Situation) -> Iterator[str]:
    if situation.kind == "index_stmt" and not situation.node.concurrent:
        table = relation(situation.node.relation)
        if situation.is_in_use(table):
            yield table
