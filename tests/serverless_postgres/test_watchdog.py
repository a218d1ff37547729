"""Statements that take too long: cancelled, and cut off where nobody answers."""

import threading
import time

import pytest

from json_rows.unit_of_work import UnitOfWork
from serverless_postgres import watchdog
from serverless_postgres.database import Database
from service.settings import Settings
from smorest_sqlmodel.errors import UnavailableError


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(watchdog, "LOOK_EVERY_S", 0.05)
    monkeypatch.setattr(watchdog, "GRACE_S", 0.3)


def test_a_statement_that_takes_too_long_is_cancelled_on_the_server(url):
    database = Database(Settings(database_url=url, statement_timeout_s=1))
    with UnitOfWork(database) as work, pytest.raises(UnavailableError, match="took too long"):
        work.execute("SELECT pg_sleep(60)")
    with UnitOfWork(database) as work:
        # The connection whose statement was cancelled is not used again.
        running = (
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE query LIKE 'SELECT pg_sleep%%' AND datname = current_database()"
        )
        deadline = time.monotonic() + 5
        while work.execute(running) != [(0,)]:
            assert time.monotonic() < deadline
            time.sleep(0.02)
    assert database.pools()["primary"].idle == 1
    database.dispose()


def test_where_no_thread_is_left_to_cancel_statements_are_cut_now_and_later(url, monkeypatch):
    class Refused(threading.Thread):
        def start(self) -> None:
            raise RuntimeError

    database = Database(Settings(database_url=url, statement_timeout_s=1, retry_budget_s=0))
    with UnitOfWork(database) as work:
        work.execute("SELECT 'the watchdog has its own thread'")
    monkeypatch.setattr(watchdog, "Thread", Refused)
    for _ in range(2):
        with UnitOfWork(database) as work, pytest.raises(UnavailableError, match="lost"):
            work.execute("SELECT pg_sleep(60)")
    database.dispose()


def test_a_connection_that_is_silent_is_cut(url, proxy):
    # Whatever TCP does about it comes later.
    late = {"tcp_user_timeout_ms": 60000, "keepalives_idle_s": 60}
    database = Database(
        Settings(database_url=url, statement_timeout_s=1, retry_budget_s=0, **late)  # type: ignore[arg-type]
    )
    with UnitOfWork(database) as work:
        work.execute("SELECT 1")
        proxy.silence()
        began = time.monotonic()
        with pytest.raises(UnavailableError):
            work.execute("SELECT 2")
        assert time.monotonic() - began < 30
        proxy.speak()
        assert work.execute("SELECT 3") == [(3,)]
    database.dispose()


def test_a_ping_that_is_not_answered_is_cut(url, proxy):
    late = {"tcp_user_timeout_ms": 60000, "keepalives_idle_s": 60}
    database = Database(Settings(database_url=url, pool_ping_idle_s=0, **late))  # type: ignore[arg-type]
    retries: list[str] = []
    database.retry_listeners.append(retries.append)
    with UnitOfWork(database) as work:
        work.execute("SELECT 1")
    proxy.silence()
    with UnitOfWork(database) as work:
        # New connections are let through; the one in the pool stays silent.
        proxy.speak(stranded=True)
        assert work.execute("SELECT 2") == [(2,)]
    assert retries == []
    database.dispose()


def test_what_is_quick_is_left_alone(url):
    database = Database(Settings(database_url=url, statement_timeout_s=1))
    with UnitOfWork(database) as work:
        (pid,) = work.execute("SELECT pg_backend_pid()")
    time.sleep(1.2)
    with UnitOfWork(database) as work:
        assert work.execute("SELECT pg_backend_pid()") == [pid]
    database.dispose()
