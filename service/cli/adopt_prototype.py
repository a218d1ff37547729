"""The adoption of the predecessor's tables, from the look at the database to the report."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import click
import psycopg2
from psycopg2 import extensions
from sqlalchemy import URL, Connection, Engine, create_engine, pool
from sqlalchemy.exc import DBAPIError

from plain_commands.errors import ConflictError, NotFoundError
from plain_commands.waiting import hush
from safe_migrations.adoption import Adoption, InPlace, Surroundings, find
from safe_migrations.commands.command import Result
from safe_migrations.execution.explanation import explain
from safe_migrations.execution.one_transaction import in_one_transaction
from safe_migrations.inspection import stored_revisions
from safe_migrations.project import Project
from safe_migrations.runner import run
from safe_migrations.standing import standing
from serverless_postgres.url import masked
from service.cli.adopt_text import Plan, about_plan, about_rows_brought_in, nothing_to_do
from service.settings import Settings
from service.sqlite_import.trip_adoption import TAKEOVER, adopt
from sqlite_to_postgres import Progress
from sqlite_to_postgres.progress import progress_of
from sqlite_to_postgres.report import Report

_NOTHING = (
    "There is nothing to adopt: the database has no tables of the prototype. `flask db upgrade` "
    "makes the service's own, and `flask db import-predecessor` brings the prototype's rows from "
    "another database or a SQLite file."
)

_IS_GONE = "SELECT to_regclass('workflows') IS NULL"
_GONE = (
    "The prototype's tables have been taken over, but the service's own are no longer there: "
    "`flask db adopt --undo` puts the old ones back, and `flask db adopt` then takes them over "
    "again."
)


@dataclass(frozen=True, slots=True)
class TakingOver:
    """One adoption; each run looks at the database anew, and remembers nothing of others."""

    url: URL
    settings: Settings
    project: Project
    dry_run: bool
    say: Callable[[str], None]

    def run(self) -> Result:
        """Show what will be done, do it, and report."""
        engine = engine_of(self.url, self.settings)
        plan = self._planned(engine)
        if isinstance(plan, Adoption):
            return self._nothing_to_do(plan)
        hush()
        click.echo(about_plan(plan))
        with progress_of(masked(self.url)) as progress:
            done = in_one_transaction(
                engine,
                self.settings,
                lambda connection: self._adopted(connection, progress),
                say=self.say,
                locks=plan.tables.moved,
                keep=lambda done: isinstance(done, Report) and not self.dry_run,
            )
        if isinstance(done, Adoption):
            return self._nothing_to_do(done)
        state = "would_be_adopted" if self.dry_run else "adopted"
        document = {"database": masked(self.url), "state": state, "plan": plan.as_json()}
        return Result({**document, **done.as_json()}, about_rows_brought_in(done))

    def _adopted(self, connection: Connection, progress: Progress) -> Report | Adoption:
        # Somebody else may have been here while this one waited.
        found = self._look(connection)
        if isinstance(found, Adoption):
            return found
        return adopt(
            cursor_of(connection),
            found,
            lambda: self._upgrade(connection),
            name=masked(self.url),
            dry_run=self.dry_run,
            progress=progress,
        )

    def _look(self, connection: Connection) -> InPlace | Adoption:
        cursor = cursor_of(connection)
        if adoption := Adoption.read(cursor, TAKEOVER):
            cursor.execute(_IS_GONE)
            if (cursor.fetchone() or (False,))[0]:
                raise ConflictError(_GONE)
            return adoption
        found = find(cursor, TAKEOVER)
        if found is None:
            raise NotFoundError(_NOTHING)
        return found

    def _planned(self, engine: Engine) -> Plan | Adoption:
        with _explained(), engine.connect() as connection:
            limit_ms = self.settings.schema_lock_timeout_ms
            # nosemgrep: sql-of-pieces  a number of the settings
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = {limit_ms}")
            found = self._look(connection)
            if isinstance(found, Adoption):
                return found
            stored = stored_revisions(connection) if found.is_versioned else None
            pending = standing(stored, self.project.versions).pending
            around = Surroundings.of(cursor_of(connection), TAKEOVER, found)
            return Plan(masked(self.url), found, around, tuple(map(str, pending)))

    def _upgrade(self, connection: Connection) -> None:
        run(self.project, "upgrade", "heads", quiet=True, connection=connection)

    def _nothing_to_do(self, adoption: Adoption) -> Result:
        document = {
            "database": masked(self.url),
            "state": "already_adopted",
            "adopted_at": adoption.adopted_at.isoformat(),
            "moved": adoption.moved,
            "written": adoption.written,
        }
        return Result(document, nothing_to_do(adoption))


def engine_of(url: URL, settings: Settings) -> Engine:
    """Make an engine whose sessions are known as those of an adoption."""
    return create_engine(
        url,
        poolclass=pool.NullPool,
        connect_args={
            "connect_timeout": settings.connect_timeout_s,
            "application_name": TAKEOVER.application_name,
            # Somebody's default for the database may not have all characters.
            "client_encoding": "utf8",
        },
    )


def cursor_of(connection: Connection) -> extensions.cursor:
    """Make a cursor of psycopg2's in the transaction of a connection."""
    made: Any = connection.connection.cursor()
    cursor: extensions.cursor = made
    return cursor


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except (DBAPIError, psycopg2.Error) as error:
        raise explain(error) from error
