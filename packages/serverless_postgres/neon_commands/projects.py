"""`flask neon projects`: where to find NEON_PROJECT_ID."""

from typing import TYPE_CHECKING

import click

from plain_commands.command import Result, command, subject
from plain_commands.table import table
from plain_commands.waiting import waiting

if TYPE_CHECKING:  # At run time, `flask neon --help` need not wait for an HTTP library.
    from serverless_postgres.neon import Project

_HEADINGS = ("id", "name", "region", "postgres", "organization", "kind")


@command()
def projects() -> Result:
    """List the projects that NEON_API_KEY may see; the id is what NEON_PROJECT_ID wants.

    The kind is `shared` for somebody else's project, and `unavailable` for one that Neon could not
    look at in time: its id is all that is known. As JSON, each has `id`, `name`, `region`,
    `postgres`, `organization` (null where not known), `shared` and `available`.

    A key that is for one project only sees no list.

    Example: flask neon projects
    """
    from serverless_postgres.neon import projects as find  # noqa: PLC0415  heavy

    with waiting("Listing the projects on Neon"):
        found = find(subject().settings)
    if not found:
        return Result(
            [], "The key gives access to no project: create one on Neon's console (New project)."
        )
    if missing := [item.id for item in found if not item.is_available]:
        said = f"Neon could not look at all projects in time: try again for {', '.join(missing)}."
        click.echo(said, err=True)
    return Result([item.as_json() for item in found], table(_HEADINGS, map(_row, found)))


def _row(project: "Project") -> tuple[str, ...]:
    kinds = {"shared": project.is_shared, "unavailable": not project.is_available}
    return (
        project.id,
        project.name or "-",
        project.region or "-",
        str(project.postgres or "-"),
        project.organization or "-",
        ", ".join(name for name, holds in kinds.items() if holds) or "-",
    )
