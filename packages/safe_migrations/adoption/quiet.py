"""Whether anybody still works on the old tables: who holds them, what changes, what is open.

Nothing is locked for that, and nobody is hindered: what is written after the look is the barrier's.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from psycopg2 import extensions

from safe_migrations.adoption.takeover import opening
from safe_migrations.errors import LockedError

QUIET_S = 20.0
"""How long nothing may be written; an idle session keeps what it has counted to itself for 10 s."""
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
    """What goes on: sessions at the tables, all changes ever counted, other signs of work."""

    sessions: tuple[Session, ...]
    changes: int
    open_work: str = ""

    def reasons(self) -> str:
        """Say for whom to wait; empty when there is nobody to be seen."""
        said = [self.open_work] if self.open_work else []
        if self.sessions:
            said.append("at the tables: " + ", ".join(map(str, self.sessions)))
        return "; ".join(said)


def look(cursor: extensions.cursor, tables: Sequence[str], open_work: str = "") -> Activity:
    """Look once; `tables` are the old ones, named as `public.users`.

    `open_work` says what the caller has found in them that somebody seems to be working on.
    """
    places = list(tables)
    cursor.execute(_SESSIONS, (places,))
    sessions = tuple(Session(*row) for row in cursor)
    cursor.execute(_CHANGES, (places,))
    (changes,) = cursor.fetchone() or (0,)
    return Activity(sessions, changes, open_work)


def wait_for_quiet(
    looked: Callable[[], Activity | None],
    say: Callable[[str], None],
    *,
    most_s: float,
    program: str = "the old program",
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
                f"{opening(program)} was still at work after {most_s / 60:g} minutes{for_whom}; "
                "nothing was changed. Stop it, or run the command again when there is less going "
                "on."
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
