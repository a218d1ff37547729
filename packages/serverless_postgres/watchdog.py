"""A time limit for statements that holds whatever the network, a pooler or the server does.

Postgres has `statement_timeout`, but poolers in transaction mode refuse it as a startup option, SET
would leak to other clients, and it is of no use when the answer gets lost on the way.
"""

import ctypes
import logging
import math
import os
import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from threading import Lock, Thread
from typing import Any

import psycopg2
from psycopg2 import _psycopg

# psycopg2's own `cancel` keeps the interpreter's lock while it connects: where nobody answers, the
# whole process would stand still. A call through ctypes gives it up. (PostgreSQL 18, 32.7
# "Canceling Queries in Progress".)
_libpq = ctypes.CDLL(_psycopg.__file__)
_libpq.PQgetCancel.argtypes = [ctypes.c_void_p]
_libpq.PQgetCancel.restype = ctypes.c_void_p
_libpq.PQcancel.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int]
_libpq.PQfreeCancel.argtypes = [ctypes.c_void_p]
_libpq.PQfreeCancel.restype = None

_log = logging.getLogger(__name__)

LOOK_EVERY_S = 0.5
"""Fine enough for limits of whole seconds."""
GRACE_S = 2.0
"""How long after the cancellation the connection is cut: a server that is there needs far less."""


@dataclass(slots=True)
class _Watched:
    connection: Any
    cancel_at: float
    cut_at: float
    is_cancelled: bool = False


class Watchdog:
    """Ends what takes too long: asks the server to cancel it, then cuts the connection.

    The thread that waits for the answer sees psycopg2's error, as with any cancelled statement or
    lost connection.
    """

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s
        self._watched: dict[int, _Watched] = {}
        self._numbers = count()
        self._lock = Lock()
        self._thread: Thread | None = None

    def watch(self, connection: Any, cut_after_s: float | None = None) -> int:
        """Begin to watch a statement on a raw connection; returns what `leave` wants.

        With `cut_after_s` the connection is cut after that time, without a cancellation before.
        """
        now = time.monotonic()
        if cut_after_s is None:
            watched = _Watched(connection, now + self._limit_s, now + self._limit_s + GRACE_S)
        else:
            watched = _Watched(connection, math.inf, now + cut_after_s)
        with self._lock:
            if self._thread is None:
                thread = Thread(target=self._look, name="watchdog", daemon=True)
                thread.start()
                self._thread = thread
            number = next(self._numbers)
            self._watched[number] = watched
        return number

    def leave(self, number: int) -> bool:
        """Watch the statement no longer.

        Returns whether its connection must not be used again: a cancellation may be on its way, or
        it is cut.
        """
        with self._lock:
            watched = self._watched.pop(number, None)
        return watched is None or watched.is_cancelled

    def _look(self) -> None:
        while True:
            time.sleep(LOOK_EVERY_S)
            now = time.monotonic()
            # The lock is held, so that no connection goes back to the pool meanwhile.
            with self._lock:
                for number, watched in list(self._watched.items()):
                    try:
                        is_over = _judge(watched, now)
                    except Exception:  # noqa: BLE001  without this thread nothing has a limit
                        _log.exception("A statement that takes too long can't be ended")
                        # What can't be cancelled, as there is no thread for it, is yet to be cut.
                        is_over = now > watched.cut_at
                    if is_over:
                        del self._watched[number]


def _judge(watched: _Watched, now: float) -> bool:
    """Do what is due; tell whether that was the last of it."""
    if now > watched.cut_at:
        _cut(watched.connection)
        return True
    if now > watched.cancel_at and not watched.is_cancelled:
        watched.is_cancelled = True
        cancel = _libpq.PQgetCancel(watched.connection.pgconn_ptr)
        # It connects, which may take as long as anything.
        Thread(target=_cancel, args=(cancel,), daemon=True).start()
    return False


def _cancel(cancel: int | None) -> None:
    if cancel:
        _libpq.PQcancel(cancel, ctypes.create_string_buffer(256), 256)
        _libpq.PQfreeCancel(cancel)


def _cut(connection: Any) -> None:
    with suppress(OSError, psycopg2.Error), socket.socket(fileno=os.dup(connection.fileno())) as s:
        s.shutdown(socket.SHUT_RDWR)
