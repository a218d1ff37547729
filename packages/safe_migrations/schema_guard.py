"""Keeps the service from working on a database schema that it can't work on."""

import logging

import psycopg2
from flask import Flask, Response, request

from app_server.observability.wiring import note_schema
from json_rows.unit_of_work import UnitOfWork
from json_rows.work import unit_of_work
from plain_commands.errors import PlainError
from safe_migrations.foreign import find
from safe_migrations.mismatch import mismatch
from safe_migrations.project import Project
from safe_migrations.standing import Standing
from safe_migrations.status import status
from serverless_postgres.database import Database
from serverless_postgres.replica import NO_REPLICA
from smorest_sqlmodel.errors import ApiError, MisconfiguredError, UnavailableError
from smorest_sqlmodel.problems import from_api_error, from_exception

logger = logging.getLogger(__name__)


def init_app(app: Flask, database: Database, project: Project) -> "SchemaGuard":
    """Keep an app from working on a schema that it can't work on."""
    guard = SchemaGuard(database, project)
    app.before_request(guard.check)
    app.register_error_handler(psycopg2.ProgrammingError, guard.explain)
    return guard


class SchemaGuard:
    """Compares the revisions once per process, before the first request that needs the database.

    Until this code can work on the schema each such request asks again, so that an upgrade takes
    effect at once. A statement that does not fit the schema has it asked again: it may have been
    changed under a process that runs. `/readyz` asks as readiness.py says.
    """

    def __init__(self, database: Database, project: Project) -> None:
        self._database = database
        self.project = project
        self.is_known = False
        """Whether this code can work on the schema, as far as anybody has noticed."""
        self._told: str | None = None
        if database.replica is not None:
            database.replica.check = self._check_replica

    def check(self) -> None:
        """Raise UnavailableError, which names both revisions, before what can't be done."""
        if self.is_known or not request.path.startswith("/v1/"):
            return
        with UnitOfWork(self._database) as work:
            self.look(work)

    def look(self, work: UnitOfWork) -> Standing:
        """Compare the revisions; raises UnavailableError when this code can't work on those."""
        found = status(work, self.project)
        note_schema(found)
        self.is_known = found.can_be_served
        if not found.can_be_served:
            raise UnavailableError(str(found))
        said = str(found)
        if not found.is_at_head and self._told != said:
            logger.warning("%s", said)
        self._told = said
        return found

    def explain(self, error: psycopg2.ProgrammingError) -> Response:
        """Answer for a statement that Postgres does not understand: the schema may be another."""
        self.is_known = False
        unit_of_work().close()  # Whoever waits for a second connection may wait for himself.
        try:
            with UnitOfWork(self._database) as work:
                found = self.look(work)
                differences = mismatch(work, self.project.tables)
                foreign = find(work.execute, found.stored, self.project) if differences else None
        except (ApiError, PlainError, psycopg2.Error) as trouble:
            return from_exception(trouble)
        if not differences:
            return from_exception(error)
        if foreign:
            return from_api_error(MisconfiguredError(str(foreign)))
        mend = (
            "deploy the code of that revision"
            if found.is_ahead
            else "`flask db migrate` writes the revision, `flask db upgrade` applies it"
        )
        return from_api_error(MisconfiguredError(f"{differences}: {mend}."))

    def _check_replica(self) -> None:
        """Raise UnavailableError for a replica that this code can't work on, or that is none."""
        replica = self._database.replica
        if replica is None:
            return
        with UnitOfWork(self._database, budget_s=0, server=replica.server) as work:
            if not work.execute("SELECT pg_is_in_recovery()")[0][0]:
                raise UnavailableError(NO_REPLICA)
            found = status(work, self.project)
        if not found.can_be_served:
            raise UnavailableError(str(found))
