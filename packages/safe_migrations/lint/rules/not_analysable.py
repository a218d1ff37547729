"""What nobody can see through."""

from collections.abc import Iterator

from safe_migrations.lint.finding import Situation
from safe_migrations.lint.rule import Facts, rule

_WAY_OUT = "{allow} says in a few words why it is safe"


@rule(
    "a statement that can't be parsed, or code that depends on what a database holds",
    why="Nobody can tell what it locks: {problem}.",
    cure=_WAY_OUT,
)
def not_analysable(situation: Situation) -> Iterator[Facts]:
    """Find statements without a tree."""
    if situation.statement.tree is None:
        yield Facts(problem=situation.statement.problem or "")


not_analysable.remarked(why="Nobody can tell all that it does: {what}.", cure=_WAY_OUT)
