"""The check of DATABASE_READ_URL: the service goes on without a replica, and says little of it."""

from sqlalchemy.exc import OperationalError

from plain_commands.errors import ConfigurationError
from safe_migrations import inspection
from safe_migrations.doctor.finding import Finding, error, fine, warning
from safe_migrations.doctor.patient import Answering, Patient
from safe_migrations.inspection import Replication
from safe_migrations.target import connected
from serverless_postgres import url_text
from serverless_postgres.refusals import refusal
from serverless_postgres.url import masked, parse

FAR_BEHIND_S = 10.0
"""A replica that is further behind gets a warning."""

_NAME = "DATABASE_READ_URL"
_MEANWHILE = "The primary answers all reads."


def read_replica(patient: Patient, database: Answering) -> Finding:
    """Check that DATABASE_READ_URL leads to a replica of the database, and how far it is behind."""
    settings = patient.settings
    given = settings.database_read_url
    if not given:
        return fine(f"{_NAME} is not set: the primary answers all reads.")
    try:
        url = parse(given, _NAME)
        with connected(url, timeout_s=settings.connect_timeout_s) as asked:
            found = inspection.replication(asked)
    except ConfigurationError as complaint:
        return error(complaint.detail, f"Correct {_NAME}: {url_text.FORM}")
    except OperationalError as trouble:
        reason = refusal(str(trouble.orig))
        said = reason.said.replace("DATABASE_URL", _NAME)
        return error(
            f"Could not connect to {masked(url)}: {said} {_MEANWHILE}",
            reason.mend.replace("DATABASE_URL", _NAME),
        )
    return _judged(found, database)


def _judged(found: Replication, database: Answering) -> Finding:
    if found.behind_s is None:
        return error(
            f"{_NAME} leads to a server that replicates no other. {_MEANWHILE}",
            f"Set {_NAME} to the URL of a read replica, or unset it.",
        )
    known = inspection.replication(database.connection)
    if (found.origin, found.database) != (known.origin, known.database):
        return error(
            f"{_NAME} leads to a replica of another database: reads would show what is there.",
            f"Set {_NAME} to a replica of {masked(database.target.url)}, or unset it.",
        )
    if found.behind_s > FAR_BEHIND_S:
        return warning(
            f"The read replica is {found.behind_s:.0f} s behind: whoever has written since is "
            "answered by the primary.",
            "SELECT client_addr, state, replay_lag FROM pg_stat_replication;",
        )
    return fine(f"The read replica is {found.behind_s:.1f} s behind.")
