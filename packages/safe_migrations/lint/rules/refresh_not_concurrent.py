"""Materialized views that are filled under a lock that stops reads."""

from collections.abc import Iterator

from postgast import pg_query_pb2 as pg

from safe_migrations.lint import fixes
from safe_migrations.lint.finding import Situation
from safe_migrations.lint.names import relation, sql_of
from safe_migrations.lint.rule import Facts, rule


def _concurrently(situation: Situation, _: Facts) -> str:
    tree = pg.Node()
    tree.CopyFrom(situation.statement.tree)
    tree.refresh_mat_view_stmt.concurrent = True
    tree.refresh_mat_view_stmt.skip_data = False
    return fixes.execute(sql_of(tree)) + "\n# wants a unique index on the view"


@rule(
    "a materialized view that is filled while reads wait",
    why="It holds ACCESS EXCLUSIVE on {view} during the whole query: reads wait.",
    cure=_concurrently,
)
def refresh_not_concurrent(situation: Situation) -> Iterator[Facts]:
    """Find REFRESHes that are not concurrent."""
    if situation.kind == "refresh_mat_view_stmt" and not situation.node.concurrent:
        view = relation(situation.node.relation)
        if situation.is_in_use(view):
            yield Facts(view=view)
