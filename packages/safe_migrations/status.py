"""Whether a database has a schema on which this code can run."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

import psycopg2.errors

from plain_commands.errors import UnavailableError
from safe_migrations import applied, foreign
from safe_migrations.project import Project
from safe_migrations.standing import Standing, standing
from safe_migrations.tool_tables import HISTORY, VERSIONS


class Work(Protocol):
    """What sends SQL in one round trip, with `%(name)s` for parameters, and returns its rows.

    In autocommit: a statement that fails must not stand in the way of the next one.
    """

    def execute(
        self, sql: str, parameters: Mapping[str, Any] | None = None
    ) -> Sequence[Sequence[Any]]:
        """Send it; raises what psycopg2 raises."""
        ...


def status(work: Work, project: Project) -> Standing:
    """Read a database's revisions, in one round trip; what is not as it should be takes more.

    Raises UnavailableError when the role may not look at that.
    """
    try:
        rows = work.execute(
            # nosemgrep: sql-of-pieces  the project's own
            f"SELECT version_num, {project.is_suspect} FROM {VERSIONS} ORDER BY 1"  # noqa: S608  constants
        )
    except psycopg2.errors.UndefinedTable:
        return _with_foreign(work, project, standing(None, project.versions))
    stored = tuple(row[0] for row in rows)
    found = standing(stored, project.versions)
    if found.unknown:
        found = _with_history(work, project, found)
    is_suspect = any(row[1] for row in rows)
    return found if found.can_be_served and not is_suspect else _with_foreign(work, project, found)


def _with_foreign(work: Work, project: Project, found: Standing) -> Standing:
    """Add what stands where the tables belong."""
    return replace(found, foreign=foreign.find(work.execute, found.stored, project))


def _with_history(work: Work, project: Project, found: Standing) -> Standing:
    try:
        return standing(found.stored, project.versions, applied.read(work.execute(applied.READ)))
    except psycopg2.errors.UndefinedTable:
        return found
    except psycopg2.errors.InsufficientPrivilege as error:
        message = (
            f"Whether this code can run on revision {' and '.join(found.unknown)} stands in "
            f"{HISTORY}, which the database role may not read: GRANT SELECT ON {HISTORY} to it."
        )
        raise UnavailableError(message) from error
