"""What the commands share that Alembic and Flask-Migrate have too: flags, and how they run."""

from typing import TYPE_CHECKING, Any

import click

from safe_migrations.commands.command import wants_json

if TYPE_CHECKING:  # At run time, only the command that needs it waits for Alembic's imports.
    from alembic.config import Config

    from safe_migrations.project import Project


def _readable(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    """Refuse what no file in UTF-8 can hold: bytes of another encoding."""
    try:
        (value or "").encode()
    except UnicodeEncodeError as error:
        message = "it is not in UTF-8, which the file has to be."
        raise click.BadParameter(message) from error
    return value


MESSAGE = click.option(
    "-m", "--message", callback=_readable, help="What the revision does, in a few words."
)
SQL = click.option("--sql", is_flag=True, help="Write the SQL to standard output, run nothing.")
TAG = click.option("--tag", help="A word for env.py to read.")
VERBOSE = click.option("-v", "--verbose", is_flag=True, help="Show more.")
REV_ID = click.option("--rev-id", help="The revision's id, instead of a generated one.")
BRANCH_LABEL = click.option("--branch-label", help="A name for the branch.")
PLACES = (
    click.option("--head", default="head", help="The revision to follow."),
    click.option("--splice", is_flag=True, help="Allow a revision that is not a head."),
    click.option("--version-path", help="The folder for the file."),
)


def run(project: "Project", name: str, *arguments: object, **options: Any) -> Any:
    """Run a command of Alembic as `safe_migrations.runner` does; UsageError for odd arguments."""
    if options.get("sql") and wants_json():
        message = "--sql writes SQL to standard output, where --json would write its own."
        raise click.UsageError(message)
    for value in arguments:
        if isinstance(value, str) and value.count(":") > 1:
            message = f"{value} is not a range: write from:to."
            raise click.UsageError(message)
    from safe_migrations import runner  # noqa: PLC0415

    return runner.run(project, name, *arguments, **options)


def config(project: "Project", x: tuple[str, ...]) -> "Config":
    """Make the configuration of Alembic for a project."""
    from safe_migrations.runner import configuration  # noqa: PLC0415

    return configuration(project, x)
