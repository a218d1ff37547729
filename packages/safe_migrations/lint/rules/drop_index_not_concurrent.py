"""Indexes that are dropped under a lock which stops reads, too."""

from collections.abc import Iterator

from postgast import pg_query_pb2 as pg

from safe_migrations import cookbook
from safe_migrations.autogenerate.place import Place
from safe_migrations.lint import fixes
from safe_migrations.lint.finding import Situation
from safe_migrations.lint.names import dotted
from safe_migrations.lint.rule import Facts, rule


def _concurrently(situation: Situation, found: Facts) -> str:
    known = situation.catalog.indexes.get(found.index)
    schema, name = fixes.place(found.index).schema, fixes.place(found.index).name
    table = fixes.place(known.table).name if known else ""
    return fixes.printed([cookbook.dropped_index(Place(schema, table), name)])


@rule(
    "an index that is dropped while reads and writes wait",
    why="It takes ACCESS EXCLUSIVE on {table}: all reads and writes queue behind it, and it behind "
    "the longest of them.",
    cure=_concurrently,
)
def drop_index_not_concurrent(situation: Situation) -> Iterator[Facts]:
    """Find index drops that are not concurrent."""
    node = situation.node
    if situation.kind != "drop_stmt" or node.remove_type != pg.OBJECT_INDEX or node.concurrent:
        return
    for name in map(dotted, node.objects):
        index = situation.catalog.indexes.get(name)
        if index is None or situation.is_in_use(index.table):
            yield Facts(index=name, table=index.table if index else "its table")
