"""`flask db rehearse`: an upgrade and its downgrade on a throw-away copy of the database."""

from typing import TYPE_CHECKING

import click

from safe_migrations.commands.command import Result, command
from safe_migrations.errors import ExitCode
from safe_migrations.project import Project

if TYPE_CHECKING:  # At run time, `flask db --help` need not wait for SQLAlchemy and Alembic.
    from safe_migrations.rehearsal.copies import Place


@command(
    click.option("--markdown", is_flag=True, help="Write Markdown, for a pull request's comment."),
    click.option("--keep", is_flag=True, help="Keep the copy, and say where it is."),
    click.option("--no-downgrade", is_flag=True, help="Rehearse the upgrade alone."),
    click.option("--neon", "place", flag_value="neon", help="On a branch on Neon."),
    click.option("--local", "place", flag_value="local", help="On a copy on the same server."),
    click.argument("target", default="head"),
    revisions_as_arguments=True,
    doing="Rehearsing the upgrade",
)
def rehearse(
    target: str,
    project: Project,
    x: tuple[str, ...],
    place: "Place | None",
    *,
    markdown: bool,
    keep: bool,
    no_downgrade: bool,
) -> Result:
    """Carry out the upgrade to TARGET, and its downgrade, on a throw-away copy.

    Tells for each statement how long it took, which locks on which tables, what it wrote anew and
    how many rows it changed; and whether the downgrade brings back schema and data. The copy is a
    branch on Neon with NEON_API_KEY and NEON_PROJECT_ID, else a database on the same server; it is
    dropped at the end. Exits with 1 when the upgrade fails.

    Example: flask db rehearse --markdown
    """
    from safe_migrations.rehearsal import text  # noqa: PLC0415
    from safe_migrations.rehearsal.run import Plan  # noqa: PLC0415
    from safe_migrations.rehearsal.run import rehearse as play  # noqa: PLC0415
    from safe_migrations.target import target as find_database  # noqa: PLC0415

    plan = Plan(project, target, x, place, keep=keep, with_downgrade=not no_downgrade)
    found = play(plan, find_database(project.settings, x), _tell)
    if found is None:
        return Result({"revisions": []}, text.NOTHING)
    write = text.as_markdown if markdown else text.as_text
    exit_code = ExitCode.ERROR if found.upgrade.failure else ExitCode.OK
    return Result(found.as_json(), write(found), exit_code)


def _tell(sentence: str) -> None:
    click.echo(sentence, err=True)
