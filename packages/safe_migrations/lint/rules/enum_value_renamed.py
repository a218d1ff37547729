"""Values of enums that get another name."""

from collections.abc import Iterator

from safe_migrations.lint import fixes
from safe_migrations.lint.finding import Situation
from safe_migrations.lint.names import qualified, strings
from safe_migrations.lint.rule import Facts, rule


def _added_beside(_: Situation, found: Facts) -> str:
    add = f"ALTER TYPE {fixes.name(found.enum)} ADD VALUE {fixes.literal(found.new)}"
    return (
        fixes.outside_transaction(fixes.execute(add))
        + f"\n# let the code read both and write {found.new!r}, then change the rows with "
        "a Backfill"
    )


@rule(
    "a value of an enum that is renamed",
    why="Code that runs meanwhile still writes {old!r}, which Postgres then refuses, and does not "
    "know {new!r}.",
    cure=_added_beside,
    breaks_release_before=True,
)
def enum_value_renamed(situation: Situation) -> Iterator[Facts]:
    """Find values that are renamed."""
    node = situation.node
    if situation.kind == "alter_enum_stmt" and node.old_val:
        enum = qualified(strings(node.type_name))
        if not situation.is_new(situation.catalog.enums.get(enum)):
            yield Facts(enum=enum, old=node.old_val, new=node.new_val)
