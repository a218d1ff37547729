"""Sessions: who runs, waits, blocks, holds a transaction open, and how many there are."""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg2
import pytest

from serverless_postgres.stats import Severity, activity, connections


@pytest.fixture
def connect(url):
    """Open a session with a name."""

    def connect(name):
        text = url.set(drivername="postgresql").render_as_string(hide_password=False)
        return closing(psycopg2.connect(text, application_name=name))

    return connect


@contextmanager
def running(session, statement) -> Iterator[None]:
    """Run a statement meanwhile; it is cancelled at the end."""

    def run():
        with pytest.raises(psycopg2.errors.QueryCanceled):
            session.cursor().execute(statement)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        session.cancel()
        thread.join(timeout=10)
        assert not thread.is_alive()


def test_nobody_else_is_there(look):
    report = look("queries", "connections")
    assert {item.kind for item in report.findings} <= {"statements-not-counted"}
    facts = report.sections["connections"].facts
    assert facts["by_application_and_state"] == []
    assert (facts["max_connections"], facts["reserved"]) == (100, 3)


def test_a_statement_that_runs_for_long(connect, find, monkeypatch):
    monkeypatch.setattr(activity, "LONG_S", 0)
    with connect("reporting") as session:
        pid = session.info.backend_pid
        with running(session, "SELECT  pg_sleep(60)\n -- 느린 보고서"):
            item = find("queries", "long-statement", str(pid))
    assert item.severity == Severity.WARNING
    assert f"pid {pid} (postgres, reporting) has been running a statement" in item.said
    assert item.said.endswith("SELECT pg_sleep(60) -- 느린 보고서")
    assert item.sql == f"SELECT pg_cancel_backend({pid});"


def test_of_a_queue_the_one_in_front_is_named(connect, find, look):
    with connect("forgetful") as holder, connect("change") as change, connect("reader") as reader:
        holder.cursor().execute("SELECT count(*) FROM users")
        pid = holder.info.backend_pid
        with running(change, "LOCK TABLE users"):
            find("queries", "blocking-session", str(pid))
            with running(reader, "SELECT count(*) FROM users"):
                while (
                    "2 sessions" not in (item := find("queries", "blocking-session", str(pid))).said
                ):
                    pass
                blocked = look("queries").sections["queries"].facts["blocked"]
    assert item.severity == Severity.ERROR
    assert f"pid {pid} (postgres, forgetful) holds a lock for which 2 sessions wait" in item.said
    assert "Its last statement: SELECT count(*) FROM users" in item.said
    assert item.sql == f"SELECT pg_terminate_backend({pid});"
    assert {item["application"] for item in blocked} == {"change", "reader"}


def test_a_transaction_that_is_left_open(connect, find, monkeypatch, look):
    assert look("connections").findings == []
    monkeypatch.setattr(connections, "LONG_S", 0)
    with connect("forgetful") as session:
        session.cursor().execute("SELECT 1")
        pid = session.info.backend_pid
        item = find("connections", "idle-in-transaction", str(pid))
        assert item.severity == Severity.ERROR
        assert item.sql == f"SELECT pg_terminate_backend({pid});"
        with running(session, "SELECT pg_sleep(60)"):
            item = find("connections", "long-transaction", str(pid))
    assert (item.severity, item.sql) == (Severity.WARNING, f"SELECT pg_cancel_backend({pid});")


def test_connections_by_application_and_state(connect, look):
    with connect("one") as idle, connect("two") as session:
        idle.autocommit = True
        session.cursor().execute("SELECT 1")
        report = look("connections", pool_size=20, pool_max_overflow=10)
    facts = report.sections["connections"].facts
    assert {
        (item["application"], item["state"], item["count"])
        for item in facts["by_application_and_state"]
    } == {("one", "idle", 1), ("two", "idle in transaction", 1)}
    assert (facts["pool_per_process"], facts["processes_that_fit"]) == (30, 3)


def test_connections_that_are_nearly_used_up(find, monkeypatch):
    monkeypatch.setattr(connections, "NEARLY_USED", 0)
    item = find("connections", "connections-nearly-used", "max_connections")
    assert item.severity == Severity.WARNING
    assert "of the 97 connections" in item.said
