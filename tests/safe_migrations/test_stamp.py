"""`stamp` compares first: a database is said to be at a revision only when it is as at that."""

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import Column, Text
from sqlmodel import SQLModel

from safe_migrations.errors import ExitCode
from safe_migrations.revisions import heads, revisions
from service.cli.groups import db
from service.schema import project
from tests.predecessor_tables import create
from tests.safe_migrations.conftest import Migrations

HEAD = heads(project().versions)[0]
FIRST = next(item.id for item in revisions(project().versions) if not item.after)
FORGET = ("DROP TABLE alembic_version", "DROP TABLE schema_history")


def _text(url):
    return url.render_as_string(hide_password=False)


@pytest.fixture
def url(make_database):
    return make_database()


@pytest.fixture
def run(url, monkeypatch):
    """Run a command of `flask db`; returns its exit code, stdout and stderr."""

    def run(command, to=None):
        monkeypatch.setenv("DATABASE_URL", _text(to or url))
        done = CliRunner().invoke(db, command.split())
        assert done.exception is None or isinstance(done.exception, SystemExit)
        return done.exit_code, done.stdout, done.stderr

    return run


def test_tables_as_the_models_want_them_are_stamped(run, url, execute):
    execute(url, *FORGET)
    code, told, _ = run("upgrade")
    assert (code, told) == (1, "")
    code, told, _ = run("doctor")
    assert (code, "They are as the models want them.\n     flask db stamp head\n" in told) == (
        1,
        True,
    )
    assert run("stamp head") == (0, f"The database is at {HEAD} (head).\n", "")
    assert run("status")[0] == 0


def test_what_differs_is_named_and_refused(run, url, execute):
    execute(
        url, *FORGET, "ALTER TABLE users DROP COLUMN phone", "ALTER TABLE nodes ADD colour text"
    )
    code, told, errors = run("stamp head")
    assert (code, told) == (ExitCode.DRIFT, "")
    assert f"The database is not as at {HEAD}, so nothing is stamped: " in errors
    assert "lacks the column users.phone" in errors
    assert "the column nodes.colour is not of the revisions" in errors
    assert "flask db stamp --force" in errors
    told = run("doctor")[1]
    assert "They are not as the models want them: nodes, users differ." in told
    assert "flask db upgrade" not in told
    assert run("stamp --force head")[0] == 0
    assert run("check")[0] == ExitCode.DRIFT


def test_a_database_without_any_table_is_at_no_revision(run, empty_database):
    code, _, errors = run("stamp head", empty_database)
    assert code == ExitCode.DRIFT
    assert "it has none of the tables. `flask db upgrade` makes them." in errors
    assert run("current", empty_database)[1] == "\n" or run("current", empty_database)[0] == 0
    assert run("upgrade", empty_database)[0] == 0


def test_the_revisions_count_where_the_models_are_ahead_of_them(run, url, execute):
    """Somebody has changed the models, and not yet written the revision."""
    execute(url, *FORGET)
    table = SQLModel.metadata.tables["users"]
    table.append_column(Column("shoe_size", Text))
    try:
        assert run("check")[0] != 0
        assert run("stamp head")[0] == 0
    finally:
        table._columns.remove(table.c.shoe_size)  # noqa: SLF001  nothing public takes it away


def test_a_revision_before_the_newest_is_compared_in_a_scratch_database(run):
    code, _, errors = run(f"stamp {FIRST}")
    assert code == ExitCode.DRIFT
    assert "column idempotency_keys.caller is not of the revisions" in errors
    assert run(f"downgrade {FIRST}")[0] == 0
    code, _, errors = run("stamp head")
    assert code == ExitCode.DRIFT
    assert "the database lacks the table api_keys" in errors
    assert run(f"stamp --purge {FIRST}")[0] == 0
    assert run("upgrade")[0] == 0


def test_who_may_not_make_a_scratch_database_is_told(run, url, execute):
    role = url.database
    execute(
        url,
        f"CREATE ROLE {role} LOGIN PASSWORD 's3cret'",
        f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}",
        f"GRANT ALL ON SCHEMA public TO {role}",
    )
    poor = url.set(username=role, password="s3cret")  # noqa: S106
    try:
        code, _, errors = run(f"stamp {FIRST}", poor)
        assert code == 1
        assert f"Whether the database is at {FIRST} can't be seen" in errors
        assert "may not create any" in errors
        assert run("stamp head", poor)[0] == 0
        assert run(f"stamp --force {FIRST}", poor)[0] == 0
    finally:
        execute(url, f"DROP OWNED BY {role}", f"DROP ROLE {role}")


def test_base_is_refused_while_the_tables_are_there(run):
    code, _, errors = run("stamp base")
    assert code == 1
    assert "would find them in its way: nothing is stamped" in errors
    assert HEAD in run("current")[1]
    assert run("stamp --force base")[0] == 0


def test_the_prototype_may_be_said_to_have_no_revision(run, empty_database, execute):
    """As it has none of ours: whoever stamped it takes that back."""
    execute(empty_database, *create("r3", HEAD))
    assert run("stamp base", empty_database)[0] == 0


def test_of_a_script_it_says_that_nothing_is_compared(run):
    code, script, errors = run("stamp --sql head")
    assert (code, "INSERT INTO alembic_version" in script) == (0, True)
    assert errors.startswith("-- A script can't compare")


def test_plain_alembic_compares_and_is_forced_by_an_argument(url, execute, root, monkeypatch):
    execute(url, *FORGET, "ALTER TABLE users DROP COLUMN phone")
    monkeypatch.setenv("DATABASE_URL", _text(url))
    alembic = str(Path(sys.executable).parent / "alembic")
    codes = [
        subprocess.run(
            [alembic, *options, "stamp", "head"], cwd=root, capture_output=True, check=False
        ).returncode
        for options in ([], ["-x", "force=true"])
    ]
    assert codes == [ExitCode.DRIFT, 0]


def test_several_heads_are_those_of_both(migrations: Migrations, execute, fetch):
    first = migrations.write("one", "op.create_table('t', sa.Column('id', sa.Integer))")
    for name in ("left", "right"):
        migrations.write(name, f"op.add_column('t', sa.Column('{name}_', sa.Integer))", after=first)
    migrations.run("upgrade", "heads")
    execute(migrations.url, "DELETE FROM alembic_version")
    migrations.run("stamp", "heads")
    execute(migrations.url, "DELETE FROM alembic_version")
    with pytest.raises(Exception, match=r"the column t\.left_ is not of the revisions"):
        migrations.run("stamp", "right")
    migrations.run("stamp", "right", attributes={"force": True})
    assert fetch("SELECT version_num FROM alembic_version") == [("right",)]
