"""The projects that a key of Neon's API may see.

From Neon's API reference v2: "List projects", "List shared projects", "Retrieve current
user organizations list".
"""

from dataclasses import asdict, dataclass, replace
from typing import Any

from plain_commands.errors import ConfigurationError
from serverless_postgres.neon.pages import pages
from serverless_postgres.neon.transport import Answer, NeonTransport
from serverless_postgres.settings import PostgresSettings

_PAGE = "100"


@dataclass(frozen=True, slots=True)
class Project:
    """A project; `id` is what NEON_PROJECT_ID wants."""

    id: str
    name: str | None = None
    region: str | None = None
    postgres: int | None = None
    organization: str | None = None
    is_shared: bool = False
    """Somebody else's, who lets the key's owner work on it."""
    is_available: bool = True
    """Whether Neon could look at it in time: if not, no more than its id is known."""

    def as_json(self) -> dict[str, Any]:
        """Write it for programs."""
        return {name.removeprefix("is_"): value for name, value in asdict(self).items()}


def projects(settings: PostgresSettings) -> list[Project]:
    """List the projects of the key of the settings, by name; those that aren't available at last.

    A person's key sees those of all its organizations, an organization's key its own; both see
    those that are shared with them. Raises ConfigurationError without a key, and for one that is
    for one project only, which sees no list.
    """
    if not settings.neon_api_key:
        message = "NEON_API_KEY is needed to look at projects on Neon: set it."
        raise ConfigurationError(message)
    found = _Projects(NeonTransport(settings.neon_api_url, settings.neon_api_key))
    try:
        found.add("/projects")
    except ConfigurationError as error:
        # "org_id is required" of the keys of people.
        if "org_id" not in error.detail:
            raise
        found.add_organizations()
    found.add_shared()
    return sorted(
        found.by_id.values(), key=lambda item: (not item.is_available, item.name or "", item.id)
    )


class _Projects:
    """The projects of several lists, none of them twice."""

    def __init__(self, transport: NeonTransport) -> None:
        self.by_id: dict[str, Project] = {}
        self._transport = transport

    def add(self, path: str, organization: str | None = None, *, shared: bool = False) -> None:
        query = {"limit": _PAGE} | ({"org_id": organization} if organization else {})
        for page in pages(self._transport, path, query, "projects", "unavailable_project_ids"):
            for answer in page["projects"]:
                project = replace(_project(answer), is_shared=shared)
                known = self.by_id.get(project.id)
                if known is None or not known.is_available:
                    self.by_id[project.id] = project
            for identity in page["unavailable_project_ids"]:
                missing = Project(
                    identity, organization=organization, is_shared=shared, is_available=False
                )
                self.by_id.setdefault(identity, missing)

    def add_organizations(self) -> None:
        for organization in self._transport.call("GET", "/users/me/organizations")["organizations"]:
            self.add("/projects", organization["id"])

    def add_shared(self) -> None:
        try:
            self.add("/projects/shared", shared=True)
        except ConfigurationError:
            # Projects are shared with people: the key of an organization may not ask for them.
            return


def _project(answer: Answer) -> Project:
    return Project(
        id=answer["id"],
        name=answer["name"],
        region=answer.get("region_id"),
        postgres=answer.get("pg_version"),
        organization=answer.get("org_id"),
    )
