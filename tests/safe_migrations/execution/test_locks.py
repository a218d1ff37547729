"""Upgrades that meet others: sessions that hold locks, other upgrades, a server that comes late."""

import os
import re
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import psycopg2
import pytest

from safe_migrations.errors import LockedError
from safe_migrations.execution.deploy_lock import DeployLock
from safe_migrations.runner import run
from serverless_postgres.embedded import EmbeddedPostgres
from serverless_postgres.url import parse
from service.schema import project

FLASK = str(Path(sys.executable).parent / "flask")
ALEMBIC = str(Path(sys.executable).parent / "alembic")


def _connect(url):
    return psycopg2.connect(url.set(drivername="postgresql").render_as_string(hide_password=False))


@pytest.fixture
def table(migrations):
    """A migrated table `t`, and a pending revision that adds a column to it."""
    migrations.write("one", "op.create_table('t', sa.Column('id', sa.Integer, primary_key=True))")
    migrations.run("upgrade", "head")
    migrations.write("two", "op.add_column('t', sa.Column('note', sa.Text()))")
    return migrations


def _columns(engine):
    with engine.connect() as connection:
        found = connection.exec_driver_sql(
            "SELECT attname FROM pg_attribute WHERE attrelid = 't'::regclass AND attnum > 0"
        )
        return set(found.scalars())


def test_an_upgrade_that_gets_no_lock_is_tried_again_until_it_does(table, engine, monkeypatch):
    monkeypatch.setenv("SCHEMA_LOCK_TIMEOUT_MS", "50")
    reader = _connect(table.url)
    reader.cursor().execute("SELECT * FROM t")
    upgrade = threading.Thread(target=table.run, args=("upgrade", "head"))
    upgrade.start()
    time.sleep(1)
    assert upgrade.is_alive()
    # Others don't queue behind the waiting schema change for longer than its timeout: this would
    # end in the other one's, as the reader goes on reading.
    other = _connect(table.url)
    other.cursor().execute("SET statement_timeout = '2s'")
    other.cursor().execute("SELECT * FROM t")
    assert upgrade.is_alive()
    other.close()
    reader.close()
    upgrade.join()
    assert _columns(engine) == {"id", "note"}


def test_an_upgrade_that_never_gets_its_lock_says_who_holds_it(table, engine, monkeypatch, capfd):
    monkeypatch.setenv("SCHEMA_LOCK_TIMEOUT_MS", "600")
    monkeypatch.setenv("SCHEMA_RETRY_S", "3")
    reader = _connect(table.url)
    reader.cursor().execute("SELECT * FROM t")
    with pytest.raises(LockedError, match=rf"held by pid {reader.info.backend_pid} .*idle in"):
        table.run("upgrade", "head")
    assert "Trying again in" in capfd.readouterr().err
    reader.close()
    assert _columns(engine) == {"id"}


@pytest.mark.parametrize("state", ["40001", "40P01"])
def test_an_upgrade_that_others_got_in_the_way_of_is_tried_again(migrations, engine, capfd, state):
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE SEQUENCE attempts")
    once = f"IF nextval('attempts') = 1 THEN RAISE 'made up' USING ERRCODE = '{state}'; END IF"
    migrations.write(
        "one", f"""op.execute("DO $$ BEGIN {once}; END $$; CREATE TABLE t (id int)")"""
    )
    migrations.run("upgrade", "head")
    assert "and another transaction got in each other's way. Trying again" in capfd.readouterr().err
    assert _columns(engine) == {"id"}


NOW = "INSERT INTO seen SELECT current_setting('lock_timeout')"
OFF = (
    "SET lock_timeout = 0",
    "SET LOCAL lock_timeout = '10min'",
    "SET SESSION lock_timeout TO DEFAULT",
    "RESET lock_timeout",
    "RESET ALL",
    "SELECT set_config('lock_timeout', '0', false)",
    "UPDATE pg_settings SET setting = '0' WHERE name = 'lock_timeout'",
    "DO $$ BEGIN SET lock_timeout = 0; END $$",
    "SELECT hidden()",
)


def test_whatever_takes_the_lock_timeout_away_it_holds_again(migrations, fetch, capfd):
    migrations.write(
        "one",
        f"""
        op.execute("CREATE TABLE seen (lock_timeout text)")
        op.execute("CREATE FUNCTION hidden() RETURNS void LANGUAGE plpgsql AS "
                   "'BEGIN PERFORM set_config(''lock_'' || ''timeout'', ''0'', false); END'")
        for statement in {OFF}:
            op.execute(statement)
            op.execute({NOW!r})
        op.execute("SET lock_timeout = 0; {NOW}; SET lock_timeout = 0")
        op.execute({NOW!r})
        with op.get_context().autocommit_block():
            op.execute("RESET lock_timeout")
            op.execute({NOW!r})
        op.execute({NOW!r})
        """,
    )
    migrations.run("upgrade", "head")
    assert fetch("SELECT lock_timeout, count(*) FROM seen GROUP BY 1") == [("2s", len(OFF) + 4)]
    assert "took lock_timeout away" in capfd.readouterr().err


def test_a_short_lock_timeout_of_a_revision_is_its_own(migrations, fetch, capfd):
    migrations.write(
        "one",
        f"""
        op.execute("CREATE TABLE seen (lock_timeout text)")
        op.execute("SET LOCAL lock_timeout = '500ms'")
        op.execute({NOW!r})
        op.execute("SELECT set_config('lock_timeout', '5s', true)")
        op.execute({NOW!r})
        """,
    )
    migrations.run("upgrade", "head")
    assert fetch("SELECT lock_timeout FROM seen ORDER BY 1") == [("500ms",), ("5s",)]
    assert "lock_timeout" not in capfd.readouterr().err


def test_a_revision_without_lock_timeout_does_not_queue_for_ever(table, engine, monkeypatch):
    monkeypatch.setenv("SCHEMA_LOCK_TIMEOUT_MS", "50")
    monkeypatch.setenv("SCHEMA_RETRY_S", "0")
    table.write("three", "op.execute('SET lock_timeout = 0; ALTER TABLE t ADD COLUMN more text')")
    table.run("upgrade", "two")
    reader = _connect(table.url)
    reader.cursor().execute("SELECT * FROM t")
    with pytest.raises(LockedError, match="Revision three did not get a lock within 50 ms"):
        table.run("upgrade", "head")
    reader.close()
    assert _columns(engine) == {"id", "note"}


def test_a_script_sets_the_lock_timeout_again(migrations, capsys):
    migrations.write("one", "op.execute('RESET lock_timeout')\nop.execute('SELECT 1')")
    migrations.run("upgrade", "head", sql=True)
    lines = [line for line in capsys.readouterr().out.splitlines() if line]
    assert lines[lines.index("SELECT 1;") - 1] == (
        "RESET lock_timeout; SET lock_timeout = '2000ms';"
    )


@pytest.mark.parametrize("tool", ["flask db", "alembic"])
def test_a_lock_that_is_not_to_be_had_is_exit_code_5(table, tool, root):
    reader = _connect(table.url)
    reader.cursor().execute("SELECT * FROM t")
    program = [FLASK, "db", "upgrade", "-d", str(table.folder), "-x", table.x[0]]
    if tool == "alembic":
        ini = table.folder.parent / "alembic.ini"
        text = (root / "alembic.ini").read_text(encoding="utf-8")
        text = text.replace("%(here)s/migrations", str(table.folder))
        ini.write_text(text.replace("= %(here)s", f"= {root}"), encoding="utf-8")
        program = [ALEMBIC, "-c", str(ini), "-x", table.x[0], "upgrade", "head"]
    done = subprocess.run(
        program,
        cwd=root,
        env={**os.environ, "SCHEMA_LOCK_TIMEOUT_MS": "50", "SCHEMA_RETRY_S": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    reader.close()
    assert done.returncode == 5, done.stderr
    assert "Revision two did not get a lock within 50 ms" in done.stderr
    assert "Traceback" not in done.stderr


def test_eight_upgrades_at_once_apply_everything_once(migrations, engine, root):
    migrations.write(
        "one",
        """
        op.create_table("applied", sa.Column("revision", sa.Text(), nullable=False))
        op.execute("INSERT INTO applied VALUES ('one')")
        """,
    )
    migrations.write(
        "two",
        """
        op.execute("INSERT INTO applied VALUES ('two')")
        with op.get_context().autocommit_block():
            op.create_index("ix_applied", "applied", ["revision"], postgresql_concurrently=True)
            op.execute("INSERT INTO applied VALUES ('two, by itself')")
        """,
    )
    migrations.write("three", "op.execute(\"INSERT INTO applied VALUES ('three')\")")
    running = [
        subprocess.Popen(
            [FLASK, "db", "upgrade", "-d", str(migrations.folder), "-x", migrations.x[0]],
            cwd=root,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(8)
    ]
    said = [process.communicate()[0] for process in running]
    assert [process.returncode for process in running] == [0] * 8, said
    with engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT revision FROM applied").scalars().all()
    assert sorted(rows) == ["one", "three", "two", "two, by itself"]


def test_a_concurrent_build_waits_neither_for_its_watcher_nor_for_other_deploys(
    migrations, engine, monkeypatch
):
    # Each query of theirs has a snapshot for a moment; here they ask as often as they can.
    monkeypatch.setattr("safe_migrations.execution.progress._LOOK_EVERY_S", 0.0001)
    monkeypatch.setattr("safe_migrations.execution.deploy_lock._LONGEST_PAUSE_S", 0.0001)
    monkeypatch.setenv("SCHEMA_STATEMENT_TIMEOUT_S", "10")
    monkeypatch.setenv("SCHEMA_RETRY_S", "0")
    migrations.write("one", "op.create_table('t', sa.Column('id', sa.Integer, primary_key=True))")
    migrations.run("upgrade", "head")
    migrations.write(
        "two",
        """
        with op.get_context().autocommit_block():
            for number in range(25):
                name = f"ix_t_{number}"
                op.create_index(name, "t", ["id"], postgresql_concurrently=True)
        """,
    )
    done = threading.Event()

    def deploy_again_and_again():
        while not done.is_set():
            with DeployLock(engine, wait_s=60, say=print) as lock:
                lock.acquire()

    others = threading.Thread(target=deploy_again_and_again)
    others.start()
    try:
        migrations.run("upgrade", "head")
    finally:
        done.set()
        others.join()
    with engine.connect() as connection:
        valid = connection.exec_driver_sql(
            "SELECT bool_and(indisvalid), count(*) FROM pg_index WHERE indrelid = 't'::regclass"
        ).one()
    assert valid == (True, 26)


def test_a_deploy_that_lasts_too_long_is_not_waited_for(table, monkeypatch):
    monkeypatch.setenv("SCHEMA_DEPLOY_WAIT_S", "1")
    other = _connect(table.url)
    other.cursor().execute("SELECT pg_advisory_xact_lock(5120260001)")
    with pytest.raises(LockedError, match=rf"Another deploy .*pid {other.info.backend_pid}"):
        table.run("upgrade", "head")
    other.close()


END_HOLDER = """
    SELECT pg_terminate_backend(pid) FROM pg_locks
    WHERE locktype = 'advisory' AND objsubid = 1
      AND (classid::bigint << 32) | objid::bigint = 5120260001
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


def _end_the_locks_connection(engine):
    with engine.connect() as connection:
        assert connection.exec_driver_sql(END_HOLDER).scalars().all() == [True]


PAUSE = "SELECT FROM pauses FOR UPDATE"


@pytest.fixture
def paused(migrations):
    """The connection that whoever runs PAUSE waits for."""
    migrations.write(
        "zero",
        """
        op.execute("CREATE TABLE pauses (id int PRIMARY KEY); INSERT INTO pauses VALUES (1)")
        op.execute("CREATE TABLE applied (step text)")
        """,
    )
    migrations.run("upgrade", "head")
    holder = _connect(migrations.url)
    holder.cursor().execute(PAUSE)
    yield holder
    holder.close()


@pytest.fixture
def upgrading(migrations, monkeypatch, root):
    """Start `flask db upgrade` in a process that waits as long as it must for locks."""
    monkeypatch.setenv("SCHEMA_LOCK_TIMEOUT_MS", "60000")
    started = []

    def upgrade():
        process = subprocess.Popen(
            [FLASK, "db", "upgrade", "-d", str(migrations.folder), "-x", migrations.x[0]],
            cwd=root,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        return process

    yield upgrade
    for process in started:
        with process:
            process.kill()


def _await_blocked(fetch, by):
    deadline = time.monotonic() + 60
    blocked = "SELECT 1 FROM pg_stat_activity WHERE %s = ANY (pg_blocking_pids(pid))"
    while not fetch(blocked % by.info.backend_pid):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_first_deploy_is_waited_for(migrations, engine, fetch, upgrading, monkeypatch):
    key = 4711
    holder = _connect(migrations.url)
    holder.cursor().execute("SELECT pg_advisory_xact_lock(%s)", (key,))
    migrations.write(
        "one",
        f"""
        op.execute("SELECT pg_advisory_xact_lock({key})")
        op.execute("CREATE TABLE t ()")
        """,
    )
    first = upgrading()
    _await_blocked(fetch, holder)
    # Alembic's table is there when the first one has ended.
    monkeypatch.setenv("SCHEMA_LOCK_TIMEOUT_MS", "100")
    second = upgrading()
    assert any("Waiting for another deploy (pid " in line for line in second.stdout)
    holder.close()
    outcomes = [(process.communicate()[0], process.returncode) for process in (first, second)]
    assert [code for _, code in outcomes] == [0, 0], outcomes
    assert _columns(engine) == set()


def test_who_has_lost_the_lock_finishes_the_transaction_that_others_wait_for(
    migrations, engine, fetch, paused, upgrading
):
    migrations.write(
        "one", f"op.execute(\"INSERT INTO applied VALUES ('one')\")\nop.execute({PAUSE!r})"
    )
    first = upgrading()
    _await_blocked(fetch, paused)
    _end_the_locks_connection(engine)
    second = upgrading()
    # It has waited for a second when it says so.
    assert any("Waiting for another deploy (pid " in line for line in second.stdout)
    paused.rollback()
    outcomes = [(process.communicate()[0], process.returncode) for process in (first, second)]
    assert [code for _, code in outcomes] == [0, 0], outcomes
    assert fetch("SELECT step FROM applied") == [("one",)]


def test_who_has_lost_the_lock_begins_no_other_transaction_without_it(
    migrations, engine, fetch, paused, upgrading
):
    migrations.write(
        "one",
        f"""
        with op.get_context().autocommit_block():
            op.execute({PAUSE!r})
            op.execute("INSERT INTO applied VALUES ('one')")
            op.create_index("ix_applied", "applied", ["step"], postgresql_concurrently=True)
        """,
    )
    first = upgrading()
    _await_blocked(fetch, paused)
    _end_the_locks_connection(engine)
    paused.rollback()
    said, _ = first.communicate()
    assert first.returncode == 0, said
    assert "lost its connection. Trying again" in said
    # Nothing of it was committed, so it began anew.
    assert said.count("Applying one (one) ...") == 2
    assert fetch("SELECT step FROM applied") == [("one",)]
    assert fetch("SELECT indisvalid FROM pg_index WHERE indrelid = 'applied'::regclass") == [
        (True,)
    ]


def test_a_server_that_is_just_starting_is_waited_for(migrations, tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("SCHEMA_CONNECT_WAIT_S", "20")
    migrations.write("one", "op.create_table('t', sa.Column('id', sa.Integer, primary_key=True))")
    server = EmbeddedPostgres(tmp_path / "late", durable=False)
    url = parse(server.start())
    server.release()
    again = threading.Timer(1.5, server.start)
    again.start()
    migrations.url = url
    try:
        migrations.run("upgrade", "head")
    finally:
        again.join()
        server.release()
    assert "waiting up to 20 s" in capfd.readouterr().err


def test_a_server_that_is_not_there_is_told_after_the_wait(migrations, monkeypatch):
    monkeypatch.setenv("SCHEMA_CONNECT_WAIT_S", "0")
    migrations.write("one", "pass")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"url=postgresql://me:s3cret@127.0.0.1:{free.getsockname()[1]}/trips"
        with pytest.raises(Exception, match="refuses connections") as told:
            run(project().at(str(migrations.folder)), "upgrade", "head", x=(url,), quiet=True)
    assert "s3cret" not in str(told.value)


def test_a_long_statement_says_what_it_is_doing(migrations, monkeypatch, capfd):
    monkeypatch.setattr("safe_migrations.execution.progress.FIRST_AFTER_S", 0.3)
    migrations.write("one", "op.execute('SELECT pg_sleep(1)')")
    migrations.write(
        "two",
        """
        op.execute("CREATE TABLE big AS SELECT n FROM generate_series(1, 3) AS n")
        op.execute("CREATE FUNCTION slow(n int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS "
                   "'BEGIN PERFORM pg_sleep(0.5); RETURN n; END'")
        with op.get_context().autocommit_block():
            op.execute("CREATE INDEX CONCURRENTLY ix_big ON big (slow(n))")
        """,
    )
    migrations.run("upgrade", "head")
    said = capfd.readouterr().err
    assert re.search(r"^SELECT pg_sleep\(1\): \d s$", said, re.MULTILINE), said
    assert "CREATE INDEX CONCURRENTLY ix_big ON big (slow(n)): " in said
    assert "building index" in said
