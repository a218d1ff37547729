"""Asks all sections' questions at once, and puts together what they found."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from plain_commands.errors import UnavailableError
from serverless_postgres.losses import original
from serverless_postgres.settings import PostgresSettings
from serverless_postgres.stats import (
    activity,
    circumstances,
    configuration,
    connections,
    indexes,
    queries,
    sequences,
    tables,
    writing,
)
from serverless_postgres.stats.circumstances import Circumstances, Inquiry
from serverless_postgres.stats.finding import Finding, Section, Severity
from serverless_postgres.url import is_neon, masked

STATEMENT_TIMEOUT_S = 15
LOCK_TIMEOUT_S = 2
_LOCK_NOT_AVAILABLE = "55P03"
_QUERY_CANCELED = "57014"


class CatalogLockedError(UnavailableError):
    """A schema change has locked what is to be looked at."""


@dataclass(frozen=True, slots=True)
class Question:
    """SQL for one value of JSON, and what to make of that value."""

    sql: str
    judge: Callable[[Any, Inquiry], Section]


SECTIONS = {
    "queries": Question(queries.SQL, queries.judge),
    "connections": Question(connections.SQL, connections.judge),
    "indexes": Question(indexes.SQL, indexes.judge),
    "tables": Question(tables.SQL, tables.judge),
    "sequences": Question(sequences.SQL, sequences.judge),
    "settings": Question(configuration.SQL, configuration.judge),
}
"""The sections by name, in their order."""


@dataclass(frozen=True, slots=True)
class Report:
    """What was found in a database, by section, in their order; its URL has no password."""

    url: str
    about: Circumstances
    sections: Mapping[str, Section]

    @property
    def findings(self) -> list[Finding]:
        """All findings, the gravest first."""
        found = [item for section in self.sections.values() for item in section.findings]
        return sorted(found, key=lambda item: list(Severity).index(item.severity))

    @property
    def remarks(self) -> list[str]:
        """What limits the figures, in sentences."""
        about, found = self.about, []
        if about.is_young:
            found.append(
                "The server has counted for less than a day: that something was never used says "
                "little yet."
            )
        if about.is_neon:
            found.append("On Neon, counts may start over when the compute suspends.")
        if about.is_standby:
            found.append("This is a read replica: what the primary does is counted there.")
        if not about.sees_all:
            found.append(
                f"The role {about.role} sees only its own sessions and statements; for all of "
                f"them: GRANT pg_monitor TO {writing.quoted(about.role)};"
            )
        return found

    def as_json(self) -> dict[str, Any]:
        """Make the document that `--json` writes."""
        about = asdict(self.about) | {"is_young": self.about.is_young}
        return {
            "database": {"url": self.url, **about},
            "remarks": self.remarks,
            "sections": {name: item.facts for name, item in self.sections.items()},
            "findings": [asdict(item) for item in self.findings],
        }


def examine(
    connection: Connection,
    settings: PostgresSettings,
    *,
    aside: Sequence[str] = (),
    sections: Sequence[str] = (),
    limit: int = 10,
) -> Report:
    """Ask a database for some sections of SECTIONS, or for all; `limit` rows of each table.

    `connection` is in no transaction, the pools are those of `settings`, and schemas that are put
    `aside` are left out. It reads in one short transaction, and waits neither long for locks nor
    for figures. Raises CatalogLockedError when the catalog is locked, UnavailableError when the
    figures take too long.
    """
    chosen = [name for name in SECTIONS if not sections or name in sections]
    connection.execution_options(isolation_level="READ COMMITTED")
    try:
        with connection.begin():
            about, answers = _ask(connection, chosen, aside)
            inquiry = Inquiry(connection, about, settings, limit)
            judged = {
                name: SECTIONS[name].judge(answer, inquiry) for name, answer in answers.items()
            }
    except DBAPIError as error:
        raise _explained(error) from error
    return Report(masked(connection.engine.url), about, judged)


def _ask(
    connection: Connection, chosen: Sequence[str], aside: Sequence[str]
) -> tuple[Circumstances, dict[str, Any]]:
    """Ask everything in one round trip: the database may be far away."""
    limits = (
        "SET TRANSACTION READ ONLY; "
        f"SET LOCAL statement_timeout = '{STATEMENT_TIMEOUT_S}s'; "
        f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT_S}s'; "
    )
    parts = [circumstances.SQL, *(SECTIONS[name].sql for name in chosen)]
    parameters = {
        "is_neon": is_neon(connection.engine.url),
        "aside": ["information_schema", *aside],
        "long_statement_s": activity.LONG_S,
        "long_transaction_s": connections.LONG_S,
    }
    # As text: an engine may have its own way with JSON.
    sql = limits + "SELECT " + ", ".join(f"({part})::text" for part in parts)
    # nosemgrep: sql-of-pieces  constants of the sections
    about, *answers = map(json.loads, connection.exec_driver_sql(sql, parameters).one())
    return Circumstances(**about), dict(zip(chosen, answers, strict=True))


def _explained(error: DBAPIError) -> UnavailableError:
    state = getattr(original(error), "pgcode", None)
    if state == _LOCK_NOT_AVAILABLE:
        message = "A schema change has locked what is to be looked at: try again soon."
        return CatalogLockedError(message)
    if state == _QUERY_CANCELED:
        return UnavailableError(
            f"The database took more than {STATEMENT_TIMEOUT_S} s to answer: ask for one section, "
            "such as connections."
        )
    said = " ".join(str(original(error)).split())
    return UnavailableError(f"The statistics can't be read: {said}.")
