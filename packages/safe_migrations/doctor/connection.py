"""Checks of the way to the server: whether it lets one in, how soon, and what stands between."""

from sqlalchemy.exc import OperationalError

from plain_commands.errors import ConfigurationError
from safe_migrations import inspection
from safe_migrations.doctor.finding import Finding, error, fine, skipped, warning
from safe_migrations.doctor.patient import Answering, Patient
from safe_migrations.target import connected, goes_through_pooler, measured_connect_s
from serverless_postgres import neon_url, url_text
from serverless_postgres.refusals import refusal
from serverless_postgres.url import is_pooled, make_direct, masked, parse

SLOW_S = 0.3
"""Connecting for longer than this gets an explanation."""


def connection(patient: Patient) -> Finding:
    """Check that the database lets one in; each reason why not is told apart."""
    target, database = patient.target, patient.database
    if isinstance(database, Answering):
        return _speed(database, timeout_s=patient.settings.connect_timeout_s)
    if isinstance(target, ConfigurationError) or database is None:
        return skipped("There is no URL to connect to.")
    return error(
        f"Could not connect to {masked(target.url)}: {_named(database.said, target.source)}",
        _named(database.mend, target.source),
    )


def pooling(patient: Patient, database: Answering) -> Finding:
    """Check that schema changes don't go through a pooler."""
    target, settings = database.target, patient.settings
    given = settings.direct_database_url
    if target.source == "DIRECT_DATABASE_URL" and given and is_pooled(given):
        return warning(
            "DIRECT_DATABASE_URL is Neon's pooled URL; it is made direct here (-pooler is cut).",
            "Cut -pooler from the host in DIRECT_DATABASE_URL, or unset it.",
        )
    if goes_through_pooler(target, database.connection, database.server):
        return error(
            f"{target.source} leads to a pooler, and schema changes would go through it: locks "
            "and settings of a session get lost there.",
            "Set DIRECT_DATABASE_URL (`direct_database_url` in the settings of Migrate) to the "
            "server itself (PgBouncer is often on port 6432, Postgres on 5432).",
        )
    pooled = settings.database_url
    if target.source == settings.database_url_name and pooled and is_pooled(pooled):
        return fine(f"{target.source} is pooled; schema changes go past it, to {target.url.host}.")
    return fine("Schema changes go to the server directly.")


def direct_url(patient: Patient, database: Answering) -> Finding:
    """Check that DIRECT_DATABASE_URL leads to the database of DATABASE_URL."""
    settings = patient.settings
    if not settings.direct_database_url:
        pooled = goes_through_pooler(database.target, database.connection, database.server)
        needed = "" if pooled else ", and not needed: DATABASE_URL is made direct"
        return (skipped if pooled else fine)(f"DIRECT_DATABASE_URL is not set{needed}.")
    if not settings.database_url:
        return warning(
            "DIRECT_DATABASE_URL is set and DATABASE_URL is not: schema changes go there, and the "
            "service itself has no database.",
            "Set DATABASE_URL in the environment or in .env.",
        )
    try:
        is_same = _is_same(patient, database)
    except ConfigurationError as complaint:
        return error(complaint.detail, f"Correct DATABASE_URL: {url_text.FORM}")
    except OperationalError as trouble:
        reason = refusal(str(trouble.orig))
        return error(f"Could not connect to DATABASE_URL: {reason.said}", reason.mend)
    if is_same:
        return fine("DIRECT_DATABASE_URL and DATABASE_URL lead to the same database.")
    return error(
        "DIRECT_DATABASE_URL leads to another database than DATABASE_URL: the schema of "
        f"{masked(settings.direct_database_url)} would change, while the application uses "
        f"{masked(settings.database_url)}.",
        "Unset DIRECT_DATABASE_URL if DATABASE_URL is Neon's (it is made direct), or correct it.",
    )


def _is_same(patient: Patient, database: Answering) -> bool:
    settings = patient.settings
    one = url_text.read(settings.database_url or "")
    other = url_text.read(settings.direct_database_url or "", "DIRECT_DATABASE_URL")
    if neon_url.is_neon(one) and neon_url.is_neon(other):
        # An endpoint is one compute of one branch; asking would wake it.
        return _neon_place(one) == _neon_place(other)
    url = make_direct(parse(settings.database_url or ""))
    with connected(url, timeout_s=settings.connect_timeout_s) as asked:
        found = inspection.server(asked)
    known = database.server
    return (found.began, found.database) == (known.began, known.database)


def _neon_place(parts: url_text.Parts) -> tuple[str, str]:
    return neon_url.endpoint(parts.hosts[0][0]), parts.database


def _named(text: str, name: str) -> str:
    """Say which variable is meant; refusals speak of DATABASE_URL."""
    return text.replace("DATABASE_URL", name)


def _speed(database: Answering, *, timeout_s: int) -> Finding:
    took = f"{database.connect_s:.2f} s"
    if database.connect_s <= SLOW_S:
        return fine(f"The server accepts connections, after {took}.")
    again_s = measured_connect_s(database.target.url, timeout_s=timeout_s)
    if again_s > SLOW_S:
        return warning(
            f"Connecting took {took}, then {again_s:.2f} s: the network to the server is slow.",
            "Run the application in the region of its database.",
        )
    slept = "it had scaled to zero, as it does after 5 idle minutes, and was woken"
    reason = slept if database.target.is_neon else "it was asleep, or busy"
    return fine(f"Connecting took {took}, then {again_s:.2f} s: {reason}.")
