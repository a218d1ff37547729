"""The runner of backfills: every row once, whatever happens to the process or the database."""

import random
import signal
import threading
from threading import Event
from typing import Any

import psycopg2
import pytest
from sqlalchemy import create_engine

from plain_commands.errors import ConfigurationError
from safe_migrations.backfill import Backfill
from safe_migrations.errors import LockedError

ROWS = 100_000
COUNT_UP = Backfill("count_up", table="counters", set={"n": "n + 1"})


def _values(fetch) -> list[tuple[int, int]]:
    """Count the rows by what their `n` is."""
    return fetch("SELECT n, count(*) FROM counters GROUP BY n ORDER BY n")


def test_every_row_is_changed_once(counters, fill, fetch):
    counters()
    steps: list[Any] = []
    done = fill(progress=steps.append)
    assert (done.rows_seen, done.rows_done) == (ROWS, ROWS)
    assert done.finished_at
    assert done.fraction == 1
    assert len(steps) > 5
    assert _values(fetch) == [(1, ROWS)]


def test_what_is_finished_is_not_done_again(counters, fill, fetch):
    counters(1000)
    fill()
    assert fill().rows_done == 1000
    assert _values(fetch) == [(1, 1000)]


def test_an_earlier_position_can_be_forgotten(counters, fill, fetch):
    counters(1000)
    fill()
    fill(anew=lambda before: before.rows_done == 1000)
    assert _values(fetch) == [(2, 1000)]


def test_killed_many_times_no_row_is_lost_or_repeated(counters, fill, fetch, processes):
    counters()
    chance = random.Random(20)  # noqa: S311  no secret
    for _ in range(5):
        process = processes.start()
        for _ in range(chance.randint(3, 12)):
            assert process.stdout.readline(), process.stderr.read()
        process.kill()
        process.communicate()
        [(rows_seen,)] = fetch("SELECT rows_seen FROM backfills")
        assert _values(fetch) in ([(0, ROWS - rows_seen), (1, rows_seen)], [(1, ROWS)])
        assert 0 < rows_seen < ROWS
    done = fill()
    assert (done.rows_seen, done.rows_done) == (ROWS, ROWS)
    assert _values(fetch) == [(1, ROWS)]


def test_of_two_runners_the_second_is_refused(counters, fill, fetch, processes):
    counters()
    first = processes.start()
    first.stdout.readline()
    with pytest.raises(LockedError, match="Another process is running backfill count_up"):
        fill()
    _, errors = first.communicate()
    assert first.returncode == 0, errors
    assert _values(fetch) == [(1, ROWS)]


def test_a_runner_that_was_followed_stops(counters, fill, fetch, engine):
    """One that was frozen and taken for dead must not go on when it thaws."""
    counters(5000)

    def follow(position):
        if position.batches == 2:
            with engine.begin() as connection:
                connection.exec_driver_sql("UPDATE backfills SET runner = 'another'")

    with pytest.raises(LockedError, match="Another process"):
        fill(progress=follow, pace={"batch_rows": 100, "target_s": 0.0001})
    seen = fetch("SELECT rows_seen FROM backfills")[0][0]
    assert seen == 200
    assert _values(fetch) == [(0, 5000 - seen), (1, seen)]


def test_two_beginning_at_once_do_not_repeat(counters, fill, fetch):
    counters()
    outcomes = []

    def run():
        try:
            outcomes.append(fill(pace={"batch_rows": 1000, "target_s": 0.01}))
        except LockedError as error:
            outcomes.append(error)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 4
    assert sum(not isinstance(outcome, LockedError) for outcome in outcomes) >= 1
    assert _values(fetch) == [(1, ROWS)]


def test_a_stopped_one_goes_on_at_once(counters, fill, fetch):
    counters(5000)
    stop = Event()
    stopped = fill(stop=stop, progress=lambda _: stop.set(), pace={"batch_rows": 100})
    assert stopped.finished_at is None
    assert fetch("SELECT runner FROM backfills") == [(None,)]
    assert fill().rows_done == 5000
    assert _values(fetch) == [(1, 5000)]


@pytest.mark.parametrize("lock", ["LOCK counters", "SELECT * FROM counters FOR UPDATE"])
def test_a_lock_is_waited_for(counters, fill, fetch, engine, lock):
    counters(1000)
    release = Event()
    with engine.connect() as other:
        other.exec_driver_sql(lock)
        waiting = threading.Thread(target=lambda: (release.wait(), other.rollback()))
        waiting.start()
        threading.Timer(0.3, release.set).start()
        assert fill(pace={"lock_timeout_s": 0.05}).rows_done == 1000
        waiting.join()
    assert _values(fetch) == [(1, 1000)]


def test_a_lock_that_never_comes_is_told(counters, fill, engine, monkeypatch):
    counters(1000)
    monkeypatch.setattr("safe_migrations.backfill.runner._TRIED_FOR_S", 0.5)
    with engine.connect() as other:
        other.exec_driver_sql("SELECT * FROM counters FOR UPDATE")
        with pytest.raises(LockedError, match="`flask db backfill resume count_up` goes on"):
            fill(pace={"lock_timeout_s": 0.01})


def test_a_lost_connection_is_made_again(counters, fill, fetch, engine):
    counters(5000)

    def cut(position):
        if position.batches == 2:
            with engine.connect() as other:
                other.exec_driver_sql(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE application_name = 'to be cut' AND pid <> pg_backend_pid()"
                )

    cuttable = create_engine(engine.url, connect_args={"application_name": "to be cut"})
    done = fill(engine=cuttable, progress=cut, pace={"batch_rows": 500, "target_s": 0.001})
    cuttable.dispose()
    assert done.rows_done == 5000
    assert _values(fetch) == [(1, 5000)]


def test_batches_adapt_to_their_duration(counters, fill):
    counters()
    sizes, before = [], 0

    def note(position):
        nonlocal before
        sizes.append(position.rows_seen - before)
        before = position.rows_seen

    fill(progress=note, pace={"batch_rows": 1000, "target_s": 5.0})
    assert sizes[1:5] == [1000, 2000, 4000, 8000]


def test_an_empty_table(counters, fill):
    counters(0)
    done = fill()
    assert (done.rows_done, done.fraction) == (0, 1)
    assert done.finished_at


def test_a_composite_key_and_names_that_want_quoting(engine, fill, fetch):
    with engine.begin() as connection:
        connection.exec_driver_sql(
            'CREATE TABLE "Order\'s %%" (a uuid, "b c" timestamptz, d text, "N%%" int DEFAULT 0, '
            'PRIMARY KEY (a, "b c", d))'
        )
        connection.exec_driver_sql(
            'INSERT INTO "Order\'s %%" SELECT md5((i / 50)::text)::uuid, '
            "timestamptz '2026-01-01' + (i / 7) * interval '1 microsecond', i::text "
            "FROM generate_series(1, 5000) AS i"
        )
    backfill = Backfill(
        "quoted", table="Order's %", set={"N%": '"N%" + 1'}, where="d LIKE '%' AND d <> ':x'"
    )
    done = fill(backfill, pace={"batch_rows": 100, "target_s": 0.0001})
    assert done.batches == 50
    assert fetch('SELECT "N%%", count(*) FROM "Order\'s %%" GROUP BY 1') == [(1, 5000)]


def test_a_table_of_another_schema(engine, fill, fetch):
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE SCHEMA app")
        connection.exec_driver_sql('CREATE TABLE app."order" (id int PRIMARY KEY, n int)')
        connection.exec_driver_sql('INSERT INTO app."order" SELECT generate_series(1, 50)')
    fill(Backfill("elsewhere", table="app.order", set={"n": "id"}))
    assert fetch('SELECT count(*) FROM app."order" WHERE n = id') == [(50,)]


def test_a_key_of_korean_text(engine, fill, fetch):
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE places (name text PRIMARY KEY, n int DEFAULT 0)")
        connection.exec_driver_sql(
            "INSERT INTO places SELECT '홍대 ''' || chr(44032 + i) || '\"' "
            "FROM generate_series(1, 3000) AS i"
        )
    backfill = Backfill("places", table="places", set={"n": "n + 1"})
    fill(backfill, pace={"batch_rows": 100, "target_s": 0.0001})
    assert fetch("SELECT n, count(*) FROM places GROUP BY n") == [(1, 3000)]
    [(after,)] = fetch("SELECT position ->> 0 FROM backfills")
    assert after.startswith("홍대 '")


def test_another_unique_key_can_be_chosen(engine, fill, fetch):
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TABLE slots (id int PRIMARY KEY, code int NOT NULL UNIQUE, maybe int UNIQUE)"
        )
        connection.exec_driver_sql("INSERT INTO slots SELECT i, i FROM generate_series(1, 500) i")
    changed = Backfill("slots", table="slots", set={"id": "id + 1000"})
    with pytest.raises(ConfigurationError, match="changes id, by which it walks the table"):
        fill(changed)
    done = fill(Backfill("slots", table="slots", set=changed.set, key=("code",)))
    assert done.rows_done == 500
    assert fetch("SELECT min(id), max(id) FROM slots") == [(1001, 1500)]
    with pytest.raises(ConfigurationError, match=r"no unique index on \(maybe\)"):
        fill(Backfill("nullable", table="slots", set={"code": "code"}, key=("maybe",)))


def test_where_leaves_the_other_rows_alone(counters, fill, fetch):
    counters(1000)
    done = fill(Backfill("some", table="counters", set={"n": "9"}, where="id % 2 = 0 OR id = 7"))
    assert (done.rows_seen, done.rows_done) == (1000, 501)
    assert _values(fetch) == [(0, 499), (9, 501)]


def test_a_missing_table_and_a_missing_column_are_told(counters, fill):
    with pytest.raises(ConfigurationError, match="the table counters, which is not in the data"):
        fill()
    counters(10)
    with pytest.raises(ConfigurationError, match=r'column "m" .*does not exist'):
        fill(Backfill("wrong", table="counters", set={"m": "1"}))


def test_another_definition_does_not_go_on_from_there(counters, fill):
    counters(10)
    fill()
    with pytest.raises(ConfigurationError, match="run count_up --restart"):
        fill(Backfill("count_up", table="counters", set={"n": "n + 2"}))


def test_a_batch_that_is_refused_keeps_what_was_before(counters, fill, fetch, execute, engine):
    counters(1000)
    execute(engine.url, "ALTER TABLE counters ADD CHECK (n = 0 OR id < 7 * 500)")
    with pytest.raises(ConfigurationError, match="violates check constraint"):
        fill(pace={"batch_rows": 100, "target_s": 0.0001})
    assert _values(fetch) == [(0, 600), (1, 400)]
    execute(engine.url, "ALTER TABLE counters DROP CONSTRAINT counters_check")
    fill()
    assert _values(fetch) == [(1, 1000)]


def test_sigkill_leaves_a_backend_that_the_next_runner_waits_for(
    counters, fill, fetch, processes, engine
):
    """The killed process's last batch may still be running on the server."""
    counters(2000)
    with engine.connect() as other:
        other.exec_driver_sql("SELECT * FROM counters WHERE id = 7 * 1500 FOR UPDATE")
        process = processes.start(lock_timeout_s=20)
        waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        while fetch(f"{waits} AND datname = current_database()") == [(0,)]:
            assert process.poll() is None, process.stderr.read()
        process.send_signal(signal.SIGKILL)
        process.communicate()
        other.rollback()
    assert fill().rows_done == 2000
    assert _values(fetch) == [(1, 2000)]


def test_a_role_without_create_may_use_the_table(counters, fill, engine, execute):
    counters(10)
    fill()
    execute(
        engine.url,
        "CREATE ROLE filler LOGIN PASSWORD 'secret'",
        "GRANT SELECT, UPDATE ON counters TO filler",
        "GRANT SELECT, INSERT, UPDATE, DELETE ON backfills TO filler",
    )
    try:
        own = create_engine(engine.url.set(username="filler", password="secret"))  # noqa: S106
        done = fill(Backfill("other", table="counters", set={"n": "5"}), engine=own)
        own.dispose()
        assert done.rows_done == 10
    finally:
        execute(engine.url, "DROP OWNED BY filler", "DROP ROLE filler")


def test_a_database_error_is_no_psycopg2_error(counters, fill):
    counters(1)
    with pytest.raises(ConfigurationError) as raised:
        fill(Backfill("broken", table="counters", set={"n": "1 / 0"}))
    assert not isinstance(raised.value, psycopg2.Error)
    assert "division by zero" in raised.value.detail


def test_rows_without_a_key_are_refused_and_no_position_is_put_down(engine, fill, fetch, execute):
    execute(engine.url, "CREATE TABLE logs (n int)")
    logs = Backfill("logs", table="logs", set={"n": "1"})
    done = fill(logs)
    assert (done.rows_done, done.fraction) == (0, 1)
    assert done.finished_at
    execute(engine.url, "INSERT INTO logs VALUES (0)", "DELETE FROM backfills")
    with pytest.raises(ConfigurationError, match="The table logs has no primary key"):
        fill(logs)
    assert fetch("SELECT count(*) FROM backfills") == [(0,)]
    assert fill(Backfill("logs", "logs", {"n": "1"}, "n IS NULL")).finished_at
