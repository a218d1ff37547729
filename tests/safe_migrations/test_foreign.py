"""Tables that the revisions did not make: each command knows them and what takes them over."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlmodel import SQLModel

from plain_commands.errors import ConfigurationError
from safe_migrations import foreign
from safe_migrations.current import read_current
from safe_migrations.revisions import heads
from service.app import create_app
from service.cli.groups import db
from service.schema import project
from service.settings import Settings
from service.sqlite_import.predecessor import ALEMBIC_REVISIONS
from tests.predecessor_tables import REVISIONS, create, stamped

HEAD = heads(project().versions)[0]
ADOPT = "`flask db adopt` takes them over."
OTHERS = ("CREATE TABLE users (id int, login text, password text)",)
COMMANDS = ("status", "doctor", "check", "plan", "rehearse", "current -c", "upgrade", "stamp head")
"""All that look at the schema; what each of them says is on stdout or stderr."""
WRITTEN = "SELECT oid, relname FROM pg_class WHERE relnamespace > 16000 OR relnamespace = 2200"


def _text(url):
    return url.render_as_string(hide_password=False)


@pytest.fixture
def url(empty_database):
    return empty_database


@pytest.fixture
def run(url, monkeypatch):
    """Run a command of `flask db` on the database; returns its exit code and all that it says."""
    monkeypatch.setenv("DATABASE_URL", _text(url))
    monkeypatch.setenv("SCHEMA_CONNECT_WAIT_S", "0")

    def run(command):
        done = CliRunner().invoke(db, command.split())
        assert done.exception is None or isinstance(done.exception, SystemExit)
        return done.exit_code, " ".join(done.output.split())

    return run


@pytest.fixture
def client(url):
    app = create_app(Settings(database_url=_text(url)))
    yield app.test_client()
    app.extensions["database"].dispose()


@pytest.fixture
def everybody(run, client, problem, fetch):
    """Ask all commands and the service, which write nothing; returns what each of them says."""

    def everybody():
        before = fetch(WRITTEN)
        said = {}
        for command in COMMANDS:
            code, said[command] = run(command)
            assert code == (3 if said[command].startswith("The database is at no") else 1), command
        for path in ("/readyz", "/v1/users"):
            said[path] = problem(client.get(path), 503)["detail"]
        assert fetch(WRITTEN) == before
        return said

    return everybody


@pytest.mark.parametrize("revision", REVISIONS)
@pytest.mark.parametrize(
    "alembic",
    [
        (None, "with no table alembic_version"),
        ("", "with an empty table alembic_version"),
        (ALEMBIC_REVISIONS[0], f"alembic_version holds {ALEMBIC_REVISIONS[0]}, which is theirs"),
        ("5ca1ab1e", "alembic_version holds 5ca1ab1e, which is neither theirs nor of this code"),
        (HEAD, f"though alembic_version holds {HEAD}, which is of this code: somebody has stamped"),
    ],
)
def test_the_prototype_is_known_by_everybody(everybody, execute, url, revision, alembic):
    held, whose = alembic
    execute(url, *create(revision, held))
    for who, said in everybody().items():
        assert f"in its revision {revision}, " in said, who
        assert whose in said, who
        assert "flask db adopt" in said, who
        assert "flask db stamp" not in said, who
        assert "already exists" not in said, who


@pytest.mark.parametrize("tool", [["flask", "db"], ["alembic"]])
def test_plain_alembic_refuses_as_well(execute, url, root, monkeypatch, tool):
    execute(url, *create("r3", HEAD))
    monkeypatch.setenv("DATABASE_URL", _text(url))
    for command in (["upgrade", "head"], ["stamp", "head"], ["downgrade", "base"]):
        done = subprocess.run(
            [str(Path(sys.executable).parent / tool[0]), *tool[1:], *command],
            cwd=root,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, ADOPT in done.stderr) == (1, True), done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize("alembic", [HEAD, None])
def test_what_somebody_has_stamped_is_not_taken_back(run, execute, url, fetch, alembic):
    """Its revisions would drop the tables with all that they hold."""
    execute(url, *create("r3", alembic))
    run("downgrade base")
    assert fetch("SELECT username FROM users") == [("지민",)]


def test_nobody_advises_to_change_its_times_before_it_is_taken_over(run, execute, url):
    execute(url, *create("r3"))
    code, said = run("doctor")
    assert code == 1
    assert "Times are not looked at" in said
    assert "TYPE timestamptz" not in said


def test_status_has_it_in_json(run, execute, url):
    execute(url, *create("r2"))
    document = json.loads(run("status --json")[1])
    assert document["foreign"]["mend"] == "flask db adopt"
    assert "in its revision r2" in document["foreign"]["said"]
    assert document["drift"] is None


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            ("DROP TABLE generations, nodes, workflows",),
            (
                "The table users is one of the prototype that this service came from, with no "
                "table alembic_version; the table workflows, the table nodes and the table "
                "generations are missing, so they can't be taken over."
            ),
        ),
        (("ALTER TABLE nodes RENAME node_name TO step",), "the column nodes.node_name is missing"),
        (
            ("ALTER TABLE users RENAME TO people", "CREATE VIEW users AS TABLE people"),
            "the table users (there is a view) is missing",
        ),
    ],
)
def test_half_of_it_is_told_with_what_is_missing(run, execute, url, changes, said):
    execute(url, *create("r3"), *changes)
    for command in ("status", "doctor", "upgrade", "stamp head"):
        code, told = run(command)
        assert (code, said in told) == (1, True), told
        assert "bring back what is missing, and `flask db adopt`" in told
        assert "CREATE SCHEMA others; ALTER " in told


@pytest.mark.parametrize("alembic", [None, HEAD])
def test_what_it_advises_for_half_of_it_works(run, execute, url, alembic):
    execute(url, *create("r3", alembic), "DROP TABLE generations, nodes")
    execute(url, json.loads(run("status --json")[1])["foreign"]["mend"])
    assert run("upgrade")[0] == 0
    assert run("check")[0] == 0


def test_more_columns_are_no_obstacle(run, execute, url):
    execute(url, *create("r3"), "ALTER TABLE nodes ADD colour text")
    _, told = run("upgrade")
    assert "the prototype never had nodes.colour" in told
    assert ADOPT in told


def test_it_is_found_in_every_schema_of_the_search_path(run, execute, url):
    execute(
        url,
        "CREATE SCHEMA planner",
        *("SET search_path = planner", *create("r3")),
        f"ALTER DATABASE {url.database} SET search_path = public, planner",
    )
    code, told = run("upgrade")
    assert (code, ADOPT in told) == (1, True)
    assert "planner.users, planner.workflows, planner.nodes and planner.generations" in told


def test_after_a_downgrade_what_has_been_moved_aside_is_to_be_put_back(run, execute, url):
    execute(url, *create("r3"))
    assert run("adopt")[0] == run("downgrade base")[0] == 0
    for command in ("status", "doctor", "upgrade"):
        code, told = run(command)
        assert (code, "moved aside into the schema predecessor" in told) == (1, True)
        assert "flask db adopt --undo" in told
    code, told = run("adopt")
    assert (code, "flask db adopt --undo" in told) == (1, True)
    assert [run(command)[0] for command in ("adopt --undo", "adopt", "status")] == [0, 0, 0]


def test_tables_that_somebody_else_keeps_in_a_schema_of_that_name_are_not_looked_at(
    run, execute, url
):
    execute(url, "CREATE SCHEMA predecessor", "CREATE TABLE predecessor.users (id int)")
    assert [run(command)[0] for command in ("upgrade", "status")] == [0, 0]


@pytest.mark.parametrize("alembic", [None, "5ca1ab1e", HEAD])
def test_tables_of_others_are_neither_stamped_nor_touched(everybody, execute, url, alembic):
    execute(url, *OTHERS, *(stamped(alembic) if alembic else ()))
    for who, said in everybody().items():
        assert "users is neither the models' nor the prototype's" in said, who
        assert "ALTER TABLE users SET SCHEMA others;" in said, who
        assert "DATABASE_URL" in said, who
        assert "flask db stamp" not in said, who


@pytest.mark.parametrize("alembic", ["5ca1ab1e", HEAD])
def test_what_it_advises_for_tables_of_others_works(run, execute, url, fetch, alembic):
    execute(url, *OTHERS, "CREATE SEQUENCE nodes", *stamped(alembic))
    execute(url, json.loads(run("status --json")[1])["foreign"]["mend"])
    assert run("upgrade")[0] == 0
    assert run("check")[0] == 0
    assert fetch("SELECT version_num FROM others.alembic_version") == [(alembic,)]


def test_a_users_table_of_others_may_have_the_same_columns(run, execute, url):
    execute(
        url,
        "CREATE TABLE users (id serial, username text, email text, created_at timestamp, "
        "password_hash text)",
    )
    assert "users is neither the models' nor the prototype's" in run("status")[1]


def test_what_a_folder_of_revisions_only_alters_is_not_in_its_way(migrations, execute):
    execute(migrations.url, *OTHERS)
    migrations.write("alters", "op.add_column('users', sa.Column('phone', sa.Text))")
    migrations.run("upgrade", "head")
    migrations.write("makes", "op.create_table('nodes', sa.Column('id', sa.Integer))", after=None)
    execute(migrations.url, "DELETE FROM alembic_version", "CREATE TABLE nodes ()")
    with pytest.raises(ConfigurationError, match="nodes is neither the models'"):
        migrations.run("upgrade", "makes")


def test_tables_of_others_beside_are_in_nobodys_way(run, execute, url):
    execute(url, "CREATE TABLE books (id int)")
    code, told = run("doctor")
    assert (code, "other tables (books), not in the way" in told) == (3, True)
    assert "flask db stamp" not in told
    assert run("upgrade")[0] == 0


def test_a_sound_database_is_asked_nothing_more(make_database, monkeypatch):
    """Neither the command that has nothing to do, nor the probe, may wait for it."""
    url = make_database()
    monkeypatch.setattr(foreign, "find", lambda *_: pytest.fail("it was looked for"))
    monkeypatch.setenv("DATABASE_URL", _text(url))
    assert read_current(project(), is_wary=True) == (HEAD,)
    app = create_app(Settings(database_url=_text(url)))
    sent: list[object] = []
    app.extensions["database"].listeners.append(sent.append)
    assert app.test_client().get("/readyz").status_code == 200
    assert len(sent) == 1
    app.extensions["database"].dispose()


def test_a_statement_that_does_not_fit_has_it_looked_for(make_database, execute, problem):
    url = make_database()
    app = create_app(Settings(database_url=_text(url)))
    client = app.test_client()
    assert client.get("/v1/users").status_code == 200
    execute(url, "DROP SCHEMA public CASCADE", "CREATE SCHEMA public", *create("r3", HEAD))
    for path in ("/v1/users", "/readyz"):
        assert ADOPT in problem(client.get(path), 503)["detail"]
    app.extensions["database"].dispose()


def test_what_tells_a_sound_database_is_in_the_models():
    table, column = "users", "legacy_id"
    assert f"'{table}'" in project().is_suspect
    assert f"'{column}'" in project().is_suspect
    assert column in SQLModel.metadata.tables[table].columns
