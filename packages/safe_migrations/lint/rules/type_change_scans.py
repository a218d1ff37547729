"""Changes of a column's type for which a constraint is checked again, row by row."""

from collections.abc import Iterator

from safe_migrations.lint.finding import Situation
from safe_migrations.lint.retypes import retyped
from safe_migrations.lint.retyping import around
from safe_migrations.lint.rule import Facts, rule


@rule(
    "a change of a column's type that verifies a constraint on all rows again",
    why="The rows stay as they are, but Postgres verifies {constraints} again: it reads all rows "
    "of {name} under ACCESS EXCLUSIVE, so that all reads and writes wait.",
    cure=lambda situation, found: around(situation, found.table, found.command, found.change),
)
def type_change_scans(situation: Situation) -> Iterator[Facts]:
    """Find changes of type that only verify constraints anew."""
    for table, command, name, change in retyped(situation):
        if change.constraints:
            constraints = [item.name for _, item in change.constraints]
            yield Facts(
                table=table, command=command, name=name, change=change, constraints=constraints
            )
