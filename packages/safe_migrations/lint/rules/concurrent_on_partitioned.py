"""Concurrent builds that Postgres refuses, because the table has partitions."""

from collections.abc import Iterator

from safe_migrations.lint import fixes
from safe_migrations.lint.finding import Situation
from safe_migrations.lint.names import relation
from safe_migrations.lint.rule import Facts, rule


@rule(
    "a concurrent build on a partitioned table, which Postgres refuses",
    why="{table} is partitioned: Postgres refuses to build its index concurrently.",
    cure=lambda situation, _: fixes.partition_by_partition(situation.statement.tree),
)
def concurrent_on_partitioned(situation: Situation) -> Iterator[Facts]:
    """Find concurrent index builds on partitioned tables."""
    node = situation.node
    if situation.kind == "index_stmt" and node.concurrent and node.relation.inh:
        known = situation.catalog.table(relation(node.relation))
        if known and known.partition_key:
            yield Facts(table=known.name)
