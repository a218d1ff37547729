"""Revisions that are cut off: the next run makes of them what one run would have made."""

import json
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psycopg2
import pytest

from plain_commands.errors import ConfigurationError, PlainError
from safe_migrations.current import read_current

FLASK = str(Path(sys.executable).parent / "flask")
INDEX = """
    with op.get_context().autocommit_block():
        op.create_index("ix_t_note", "t", ["note"], postgresql_concurrently=True)
"""
INDEX_STATE = """
    SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('ix_t_note')
"""


def _rows(engine, statement):
    with engine.connect() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(statement)]


@pytest.fixture
def table(migrations):
    """A migrated table `t` of some rows."""
    migrations.write(
        "one",
        """
        op.create_table("t", sa.Column("id", sa.Integer, primary_key=True),
                        sa.Column("note", sa.Text))
        op.execute("INSERT INTO t SELECT n, n::text FROM generate_series(1, 100) AS n")
        """,
    )
    migrations.run("upgrade", "head")
    return migrations


def test_killed_at_any_statement_an_upgrade_can_be_repeated(migrations, server, root):
    migrations.write(
        "one",
        """
        op.create_table("done", sa.Column("note", sa.Text, nullable=False))
        op.execute("INSERT INTO done VALUES ('one')")
        """,
    )
    migrations.write(
        "two",
        """
        op.add_column("done", sa.Column("at", sa.DateTime))
        op.execute("INSERT INTO done VALUES ('before')")
        with op.get_context().autocommit_block():
            op.create_index("ix_done", "done", ["note"], postgresql_concurrently=True,
                            postgresql_where=sa.text("note <> 'x'"))
            op.execute("INSERT INTO done VALUES ('between')")
            op.drop_index("ix_done", table_name="done", postgresql_concurrently=True)
            op.create_index("ix_done", "done", [sa.text("lower(note)")], unique=True,
                            postgresql_concurrently=True)
        op.execute("INSERT INTO done VALUES ('after')")
        op.create_check_constraint("ck_done", "done", "note <> ''")
        """,
    )
    program = Path(__file__).with_name("kill_everywhere.py")
    url = server.render_as_string(hide_password=False)
    done = subprocess.run(
        [sys.executable, str(program), str(migrations.folder), url],
        cwd=root,
        env={"PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=True,
    )
    outcomes = json.loads(done.stdout)
    assert len(outcomes) > 60
    assert {status for status, _ in outcomes} == {-9}
    assert [at for at, (_, is_right) in enumerate(outcomes) if not is_right] == []


def test_an_invalid_index_is_built_anew(table, engine, execute, capfd):
    execute(table.url, "UPDATE t SET note = 'twice' WHERE id < 3")
    with pytest.raises(psycopg2.errors.UniqueViolation):
        execute(table.url, "CREATE UNIQUE INDEX CONCURRENTLY ix_t_note ON t (note)")
    assert _rows(engine, INDEX_STATE) == [(False,)]
    table.write("two", INDEX)
    table.run("upgrade", "head")
    assert _rows(engine, INDEX_STATE) == [(True,)]
    assert "ix_t_note is invalid, left by a build that was cut off" in capfd.readouterr().err


def test_a_failed_build_can_be_repeated_when_its_reason_is_gone(table, engine, execute):
    execute(table.url, "UPDATE t SET note = 'twice' WHERE id < 3")
    table.write("two", INDEX.replace('["note"],', '["note"], unique=True,'))
    with pytest.raises(ConfigurationError, match=r"Key \(note\)=\(twice\) is duplicated"):
        table.run("upgrade", "head")
    execute(table.url, "UPDATE t SET note = id::text")
    table.run("upgrade", "head")
    assert _rows(engine, INDEX_STATE) == [(True,)]
    assert _rows(engine, "SELECT version_num FROM alembic_version") == [("two",)]


def test_a_build_is_noted_before_it_begins(table, engine, execute):
    """So that a run that comes after knows whose index it finds."""
    execute(table.url, "UPDATE t SET note = 'twice' WHERE id < 3")
    table.write("two", INDEX.replace('["note"],', '["note"], unique=True,'))
    with pytest.raises(ConfigurationError, match="duplicated"):
        table.run("upgrade", "head")
    noted = "SELECT revision, direction, rowcounts FROM schema_progress"
    assert _rows(engine, noted) == [("two", "upgrade", [])]


def test_a_block_that_did_nothing_leaves_nothing_half_done(table, engine):
    table.write(
        "two", "with op.get_context().autocommit_block():\n    raise ValueError('not today')"
    )
    with pytest.raises(PlainError, match="not today"):
        table.run("upgrade", "head")
    assert _rows(engine, "SELECT to_regclass('schema_progress')") == [(None,)]


def test_a_build_that_goes_on_without_its_client_is_waited_for(table, engine, execute, capfd):
    """The server only notices that a client is gone when it has something to tell it."""
    execute(
        table.url,
        "CREATE FUNCTION slow(note text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS "
        "'BEGIN PERFORM pg_sleep(0.015); RETURN note; END'",
    )
    body = INDEX.replace('["note"]', '[sa.text("slow(note)")]')
    build = threading.Thread(
        target=execute,
        args=(table.url, "CREATE INDEX CONCURRENTLY ix_t_note ON t (slow(note))"),
    )
    build.start()
    while _rows(engine, INDEX_STATE) != [(False,)]:
        time.sleep(0.01)
    execute(
        table.url,
        # As a killed run would have left it.
        "CREATE TABLE schema_progress (revision varchar(64), direction varchar(8), "
        "rowcounts bigint[], digest char(64), updated_at timestamptz DEFAULT now(), "
        "PRIMARY KEY (revision, direction))",
        "INSERT INTO schema_progress VALUES ('two', 'upgrade', '{}', '')",
    )
    table.write("two", body)
    table.run("upgrade", "head")
    build.join()
    said = capfd.readouterr().err
    assert "is being built by pid" in said
    assert "ix_t_note is there already" in said
    assert _rows(engine, INDEX_STATE) == [(True,)]


def test_another_index_of_the_same_name_is_an_error(table, execute):
    execute(table.url, "CREATE INDEX ix_t_note ON t (id)")
    table.write("two", INDEX)
    with pytest.raises(ConfigurationError, match='relation "ix_t_note" already exists'):
        table.run("upgrade", "head")


def test_a_revision_that_was_changed_after_it_was_interrupted_is_refused(table, engine):
    body = """
    op.execute("INSERT INTO t VALUES (1000)")
    with op.get_context().autocommit_block():
        op.execute("SELECT 1 / (SELECT count(*) FROM t WHERE id = 2000)")
    """
    table.write("two", body)
    with pytest.raises(ConfigurationError, match="division by zero"):
        table.run("upgrade", "head")
    table.last = "one"
    table.write("two", body.replace("1000", "1001"))
    with pytest.raises(ConfigurationError, match=r"interrupted after 1 .* does other things"):
        table.run("upgrade", "head")
    table.last = "one"
    table.write("two", body)
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO t VALUES (2000)")
    table.run("upgrade", "head")
    assert _rows(engine, "SELECT id FROM t WHERE id > 100 ORDER BY 1") == [(1000,), (2000,)]
    assert _rows(engine, "SELECT to_regclass('schema_progress')") == [(None,)]


def test_a_downgrade_is_resumed_as_well(table, engine):
    table.write(
        "two",
        INDEX,
        """
        op.execute("DELETE FROM t WHERE id = 1")
        with op.get_context().autocommit_block():
            op.drop_index("ix_t_note", table_name="t", postgresql_concurrently=True)
            op.execute("SELECT 1 / (SELECT count(*) FROM t WHERE id = 2000)")
        op.execute("INSERT INTO t VALUES (1)")
        """,
    )
    table.run("upgrade", "head")
    with pytest.raises(ConfigurationError, match="division by zero"):
        table.run("downgrade", "-1")
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO t VALUES (2000)")
    table.run("downgrade", "-1")
    assert _rows(engine, "SELECT count(*) FROM t WHERE id = 1") == [(1,)]
    assert _rows(engine, INDEX_STATE) == []


HALF = """
with op.get_context().autocommit_block():
    op.execute("INSERT INTO t VALUES (1000)")
    op.execute("SELECT 1 / (SELECT count(*) FROM t WHERE id = 2000)")
"""


def test_what_is_half_done_comes_before_anything_else(table, engine):
    table.write("two", HALF)
    with pytest.raises(ConfigurationError, match="division by zero"):
        table.run("upgrade", "head")
    with pytest.raises(
        ConfigurationError, match=r"upgrade of revision two .*`flask db upgrade two`"
    ):
        table.run("downgrade", "-1")
    assert _rows(engine, "SELECT count(*) FROM t WHERE id = 1") == [(1,)]
    # On an empty database it fails as well, so that nothing can be compared.
    table.run("stamp", "two", attributes={"force": True})
    table.run("downgrade", "-1")
    assert _rows(engine, "SELECT version_num FROM alembic_version") == [("one",)]


def test_a_downgrade_that_is_half_done_is_not_at_its_head(table):
    table.write("two", "pass", HALF)
    table.run("upgrade", "head")
    with pytest.raises(ConfigurationError, match="division by zero"):
        table.run("downgrade", "-1")
    assert read_current(table.project, table.x) is None
    with pytest.raises(ConfigurationError, match=r"half done: .*`flask db downgrade two-1`"):
        table.run("upgrade", "head")


def test_a_loop_that_asks_for_numbers_of_rows_is_resumed(table, engine):
    table.write(
        "two",
        """
        query = "UPDATE t SET note = 'new' WHERE id IN (SELECT id FROM t WHERE note <> 'new' "
        query += "ORDER BY id LIMIT 30 FOR UPDATE NOWAIT)"
        with op.get_context().autocommit_block():
            while op.get_bind().execute(sa.text(query)).rowcount:
                op.execute("SELECT 1 / (SELECT count(*) FROM t WHERE id = 2000)")
        """,
    )
    with pytest.raises(ConfigurationError, match="division by zero"):
        table.run("upgrade", "head")
    assert _rows(engine, "SELECT count(*) FROM t WHERE note = 'new'") == [(30,)]
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO t VALUES (2000, 'new')")
    table.run("upgrade", "head")
    assert _rows(engine, "SELECT count(*) FROM t WHERE note <> 'new'") == [(0,)]


LOOP = """
with op.get_context().autocommit_block():
    rows = op.get_bind().execute(sa.text("SELECT id FROM t WHERE note <> 'new' ORDER BY id"))
    for (id_,) in rows.fetchall():
        op.get_bind().execute(sa.text("UPDATE t SET note = 'new' WHERE id = :id"), {"id": id_})
        op.execute("SELECT 1 / (SELECT abs(3 - id) FROM t WHERE id = %s)" % id_)
"""


def test_a_loop_over_what_is_left_is_refused_rather_than_cut_short(table, engine):
    table.write("two", LOOP)
    with pytest.raises(ConfigurationError, match="division by zero"):
        table.run("upgrade", "head")
    assert _rows(engine, "SELECT count(*) FROM t WHERE note = 'new'") == [(3,)]
    with pytest.raises(ConfigurationError, match="does other things now"):
        table.run("upgrade", "head")
    assert _rows(engine, "SELECT version_num FROM alembic_version") == [("one",)]


def test_returned_rows_of_the_cut_off_run_are_not_made_up(table):
    table.write(
        "two",
        """
        insert = sa.text("INSERT INTO t VALUES (1000) RETURNING id")
        op.get_bind().execute(insert).scalar_one()
        with op.get_context().autocommit_block():
            op.execute("SELECT 1 / (SELECT count(*) FROM t WHERE id = 2000)")
        """,
    )
    with pytest.raises(ConfigurationError, match="division by zero"):
        table.run("upgrade", "head")
    with pytest.raises(ConfigurationError, match="statement 1 returned are lost"):
        table.run("upgrade", "head")


def test_a_stamp_forgets_what_is_half_done_also_where_the_database_stands(table, engine):
    table.write("two", HALF)
    with pytest.raises(ConfigurationError, match="division by zero"):
        table.run("upgrade", "head")
    table.run("stamp", "one")
    table.run("downgrade", "-1")
    assert _rows(engine, "SELECT to_regclass('schema_progress')") == [(None,)]
    assert _rows(engine, "SELECT version_num FROM alembic_version") == []


def test_a_connection_that_is_lost_in_an_autocommit_block_is_made_anew(table, engine, execute):
    execute(table.url, "CREATE SEQUENCE tries")
    table.write(
        "two",
        INDEX
        + """
    op.execute("SELECT pg_terminate_backend(pg_backend_pid()) WHERE nextval('tries') = 1")
""",
    )
    table.run("upgrade", "head")
    assert _rows(engine, "SELECT last_value FROM tries") == [(2,)]
    assert _rows(engine, INDEX_STATE) == [(True,)]


def test_blocks_in_each_other_are_told_in_a_sentence(table):
    table.write(
        "two",
        """
        with op.get_context().autocommit_block(), op.get_context().autocommit_block():
            op.execute("INSERT INTO t VALUES (1000)")
        """,
    )
    with pytest.raises(ConfigurationError, match=r"two opens an autocommit_block\(\) inside"):
        table.run("upgrade", "head")


def test_ctrl_c_ends_a_long_statement_at_once(table, engine, root):
    table.write("two", "op.execute('CREATE TABLE late AS SELECT pg_sleep(30)::text')")
    process = subprocess.Popen(
        [FLASK, "db", "upgrade", "-d", str(table.folder), "-x", table.x[0]],
        cwd=root,
        stderr=subprocess.PIPE,
        text=True,
    )
    running = (
        "SELECT 1 FROM pg_stat_activity"
        " WHERE query LIKE 'CREATE TABLE late%%' AND datname = current_database()"
    )
    while not _rows(engine, running):
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.05)
    started = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, said = process.communicate()
    # Long before the statement would have ended by itself.
    assert time.monotonic() - started < 20
    assert process.returncode == 1
    assert "Error: Interrupted in revision two, which is not applied." in said
    assert "Traceback" not in said
    assert _rows(engine, running) == []
    assert _rows(engine, "SELECT version_num FROM alembic_version") == [("one",)]


@pytest.mark.parametrize("control", ["COMMIT", "SELECT 1; end ; SELECT 2", "ROLLBACK AND CHAIN"])
def test_a_revision_that_would_end_its_own_transaction_is_not_applied(table, engine, control):
    table.write("two", f'op.add_column("t", sa.Column("n", sa.Integer))\nop.execute("{control}")')
    with pytest.raises(ConfigurationError, match="which would end the transaction"):
        table.run("upgrade", "head")
    assert _rows(engine, "SELECT version_num FROM alembic_version") == [("one",)]
    assert _rows(engine, "SELECT FROM pg_attribute WHERE attname = 'n'") == []


def test_words_of_transactions_in_a_function_body_are_no_such_end(table, engine):
    table.write(
        "two",
        """
        op.execute("CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS "
                   "'BEGIN /* no COMMIT; */ RETURN 1; END;'")
        op.execute("SAVEPOINT a; ROLLBACK TO a")
        """,
    )
    table.run("upgrade", "head")
    assert _rows(engine, "SELECT f()") == [(1,)]
