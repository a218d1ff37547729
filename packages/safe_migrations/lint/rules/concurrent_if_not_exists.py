"""Concurrent builds that take an invalid index for done."""

from collections.abc import Iterator

from safe_migrations.lint import fixes
from safe_migrations.lint.finding import Situation
from safe_migrations.lint.names import relation
from safe_migrations.lint.rule import Facts, rule


def _without(situation: Situation, _: Facts) -> str:
    is_outside = not situation.is_in_transaction
    tree = situation.statement.tree
    return fixes.rewritten(tree, if_not_exists=False, is_outside=is_outside)


@rule(
    "IF NOT EXISTS on a concurrent build, which keeps an invalid index",
    why="A build that failed before left an invalid index of this name: IF NOT EXISTS keeps it, "
    "and no query ever uses it. Without, `flask db upgrade` builds it anew.",
    cure=_without,
)
def concurrent_if_not_exists(situation: Situation) -> Iterator[Facts]:
    """Find concurrent builds with IF NOT EXISTS."""
    node = situation.node
    if situation.kind == "index_stmt" and node.concurrent and node.if_not_exists:
        table = relation(node.relation)
        if situation.is_in_use(table):
            yield Facts(table=table)
