"""Functions and procedures that get another name or schema."""

from collections.abc import Iterator

from safe_migrations.lint.finding import Situation
from safe_migrations.lint.names import dotted
from safe_migrations.lint.routines import ROUTINES, made_later
from safe_migrations.lint.rule import Facts, rule


@rule(
    "a function or procedure that is renamed or moved to another schema",
    why="Code that runs meanwhile calls {function} and fails.",
    cure="# put the new one beside it, of the same body; drop {function} a release after the last "
    "code that calls it",
    breaks_release_before=True,
)
def rename_function(situation: Situation) -> Iterator[Facts]:
    """Find functions that are renamed or moved, and don't come back under their name."""
    node = situation.node
    is_renamed = situation.kind == "rename_stmt" and node.rename_type in ROUTINES
    is_moved = situation.kind == "alter_object_schema_stmt" and node.object_type in ROUTINES
    if is_renamed or is_moved:
        name = dotted(node.object)
        known = situation.catalog.functions.get(name, ())
        is_called = not known or any(
            not (item.is_trigger or situation.is_new(item.made_in)) for item in known
        )
        if is_called and name not in made_later(situation):
            yield Facts(function=name)
