"""What is looked at before a command touches a database: whether the tables are those it means."""

from collections.abc import Callable
from types import ModuleType

import psycopg2.errors
from sqlalchemy import Engine

from plain_commands.errors import ConfigurationError
from safe_migrations import foreign
from safe_migrations.execution.deploy_lock import DeployLock
from safe_migrations.foreign import Foreign
from safe_migrations.project import Project, project_of
from safe_migrations.tool_tables import JOURNAL, VERSIONS

_WANT_THE_TABLES = {"upgrade", "downgrade", "revision", "check"}


def admit(
    context: ModuleType,
    engine: Engine,
    lock: DeployLock,
    command: str | None,
    say: Callable[[str], None],
) -> None:
    """Raise a PlainError, with nothing written, for a database that a command is not for.

    It has other tables than the models', or is not what a stamp says of it. A sound one is asked
    for its revision, once.
    """
    if command == "stamp":
        from safe_migrations.execution.stamping import check_stamp  # noqa: PLC0415  seldom needed

        check_stamp(context, engine, lock, say)
    elif command in _WANT_THE_TABLES:
        _check_tables(lock, project_of(context.config), command)


def _check_tables(lock: DeployLock, project: Project, command: str) -> None:
    found = _found(lock, project, command)
    if found is not None:
        # Whoever makes the tables right now has the lock, and gives it back with the revision.
        lock.acquire()
        found = _found(lock, project, command)
    if found is not None:
        raise ConfigurationError(str(found))


def stored_revisions(lock: DeployLock, project: Project) -> tuple[tuple[str, ...] | None, bool]:
    """Read the revisions of the database, and whether it lacks what these have always made."""
    try:
        rows = lock.fetch(
            f"SELECT version_num, {project.is_suspect} FROM {VERSIONS} ORDER BY 1"  # noqa: S608  constants
        )
    except psycopg2.errors.UndefinedTable:
        return None, True
    return tuple(row[0] for row in rows), not rows or bool(rows[0][1])


def _found(lock: DeployLock, project: Project, command: str) -> Foreign | None:
    stored, is_suspect = stored_revisions(lock, project)
    if stored and not is_suspect:
        return None
    if not stored and command == "downgrade":
        return None  # There is nothing to take back.
    found = foreign.find(lock.fetch, stored, project)
    if found is not None and found.looks_ours and _is_half_done(lock):
        return None  # An upgrade was interrupted in the first revision, and goes on.
    return found


def _is_half_done(lock: DeployLock) -> bool:
    return bool(lock.fetch(f"SELECT to_regclass('{JOURNAL}') IS NOT NULL")[0][0])
