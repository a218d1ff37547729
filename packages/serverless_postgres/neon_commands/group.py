"""The group of commands `flask neon`."""

from collections.abc import Callable
from pathlib import Path

import click

from plain_commands.group import LazyGroup
from serverless_postgres.neon_commands.session import Subject
from serverless_postgres.settings import PostgresSettings

COMMANDS = (
    "branches",
    "compare-schema",
    "create",
    "delete",
    "projects",
    "reset",
    "restore",
    "restore-point",
    "url",
)


def neon_group(
    settings: Callable[[], PostgresSettings], *, env_file: Path = Path(".env")
) -> click.Group:
    """Make the group `neon`, to be added to `app.cli` or to any other group of click's.

    `settings` makes the settings when a command runs, `env_file` is where `--write-env` writes.
    """
    package = "serverless_postgres.neon_commands"
    modules = {name: f"{package}.{name.replace('-', '_')}" for name in COMMANDS}

    def subject() -> Subject:
        return Subject(settings(), env_file)

    @click.group(name="neon", cls=LazyGroup, modules=modules, subject=subject)
    def neon() -> None:
        """Work on the branches of a project on Neon.

        The project is NEON_PROJECT_ID, the key NEON_API_KEY. A branch is called by its name or its
        id; where none is named, it is NEON_BRANCH_ID, else the project's default branch.
        """

    return neon
