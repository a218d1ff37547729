"""`flask db url`: the URL of the database, for psql, pg_dump and other tools of libpq."""

import click

from safe_migrations.commands.command import Result, command
from safe_migrations.project import Project


@command(
    click.option("--show-password", is_flag=True, help="Show it instead of ***."),
    doing="Looking for the database",
)
def url(project: Project, x: tuple[str, ...], *, show_password: bool) -> Result:
    """Show the URL for schema changes, past the pooler, as psql takes it.

    The embedded server is started if need be, and goes on for a minute after the last connection.

    Example: psql "$(flask db url --show-password)"
    """
    from safe_migrations.current import EMBEDDED, address, source  # noqa: PLC0415
    from serverless_postgres.embedded import stay_up  # noqa: PLC0415  none of them in `flask db --help`
    from serverless_postgres.url_text import masked  # noqa: PLC0415

    settings = project.settings
    found, origin = address(settings, x), source(settings, x)
    if origin == EMBEDDED:
        stay_up(settings.instance_dir / "postgres")
    shown = found if show_password else masked(found)
    return Result({"url": shown, "source": origin}, shown)
