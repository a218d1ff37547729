"""The group of commands `flask db`, which imports a command only when it is called."""

import click

from service.cli.db.command import ForAll
from service.cli.group import LazyGroup

# In which module each command is.
COMMANDS = {
    **dict.fromkeys(("downgrade", "ensure-version", "stamp", "upgrade"), "database_changes"),
    **dict.fromkeys(("edit", "init", "merge", "migrate", "revision"), "revision_files"),
    **dict.fromkeys(
        ("branches", "current", "heads", "history", "list-templates", "show"), "revision_views"
    ),
    "adopt": "adopt",
    "backfill": "backfill",
    "check": "check",
    "docs": "docs",
    "doctor": "doctor",
    **dict.fromkeys(("import-predecessor", "import-sqlite"), "import_predecessor"),
    "lint": "lint",
    "plan": "plan",
    "rebase": "rebase",
    "rehearse": "rehearse",
    "squash": "squash",
    "stats": "stats",
    "status": "status",
    "url": "url",
}


@click.group(cls=LazyGroup, package="service.cli.db", modules=COMMANDS)
@click.option("-d", "--directory", help="The folder of the migrations, instead of migrations.")
@click.option("-x", "--x-arg", "x", multiple=True, help="A value for env.py, such as url=...")
@click.pass_context
def db(context: click.Context, directory: str | None, x: tuple[str, ...]) -> None:
    """Work on the database: its schema, and what is imported into it.

    The database is DIRECT_DATABASE_URL or DATABASE_URL, else the embedded one.
    """
    context.obj = ForAll(directory, x)
