"""`flask neon projects`: where to find NEON_PROJECT_ID."""

from dataclasses import asdict

from service.cli.command import Result, command
from service.cli.table import table
from service.cli.waiting import waiting
from service.settings import Settings

_HEADINGS = ("id", "name", "region", "postgres", "organization")


@command()
def projects() -> Result:
    """List the projects that NEON_API_KEY may see; the id is what NEON_PROJECT_ID wants.

    A key that is for one project only sees no list.

    Example: flask neon projects
    """
    from service.db.neon import projects as find  # noqa: PLC0415  heavy

    with waiting("Listing the projects on Neon"):
        found = find(Settings.load())
    if not found:
        return Result([], "The key may see no project: make one on Neon's console (New project).")
    rows = [tuple(str(value or "-") for value in asdict(item).values()) for item in found]
    return Result([asdict(item) for item in found], table(_HEADINGS, rows))
