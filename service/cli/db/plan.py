"""`flask db plan`: what an upgrade would do, with its locks and risks."""

import click

from service.cli.db.command import Result, command
from service.settings import Settings


@command(
    click.option("--markdown", is_flag=True, help="Write Markdown, for a pull request."),
    click.argument("target", default="head"),
    revisions_as_arguments=True,
    doing="Working out what the upgrade does",
)
def plan(target: str, directory: str | None, x: tuple[str, ...], *, markdown: bool) -> Result:
    """Show what `upgrade` to TARGET would do, without doing it.

    For each statement: its transaction, the lock that it takes on which table and how large that
    is, whether it rewrites or reads the table, the risk, and a safer way where there is one.

    Example: flask db plan --markdown
    """
    from service.schema import plan_rendering  # noqa: PLC0415
    from service.schema.plan import plan as make_plan  # noqa: PLC0415
    from service.schema.runner import configuration  # noqa: PLC0415
    from service.schema.target import opened  # noqa: PLC0415
    from service.schema.target import target as find_database  # noqa: PLC0415

    settings = Settings.load()
    config = configuration(directory, x, quiet=True)
    with opened(find_database(settings, x), settings) as connection:
        planned = make_plan(config, connection, target)
    write = plan_rendering.as_markdown if markdown else plan_rendering.as_text
    return Result(plan_rendering.as_document(planned), write(planned))
