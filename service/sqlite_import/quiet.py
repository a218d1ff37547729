"""Whether anybody still works on the old tables: who holds them, what changes, which runs are open.

Nothing is locked for that, and nobody is hindered: what is written after the look is the barrier's.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from psycopg2 import extensions
from psycopg2.sql import SQL

from safe_migrations.errors import LockedError

QUIET_S = 20.0
"""How long nothing may be written; an idle session keeps what it has counted to itself for 10 s."""
RECENT_S = 600
"""How long ago a run that is open was last worked on, if somebody still does."""
SIGN_OF_LIFE_S = 30.0
LOOK_EVERY_S = 1.0

# Sessions that hold the tables, or are in a transaction that has changed something: it may be them.
_SESSIONS = """
    SELECT a.pid, coalesce(nullif(a.application_name, ''), 'unnamed'), a.usename::text,
           coalesce(a.state, 'unknown')
    FROM pg_stat_activity a
    WHERE a.datname = current_database() AND a.pid <> pg_backend_pid()
    AND a.backend_type = 'client backend'
    AND EXISTS (SELECT FROM pg_locks l WHERE l.pid = a.pid AND l.relation = ANY(%s::regclass[]))
    ORDER BY 1
"""
_CHANGES = """
    SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0)::bigint
    FROM pg_stat_user_tables WHERE relid = ANY(%s::regclass[])
"""
# Somebody may have given times and the status other types.
_OPEN = SQL("""
    SET LOCAL timezone = 'UTC';
    SELECT count(*) FROM {workflows} AS run
    WHERE status::text NOT IN ('completed', 'failed', 'cancelled')
    AND greatest(run.updated_at::text::timestamp, run.created_at::text::timestamp,
                 (SELECT max(greatest(started_at::text::timestamp, completed_at::text::timestamp))
                  FROM {nodes} AS step WHERE step.workflow_id = run.id))
        > now() AT TIME ZONE 'UTC' - make_interval(secs => %s)
""")


@dataclass(frozen=True, slots=True)
class Session:
    """Another session that is at the tables."""

    pid: int
    application: str
    role: str
    state: str

    def __str__(self) -> str:
        """Name it."""
        return f"pid {self.pid} ({self.role}, {self.application}, {self.state})"


@dataclass(frozen=True, slots=True)
class Activity:
    """What goes on: sessions at the tables, all changes that were ever counted, open runs."""

    sessions: tuple[Session, ...]
    changes: int
    open_runs: int

    def reasons(self) -> str:
        """Say for whom to wait; empty when there is nobody to be seen."""
        said = []
        if self.open_runs:
            runs = "workflow" if self.open_runs == 1 else "workflows"
            said.append(f"{self.open_runs:,} open {runs} changed within {RECENT_S // 60} minutes")
        if self.sessions:
            said.append("at the tables: " + ", ".join(map(str, self.sessions)))
        return "; ".join(said)


def look(cursor: extensions.cursor, tables: Mapping[str, str]) -> Activity:
    """Look once; `tables` are the old ones and where they are, as `public.users`."""
    places = list(tables.values())
    cursor.execute(_SESSIONS, (places,))
    sessions = tuple(Session(*row) for row in cursor)
    cursor.execute(_CHANGES, (places,))
    (changes,) = cursor.fetchone() or (0,)
    runs, steps = SQL(tables["workflows"]), SQL(tables["nodes"])
    cursor.execute(_OPEN.format(workflows=runs, nodes=steps), (RECENT_S,))
    (open_runs,) = cursor.fetchone() or (0,)
    return Activity(sessions, changes, open_runs)


def wait_for_quiet(
    looked: Callable[[], Activity | None], say: Callable[[str], None], *, most_s: float
) -> None:
    """Wait until nobody has worked on the tables for a while; LockedError after `most_s` seconds.

    `looked` looks, in a transaction that ends with it; there is nobody to wait for when it finds
    no such tables.
    """
    began = since = told = time.monotonic()
    last, is_told = looked(), False
    while last is not None:
        now, reasons = time.monotonic(), last.reasons()
        since = now if reasons else since
        if now - since >= QUIET_S:
            return
        for_whom = f" ({reasons})" if reasons else ""
        if now - began > most_s:
            message = (
                f"The old planner did not rest within {most_s / 60:g} minutes{for_whom}; nothing "
                "was changed. Stop it, or run the command again when there is less going on."
            )
            raise LockedError(message)
        if not is_told or now - told >= SIGN_OF_LIFE_S:
            verb = f"Still waiting, since {now - began:.0f} s," if is_told else "Waiting"
            say(
                f"{verb} until nobody has worked on the old tables for {QUIET_S:g} s, for at most "
                f"{most_s / 60:g} minutes{for_whom} ..."
            )
            told, is_told = now, True
        time.sleep(LOOK_EVERY_S)
        found = looked()
        if found and found.changes != last.changes:
            since = time.monotonic()
        last = found
