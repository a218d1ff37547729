"""Whether a database has the schema that this code knows."""

from dataclasses import dataclass

import psycopg2.errors

from service.db.unit_of_work import UnitOfWork
from service.errors import ServiceError
from service.schema.revisions import heads


@dataclass(frozen=True, slots=True)
class Status:
    """The revisions of a database, and those that the code wants."""

    current: tuple[str, ...]
    wanted: tuple[str, ...]

    @property
    def is_at_head(self) -> bool:
        """Whether they agree."""
        return self.current == self.wanted

    def __str__(self) -> str:
        """Say in a sentence or two how they compare, and what to do."""
        has = f"at revision {' and '.join(self.current)}" if self.current else "empty"
        if self.is_at_head:
            return f"The database schema is {has}, as it should be."
        return (
            f"The database schema is {has}, and this code needs {' and '.join(self.wanted)}: "
            "run `flask db upgrade`."
        )


def status(work: UnitOfWork) -> Status:
    """Read a database's revisions, in one round trip."""
    try:
        rows = work.execute("SELECT version_num FROM alembic_version ORDER BY version_num")
    except ServiceError:
        raise
    except psycopg2.errors.UndefinedTable:
        rows = ()
    return Status(tuple(row[0] for row in rows), heads())
