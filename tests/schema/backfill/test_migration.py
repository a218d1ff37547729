"""Backfills as steps of revisions: up, down, interrupted, done ahead, and as SQL."""

import pytest

from service.schema.backfill import Backfill
from service.schema.backfill.runner import Pace, Runner

TOP = """
from service.schema.backfill import Backfill

FILL = Backfill("fill", table="items", set={"n": "n + 1"}, where="note <> ':x' AND note LIKE '%'")
"""
FILL = Backfill("fill", "items", {"n": "n + 1"}, "note <> ':x' AND note LIKE '%'")


@pytest.fixture
def filled(migrations):
    """Revisions: make the table with rows, fill it."""
    migrations.write(
        "first",
        """
        op.execute("CREATE TABLE items (id int PRIMARY KEY, n int DEFAULT 0, note text)")
        op.execute("INSERT INTO items SELECT i, 0, 'a' FROM generate_series(1, 3000) AS i")
        """,
    )
    migrations.write("second", "FILL.run(op)", top=TOP)
    return migrations


@pytest.fixture
def values(fetch):
    return lambda: fetch("SELECT n, count(*) FROM items GROUP BY n ORDER BY n")


def test_upgrade_runs_it(filled, values):
    filled.run("upgrade", "head")
    assert values() == [(1, 3000)]


def test_what_was_done_ahead_is_not_repeated(filled, values, engine):
    filled.run("upgrade", "first")
    with Runner(engine, FILL, Pace(pause_s=0)) as runner:
        runner.run()
    filled.run("upgrade", "head")
    assert values() == [(1, 3000)]


def test_taken_back_and_applied_again_it_runs_again(filled, values):
    filled.run("upgrade", "head")
    filled.run("downgrade", "-1")
    assert values() == [(1, 3000)]
    filled.run("upgrade", "head")
    assert values() == [(2, 3000)]


def test_a_revision_that_fails_after_it_does_not_repeat_it(filled, values, engine):
    filled.write("third", 'FILL.run(op)\nop.execute("SELECT 1 / (SELECT a FROM gate)")', top=TOP)
    path = filled.folder / "versions" / "third.py"
    path.write_text(path.read_text(encoding="utf-8").replace('"fill"', '"again"'), encoding="utf-8")
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE gate AS SELECT 0 AS a")
    with pytest.raises(Exception, match="division by zero"):
        filled.run("upgrade", "head")
    assert values() == [(2, 3000)]
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE gate SET a = 1")
    filled.run("upgrade", "head")
    assert values() == [(2, 3000)]


def test_inside_a_transaction_of_the_caller_it_is_one_update(filled, values, engine):
    with engine.connect() as connection, connection.begin():
        filled.run("upgrade", "head", connection=connection)
        assert connection.exec_driver_sql("SELECT sum(n) FROM items").scalar_one() == 3000
    assert values() == [(1, 3000)]


def test_as_sql_it_is_one_update(filled, capsys):
    filled.run("upgrade", "first:second", sql=True)
    script = capsys.readouterr().out
    assert "-- Backfill fill" in script
    assert """UPDATE "items" SET "n" = n + 1 WHERE note <> ':x' AND note LIKE '%';""" in script
