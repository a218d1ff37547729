"""`flask db adopt --while-running`: the adoption waits until the old planner rests, and says so."""

import os
import signal
import threading
import time
from contextlib import closing

import pytest

from safe_migrations.adoption import quiet
from safe_migrations.errors import ExitCode
from tests.service.sqlite_import.old_database import OldDatabase

WORKFLOW = "8d25f390-558d-4506-933f-6233f390d08b"
OPEN = (
    "UPDATE workflows SET status = 'running', updated_at = now() AT TIME ZONE 'UTC' "
    f"WHERE id = '{WORKFLOW}'"
)
CLOSED = f"UPDATE workflows SET status = 'completed' WHERE id = '{WORKFLOW}'"


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quiet, "QUIET_S", 1.0)
    monkeypatch.setattr(quiet, "LOOK_EVERY_S", 0.05)
    monkeypatch.setattr(quiet, "SIGN_OF_LIFE_S", 0.2)


def test_where_nobody_is_it_goes_on_after_a_while(standing: OldDatabase):
    result = standing.adopt("--while-running")
    assert result.exit_code == 0, result.output
    assert "Waiting until nobody has worked on the old tables for 1 s, for at most 60 minutes" in (
        result.stderr
    )
    assert standing.is_adopted


def test_it_waits_for_open_workflows_and_takes_what_they_write_along(standing: OldDatabase):
    standing.execute(OPEN)

    def close() -> None:
        time.sleep(1.5)
        standing.execute("UPDATE users SET username = 'last' WHERE id = 1", CLOSED)

    thread = threading.Thread(target=close)
    thread.start()
    result = standing.adopt("--while-running", "5")
    thread.join()
    assert result.exit_code == 0, result.output
    assert "for at most 5 minutes (1 open workflow changed within 10 minutes) ..." in result.stderr
    assert "Still waiting, since " in result.stderr
    assert standing.is_adopted
    assert standing.value("SELECT count(*) FROM users WHERE username = 'last'") == 1
    assert standing.value(f"SELECT status FROM workflows WHERE id = '{WORKFLOW}'") == "completed"


def test_a_workflow_that_was_left_open_long_ago_is_not_waited_for(standing: OldDatabase):
    standing.execute(f"UPDATE workflows SET status = 'running' WHERE id = '{WORKFLOW}'")
    result = standing.adopt("--while-running")
    assert result.exit_code == 0, result.output
    assert "open workflow" not in result.stderr


def test_times_and_states_of_other_types_are_understood(standing: OldDatabase):
    standing.execute(
        "CREATE TYPE status AS ENUM ('running', 'completed', 'failed')",
        "ALTER TABLE workflows ALTER status TYPE status USING status::status",
        "ALTER TABLE workflows ALTER updated_at TYPE timestamptz",
        "ALTER TABLE nodes ALTER started_at TYPE text",
        f"ALTER DATABASE {standing.url.database} SET timezone = 'Asia/Seoul'",
        f"UPDATE workflows SET status = 'running', updated_at = now() WHERE id = '{WORKFLOW}'",
    )
    result = standing.adopt("--while-running", "0.01")
    assert result.exit_code == ExitCode.LOCKED, result.output
    assert "1 open workflow changed within 10 minutes" in result.stderr
    standing.execute("UPDATE workflows SET updated_at = updated_at - interval '1 hour'")
    assert standing.adopt("--while-running", "0.5").exit_code == 0
    assert standing.is_adopted


def test_it_gives_up_after_its_time_and_names_whom_it_waited_for(standing: OldDatabase):
    with closing(standing.connect()) as old:
        with old.cursor() as cursor:
            cursor.execute("SET application_name = 'planner'; SELECT count(*) FROM users")
        result = standing.adopt("--while-running", "0.01")
        assert result.exit_code == ExitCode.LOCKED
        pid = old.info.backend_pid
        assert f"at the tables: pid {pid} ({old.info.user}, planner, idle in transaction)" in (
            result.stderr
        )
        assert "was still at work after 0.01 minutes" in result.stderr
    assert standing.is_old


def test_writes_begin_the_while_anew(standing: OldDatabase):
    """Counted by Postgres, whoever made them, and even when their transaction is over at once."""
    stop = threading.Event()

    def write() -> None:
        with closing(standing.connect()) as old, old.cursor() as cursor:
            while not stop.wait(0.1):
                cursor.execute("SELECT pg_stat_force_next_flush(); UPDATE users SET email = email")
                old.commit()

    thread = threading.Thread(target=write)
    thread.start()
    result = standing.adopt("--while-running", "0.04")
    stop.set()
    thread.join()
    assert result.exit_code == ExitCode.LOCKED, result.output
    assert standing.is_old


def test_ctrl_c_ends_it_with_nothing_done(standing: OldDatabase):
    standing.execute(OPEN)
    timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    result = standing.adopt("--while-running")
    timer.join()
    assert result.exit_code == 1
    assert result.stderr.rstrip().endswith("Nothing was changed.\nAborted!")
    assert standing.is_old


def test_where_all_is_done_there_is_nobody_to_wait_for(standing: OldDatabase):
    assert standing.adopt().exit_code == 0
    result = standing.adopt("--while-running")
    assert result.exit_code == 0
    assert "Nothing to do" in result.stdout
    assert "Waiting" not in result.stderr
