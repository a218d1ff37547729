"""What the old planner still sends after the move fails, and what is the service's own does not."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg2
import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import URL, NullPool, create_engine

from safe_migrations.adoption import aside, raise_barrier
from safe_migrations.backfill import Backfill
from safe_migrations.backfill.runner import Pace, Runner
from safe_migrations.runner import run
from serverless_postgres.database import Database
from service.app import create_app
from service.cli.groups import db
from service.schema import project
from service.settings import Settings
from service.sqlite_import import import_rows, open_file
from service.sqlite_import.trip_adoption import TAKEOVER
from tests.all_requests import use_everything
from tests.newer import HEAD, NOTHING, add_revision, newer_migrations
from tests.pooler import Pooler, needs_pooler

WORKFLOW, NODE, GENERATION = (str(uuid4()) for _ in range(3))

# As SQLAlchemy writes them for the old models; each would fit the service's tables, and went in.
OLD_WRITES = {
    "a generation": "INSERT INTO generations (id, workflow_id, node_id, model_name, "
    "model_provider, system_prompt, user_prompt, full_prompt, output, parsed_output, temperature, "
    "max_tokens, prompt_tokens, completion_tokens, total_tokens, latency_ms, error_message, "
    "created_at) VALUES "
    f"('{uuid4()}', '{WORKFLOW}', '{NODE}', 'llama3.2', NULL, NULL, 'p', NULL, 'o', 'null', NULL, "
    "NULL, NULL, NULL, NULL, NULL, NULL, '2026-11-27T06:00:00'::timestamp)",
    "a node's end": "UPDATE nodes SET status='completed', completed_at="
    "'2026-11-27T06:00:00'::timestamp, duration_ms=5 WHERE nodes.id = " + f"'{NODE}'",
    "a generation deleted": f"DELETE FROM generations WHERE generations.id = '{GENERATION}'",
    "a workflow's name": f"UPDATE workflows SET name='x' WHERE workflows.id = '{WORKFLOW}'",
    "a user's address": "UPDATE users SET email='a@example.com' WHERE users.username = 'test_user'",
}


def plain(url: URL) -> str:
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def send(url: URL, sql: str, **parameters: Any) -> int:
    """Send a statement as the old planner does, which names itself nowhere."""
    with closing(psycopg2.connect(plain(url), **parameters)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.rowcount


def raise_it(url: URL) -> None:
    with closing(psycopg2.connect(plain(url))) as connection:
        with connection.cursor() as cursor:
            if not aside.is_ours(cursor, TAKEOVER):
                aside.make(cursor, TAKEOVER)
            raise_barrier(cursor, TAKEOVER)
        connection.commit()


@pytest.fixture
def imported(make_database: Callable[[], URL], make_file: Callable[..., Any]) -> URL:
    """A database of the service into which the predecessor's rows were brought."""
    url = make_database()
    file = make_file(revision="r3")
    file.user()
    file.workflow(id=WORKFLOW, status="running", completed_at=None)
    file.node(WORKFLOW, id=NODE, status="running", completed_at=None)
    file.generation(WORKFLOW, id=GENERATION, node_id=NODE)
    database = Database(Settings(database_url=plain(url)))
    import_rows(database, open_file(file.path))
    database.dispose()
    return url


@pytest.fixture
def service(imported: URL) -> Iterator[Flask]:
    app = create_app(Settings(database_url=plain(imported)))
    yield app
    app.extensions["database"].dispose()


@pytest.mark.parametrize("what", OLD_WRITES)
def test_what_the_old_planner_sends_went_in_and_fails_behind_the_barrier(imported: URL, what: str):
    assert send(imported, OLD_WRITES[what]) == 1, "what the barrier is for"
    raise_it(imported)
    with pytest.raises(psycopg2.errors.InsufficientPrivilege) as refused:
        send(imported, OLD_WRITES[what])
    said = str(refused.value)
    assert said.startswith("nothing was written: since 20")
    assert "was moved to predecessor." in said
    assert "`flask db adopt --undo`" in said


def test_a_user_without_id_and_all_rows_at_once_are_refused_by_the_barrier_too(imported: URL):
    raise_it(imported)
    for sql in (
        "INSERT INTO users (username, created_at) VALUES ('kim', now()) RETURNING users.id",
        "DELETE FROM users",
        "TRUNCATE users CASCADE",
    ):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege, match="nothing was written"):
            send(imported, sql)


def test_the_service_passes(service: Flask, imported: URL):
    raise_it(imported)
    raise_it(imported)  # Raised again it is the same.
    use_everything(service.test_client())


def test_an_import_passes(imported: URL, make_file: Callable[..., Any]):
    raise_it(imported)
    file = make_file("other.db")
    file.user("lee")
    database = Database(Settings(database_url=plain(imported)))
    assert import_rows(database, open_file(file.path)).tables["users"].written == 1
    database.dispose()


def test_revisions_and_backfills_pass(
    imported: URL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    raise_it(imported)
    monkeypatch.setenv("DATABASE_URL", plain(imported))
    migrations = newer_migrations(tmp_path / "migrations")
    add_revision(
        migrations,
        "with_rows",
        HEAD,
        upgrade="""
    op.execute("UPDATE users SET display_name = 'in a transaction'")
    with op.get_context().autocommit_block():
        op.execute("UPDATE workflows SET name = 'in none'")
""",
        downgrade=NOTHING,
    )
    run(project().at(str(migrations)), "upgrade", "heads", quiet=True)
    engine = create_engine(imported, poolclass=NullPool)
    backfill = Backfill("name", table="nodes", set={"node_name": "'by a backfill'"})
    with Runner(engine, backfill, Pace(pause_s=0), Settings().mark) as runner:
        assert runner.run().rows_done == 1
    run(project().at(str(migrations)), "downgrade", "base", quiet=True)
    # The barrier went with the tables.
    run(project(), "upgrade", "heads", quiet=True)
    assert send(imported, "INSERT INTO users (id, username) VALUES (gen_random_uuid(), 'k')") == 1


def test_by_hand_the_transaction_says_so(imported: URL):
    raise_it(imported)
    sql = OLD_WRITES["a workflow's name"]
    assert send(imported, f"BEGIN; SET LOCAL trip_planner.writes = on; {sql}; COMMIT")
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        send(imported, sql)


@needs_pooler
def test_behind_a_pooler_nobody_passes_on_the_connection_of_the_service(
    imported: URL, server: URL, tmp_path: Path
):
    """A client without application_name is left with that of the client before it."""
    raise_it(imported)
    with Pooler(server, tmp_path / "pooler.log", default_pool_size=1) as pooler:
        url = pooler.url(imported.database)
        app = create_app(Settings(database_url=plain(url)))
        client = app.test_client()
        with closing(psycopg2.connect(plain(url))) as old:
            old.autocommit = True
            for name in ("kim", "lee"):
                assert client.post("/v1/users", json={"username": name}).status_code == 201
                with old.cursor() as cursor, pytest.raises(psycopg2.errors.InsufficientPrivilege):
                    cursor.execute(OLD_WRITES["a generation"])
        app.extensions["database"].dispose()


def test_no_command_takes_the_barrier_for_a_difference(imported: URL):
    raise_it(imported)
    environ = {"DATABASE_URL": plain(imported), "DIRECT_DATABASE_URL": plain(imported)}
    for command in ("check", "doctor"):
        result = CliRunner().invoke(db, [command], env=environ)
        assert result.exit_code == 0, result.output
        assert "trigger keep_out_the_old_planner on generations" in result.stdout
