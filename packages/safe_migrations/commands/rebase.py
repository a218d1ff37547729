"""`flask db rebase`: puts one's own revisions behind somebody else's."""

import click

from safe_migrations.commands.command import Result, command
from safe_migrations.project import Project


@command(
    click.argument("revision", required=False),
    click.option("--onto", help="The revision to go behind; without it, the other head."),
    click.option("--dry-run", is_flag=True, help="Say what would change, change nothing."),
)
def rebase(
    revision: str | None,
    onto: str | None,
    project: Project,
    x: tuple[str, ...],
    *,
    dry_run: bool,
) -> Result:
    """Put your revisions behind another's that landed first, so that there is one head again.

    Only `down_revision` changes, and the line of the docstring on it. Refused when your revisions
    are applied to the connected database.

    Example: flask db rebase --dry-run
    """
    from safe_migrations import rebase as rebasing  # noqa: PLC0415
    from safe_migrations.inspection import stored_revisions  # noqa: PLC0415
    from safe_migrations.revisions import revisions  # noqa: PLC0415
    from safe_migrations.standing import with_ancestors  # noqa: PLC0415
    from safe_migrations.target import opened, target  # noqa: PLC0415

    folder = project.versions
    settings = project.settings
    with opened(target(settings, x), settings) as connection:
        stored = stored_revisions(connection) or ()
    revisions.cache_clear()
    applied = with_ancestors(stored, {item.id: item for item in revisions(folder)})
    found = rebasing.plan(folder, revision=revision, onto=onto, applied=applied)
    if not dry_run:
        rebasing.apply(found)
    document = {
        "file": str(found.first.path),
        "revision": found.first.id,
        "before": found.before,
        "onto": found.onto,
        "moved": found.moved,
        "reason": found.reason,
        "dry_run": dry_run,
    }
    verb = "would follow" if dry_run else "now follows"
    text = (
        f"{found.first.id} {verb} {found.onto}, instead of {found.before or 'no other'}: "
        f"{found.reason}\n{found.first.path}"
    )
    return Result(document, text)
