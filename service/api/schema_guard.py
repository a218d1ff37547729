"""Keeps the service from working on a database schema that it does not know."""

from flask import request

from service.api.observability.wiring import note_schema
from service.db.database import Database
from service.db.replica import NO_REPLICA
from service.db.unit_of_work import UnitOfWork
from service.errors import UnavailableError
from service.schema.status import status


class SchemaGuard:
    """Compares the revisions once per process, before the first request that needs the database.

    Until they agree each such request asks again, so that an upgrade takes effect at once.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._is_known = False
        if database.replica is not None:
            database.replica.check = self._check_replica

    def check(self) -> None:
        """Raise UnavailableError, which names both revisions, while they differ."""
        if self._is_known or not request.path.startswith("/v1/"):
            return
        with UnitOfWork(self._database) as work:
            found = status(work)
        note_schema(found)
        if not found.is_at_head:
            raise UnavailableError(str(found))
        self._is_known = True

    def _check_replica(self) -> None:
        """Raise UnavailableError for a replica of another revision, or that is none."""
        replica = self._database.replica
        if replica is None:
            return
        with UnitOfWork(self._database, budget_s=0, server=replica.server) as work:
            if not work.execute("SELECT pg_is_in_recovery()")[0][0]:
                raise UnavailableError(NO_REPLICA)
            found = status(work)
        if not found.is_at_head:
            raise UnavailableError(str(found))
