"""Indexes that are rebuilt under a lock."""

from collections.abc import Iterator

from postgast import pg_query_pb2 as pg

from safe_migrations.lint import fixes
from safe_migrations.lint.effects import is_concurrent_option
from safe_migrations.lint.finding import Situation
from safe_migrations.lint.names import sql_of
from safe_migrations.lint.rule import Facts, rule


def _concurrently(situation: Situation, _: Facts) -> str:
    tree = pg.Node()
    tree.CopyFrom(situation.statement.tree)
    tree.reindex_stmt.params.append(
        pg.Node(def_elem=pg.DefElem(defname="concurrently", defaction=pg.DEFELEM_UNSPEC))
    )
    return fixes.outside_transaction(fixes.execute(sql_of(tree)))


@rule(
    "an index that is rebuilt while writes wait",
    why="Writes wait during the whole build, and so do reads that would use the index.",
    cure=_concurrently,
)
def reindex_not_concurrent(situation: Situation) -> Iterator[Facts]:
    """Find REINDEXes that are not concurrent."""
    if situation.kind == "reindex_stmt" and not is_concurrent_option(situation.node.params):
        tables = [effect.table for effect in situation.effects]
        if not tables or any(map(situation.is_in_use, tables)):
            yield Facts(tables=tables)
