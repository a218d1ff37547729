"""Which throw-away copy of the database a rehearsal gets: a branch on Neon or a local one."""

from contextlib import AbstractContextManager
from typing import Literal

from sqlalchemy import URL

from plain_commands.errors import ConfigurationError
from safe_migrations.rehearsal.interruption import Tell
from safe_migrations.rehearsal.local_copy import local_copy
from safe_migrations.rehearsal.neon_branch import neon_branch
from safe_migrations.rehearsal.throwaway import Copy
from safe_migrations.settings import SchemaSettings
from serverless_postgres.url import is_neon

Place = Literal["neon", "local"]

_LOCAL_HOSTS = {None, "", "localhost", "127.0.0.1", "::1"}


def open_copy(
    source: URL, settings: SchemaSettings, *, place: Place | None, keep: bool, tell: Tell
) -> AbstractContextManager[Copy]:
    """Choose the kind of copy; entering makes it, leaving drops it whatever happened.

    Without `place`, it is a branch when the settings have a key of Neon's API and a project. With
    `keep` it stays; `tell` gets sentences for people. Raises ConfigurationError when the database
    must not be copied like this, with what to set.
    """
    has_key = bool(settings.neon_api_key and settings.neon_project_id)
    if place == "neon" or (place is None and has_key):
        return neon_branch(source, settings, keep=keep, tell=tell)
    if is_neon(source):
        message = (
            "This database is on Neon, where a rehearsal runs on a branch: set NEON_API_KEY and "
            "NEON_PROJECT_ID."
        )
        raise ConfigurationError(message)
    if place is None and source.host not in _LOCAL_HOSTS:
        message = (
            f"The database is on {source.host}: say --local to copy it on that server, or set "
            "NEON_API_KEY and NEON_PROJECT_ID for a branch on Neon."
        )
        raise ConfigurationError(message)
    return local_copy(source, keep=keep, tell=tell)
