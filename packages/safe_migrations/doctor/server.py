"""Checks of the server: version, clock, what the role may do, and who is in the way."""

from safe_migrations import inspection
from safe_migrations.doctor.finding import Finding, error, fine, listed, skipped, warning
from safe_migrations.doctor.patient import Answering, Patient
from safe_migrations.inspection import Session

OLDEST_MAJOR = 14
CLOCK_TOLERANCE_S = 5
LONG_S = 60
NEARLY_USED = 0.8
SHOWN = 5


def version(_patient: Patient, database: Answering) -> Finding:
    """Check that the server is not too old for what revisions use."""
    server = database.server
    if server.major < OLDEST_MAJOR:
        return error(
            f"The server is PostgreSQL {server.version}; {OLDEST_MAJOR} or later is needed.",
            "Upgrade the server (pg_upgrade), or make a Neon project with a newer one.",
        )
    return fine(f"The server is PostgreSQL {server.version}.")


def clock(_patient: Patient, database: Answering) -> Finding:
    """Check that this machine and the server agree about the time."""
    ahead_s = database.clock_ahead_s
    if abs(ahead_s) <= CLOCK_TOLERANCE_S:
        return fine(f"The clocks of this machine and of the server differ by {abs(ahead_s):.1f} s.")
    way = "ahead of" if ahead_s > 0 else "behind"
    return warning(
        f"The server's clock is {abs(ahead_s):.0f} s {way} this machine's: times that the service "
        "and the database set do not fit together.",
        "sudo timedatectl set-ntp true   (a virtual machine that slept: restart it)",
    )


def time_zone(patient: Patient, database: Answering) -> Finding:
    """Check that no column depends on a session's time zone."""
    if inspection.foreign(database.connection, patient.project):
        return skipped("Times are not looked at: the tables are not those of the models.")
    zone = database.server.time_zone
    if naive := inspection.naive_timestamps(database.connection, patient.project.aside):
        table, column = naive[0].rsplit(".", 1)
        return warning(
            f"{listed(naive)}: timestamp without time zone, so that what it means depends on who "
            f"wrote it (TimeZone of the database: {zone}).",
            f"ALTER TABLE {table} ALTER COLUMN {column} TYPE timestamptz "
            f"USING {column} AT TIME ZONE 'UTC'   (in a revision; it rewrites the table)",
        )
    if zone not in {"UTC", "Etc/UTC", "GMT"}:
        return fine(
            f"TimeZone is {zone}, which is harmless: all times are timestamptz, and the service "
            "asks for UTC in its own sessions."
        )
    return fine("TimeZone is UTC, and all times are timestamptz.")


def privileges(_patient: Patient, database: Answering) -> Finding:
    """Check that the role may change the schema."""
    role = database.server.role
    if not inspection.may_create(database.connection):
        return error(
            f"The role {role} may not create tables in the schema public.",
            f'GRANT CREATE ON SCHEMA public TO "{role}";   (as its owner)',
        )
    if others := inspection.foreign_tables(database.connection):
        return error(
            f"The role {role} does not own {listed(others)}: only owners may change tables.",
            f'ALTER TABLE {others[0]} OWNER TO "{role}";   (as its owner, for each of them)',
        )
    return fine(f"The role {role} may create and change tables.")


def idle_sessions(_patient: Patient, database: Answering) -> Finding:
    """Look for clients that went away in the middle of a transaction, and still hold locks."""
    found = [
        item for item in inspection.long_transactions(database.connection, LONG_S) if item.is_idle
    ]
    found = [item for item in found if item.idle_s >= LONG_S]
    if not found:
        return fine("No session is idle in a transaction.")
    return error(
        "Idle in a transaction, with locks that an upgrade would wait for: "
        f"{'; '.join(map(_session, found[:SHOWN]))}.",
        "\n".join(f"SELECT pg_terminate_backend({item.pid});" for item in found[:SHOWN]),
    )


def transactions(_patient: Patient, database: Answering) -> Finding:
    """Look for statements that have been running for long and would block an upgrade."""
    found = [
        item
        for item in inspection.long_transactions(database.connection, LONG_S)
        if not item.is_idle
    ]
    if not found:
        return fine("No transaction has been running for more than a minute.")
    return warning(
        f"To wait for: {'; '.join(map(_session, found[:SHOWN]))}.",
        "\n".join(
            ["Wait, or cancel it:"]
            + [f"SELECT pg_cancel_backend({item.pid});" for item in found[:SHOWN]]
        ),
    )


def sequences(patient: Patient, database: Answering) -> Finding:
    """Look for sequences that will run out of numbers."""
    found = inspection.used_sequences(database.connection, NEARLY_USED, patient.project.aside)
    if not found:
        return fine("No sequence is running out of numbers.")
    names = [f"{item.name} ({item.used:.0%} used)" for item in found]
    return warning(
        f"Running out of numbers: {listed(names)}.",
        f"ALTER SEQUENCE {found[0].name} AS bigint;   (and its column, in a revision)",
    )


def _session(item: Session) -> str:
    name = f", {item.application}" if item.application else ""
    return (
        f"pid {item.pid} ({item.role}{name}), since {item.open_s} s, on {listed(item.tables)}"
        f", last: {item.query}"
    )
