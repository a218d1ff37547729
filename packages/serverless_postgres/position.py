"""How far a write, or what a replica shows, is in the history of the primary.

A position is the id of a transaction (PostgreSQL 18, 67.1 "Transactions and Identifiers"), no place
in the WAL: a statement that writes knows its own before the COMMIT, in the same round trip, and one
that reads knows which its snapshot holds. The place in the WAL is known only after the COMMIT, and
replay goes on between a snapshot and a look at how far it is.
"""

import fcntl
import hashlib
import logging
import mmap
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

WRITTEN = """(SELECT coalesce(pg_current_xact_id_if_assigned()::text::bigint,
    pg_snapshot_xmax(pg_current_snapshot())::text::bigint - 1))"""
"""The position of a statement on the primary: its transaction, or the last one that it can see."""

SEEN = """(SELECT CASE WHEN pg_is_in_recovery()
    THEN pg_snapshot_xmin(pg_current_snapshot())::text::bigint END)"""
"""What a statement on a replica sees: all that was written before; null where it is no replica."""

MOST = 2**63 - 1

_log = logging.getLogger(__name__)
_PREFIX = "postgres-last-write"
_SLOTS = 2
_BYTES = 8 * _SLOTS


class LastWrite:
    """The position of the last write of all worker processes of one server.

    They share it through a file, whose name has the id of their parent. Where that can't be made
    each process knows of its own writes only. The file holds the position, and when a write was
    lost sight of, in ns of the monotonic clock; 0: none was.
    """

    def __init__(self, database: str) -> None:
        """Name the database, as each has a history of its own."""
        self._database = hashlib.sha256(database.encode()).hexdigest()[:16]
        self._lock = threading.Lock()
        self._process = 0
        self._file = -1
        self._shared: Any = [0] * _SLOTS

    def get(self) -> int:
        """Tell the position; 0 before the first write, MOST while that of one is not known."""
        if self._process != os.getpid():
            self._open()
        position, lost_ns = self._shared
        return MOST if lost_ns else position

    def note(self, position: int, began_ns: int) -> None:
        """Note a write; of one that began after another was lost sight of, the id is greater."""
        if self.get() == MOST or position > self._shared[0]:
            with self._locked():
                self._shared[0] = max(position, self._shared[0])
                if began_ns > self._shared[1]:
                    self._shared[1] = 0

    def lose(self) -> None:
        """Note that something may have been written, without a word on where."""
        self.get()
        with self._locked():
            self._shared[1] = time.monotonic_ns()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with self._lock:
            if self._file >= 0:
                fcntl.flock(self._file, fcntl.LOCK_EX)
            try:
                yield
            finally:
                if self._file >= 0:
                    fcntl.flock(self._file, fcntl.LOCK_UN)

    def _open(self) -> None:
        """Map the file; only now, as servers may fork after they have loaded the app."""
        with self._lock:
            if self._process == os.getpid():
                return
            try:
                path = _path(self._database)
                self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
                if os.fstat(self._file).st_uid != os.getuid():
                    raise PermissionError(1, "It belongs to somebody else")
                os.ftruncate(self._file, _BYTES)
                if hasattr(os, "posix_fallocate"):
                    # A hole would end the process that writes there when the disk is full.
                    os.posix_fallocate(self._file, 0, _BYTES)
                # Each eight bytes are written and read at once.
                self._shared = memoryview(mmap.mmap(self._file, _BYTES)).cast("q")
            except OSError as error:
                _log.warning("Each worker process knows of its own writes only: %s.", error)
                self._file, self._shared = -1, [0] * _SLOTS
            self._process = os.getpid()


def _path(database: str) -> Path:
    """Name the file of this server, and remove those of servers that are gone."""
    place, own = Path(tempfile.gettempdir()), f"{_PREFIX}-{os.getuid()}-"
    for file in place.glob(f"{own}*"):
        if not _is_running(file.name.removeprefix(own).partition("-")[0]):
            with suppress(OSError):
                file.unlink()
    return place / f"{own}{os.getppid()}-{database}"


def _is_running(process: str) -> bool:
    try:
        os.kill(int(process), 0)
    except PermissionError:
        return True
    except (ProcessLookupError, ValueError):
        return False
    return True
