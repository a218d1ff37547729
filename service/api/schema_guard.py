"""Keeps the service from working on a database schema that it does not know."""

from flask import request

from service.db.database import Database, UnitOfWork
from service.errors import UnavailableError
from service.schema.status import status


class SchemaGuard:
    """Compares the revisions once per process, before the first request that needs the database.

    Until they agree each such request asks again, so that an upgrade takes effect at once.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._is_known = False

    def check(self) -> None:
        """Raise UnavailableError, which names both revisions, while they differ."""
        if self._is_known or not request.path.startswith("/v1/"):
            return
        with UnitOfWork(self._database) as work:
            found = status(work)
        if not found.is_at_head:
            raise UnavailableError(str(found))
        self._is_known = True
