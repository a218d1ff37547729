"""A copy of a database as a branch on Neon: there in seconds, whatever its size."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from sqlalchemy import URL

from plain_commands.errors import ConfigurationError, PlainError
from safe_migrations.rehearsal.interruption import Tell, notice
from safe_migrations.rehearsal.throwaway import Copy, new_name
from safe_migrations.settings import SchemaSettings
from serverless_postgres.neon import Branch, Branches, NeonProject
from serverless_postgres.neon.moments import minute
from serverless_postgres.neon_names import flask_neon
from serverless_postgres.url import parse

# Neon deletes a branch by itself after this time: the last resort after a kill -9.
LIFETIME = timedelta(hours=6)
_BY_ITSELF = f"Neon does so itself {LIFETIME // timedelta(hours=1)} hours after its creation"


@contextmanager
def neon_branch(source: URL, settings: SchemaSettings, *, keep: bool, tell: Tell) -> Iterator[Copy]:
    """Make a branch of the settings' project; delete it for good at the end, whatever happened.

    Its database and role are those of the source. Raises ConfigurationError when the settings or
    the rights of the key don't suffice, UnavailableError when Neon can't be reached.
    """
    project = NeonProject.configured(settings)
    with notice(tell, "Looking at the branches on Neon ..."):
        branches = project.all_branches()
        parent = _parent(branches, settings)
        _refuse_beyond_plan(project, branches, parent, tell)
    name = new_name("rehearsal")
    branch = _create(project, name, parent, tell)
    is_complete = False
    try:
        with notice(tell, "Waiting for a branch on Neon ..."):
            url = _url(project, branch, source)
        description = f"branch {branch.name} ({branch.id}) on Neon"
        yield Copy(parse(url), description, f"{_by_hand(branch.name)}; {_BY_ITSELF}")
        is_complete = True
    finally:
        if not (keep and is_complete):
            _delete(project, branch.id, tell=tell)


def _parent(branches: Branches, settings: SchemaSettings) -> Branch | None:
    """Find the branch to copy by NEON_BRANCH_ID, a name or an id; None is the default one."""
    if not settings.neon_branch_id:
        return None
    parent = branches.of_setting(settings.neon_branch_id)
    if parent.expires_at:
        message = (
            f"Branch {parent.label}, which NEON_BRANCH_ID names, expires at "
            f"{minute(parent.expires_at)}, and Neon makes no branches from such ones: set it to "
            "another."
        )
        raise ConfigurationError(message)
    return parent


def _create(project: NeonProject, name: str, parent: Branch | None, tell: Tell) -> Branch:
    try:
        with notice(tell, "Waiting for a branch on Neon ..."):
            return project.create_branch(
                name, parent_id=parent.id if parent else None, lifetime=LIFETIME
            )
    except ConfigurationError:
        # Neon refuses something: there is no branch, unless it was what came after its creation.
        _delete(project, name, tell=lambda _: None)
        raise
    except BaseException:
        # There may be one, of which no more than the name is known.
        _delete(project, name, tell=tell)
        raise


def _refuse_beyond_plan(
    project: NeonProject, branches: Branches, parent: Branch | None, tell: Tell
) -> None:
    room = project.room(branches)
    room.refuse_more(parent.id if parent else "")
    if price := room.price_of_another():
        tell(price)


def _url(project: NeonProject, branch: Branch, source: URL) -> str:
    database, role = source.database or "", source.username or ""
    try:
        return project.connection_url(branch.id, database=database, role=role)
    except ConfigurationError:
        # What the copy lacks, its parent does, which is what people know.
        parent = project.all_branches().parent_of(branch) or branch
        if lack := project.lack(parent, database=database, role=role):
            message = f"{lack}: DATABASE_URL and NEON_BRANCH_ID belong together."
            raise ConfigurationError(message) from None
        raise


def _delete(project: NeonProject, name_or_id: str, *, tell: Tell) -> None:
    """Delete a branch if it is there; a failure is told, and hides no other error."""
    try:
        with notice(tell, "Deleting the branch on Neon ..."):
            for branch in project.branches(search=name_or_id):
                if name_or_id in {branch.name, branch.id}:
                    name_or_id = branch.name
                    done = project.delete_branch(branch.id, for_good=True)
                    if done.was_there and not done.is_for_good:
                        _tell_lingering(project, branch, tell)
    except PlainError as error:
        tell(
            f"The branch {name_or_id} on Neon could not be deleted: {error.detail} "
            f"{_by_hand(name_or_id)} does it, or Neon's console (Branches); {_BY_ITSELF}."
        )


def _tell_lingering(project: NeonProject, branch: Branch, tell: Tell) -> None:
    _, lingering = project.deletions.lingering(branch.id)
    if lingering:
        said = f"The branch {branch.name} is deleted, but not for good, which Neon refuses here."
        tell(f"{said} {lingering}")


def _by_hand(name: str) -> str:
    return f"`{flask_neon('delete', name, '--for-good', '--yes')}`"
