"""Backfills as steps of revisions: up, down, interrupted, done ahead, and as SQL."""

from types import SimpleNamespace

import pytest

from plain_commands.errors import ConfigurationError
from safe_migrations.backfill import Backfill, migration
from safe_migrations.backfill.runner import Pace, Runner
from serverless_postgres.mark import Mark

TOP = """
from safe_migrations.backfill import Backfill

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
    with Runner(engine, FILL, Pace(pause_s=0), Mark("app")) as runner:
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


MAKE_AND_FILL = 'op.execute("CREATE TABLE made (n int)")\nFILL.run(op)'
ITEMS_KEY = "ALTER TABLE items ADD PRIMARY KEY (id)"
EVENT_ROWS = "CREATE TABLE events AS SELECT 0 AS n FROM generate_series(1, 9)"
EMPTY_OR_DONE = [
    (["CREATE TABLE events (n int)"], None),
    ([EVENT_ROWS], "n > 5 AND n::text <> ':x'"),
    (["CREATE TABLE events (n int) PARTITION BY LIST (n)"], None),
    (
        [
            "CREATE TABLE years (n int) PARTITION BY LIST (n)",
            "CREATE TABLE events PARTITION OF years DEFAULT",
        ],
        None,
    ),
]
# What is refused, and how; the revision makes a table before it.
REFUSED = [
    ({"table": "events"}, "The table events has no primary key"),
    ({"table": "nowhere"}, "the table nowhere, which is not in the database"),
    ({"table": "items", "key": ("n",)}, r"no unique index on \(n\)"),
    ({"table": "items", "set": {"id": "id + 1"}}, "changes id, by which it walks the table"),
    ({"table": "items", "set": {"m": "1"}}, 'column "m" .*does not exist'),
    ({"table": "items", "where": "n ="}, "syntax error"),
    ({"table": "events", "where": "m > 5"}, 'column "m" does not exist'),
]


@pytest.fixture
def history(migrations, fetch):
    """Two revisions: one makes tables and is applied, one makes the table `made` and fills."""

    def tables(*statements):
        body = [f"op.execute({statement!r})" for statement in statements]
        migrations.write("first", "\n".join(body))
        migrations.run("upgrade", "head")

    def fill(body=MAKE_AND_FILL, **definition):
        backfill = Backfill(**{"name": "fill_n", "table": "events", "set": {"n": "1"}} | definition)
        top = f"from safe_migrations.backfill import Backfill\n\nFILL = {backfill!r}\n"
        migrations.write("fill", body, top=top, after="first")

    def left():
        """Tell whether the table is there, a note that something is half done, the revision."""
        return fetch(
            "SELECT to_regclass('made') IS NOT NULL, to_regclass('schema_progress') IS NOT NULL, "
            "(SELECT version_num = 'fill' FROM alembic_version)"
        )

    return SimpleNamespace(
        tables=tables, fill=fill, left=left, run=migrations.run, url=migrations.url
    )


@pytest.mark.parametrize(("statements", "where"), EMPTY_OR_DONE)
def test_without_a_row_to_change_no_key_is_needed(history, fetch, statements, where):
    history.tables(*statements)
    history.fill("FILL.run(op)", where=where)
    history.run("upgrade", "head")
    assert fetch("SELECT version_num FROM alembic_version") == [("fill",)]
    assert fetch("SELECT rows_done, finished_at IS NULL FROM backfills") == [(0, False)]
    history.run("downgrade", "-1")
    history.run("upgrade", "head")


def test_a_first_row_that_comes_in_between_is_changed(history, fetch, execute, monkeypatch):
    def insert_and_run(*arguments):
        execute(history.url, "INSERT INTO events VALUES (0)")
        return run_on(*arguments)

    run_on = migration.run_on
    monkeypatch.setattr(migration, "run_on", insert_and_run)
    history.tables("CREATE TABLE events (n int)")
    history.fill()
    history.run("upgrade", "head")
    assert history.left() == [(True, False, True)]
    assert fetch("SELECT n FROM events") == [(1,)]
    assert fetch("SELECT rows_seen, rows_done FROM backfills") == [(1, 1)]


@pytest.mark.parametrize(("definition", "why"), REFUSED)
def test_what_is_refused_leaves_nothing_half_done(history, definition, why):
    history.tables(EVENT_ROWS, "CREATE TABLE items AS SELECT 1 AS id, 0 AS n", ITEMS_KEY)
    for body in ("FILL.run(op)", MAKE_AND_FILL):
        history.fill(body, **definition)
        with pytest.raises(ConfigurationError, match=why):
            history.run("upgrade", "head")
        assert history.left() == [(False, False, False)]
    history.run("downgrade", "base")


def test_another_definition_is_refused_before_anything_is_done(history, engine):
    history.tables("CREATE TABLE items AS SELECT 1 AS id, 0 AS n", ITEMS_KEY)
    with Runner(
        engine, Backfill("fill_n", "items", {"n": "2"}), Pace(pause_s=0), Mark("app")
    ) as runner:
        runner.run()
    history.fill(table="items")
    with pytest.raises(ConfigurationError, match="started with another definition"):
        history.run("upgrade", "head")
    assert history.left() == [(False, False, False)]


def test_rows_that_refuse_the_change_leave_nothing_half_done_of_a_backfill_alone(history, fetch):
    """And the definition may be mended, as no row was changed by it."""
    history.tables("CREATE TABLE items AS SELECT 1 AS id, 0 AS n", ITEMS_KEY)
    history.fill("FILL.run(op)", table="items", set={"n": "1 / n"})
    with pytest.raises(ConfigurationError, match="division by zero"):
        history.run("upgrade", "head")
    assert history.left() == [(False, False, False)]
    history.fill("FILL.run(op)", table="items", set={"n": "7"})
    history.run("upgrade", "head")
    assert fetch("SELECT n FROM items") == [(7,)]


def test_what_is_finished_is_not_looked_at_again(history, fetch, engine):
    """The revision itself may have dropped the column since."""
    history.tables("CREATE TABLE items AS SELECT 1 AS id, 0 AS n, 5 AS old", ITEMS_KEY)
    history.fill(
        """
        FILL.run(op)
        op.drop_column("items", "old")
        with op.get_context().autocommit_block():
            op.execute("SELECT 1 / (SELECT count(*) FROM items WHERE id = 2)")
        """,
        table="items",
        set={"n": "old"},
    )
    with pytest.raises(ConfigurationError, match="division by zero"):
        history.run("upgrade", "head")
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO items VALUES (2, 2)")
    history.run("upgrade", "head")
    assert fetch("SELECT n FROM items ORDER BY id") == [(5,), (2,)]
