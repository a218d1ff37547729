"""`flask db squash`: folds the oldest revisions into one."""

import click

from plain_commands.errors import ConfigurationError
from safe_migrations.commands.command import Result, command
from safe_migrations.project import Project


@command(
    click.option(
        "-m", "--message", default="Create the schema", help="What the new revision says it does."
    ),
    click.option("--dry-run", is_flag=True, help="Do and prove everything, change no file."),
    click.argument("range_", metavar="[base:HEAD]", required=False),
    doing="Folding the revisions",
)
def squash(
    range_: str | None, message: str, project: Project, x: tuple[str, ...], *, dry_run: bool
) -> Result:
    """Fold all revisions, or those up to HEAD, into one that makes the same schema.

    It keeps the id of the last one, so databases there or later notice nothing; all others must be
    upgraded first. Two scratch databases on the same server prove that nothing is lost. The old
    files are removed after that; commit before, git is the safety net.

    Example: flask db squash --dry-run
    """
    from safe_migrations import squash as squashing  # noqa: PLC0415
    from safe_migrations.inspection import stored_revisions  # noqa: PLC0415
    from safe_migrations.target import opened, target  # noqa: PLC0415

    settings = project.settings
    place = target(settings, x)
    with opened(place, settings) as connection:
        stored = stored_revisions(connection) or ()
    made = squashing.plan(
        project,
        place.url,
        upto=_upto(range_),
        message=message,
        stored=stored,
    )
    if not dry_run:
        squashing.apply(made, project)
    document = {
        "file": str(made.path),
        "revision": made.replaced[-1].id,
        "replaced": [str(item.path) for item in made.replaced],
        "seeded": made.seeded,
        "dry_run": dry_run,
    }
    verb = "would replace" if dry_run else "replaces"
    lines = [f"{made.path} {verb} {len(made.replaced)} revisions; the schema it makes is the same."]
    if made.seeded:
        lines.append(
            f"Rows that the old revisions put into {', '.join(made.seeded)} are not in it: add "
            "them to the new revision by hand."
        )
    return Result(document, "\n".join(lines))


def _upto(range_: str | None) -> str | None:
    base, _, upto = (range_ or "").rpartition(":")
    if base not in {"", "base"}:
        message = "Squashing begins at the first revision: write base:HEAD, or HEAD alone."
        raise ConfigurationError(message)
    return None if upto in {"", "head", "heads"} else upto
