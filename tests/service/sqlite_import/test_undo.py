"""`flask db adopt --undo` and `--forget`: the way back, and the end of the old tables."""

import re
import subprocess
import threading
import time
from contextlib import closing

import psycopg2
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine, create_engine, event, make_url, pool

from safe_migrations.adoption import find
from safe_migrations.errors import ExitCode
from safe_migrations.execution.one_transaction import in_one_transaction
from safe_migrations.runner import run
from serverless_postgres.embedded import binaries
from service.cli.groups import db
from service.schema import project
from service.settings import Settings
from service.sqlite_import import trip_adoption
from tests.service.sqlite_import.old_database import COUNTS, OldDatabase

OURS = "BEGIN; SET LOCAL trip_planner.writes = on; {}; COMMIT"


def dump(database: OldDatabase) -> str:
    """Write all of a database as SQL: what is the same there is the same."""
    text = subprocess.run(
        [str(binaries() / "pg_dump"), database.text], capture_output=True, text=True, check=True
    ).stdout
    # Not to be guessed by what is dumped.
    return re.sub(r"\\(un)?restrict \w+", "", text)


@pytest.fixture
def adopted(standing: OldDatabase) -> OldDatabase:
    result = standing.adopt()
    assert result.exit_code == 0, result.output
    return standing


def refused(database: OldDatabase, *options: str) -> str:
    result = database.adopt(*options)
    assert result.exit_code == 1, result.output
    assert not result.stdout
    return result.stderr


def test_undo_leaves_nothing_of_the_adoption_which_works_again(standing: OldDatabase):
    before = dump(standing)
    for _ in range(2):
        assert standing.adopt().exit_code == 0
        assert dump(standing) != before
        result = standing.adopt("--undo")
        assert result.exit_code == 0, result.output
        assert "public.users, public.workflows" in result.stdout
        assert dump(standing) == before
    assert (
        standing.value(
            "INSERT INTO users (username, created_at, updated_at) "
            "VALUES ('kim', now(), now()) RETURNING id"
        )
        == 3
    )


def test_undo_goes_on_after_a_downgrade_of_somebody_s(adopted: OldDatabase, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", adopted.text)
    run(project(), "downgrade", "base", quiet=True)
    assert adopted.adopt("--undo").exit_code == 0
    assert adopted.is_old


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            "INSERT INTO users (id, username) VALUES (gen_random_uuid(), 'kim')",
            "1 of users written or changed since (",
        ),
        ("UPDATE nodes SET node_name = node_name", "4 of nodes written or changed since ("),
        ("DELETE FROM generations", "1 of generations deleted since"),
        ("DELETE FROM node_states", "1 of node_states deleted since"),
        (
            "INSERT INTO model_prices VALUES (gen_random_uuid(), 'a', 'b', 1, 1)",
            "1 of model_prices written or changed since (",
        ),
    ],
)
def test_undo_loses_nothing(adopted: OldDatabase, change: str, said: str):
    adopted.execute(OURS.format(change))
    before = dump(adopted)
    assert said in refused(adopted, "--undo")
    assert dump(adopted) == before


def test_undo_takes_what_is_new_and_deleted_again_for_nothing(adopted: OldDatabase):
    adopted.execute(
        OURS.format("INSERT INTO users (id, username) VALUES (gen_random_uuid(), 'kim')"),
        OURS.format("DELETE FROM users WHERE username = 'kim'"),
    )
    assert adopted.adopt("--undo").exit_code == 0
    assert adopted.is_old


def test_undo_can_not_tell_in_a_database_that_was_restored(adopted: OldDatabase, make_database):
    text = dump(adopted)
    restored = OldDatabase(make_database())
    restored.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    subprocess.run(
        [str(binaries() / "psql"), "--no-psqlrc", "-q", "-v", "ON_ERROR_STOP=1", restored.text],
        input=text,
        text=True,
        capture_output=True,
        check=True,
    )
    assert restored.is_adopted
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        restored.execute("DELETE FROM generations")
    assert "restored from a dump" in refused(restored, "--undo")


@pytest.mark.parametrize("option", ["--undo", "--forget"])
def test_where_nothing_was_adopted(standing: OldDatabase, option: str):
    before = dump(standing)
    assert "no tables have been adopted" in refused(standing, option)
    assert dump(standing) == before


@pytest.mark.parametrize("option", ["--undo", "--forget"])
def test_server_that_refuses_connections_has_begun_nothing(option: str):
    nowhere = OldDatabase(make_url("postgresql+psycopg2://planner:secret@127.0.0.1:1/planner"))
    result = nowhere.adopt(option)
    assert "refuses connections: is the server running" in result.stderr
    assert "secret" not in result.output


def test_forget_names_what_hangs_on_the_old_tables(adopted: OldDatabase):
    before = dump(adopted)
    said = refused(adopted, "--forget", "--yes")
    assert "view names depends on table predecessor.users" in said
    assert "constraint notes_user on table notes depends on table predecessor.users" in said
    adopted.execute("DROP VIEW names", "DROP TABLE notes")
    adopted.execute("CREATE VIEW predecessor.kept AS SELECT 1 AS one")
    assert "view predecessor.kept depends on schema predecessor" in refused(
        adopted, "--forget", "--yes"
    )
    adopted.execute("DROP VIEW predecessor.kept")
    assert dump(adopted) != before


def test_forget_says_what_goes_and_asks(adopted: OldDatabase):
    adopted.execute("DROP VIEW names", "DROP TABLE notes")
    adopted.execute(
        "INSERT INTO predecessor.users (username, created_at, updated_at) "
        "VALUES ('x', now(), now())"
    )
    said = refused(adopted, "--forget")
    assert "predecessor.nodes (4 rows, " in said
    assert "refused then, and are nowhere else, go too: 1 of users." in said
    assert "There is no terminal to confirm this on: add --yes to go ahead." in said
    assert adopted.counts("predecessor") == [3, 2, 4, 1]
    done = adopted.adopt("--forget", "--yes", "--json")
    assert done.exit_code == 0, done.output
    assert "predecessor.nodes (4 rows, " in done.stderr
    assert adopted.value("SELECT to_regnamespace('predecessor') IS NULL")
    assert adopted.counts("public") == COUNTS
    adopted.execute("DELETE FROM generations")  # The barrier went, too.
    assert "no tables have been adopted" in refused(adopted, "--undo")


@pytest.mark.parametrize(
    "options", [("--undo", "--forget"), ("--dry-run", "--undo"), ("--undo", "--while-running")]
)
def test_options_that_contradict_each_other(options: tuple[str, ...]):
    result = CliRunner().invoke(db, ["adopt", *options])
    assert result.exit_code != 0
    assert f"{options[0]} and {options[1]} are different things to do" in result.stderr


@pytest.mark.parametrize("option", ["--undo", "--forget"])
@pytest.mark.parametrize("table", ["users", "predecessor.users"])
def test_who_uses_the_tables_is_named_and_not_hindered_for_long(
    adopted: OldDatabase, option: str, table: str
):
    adopted.execute("DROP VIEW names", "DROP TABLE notes")
    before = dump(adopted)
    with closing(adopted.connect()) as other:
        other.cursor().execute(f"SET application_name = 'reader'; SELECT FROM {table}")
        result = adopted.adopt(
            *([option, "--yes"] if option == "--forget" else [option]),
            SCHEMA_LOCK_TIMEOUT_MS="50",
            SCHEMA_RETRY_S="0",
        )
    assert result.exit_code == ExitCode.LOCKED, result.output
    assert "the tables are in use by pid " in result.stderr
    assert ", reader, idle in transaction)" in result.stderr
    assert dump(adopted) == before


@pytest.mark.parametrize("option", ["--undo", "--forget"])
def test_killed_at_any_statement_nothing_is_half_done(adopted: OldDatabase, option: str):
    """Its connection is ended before each statement in turn, as when the process is killed."""
    adopted.execute("DROP VIEW names", "DROP TABLE notes")
    before = dump(adopted)
    statements = 0
    while True:
        killer = _Killer(adopted, statements)
        result = killer.run(option)
        if result.exit_code == 0:
            break
        assert dump(adopted) == before, f"after {statements} statements"
        statements += 1
    assert statements > 5
    assert adopted.value("SELECT to_regnamespace('predecessor') IS NULL")


class _Killer:
    """Ends the connection of the work when it has sent so many statements in its transaction."""

    def __init__(self, database: OldDatabase, after: int) -> None:
        self._database = database
        self._left = after

    def run(self, option: str) -> Result:
        def before(connection, *_):
            if self._left == 0:
                pid = connection.connection.driver_connection.info.backend_pid
                self._database.execute(f"SELECT pg_terminate_backend({pid}, 5000)")
            self._left -= 1

        event.listen(Engine, "before_cursor_execute", before)
        try:
            return self._database.adopt(option, *(["--yes"] if option == "--forget" else []))
        finally:
            event.remove(Engine, "before_cursor_execute", before)


OLD_STATEMENTS = (
    "INSERT INTO users (username, created_at, updated_at) VALUES ('x', now(), now()) RETURNING id",
    "UPDATE nodes SET node_name = 'waits' WHERE nodes.id = '8d25f390-558d-4506-933f-6233f390d08a'",
)


@pytest.mark.parametrize("statement", OLD_STATEMENTS)
@pytest.mark.parametrize("is_prepared", [False, True])
def test_a_statement_that_waited_for_the_adoption_fails(
    standing: OldDatabase, statement: str, *, is_prepared: bool
):
    """It finds the new table under the old one's name, and the barrier on it."""
    outcome: list[object] = []
    old = standing.connect()
    old.autocommit = True
    if is_prepared:
        old.cursor().execute(f"PREPARE old AS {statement}")

    def send():
        try:
            old.cursor().execute("EXECUTE old" if is_prepared else statement)
            outcome.append("written")
        except psycopg2.Error as error:
            outcome.append(error)

    thread = threading.Thread(target=send)

    def work(connection):
        cursor = connection.connection.cursor()
        found = find(cursor, trip_adoption.TAKEOVER)
        assert found
        trip_adoption.adopt(
            cursor,
            found,
            lambda: run(project(), "upgrade", "heads", quiet=True, connection=connection),
            name="here",
        )
        thread.start()
        waiting = f"SELECT count(*) FROM pg_locks WHERE pid = {pid} AND NOT granted"
        while not standing.value(waiting):
            time.sleep(0.01)

    pid = old.info.backend_pid
    engine = create_engine(standing.url, poolclass=pool.NullPool)
    in_one_transaction(engine, Settings(), work, say=pytest.fail)
    thread.join()
    old.close()
    # A prepared one with RETURNING no longer has the result that it was prepared for.
    expected = [psycopg2.errors.InsufficientPrivilege, psycopg2.errors.FeatureNotSupported]
    assert isinstance(outcome[0], tuple(expected[: 1 + is_prepared]))
    assert standing.is_adopted


def test_doctor_has_no_advice_on_the_old_tables(adopted: OldDatabase):
    adopted.execute("DROP VIEW names", "DROP TABLE notes")
    result = CliRunner().invoke(db, ["doctor"], env=adopted.environ())
    assert result.exit_code == 0, result.output
    assert "timestamp without time zone" not in result.stdout
