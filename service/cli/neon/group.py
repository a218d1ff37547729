"""The group of commands `flask neon`."""

import click

from service.cli.group import LazyGroup

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


@click.group(
    cls=LazyGroup,
    package="service.cli.neon",
    modules={name: name.replace("-", "_") for name in COMMANDS},
)
def neon() -> None:
    """Work on the branches of a project on Neon.

    The project is NEON_PROJECT_ID, the key NEON_API_KEY. A branch is called by its name or its id;
    where none is named, it is NEON_BRANCH_ID, else the project's default branch.
    """
