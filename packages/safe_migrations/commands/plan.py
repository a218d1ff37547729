"""`flask db plan`: what an upgrade would do, with its locks and risks."""

import click

from safe_migrations.commands.command import Result, command
from safe_migrations.project import Project


@command(
    click.option("--markdown", is_flag=True, help="Write Markdown, for a pull request."),
    click.argument("target", default="head"),
    revisions_as_arguments=True,
    doing="Working out what the upgrade does",
)
def plan(target: str, project: Project, x: tuple[str, ...], *, markdown: bool) -> Result:
    """Show what `upgrade` to TARGET would do, without doing it.

    For each statement: its transaction, the lock that it takes on which table and how large that
    is, whether it rewrites or reads the table, the risk, and a safer way where there is one.

    Example: flask db plan --markdown
    """
    from safe_migrations import plan_rendering  # noqa: PLC0415
    from safe_migrations.plan import plan as make_plan  # noqa: PLC0415
    from safe_migrations.runner import configuration  # noqa: PLC0415
    from safe_migrations.target import opened  # noqa: PLC0415
    from safe_migrations.target import target as find_database  # noqa: PLC0415

    settings = project.settings
    config = configuration(project, x, quiet=True)
    with opened(find_database(settings, x), settings) as connection:
        planned = make_plan(config, connection, target)
    write = plan_rendering.as_markdown if markdown else plan_rendering.as_text
    return Result(plan_rendering.as_document(planned), write(planned))
