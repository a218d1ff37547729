"""The group of commands `flask neon`."""

from collections.abc import Callable
from typing import Any

import click

from plain_commands.group import LazyGroup

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


def neon_group(subject: Callable[[], Any]) -> click.Group:
    """Make the group; `subject` makes the settings when a command runs."""
    package = "serverless_postgres.neon_commands"
    modules = {name: f"{package}.{name.replace('-', '_')}" for name in COMMANDS}

    @click.group(name="neon", cls=LazyGroup, modules=modules, subject=subject)
    def neon() -> None:
        """Work on the branches of a project on Neon.

        The project is NEON_PROJECT_ID, the key NEON_API_KEY. A branch is called by its name or its
        id; where none is named, it is NEON_BRANCH_ID, else the project's default branch.
        """

    return neon
