"""Statements that end the transaction which keeps a revision whole."""

from collections.abc import Iterator

from safe_migrations.lint import fixes
from safe_migrations.lint.finding import Situation
from safe_migrations.lint.rule import Facts, rule


def _left_out(situation: Situation, _: Facts) -> str:
    place = next(at for at, item in enumerate(situation.revision) if item is situation.statement)
    rest = [fixes.execute(item.sql) for item in situation.revision[place + 1 :]]
    outside = fixes.outside_transaction(*rest)
    return "# leave it out" + (f", and all that follows:\n{outside}" if rest else "")


@rule(
    "a COMMIT or ROLLBACK inside a revision",
    why="It ends the transaction that keeps the revision whole: what fails after it leaves the "
    "schema half-way. `flask db upgrade` refuses it.",
    cure=_left_out,
)
def transaction_control(situation: Situation) -> Iterator[Facts]:
    """Find statements that begin or end transactions."""
    if situation.kind == "transaction_stmt":
        yield Facts()
