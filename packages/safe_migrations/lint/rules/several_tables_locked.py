"""Transactions that hold strong locks on several tables in use."""

from collections.abc import Iterable, Iterator

from safe_migrations.lint import fixes
from safe_migrations.lint.finding import Situation
from safe_migrations.lint.locks import Effect, Lock
from safe_migrations.lint.rule import Facts, rule


def _one_by_one(situation: Situation, found: Facts) -> str:
    if not found.before:
        return "# a statement for each table, each in a revision of its own"
    return fixes.then("# all up to here", fixes.execute(situation.statement.sql))


@rule(
    "strong locks on several tables in one transaction",
    why="The transaction holds strong locks on {tables} at once: it waits for the second while all "
    "others wait for the first, and code that takes them the other way round deadlocks with it.",
    cure=_one_by_one,
)
def several_tables_locked(situation: Situation) -> Iterator[Facts]:
    """Find the statement by which a transaction holds strong locks on a second table in use.

    The table that a foreign key leads to does not count: that can't be had otherwise.
    """
    if situation.is_in_transaction:
        before = _locked(situation, (item for past in situation.earlier for item in past.effects))
        both = before | _locked(situation, situation.effects)
        if len(before) <= 1 < len(both):
            yield Facts(tables=sorted(both), before=before)


def _locked(situation: Situation, effects: Iterable[Effect]) -> set[str]:
    return {
        item.table
        for item in effects
        if item.is_target and item.lock >= Lock.SHARE_ROW_EXCLUSIVE
        if situation.is_in_use(item.table)
    }
