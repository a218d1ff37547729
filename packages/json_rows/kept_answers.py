"""The answers that are kept for Idempotency-Keys: how they are found and kept, and how many."""

import threading
import time
from collections import Counter
from datetime import timedelta

from json_rows.kept_answer import AnswersTable
from json_rows.settings import RowsSettings
from json_rows.sweeping import BATCH, EVERY_S, Sweeper
from json_rows.unit_of_work import UnitOfWork
from serverless_postgres.database import Database
from smorest_sqlmodel.errors import ConflictError, TooManyRequestsError

LARGEST_KEPT = 2048
"""Bytes of an answer that is kept itself; more Postgres would move out of its row (TOAST)."""

LOOK_EVERY_S = 60
"""How often a caller who is refused has the totals asked for anew."""

MOST_CALLERS = 10_000
"""Of how many callers a process notes what it has kept, before it asks anew."""


class KeptAnswers:
    """What a process knows of kept answers: who has too many, and which keys are in progress.

    No request counts in the database. A process asks it how much is kept for whom with its first
    keyed request, again when it has kept a quarter of what one caller may have, and when it refuses
    one and has not asked for a minute; in between it counts what it keeps itself. So P processes
    keep for one caller at most 1 + P / 4 times of what is allowed.
    """

    def __init__(self, database: Database, settings: RowsSettings, table: AnswersTable) -> None:
        self.table = table
        self.ttl = timedelta(hours=settings.idempotency_ttl_hours)
        self.sweeper = Sweeper(database, table)
        self._most_bytes = settings.idempotency_max_bytes
        self._most_waiting = max(1, settings.threads // 4)
        self._lock = threading.Lock()
        self._looking = threading.Lock()
        self._found: dict[int, int] = {}
        self._since: Counter[int] = Counter()
        self._is_look_due = True
        self._looked = 0.0
        self._in_progress: Counter[int] = Counter()
        self._waiting = 0

    def enter(self, lock: int) -> None:
        """Note that a request with a key begins; `leave` when it ends.

        One that would have to wait holds a thread and a connection meanwhile: only a quarter of a
        process's threads may. Raises ConflictError for the next one.
        """
        with self._lock:
            if self._in_progress[lock] and self._waiting >= self._most_waiting:
                raise in_progress()
            self._waiting += bool(self._in_progress[lock])
            self._in_progress[lock] += 1

    def leave(self, lock: int) -> None:
        """Note that a request with a key has ended."""
        with self._lock:
            self._in_progress[lock] -= 1
            if self._in_progress[lock]:
                self._waiting -= 1
            else:
                del self._in_progress[lock]

    def forget(self, work: UnitOfWork, principal: str) -> None:
        """Delete the answers that are kept for a principal whom nobody is any more."""
        while work.execute(self.table.forget_all, {"principal": principal, "batch": BATCH})[0][0]:
            pass

    def check(self, work: UnitOfWork, caller: int) -> None:
        """Raise TooManyRequestsError when no more answers are kept for a caller."""
        is_stale = time.monotonic() - self._looked >= LOOK_EVERY_S
        is_due = self._is_look_due or (is_stale and self._is_over(caller))
        if is_due and self._looking.acquire(blocking=False):
            try:
                self._look(work)
            finally:
                self._looking.release()
        if self._is_over(caller):
            message = (
                "Too many answers are kept for requests with an Idempotency-Key from this address. "
                "Until some expire, send requests without the header: one that creates a row can "
                "be repeated if you choose its `id`, one that leads to a final state as it is."
            )
            wait_s = min(max(LOOK_EVERY_S, int(self.sweeper.left_s())), EVERY_S)
            raise TooManyRequestsError(message, retry_after_s=wait_s)

    def note(self, caller: int, size: int) -> None:
        """Note that an answer has been kept."""
        with self._lock:
            self._since[caller] += size
            is_much = self._since[caller] * 4 >= self._most_bytes
            if is_much or len(self._since) >= MOST_CALLERS:
                self._is_look_due = True
        self.sweeper.expect(time.time() + self.ttl.total_seconds())

    def _is_over(self, caller: int) -> bool:
        return self._found.get(caller, 0) + self._since[caller] >= self._most_bytes

    def _look(self, work: UnitOfWork) -> None:
        """Ask who keeps how much, of those that may soon keep too much."""
        # What is committed and not yet noted counts twice, until the next look.
        with self._lock:
            before, self._since = self._since, Counter()
        # Not for each request, should it fail.
        self._is_look_due = False
        self._looked = time.monotonic()
        try:
            (_, _, earliest), *found = work.execute(
                self.table.look, {"least": self._most_bytes // 4}
            )
        except Exception:
            # Whatever it was: the caller hears of it, and what was counted before still counts.
            with self._lock:
                self._since += before
            raise
        self._found = {caller: size for caller, size, _ in found}
        if earliest is not None:
            self.sweeper.expect(earliest)


def in_progress() -> ConflictError:
    """Make the answer for a key whose first request has not ended."""
    message = "The first request with this Idempotency-Key is still in progress."
    return ConflictError(message, headers={"Retry-After": "1"})
