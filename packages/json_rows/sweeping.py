"""Sweeps expired answers away when their time has come, and lets the database sleep until then."""

import logging
import threading
import time

import psycopg2
from sqlalchemy.exc import SQLAlchemyError

from json_rows.kept_answer import AnswersTable
from json_rows.unit_of_work import UnitOfWork
from serverless_postgres.database import Database
from smorest_sqlmodel.errors import ApiError

EVERY_S = 3600
"""Serverless Postgres goes to sleep after some idle minutes: it is woken once an hour at most."""

BATCH = 1000
_LONGEST_SLEEP_S = 86400

_log = logging.getLogger(__name__)


class Sweeper:
    """Sleeps until the first full hour after something expires, sweeps, and looks for the next.

    All processes wake at the same time, so that the database does once; nothing is asked while
    nothing is kept: the thread is there only as long as it waits for something.
    """

    def __init__(self, database: Database, table: AnswersTable) -> None:
        self._database = database
        self._table = table
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._due: float | None = None

    def expect(self, expiry: float) -> None:
        """Note when something expires, in seconds of the epoch."""
        due = expiry if expiry <= time.time() else -(-expiry // EVERY_S) * EVERY_S
        with self._changed:
            if self._due is not None and self._due <= due:
                return
            self._due = due
            self._changed.notify()
            # Started by a request: a thread would not survive the fork of a server's processes.
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="sweeper", daemon=True)
                self._thread.start()

    def left_s(self) -> float:
        """Tell how long it is until the next sweep."""
        due = self._due
        return EVERY_S if due is None else max(0, due - time.time())

    def sweep(self) -> None:
        """Delete what has expired, in batches; several processes at once share the work."""
        with UnitOfWork(self._database) as work:
            while work.execute(self._table.sweep, {"batch": BATCH})[0][0] == BATCH:
                pass
            ((earliest,),) = work.execute(self._table.earliest)
        if earliest is not None:
            # What another process is just deleting may still be there.
            self.expect(max(earliest, time.time() + 1))

    def _run(self) -> None:
        while self._wait():
            try:
                self.sweep()
            except (ApiError, psycopg2.Error, SQLAlchemyError) as error:
                _log.warning("Expired answers could not be deleted; next try in an hour: %s", error)
                self.expect(time.time() + EVERY_S)

    def _wait(self) -> bool:
        """Wait for the next sweep; False when there is nothing to wait for."""
        with self._changed:
            while self._due is not None:
                left = self._due - time.time()
                if left <= 0:
                    self._due = None
                    return True
                self._changed.wait(min(left, _LONGEST_SLEEP_S))
            self._thread = None
            return False
