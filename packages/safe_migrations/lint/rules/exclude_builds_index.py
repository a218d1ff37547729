"""Exclusion constraints on tables in use."""

from collections.abc import Iterator

from postgast import pg_query_pb2 as pg

from safe_migrations.lint.constraints import added
from safe_migrations.lint.finding import Situation
from safe_migrations.lint.rule import Facts, rule


@rule(
    "an exclusion constraint that builds its index under a strong lock",
    why="Postgres builds the index of {table} under ACCESS EXCLUSIVE, and knows no concurrent way "
    "for EXCLUDE.",
    cure="# put it on a new table that takes over from {table}, or, in a quiet hour:\n"
    "{allow} {table} is small: N rows on DATE",
)
def exclude_builds_index(situation: Situation) -> Iterator[Facts]:
    """Find exclusion constraints that are added."""
    for item in added(situation, pg.CONSTR_EXCLUSION):
        yield Facts(table=item.table)
