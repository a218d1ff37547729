"""Tells a person who waits what a long statement is doing, and lets Ctrl-C end it."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from socket import socket, socketpair
from threading import Event, Thread, current_thread, main_thread
from typing import Any

import psycopg2

FIRST_AFTER_S = 2.0
THEN_EVERY_S = 5.0
_LOOK_EVERY_S = 0.25
_SHOWN = 100

# What Postgres tells of a running command (documentation, 27.4 Progress Reporting), and who keeps
# it waiting.
_LOOK = """
    SELECT coalesce(i.phase, c.phase, v.phase),
           CASE WHEN i.blocks_total > 0 THEN 100.0 * i.blocks_done / i.blocks_total
                WHEN i.tuples_total > 0 THEN 100.0 * i.tuples_done / i.tuples_total
                WHEN c.heap_blks_total > 0 THEN 100.0 * c.heap_blks_scanned / c.heap_blks_total
                WHEN v.heap_blks_total > 0 THEN 100.0 * v.heap_blks_scanned / v.heap_blks_total
           END,
           (SELECT string_agg(format('pid %%s (%%s, %%s for %%s s)', b.pid,
                       coalesce(nullif(b.application_name, ''), 'unnamed'), b.state,
                       extract(epoch FROM clock_timestamp() - b.state_change)::int), ', ')
            FROM pg_stat_activity b WHERE b.pid = ANY (pg_blocking_pids(a.pid)))
    FROM pg_stat_activity a
    LEFT JOIN pg_stat_progress_create_index i USING (pid)
    LEFT JOIN pg_stat_progress_cluster c USING (pid)
    LEFT JOIN pg_stat_progress_vacuum v USING (pid)
    WHERE a.pid = %s
"""


class Progress:
    """Watches the statement between `begin` and `end`, in a thread."""

    def __init__(
        self, fetch: Callable[..., list[tuple[Any, ...]]], say: Callable[[str], None]
    ) -> None:
        self._fetch = fetch
        self._say = say
        self._statement: tuple[str, float] | None = None
        self._stopped = Event()
        self.pid: int | None = None
        self.cancel: Callable[[], None] | None = None
        """Ends the statement in the server."""
        self.blockers: str | None = None
        """Who last kept a statement waiting for a lock; remembered for an error."""

    @contextmanager
    def watch(self) -> Iterator[None]:
        """Watch for the length of a block."""
        self._stopped.clear()
        with _signals() as signals:
            thread = Thread(target=self._run, args=(signals,), daemon=True, name="schema-progress")
            thread.start()
            try:
                yield
            finally:
                self._stopped.set()
                thread.join()

    def begin(self, statement: str) -> None:
        """A statement is about to run."""
        self._statement = (" ".join(statement.split())[:_SHOWN], time.monotonic())

    def end(self) -> None:
        """It has ended."""
        self._statement = None

    def _run(self, signals: socket) -> None:
        seen, due = None, 0.0
        while not self._stopped.is_set():
            with suppress(TimeoutError):
                if signal.SIGINT in signals.recv(64) and self.cancel and self._statement:
                    self.cancel()
            current = self._statement
            if current is None:
                continue
            if current is not seen:
                seen, due = current, current[1] + FIRST_AFTER_S
            found = None
            # The work itself tells what is wrong with the database.
            with suppress(psycopg2.Error):
                found = self._look()
            if found and found[2]:
                self.blockers = found[2]
            if time.monotonic() >= due and self._statement is current:
                self._say(_line(*current, *(found or (None, None, None))))
                due = time.monotonic() + THEN_EVERY_S

    def _look(self) -> tuple[Any, ...] | None:
        rows = self._fetch(_LOOK, self.pid)
        return rows[0] if rows else None


@contextmanager
def _signals() -> Iterator[socket]:
    """Receive the numbers of signals also while the main thread waits in libpq.

    Python runs its own handlers only when that returns; then KeyboardInterrupt is raised as always.
    """
    receiver, sender = socketpair()
    with receiver, sender:
        receiver.settimeout(_LOOK_EVERY_S)
        sender.settimeout(0)
        if current_thread() is not main_thread():
            yield receiver
            return
        before = signal.set_wakeup_fd(sender.fileno())
        try:
            yield receiver
        finally:
            signal.set_wakeup_fd(before)


def _line(
    statement: str, since: float, phase: str | None, percent: float | None, blockers: str | None
) -> str:
    parts = [f"{time.monotonic() - since:.0f} s"]
    if blockers:
        parts.append(f"waiting for {blockers}")
    elif phase:
        parts.append(phase if percent is None else f"{phase}, {percent:.0f} %")
    return f"{statement}: {', '.join(parts)}"
