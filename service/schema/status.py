"""Whether a database has a schema on which this code can run."""

import psycopg2.errors

from service.db.unit_of_work import UnitOfWork
from service.errors import UnavailableError
from service.schema import applied
from service.schema.standing import Standing, standing
from service.schema.tool_tables import HISTORY, VERSIONS


def status(work: UnitOfWork) -> Standing:
    """Read a database's revisions, in one round trip; one that is ahead takes a second one.

    Raises UnavailableError when the role may not look at that.
    """
    try:
        rows = work.execute(f"SELECT version_num FROM {VERSIONS} ORDER BY 1")  # noqa: S608  a constant
    except psycopg2.errors.UndefinedTable:
        return standing(None)
    stored = tuple(row[0] for row in rows)
    found = standing(stored)
    if not found.unknown:
        return found
    try:
        return standing(stored, history=applied.read(work.execute(applied.READ)))
    except psycopg2.errors.UndefinedTable:
        return found
    except psycopg2.errors.InsufficientPrivilege as error:
        message = (
            f"Whether this code can run on revision {' and '.join(found.unknown)} stands in "
            f"{HISTORY}, which the database role may not read: GRANT SELECT ON {HISTORY} to it."
        )
        raise UnavailableError(message) from error
