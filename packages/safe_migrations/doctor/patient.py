"""What the doctor's checks look at: the settings, the revisions and, if it answers, a database."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from plain_commands.errors import ConfigurationError
from safe_migrations import inspection
from safe_migrations.inspection import Server
from safe_migrations.project import Project
from safe_migrations.settings import SchemaSettings
from safe_migrations.target import Target, connected, target
from serverless_postgres.refusals import Refusal, refusal


@dataclass(frozen=True, slots=True)
class Answering:
    """A database that lets one in; `clock_ahead_s` is how far its clock is before ours."""

    target: Target
    connection: Connection
    connect_s: float
    server: Server
    clock_ahead_s: float


@dataclass(frozen=True, slots=True)
class Patient:
    """Everything that checks may ask for: the project, and what was found with its settings.

    `target` is the database, or the complaint why there is none. `database` is the open connection
    to it, or the reason why it lets nobody in, or None without a target.
    """

    project: Project
    x: tuple[str, ...]
    target: Target | ConfigurationError
    database: Answering | Refusal | None = None

    @property
    def settings(self) -> SchemaSettings:
        """The project's settings."""
        return self.project.settings


@contextmanager
def admitted(project: Project, x: tuple[str, ...]) -> Iterator[Patient]:
    """Find the database and connect to it, as far as that goes."""
    try:
        found = target(project.settings, x)
    except ConfigurationError as complaint:
        yield Patient(project, x, complaint)
        return
    with ExitStack() as stack:
        began = time.monotonic()
        try:
            connection = stack.enter_context(
                connected(found.url, timeout_s=project.settings.connect_timeout_s)
            )
        except OperationalError as error:
            yield Patient(project, x, found, refusal(str(error.orig)))
            return
        connect_s = time.monotonic() - began
        yield Patient(project, x, found, _answering(found, connection, connect_s))


def _answering(target: Target, connection: Connection, connect_s: float) -> Answering:
    before = time.time()
    server = inspection.server(connection)
    # The answer was given half-way between the question and its arrival.
    ours = (before + time.time()) / 2
    return Answering(target, connection, connect_s, server, server.now.timestamp() - ours)
