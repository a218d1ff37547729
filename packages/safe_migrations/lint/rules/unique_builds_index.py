"""Unique constraints that build their index under the lock."""

from collections.abc import Iterator

from postgast import pg_query_pb2 as pg

from safe_migrations.lint.constraints import added, by_index
from safe_migrations.lint.finding import Situation
from safe_migrations.lint.rule import Facts, rule


@rule(
    "a unique constraint that builds its index under a strong lock",
    why="Postgres builds the index of {table} under ACCESS EXCLUSIVE: all reads and writes wait; a "
    "concurrent build blocks neither.",
    cure=by_index,
)
def unique_builds_index(situation: Situation) -> Iterator[Facts]:
    """Find unique constraints that are added without an index of their own."""
    for item in added(situation, pg.CONSTR_UNIQUE):
        if not item.tree.indexname:
            yield Facts(table=item.table, added=item)
