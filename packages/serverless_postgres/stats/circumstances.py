"""What all sections need to know of a server before they judge its figures."""

from dataclasses import dataclass

from sqlalchemy import Connection

from serverless_postgres.settings import PostgresSettings

DAY_S = 86_400
"""Counters younger than this say little about what is never used."""

# Counters start with the database, at a reset (pg_stat_database.stats_reset) or after a crash,
# which resets those of the background writer, too. On Neon they may also start with the compute.
SQL = """
SELECT json_build_object(
  'version', current_setting('server_version'),
  'major', current_setting('server_version_num')::int / 10000,
  'database', current_database(),
  'database_bytes', CASE WHEN has_database_privilege(current_database(), 'CONNECT')
    THEN pg_database_size(current_database()) END,
  'role', current_user,
  'sees_all', pg_has_role('pg_read_all_stats', 'USAGE'),
  'is_standby', pg_is_in_recovery(),
  'is_neon', %(is_neon)s,
  'counted_s', extract(epoch FROM clock_timestamp() - greatest(
    (SELECT stats_reset FROM pg_stat_database WHERE datname = current_database()),
    (SELECT stats_reset FROM pg_stat_bgwriter),
    CASE WHEN %(is_neon)s THEN pg_postmaster_start_time() END)))
"""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """A server and the role that asks it.

    `counted_s` is for how long its counters have been counting, None if nobody knows; `sees_all` is
    whether the role may look at other roles' sessions and statements.
    """

    version: str
    major: int
    database: str
    database_bytes: int | None
    role: str
    sees_all: bool
    is_standby: bool
    is_neon: bool
    counted_s: float | None

    @property
    def is_young(self) -> bool:
        """Whether the counters have not seen a whole day."""
        return self.counted_s is None or self.counted_s < DAY_S


@dataclass(frozen=True, slots=True)
class Inquiry:
    """One look at a server, in a transaction of `connection`; `limit` rows of each table."""

    connection: Connection
    about: Circumstances
    settings: PostgresSettings
    limit: int
