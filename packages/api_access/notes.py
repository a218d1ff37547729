"""What is written down behind the requests: when keys were used, and who was refused.

A process collects it, and writes it once a minute in a thread of its own: in the statement of a
read it would make each read a write. A key that several processes serve is written by one of them;
what others hold locked is left out, and comes next time.
"""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

import psycopg2
from psycopg2.extras import Json
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import SQLModel

from json_rows import UnitOfWork
from json_rows.statement import quoted, table_of
from serverless_postgres.database import Database
from smorest_sqlmodel.errors import ApiError

EVERY_S = 60.0

MOST = 1000
"""How many different refusals a process remembers until it writes them; more are only logged."""

_USED = """
UPDATE {keys} SET last_used_at = used.at
FROM (
    SELECT key.id, now() - make_interval(secs => given.age_s) AS at
    FROM {keys} AS key
    JOIN unnest(%(ids)s::uuid[], %(ages)s::float8[]) AS given (id, age_s) USING (id)
    WHERE key.last_used_at IS NULL OR key.last_used_at < now() - interval '1 minute'
    ORDER BY key.id
    FOR NO KEY UPDATE OF key SKIP LOCKED
) AS used
WHERE {keys}.id = used.id
"""

# A key that has gone with its user meanwhile has no event either.
_DENIED = """
INSERT INTO {audit} (id, action, principal, key_id, user_id, detail)
SELECT gen_random_uuid(), 'access.denied', key.client_id::text, key.id, key.user_id, given.detail
FROM unnest(%(ids)s::uuid[], %(details)s::jsonb[]) AS given (id, detail)
JOIN {keys} AS key USING (id)
"""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Denial:
    """That a key was refused: why, and which operation it was sent for."""

    key_id: UUID
    why: str
    operation: str


class Notes:
    """What a process has to write down."""

    def __init__(self, database: Database, keys: type[SQLModel], audit: type[SQLModel]) -> None:
        self._database = database
        names = {"keys": quoted(table_of(keys)), "audit": quoted(table_of(audit))}
        self._write_used = _USED.format(**names)
        self._write_denied = _DENIED.format(**names)
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._used: dict[UUID, float] = {}
        self._denied: Counter[Denial] = Counter()
        self._at_first: list[Callable[[UnitOfWork], None]] = []

    def at_first(self, do: Callable[[UnitOfWork], None]) -> None:
        """Have something done in the background, once, when the first key is used."""
        self._at_first.append(do)

    def used(self, key_id: UUID) -> None:
        """Note that a key was used."""
        with self._lock:
            self._used[key_id] = time.monotonic()
            self._wake()

    def denied(self, denial: Denial) -> None:
        """Note that a key was refused."""
        with self._lock:
            if denial in self._denied or len(self._denied) < MOST:
                self._denied[denial] += 1
                self._wake()

    def flush(self) -> None:
        """Write what has been collected; it is collected again when that fails."""
        with self._lock:
            used, self._used = self._used, {}
            denied, self._denied = self._denied, Counter()
        try:
            with UnitOfWork(self._database, budget_s=0) as work:
                if used:
                    now = time.monotonic()
                    ages = [now - at for at in used.values()]
                    work.execute(self._write_used, {"ids": list(used), "ages": ages})
                    used = {}
                if denied:
                    details = [
                        Json({"why": each.why, "operation": each.operation, "times": times})
                        for each, times in denied.items()
                    ]
                    ids = [each.key_id for each in denied]
                    work.execute(self._write_denied, {"ids": ids, "details": details})
        except (ApiError, psycopg2.Error, SQLAlchemyError) as error:
            _log.warning(
                "The use of keys could not be written down; next try in a minute: %s", error
            )
            with self._lock:
                self._used = used | self._used
                self._denied.update(denied)

    def stop(self) -> None:
        """Write what is left, and no more."""
        self._stopped.set()
        self.flush()

    def _wake(self) -> None:
        # Started by a request: a thread would not survive the fork of a server's processes. It is
        # there only while there is something to write, and lets the database sleep otherwise.
        is_running = self._thread is not None and self._thread.is_alive()
        if not is_running and not self._stopped.is_set():
            self._thread = threading.Thread(target=self._run, name="access notes", daemon=True)
            self._thread.start()

    def _begin(self) -> None:
        """Do what is to be done at first; what fails is done with the next key, or next start."""
        try:
            with UnitOfWork(self._database, budget_s=0) as work:
                while self._at_first:
                    self._at_first[-1](work)
                    self._at_first.pop()
        except (ApiError, psycopg2.Error, SQLAlchemyError) as error:
            _log.warning("What is to be done when keys are first used failed: %s", error)

    def _run(self) -> None:
        self._begin()
        while not self._stopped.wait(EVERY_S):
            self.flush()
            with self._lock:
                if not self._used and not self._denied:
                    self._thread = None
                    return
