"""The group of commands `flask db`, which imports a command only when it is called."""

from collections.abc import Callable, Mapping

import click

from plain_commands.group import LazyGroup
from safe_migrations.commands.command import ForAll
from safe_migrations.project import Project

# In which module each command is.
COMMANDS = {
    **dict.fromkeys(("downgrade", "ensure-version", "stamp", "upgrade"), "database_changes"),
    **dict.fromkeys(("edit", "init", "merge", "migrate", "revision"), "revision_files"),
    **dict.fromkeys(
        ("branches", "current", "heads", "history", "list-templates", "show"), "revision_views"
    ),
    "backfill": "backfill",
    "check": "check",
    "docs": "docs",
    "doctor": "doctor",
    "lint": "lint",
    "plan": "plan",
    "rebase": "rebase",
    "rehearse": "rehearse",
    "squash": "squash",
    "stats": "stats",
    "status": "status",
    "url": "url",
}


def db_group(subject: Callable[[], Project], more: Mapping[str, str] | None = None) -> click.Group:
    """Make the group for a project.

    `subject` makes it when a command runs; `more` are commands of the project itself, by
    name, each with the module that holds it.
    """
    modules = {name: f"safe_migrations.commands.{module}" for name, module in COMMANDS.items()}

    @click.group(name="db", cls=LazyGroup, modules={**modules, **(more or {})}, subject=subject)
    @click.option("-d", "--directory", help="The folder of the migrations, instead of migrations.")
    @click.option("-x", "--x-arg", "x", multiple=True, help="A value for env.py, such as url=...")
    @click.pass_context
    def db(context: click.Context, directory: str | None, x: tuple[str, ...]) -> None:
        """Work on the database, above all on its schema.

        The database is DIRECT_DATABASE_URL or DATABASE_URL, else the embedded one.
        """
        context.obj = ForAll(directory, x)

    return db
