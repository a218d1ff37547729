"""Explicit locks that stop others."""

from collections.abc import Iterator

from safe_migrations.lint.finding import Situation
from safe_migrations.lint.locks import Lock
from safe_migrations.lint.names import relation
from safe_migrations.lint.rule import Facts, rule


@rule(
    "an explicit lock that stops others",
    why="{lock} on {tables} holds until the end of the revision: {waits} wait.",
    cure="# leave it out: each statement takes the lock that it needs, when it needs it",
)
def lock_table(situation: Situation) -> Iterator[Facts]:
    """Find LOCK TABLE on tables in use."""
    if situation.kind != "lock_stmt" or Lock(situation.node.mode) < Lock.SHARE:
        return
    names = [relation(item.range_var) for item in situation.node.relations]
    tables = [name for name in names if situation.is_in_use(name)]
    if tables:
        lock = Lock(situation.node.mode)
        waits = "reads and writes" if lock.stops_reads else "writes"
        yield Facts(tables=tables, lock=lock, waits=waits)
