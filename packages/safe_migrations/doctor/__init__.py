"""`flask db doctor`: looks for what is wrong around the database, and says how to mend it."""

from collections.abc import Callable
from dataclasses import dataclass

from psycopg2.errors import InsufficientPrivilege
from sqlalchemy.exc import ProgrammingError

from safe_migrations.doctor import (
    comparison,
    configuration,
    connection,
    leftovers,
    replica,
    revisions,
    server,
)
from safe_migrations.doctor.finding import Finding, State, error, skipped
from safe_migrations.doctor.patient import Answering, Patient, admitted
from safe_migrations.errors import ExitCode
from safe_migrations.project import Project

BEFORE_CONNECTING: dict[str, Callable[[Patient], Finding]] = {
    "url": configuration.url,
    "tls": configuration.tls,
    "connection": connection.connection,
    "heads": revisions.heads,
}
"""The checks that need no database."""

ONCE_CONNECTED: dict[str, Callable[[Patient, Answering], Finding]] = {
    "pooling": connection.pooling,
    "direct-url": connection.direct_url,
    "read-replica": replica.read_replica,
    "version": server.version,
    "privileges": server.privileges,
    "clock": server.clock,
    "time-zone": server.time_zone,
    "revision": revisions.revision,
    "interrupted": revisions.interrupted,
    "backfills": revisions.backfills,
    "models": comparison.models,
    "invalid-indexes": leftovers.invalid_indexes,
    "constraints": leftovers.unvalidated_constraints,
    "idle-sessions": server.idle_sessions,
    "transactions": server.transactions,
    "sequences": server.sequences,
}
"""The checks that ask the database."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What all checks found, by the name of the check, in their order."""

    findings: dict[str, Finding]

    @property
    def exit_code(self) -> ExitCode:
        """The verdict: the gravest that was found, plain errors before heads before pending."""
        found = {item.exit_code for item in self.findings.values()}
        order = (ExitCode.ERROR, ExitCode.SEVERAL_HEADS, ExitCode.BEHIND)
        return next((code for code in order if code in found), ExitCode.OK)


def examine(project: Project, x: tuple[str, ...] = ()) -> Diagnosis:
    """Run all checks on the database of a project; `x` are the arguments for env.py.

    Raises nothing because of what is wrong: that is what it tells of.
    """
    with admitted(project, x) as patient:
        findings = {name: check(patient) for name, check in BEFORE_CONNECTING.items()}
        are_readable = findings["heads"].exit_code != ExitCode.ERROR
        for name, ask in ONCE_CONNECTED.items():
            if not isinstance(patient.database, Answering):
                findings[name] = skipped("There is no connection to ask.")
            elif name in {"revision", "models"} and not are_readable:
                findings[name] = skipped("The revisions can't be read.")
            else:
                findings[name] = _answered(ask, patient, patient.database)
    return Diagnosis(findings)


def _answered(
    ask: Callable[[Patient, Answering], Finding], patient: Patient, database: Answering
) -> Finding:
    try:
        return ask(patient, database)
    except ProgrammingError as refused:
        if not isinstance(refused.orig, InsufficientPrivilege):
            raise
        role = database.server.role
        return error(
            f"{role} may not look at that: {str(refused.orig).splitlines()[0]}.",
            f'GRANT SELECT ON ALL TABLES IN SCHEMA public TO "{role}";',
        )


__all__ = ["BEFORE_CONNECTING", "ONCE_CONNECTED", "Diagnosis", "Finding", "State", "examine"]
