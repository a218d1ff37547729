"""`flask neon compare-schema`: what differs between two branches."""

import click

from plain_commands.command import Result, command
from plain_commands.errors import ConfigurationError, InvalidInputError
from serverless_postgres.neon_commands.session import DATABASE, at, begin, read_moment

DIFFERENT = 2
"""The exit code when there is a difference."""


@command(
    click.argument("base"),
    click.argument("other", required=False),
    at(help_text="OTHER's schema at that moment: a time with its time zone, or an LSN."),
    at("--base-at", "BASE's schema at that moment."),
    DATABASE,
)
def compare_schema(
    base: str, other: str | None, at: str | None, base_at: str | None, database: str | None
) -> Result:
    """Show what is different in the schema of OTHER, as a diff from that of BASE.

    With one branch alone, it is compared with its parent: what was changed since it was made. With
    a moment as well, it is compared with itself. Exits with 2 when there is a difference.

    Example: flask neon compare-schema production staging
    """
    moment, base_moment = read_moment(at), read_moment(base_at)
    session = begin()
    first = session.branches.find(base)
    if other is not None:
        old, new = first, session.branches.find(other)
    elif moment or base_moment:
        # Its own history.
        old = new = first
    else:
        parent, new = session.branches.parent_of(first), first
        if parent is None:
            message = f"Branch {first.name} has no parent: name the branch to compare it with."
            raise InvalidInputError(message)
        old = parent
    with session.working("Neon is comparing the schemas"):
        name, _ = session.database(new, database)
        try:
            diff = session.project.compare_schema(
                new, old, database=name, at=moment, base_at=base_moment
            )
        except ConfigurationError:
            if lack := session.project.lack(old, database=name):
                message = f"{lack}, so that there is nothing to compare."
                raise InvalidInputError(message) from None
            raise
    document = {
        "base": old.name,
        "other": new.name,
        "database": name,
        "different": bool(diff),
        "diff": diff,
    }
    if not diff:
        return Result(document, f"No difference: {old.name} and {new.name} have the same schema.")
    return Result(document, diff.rstrip("\n"), DIFFERENT)
