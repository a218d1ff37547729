"""Functions and procedures that go and don't come back in the same revision."""

from collections.abc import Iterator

from postgast import pg_query_pb2 as pg

from safe_migrations.lint.finding import Situation
from safe_migrations.lint.names import dotted, strings
from safe_migrations.lint.routines import ROUTINES, made_later
from safe_migrations.lint.rule import Facts, rule


@rule(
    "a function or procedure that is dropped",
    why="Code that runs meanwhile calls {functions} and fails.",
    cure="# first release code that no longer calls it, then:\n{allow} last called in release X",
    breaks_release_before=True,
)
def drop_function(situation: Situation) -> Iterator[Facts]:
    """Find functions that are dropped, alone or with their extension."""
    node = situation.node
    if situation.kind != "drop_stmt":
        return
    names = []
    if node.remove_type == pg.OBJECT_EXTENSION:
        if not node.missing_ok and node.behavior != pg.DROP_CASCADE:
            names = [f"what {name} has made" for name in strings(node.objects)]
    elif node.remove_type in ROUTINES:
        names = [name for item in node.objects if _is_missed(situation, name := dotted(item))]
    if names:
        yield Facts(functions=names)


def _is_missed(situation: Situation, name: str) -> bool:
    known = situation.catalog.functions.get(name)
    if known is None:
        return not situation.node.missing_ok and name not in made_later(situation)
    if all(item.is_trigger or situation.is_new(item.made_in) for item in known):
        return False
    return name not in made_later(situation)
