"""Makes SIGTERM, SIGHUP and Ctrl-C end long work at once, and yet clear up."""

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from contextlib import closing, contextmanager, suppress
from typing import TypeVar

import psycopg2
from sqlalchemy import URL

Result = TypeVar("Result")
Tell = Callable[[str], None]

NOTICE_AFTER_S = 0.5
_STOP_EVERY_S = 0.5
_STOP_WITHIN_S = 10
_STOP_CONNECT_S = 5


@contextmanager
def signals_unwind() -> Iterator[None]:
    """Let SIGTERM and SIGHUP end the process by an exception, so that what is open gets closed.

    Only the first one does: the next must not end the clearing up.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    names = [signal.SIGTERM] + ([] if sys.platform == "win32" else [signal.SIGHUP])

    def unwind(number: int, _frame: object) -> None:
        for name in names:
            signal.signal(name, signal.SIG_IGN)
        sys.exit(128 + number)

    before = {name: signal.signal(name, unwind) for name in names}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)


def interruptible(work: Callable[[], Result], stop: Callable[[], object]) -> Result:
    """Do work that waits for Postgres; when a signal comes, `stop` it and pass the exception on.

    libpq doesn't return to Python before a statement is done, and only then would the signal be
    handled: so it waits in another thread. `stop` is called until the work ends, since it may come
    between two statements; the clearing up begins after some seconds in any case.
    """
    future: Future[Result] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001  raised again by whoever waits
            future.set_exception(error)

    threading.Thread(target=run, name="rehearsal", daemon=True).start()
    try:
        return future.result()
    finally:
        deadline = time.monotonic() + _STOP_WITHIN_S
        while not future.done() and time.monotonic() < deadline:
            with suppress(psycopg2.Error):
                stop()
            wait([future], timeout=_STOP_EVERY_S)


def cancel_statements(url: URL) -> None:
    """Cancel all statements that run on a database; their connections stay."""
    text = url.set(drivername="postgresql").render_as_string(hide_password=False)
    with (
        closing(psycopg2.connect(text, connect_timeout=_STOP_CONNECT_S)) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND state = 'active'"
            " AND pid <> pg_backend_pid()"
        )


@contextmanager
def notice(tell: Tell, text: str) -> Iterator[None]:
    """Say what takes so long, if it takes a while."""
    timer = threading.Timer(NOTICE_AFTER_S, tell, [text])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
