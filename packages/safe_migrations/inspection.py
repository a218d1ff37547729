"""Questions to a database's catalog that `doctor` and `status` share; all of them only read.

Facts: PostgreSQL 18, 52 "System Catalogs" and 27.2 "The Cumulative Statistics System".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from plain_commands.errors import ConfigurationError
from safe_migrations.applied import READ, Applied, read
from safe_migrations.foreign import Foreign, find
from safe_migrations.project import Project
from safe_migrations.tool_tables import HISTORY, TOOL_TABLES


@dataclass(frozen=True, slots=True)
class Server:
    """What a server says of itself and of this connection's session.

    `time_zone` is what the database or the role is set to, whatever this process asked for.
    `began` is when it started: two connections with the same lead to the same server. `backend` is
    the process that serves the session.
    """

    version: str
    version_number: int
    database: str
    role: str
    time_zone: str
    now: datetime
    began: datetime
    backend: int

    @property
    def major(self) -> int:
        """The version's first number."""
        return self.version_number // 10_000


@dataclass(frozen=True, slots=True)
class Replication:
    """Whose data a server has: `origin` is the same for a primary and its replicas.

    `behind_s` is how old at most what a replica shows is, and None for a primary.
    """

    origin: str
    database: str
    behind_s: float | None


@dataclass(frozen=True, slots=True)
class InvalidIndex:
    """An index that a failed concurrent build left; writes maintain it, queries don't use it."""

    name: str
    table: str
    is_being_built: bool


@dataclass(frozen=True, slots=True)
class UnvalidatedConstraint:
    """A constraint that holds for new rows, and was never checked for the old ones."""

    table: str
    name: str


@dataclass(frozen=True, slots=True)
class Session:
    """Another connection whose transaction has been open for long, with locks on tables."""

    pid: int
    role: str
    application: str
    state: str
    open_s: int
    idle_s: int
    tables: list[str]
    query: str

    @property
    def is_idle(self) -> bool:
        """Whether it waits for its client, doing nothing."""
        return self.state.startswith("idle in transaction")


@dataclass(frozen=True, slots=True)
class UsedSequence:
    """A sequence and how much of its numbers is used, from 0 to 1."""

    name: str
    used: float


NOT_LOOKED_AT = "n.nspname !~ '^(pg_|information_schema$)' AND n.nspname IS DISTINCT FROM %s"
"""Leaves out the server's own schemas, and the one that holds what was moved aside (or None)."""

# The special before the general (PostgreSQL 18, ALTER ROLE, "Notes").
_SET_TIME_ZONE = (
    "SELECT split_part(item, '=', 2) FROM pg_db_role_setting, unnest(setconfig) AS item "
    "WHERE lower(split_part(item, '=', 1)) = 'timezone' "
    "AND setrole IN (0, (SELECT oid FROM pg_roles WHERE rolname = current_user)) "
    "AND setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database())) "
    "ORDER BY setrole <> 0 DESC, setdatabase <> 0 DESC LIMIT 1"
)


def server(connection: Connection) -> Server:
    """Ask a server about itself."""
    row = _rows(
        connection,
        "SELECT current_setting('server_version'), current_setting('server_version_num')::int, "
        f"current_database(), current_user::text, coalesce(({_SET_TIME_ZONE}), "
        "current_setting('TimeZone')), clock_timestamp(), pg_postmaster_start_time(), "
        "pg_backend_pid()",
    )[0]
    return Server(*row)


def replication(connection: Connection) -> Replication:
    """Ask a server whose data it has, and how far behind it is.

    On Neon all branches of a project come of one initdb; there the branch's timeline tells.
    """
    row = _rows(
        connection,
        "SELECT coalesce(current_setting('neon.timeline_id', true), "
        "(SELECT system_identifier::text FROM pg_control_system())), current_database(), "
        "CASE WHEN NOT pg_is_in_recovery() THEN NULL "
        "WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0 "
        "ELSE coalesce(extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()), 0) "
        "END::float",
    )[0]
    return Replication(*row)


def invalid_indexes(connection: Connection, aside: str | None) -> list[InvalidIndex]:
    """Find the indexes that are not valid, also those that are being built right now."""
    return [
        InvalidIndex(*row)
        for row in _rows(
            connection,
            "SELECT i.indexrelid::regclass::text, i.indrelid::regclass::text, EXISTS ("  # noqa: S608  constants
            "SELECT FROM pg_stat_progress_create_index p WHERE p.index_relid = i.indexrelid) "
            "FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
            "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE NOT i.indisvalid "
            f"AND {NOT_LOOKED_AT} ORDER BY 1",
            (aside,),
        )
    ]


def unvalidated_constraints(
    connection: Connection, aside: str | None
) -> list[UnvalidatedConstraint]:
    """Find the constraints that were added NOT VALID and never validated."""
    return [
        UnvalidatedConstraint(*row)
        for row in _rows(
            connection,
            "SELECT k.conrelid::regclass::text, k.conname::text FROM pg_constraint k "  # noqa: S608  constants
            "JOIN pg_namespace n ON n.oid = k.connamespace "
            "WHERE NOT k.convalidated AND k.conrelid <> 0 "
            f"AND {NOT_LOOKED_AT} ORDER BY 1, 2",
            (aside,),
        )
    ]


def naive_timestamps(connection: Connection, aside: str | None) -> list[str]:
    """Find the columns of type `timestamp without time zone`, as `table.column`."""
    return _names(
        connection,
        "SELECT a.attrelid::regclass || '.' || quote_ident(a.attname) FROM pg_attribute a "  # noqa: S608  constants
        "JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE a.atttypid = 'timestamp'::regtype AND NOT a.attisdropped AND a.attnum > 0 "
        f"AND c.relkind IN ('r', 'p') AND {NOT_LOOKED_AT} ORDER BY 1",
        (aside,),
    )


def used_sequences(
    connection: Connection, threshold: float, aside: str | None
) -> list[UsedSequence]:
    """Find the sequences that have given out more than a part of their numbers."""
    return [
        UsedSequence(*row)
        for row in _rows(
            connection,
            "SELECT name, used FROM (SELECT format('%%I.%%I', schemaname, sequencename) AS name, "
            "last_value::float8 / max_value AS used FROM pg_sequences "
            "WHERE schemaname IS DISTINCT FROM %s AND increment_by > 0 AND NOT cycle) AS sequences "
            "WHERE used > %s ORDER BY 1",
            (aside, threshold),
        )
    ]


def long_transactions(connection: Connection, longer_than_s: int) -> list[Session]:
    """Find the other transactions on this database that hold locks on tables for long."""
    return [
        Session(*row)
        for row in _rows(
            connection,
            "SELECT s.pid, s.usename::text, s.application_name, s.state, "
            "extract(epoch FROM clock_timestamp() - s.xact_start)::int, "
            "extract(epoch FROM clock_timestamp() - s.state_change)::int, "
            "(SELECT array_agg(DISTINCT l.relation::regclass::text) FROM pg_locks l "
            "JOIN pg_class c ON c.oid = l.relation JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE l.pid = s.pid AND c.relkind IN ('r', 'p', 'm') "
            "AND n.nspname !~ '^(pg_|information_schema$)') AS tables, "
            "left(regexp_replace(s.query, '\\s+', ' ', 'g'), 100) "
            "FROM pg_stat_activity s WHERE s.datname = current_database() "
            "AND s.pid <> pg_backend_pid() AND s.backend_type = 'client backend' "
            "AND s.xact_start < clock_timestamp() - make_interval(secs => %s) "
            "ORDER BY s.xact_start",
            (longer_than_s,),
        )
        if row[6]
    ]


def may_create(connection: Connection) -> bool:
    """Tell whether the role may create tables in the schema public."""
    return bool(_rows(connection, "SELECT has_schema_privilege('public', 'CREATE')")[0][0])


def foreign_tables(connection: Connection) -> list[str]:
    """Find the tables that the role does not own, which it therefore can't change."""
    return _names(
        connection,
        "SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON "
        "n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p') AND n.nspname = 'public' "
        "AND NOT pg_has_role(c.relowner, 'USAGE') ORDER BY 1",
    )


def stored_revisions(connection: Connection) -> tuple[str, ...] | None:
    """Read the revisions of the database; None when it has no table `alembic_version`."""
    if not _exists(connection, "alembic_version"):
        return None
    return tuple(_names(connection, "SELECT version_num::text FROM alembic_version ORDER BY 1"))


def history(connection: Connection) -> tuple[Applied, ...]:
    """Read what the database tells of the revisions that were applied."""
    return read(_rows(connection, READ)) if _exists(connection, HISTORY) else ()


def foreign(connection: Connection, project: Project) -> Foreign | None:
    """Find what stands where the models' tables belong; None: nothing, or they themselves."""
    stored = stored_revisions(connection)
    if stored and not _rows(connection, f"SELECT {project.is_suspect}")[0][0]:
        return None
    return find(lambda sql: connection.exec_driver_sql(sql).all(), stored, project)


def check_tables(connection: Connection, project: Project) -> None:
    """Raise ConfigurationError when other tables stand where the models' belong."""
    found = foreign(connection, project)
    if found is not None:
        raise ConfigurationError(str(found))


def tables(connection: Connection) -> list[str]:
    """Name the tables of the schema public, without those of the commands themselves."""
    return _names(
        connection,
        "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' "
        "AND tablename <> ALL (%s) ORDER BY 1",
        (list(TOOL_TABLES),),
    )


def interrupted_revisions(connection: Connection) -> list[str]:
    """Find the revisions of which some statements are committed, and others not."""
    if not _exists(connection, "schema_progress"):
        return []
    return _names(connection, "SELECT DISTINCT revision::text FROM schema_progress ORDER BY 1")


def unfinished_backfills(connection: Connection) -> list[str]:
    """Find the backfills that were begun and are not finished."""
    if not _exists(connection, "backfills"):
        return []
    return _names(
        connection, "SELECT name::text FROM backfills WHERE finished_at IS NULL ORDER BY 1"
    )


def _exists(connection: Connection, table: str) -> bool:
    return bool(_rows(connection, "SELECT to_regclass(%s) IS NOT NULL", (table,))[0][0])


def _names(connection: Connection, sql: str, parameters: tuple[Any, ...] = ()) -> list[str]:
    return [row[0] for row in _rows(connection, sql, parameters)]


def _rows(connection: Connection, sql: str, parameters: tuple[Any, ...] = ()) -> Sequence[Any]:
    # Parameters are always given, so that %% is % in all of these texts.
    return connection.exec_driver_sql(sql, parameters).all()
