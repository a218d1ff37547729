"""The projects that a key of Neon's API may see.

From Neon's API reference v2: "List projects", "Retrieve current user organizations list".
"""

from collections.abc import Iterator
from dataclasses import dataclass

from service.db.neon.transport import Answer, NeonTransport
from service.errors import ConfigurationError
from service.settings import Settings

_PAGE = 100


@dataclass(frozen=True, slots=True)
class Project:
    """A project; `id` is what NEON_PROJECT_ID wants."""

    id: str
    name: str
    region: str | None
    postgres: int | None
    organization: str | None


def projects(settings: Settings) -> list[Project]:
    """List the projects of the key of the settings, by name.

    A person's key sees organizations, an organization's key its own projects. A key for one project
    only sees no list. Raises ConfigurationError without a key.
    """
    if not settings.neon_api_key:
        message = "NEON_API_KEY is needed to look at projects on Neon: set it in .env."
        raise ConfigurationError(message)
    transport = NeonTransport(settings.neon_api_url, settings.neon_api_key)
    try:
        found = list(_pages(transport, {}))
    except ConfigurationError as error:
        # "org_id is required" of the keys of people.
        if "org_id" not in error.detail:
            raise
        found = []
        for organization in transport.call("GET", "/users/me/organizations")["organizations"]:
            found += _pages(transport, {"org_id": organization["id"]})
    return sorted(map(_project, found), key=lambda project: (project.name, project.id))


def _pages(transport: NeonTransport, query: dict[str, str]) -> Iterator[Answer]:
    cursor = ""
    while True:
        page = query | {"limit": str(_PAGE)} | ({"cursor": cursor} if cursor else {})
        answer = transport.call("GET", "/projects", query=page)
        found = answer.get("projects", [])
        yield from found
        cursor = answer.get("pagination", {}).get("cursor") or ""
        if not cursor or len(found) < _PAGE:
            return


def _project(answer: Answer) -> Project:
    return Project(
        id=answer["id"],
        name=answer["name"],
        region=answer.get("region_id"),
        postgres=answer.get("pg_version"),
        organization=answer.get("org_id"),
    )
