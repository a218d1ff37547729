"""A copy of a database as a branch on Neon: there in seconds, whatever its size."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from sqlalchemy import URL

from service.db.neon import Branch, NeonProject
from service.db.url import parse
from service.errors import ConfigurationError, ServiceError
from service.schema.rehearsal.interruption import Tell, notice
from service.schema.rehearsal.throwaway import Copy, new_name
from service.settings import Settings

# Neon deletes a branch by itself after this time: the last resort after a kill -9.
LIFETIME = timedelta(hours=6)
_BY_ITSELF = f"Neon does so itself {LIFETIME // timedelta(hours=1)} hours after its creation"


@contextmanager
def neon_branch(source: URL, settings: Settings, *, keep: bool, tell: Tell) -> Iterator[Copy]:
    """Make a branch of the settings' project; delete it at the end, whatever happened.

    Its database and role are those of the source. Raises ConfigurationError when the settings or
    the rights of the key don't suffice, UnavailableError when Neon can't be reached.
    """
    project = NeonProject.configured(settings)
    name = new_name("rehearsal")
    branch = _create(project, name, settings, tell)
    is_complete = False
    try:
        with notice(tell, "Waiting for a branch on Neon ..."):
            url = project.connection_url(
                branch.id, database=source.database or "", role=source.username or ""
            )
        description = f"branch {branch.name} ({branch.id}) on Neon"
        yield Copy(parse(url), description, f"delete branch {branch.id}; {_BY_ITSELF}")
        is_complete = True
    finally:
        if not (keep and is_complete):
            _delete(project, branch.id, tell=tell)


def _create(project: NeonProject, name: str, settings: Settings, tell: Tell) -> Branch:
    try:
        with notice(tell, "Waiting for a branch on Neon ..."):
            return project.create_branch(name, parent_id=settings.neon_branch_id, lifetime=LIFETIME)
    except ConfigurationError:
        # Neon refuses something: there is no branch, unless it was what came after its creation.
        _delete(project, name, tell=lambda _: None)
        raise
    except BaseException:
        # There may be one, of which no more than the name is known.
        _delete(project, name, tell=tell)
        raise


def _delete(project: NeonProject, name_or_id: str, *, tell: Tell) -> None:
    """Delete a branch if it is there; a failure is told, and hides no other error."""
    try:
        with notice(tell, "Deleting the branch on Neon ..."):
            for branch in project.branches(search=name_or_id):
                if name_or_id in {branch.name, branch.id}:
                    project.delete_branch(branch.id)
    except ServiceError as error:
        tell(
            f"The branch {name_or_id} on Neon could not be deleted: {error.detail} Delete it on "
            f"the console (Branches), or with `neonctl branches delete {name_or_id}`; {_BY_ITSELF}."
        )
