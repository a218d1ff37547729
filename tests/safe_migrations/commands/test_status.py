"""`flask db status`: one screen, one document, and exit codes for programs."""

import json
from shutil import copytree

import pytest
from click.testing import CliRunner

from safe_migrations.errors import ExitCode
from safe_migrations.revisions import heads, revisions
from service.cli.groups import db
from service.schema import project

HEAD = heads(project().versions)[0]


@pytest.fixture
def url(make_database):
    return make_database()


@pytest.fixture
def run(url, monkeypatch):
    def run(*arguments, to=None):
        text = (to or url).render_as_string(hide_password=False)
        monkeypatch.setenv("DATABASE_URL", text)
        return CliRunner().invoke(db, ["status", *arguments])

    return run


@pytest.fixture
def two_heads(root, tmp_path):
    """A copy of the migrations with a second revision after the head's own predecessor."""
    folder = tmp_path / "migrations"
    copytree(root / "migrations", folder)
    for name in ("left", "right"):
        (folder / "versions" / f"{name}.py").write_text(
            f'"""Add {name}."""\nrevision = "{name}"\ndown_revision = "{HEAD}"\n', encoding="utf-8"
        )
    return folder


def test_at_head_without_drift(run, url):
    done = run()
    assert done.exit_code == 0, done.output
    assert f"{HEAD} (head)" in done.stdout
    assert "postgresql://postgres:***@" in done.stdout
    assert url.password not in done.stdout
    document = json.loads(run("--json").stdout)
    assert (document["current"], document["pending"], document["drift"]) == ([HEAD], [], [])
    database = document["database"]
    assert (database["neon"], database["pooled"], database["embedded"]) == (False, False, False)


def test_drift_and_leftovers(run, url, execute):
    execute(
        url,
        "ALTER TABLE users ADD COLUMN shoe_size integer",
        "ALTER TABLE users ADD CONSTRAINT ck_feet CHECK (shoe_size > 0) NOT VALID",
        "CREATE TABLE backfills (name text, finished_at timestamptz)",
        "INSERT INTO backfills VALUES ('shoes', NULL)",
    )
    done = run("--json")
    assert done.exit_code == 2
    document = json.loads(done.stdout)
    assert any("shoe_size" in item["name"] + item["detail"] for item in document["drift"])
    assert document["unvalidated_constraints"] == [{"table": "users", "name": "ck_feet"}]
    assert document["unfinished_backfills"] == ["shoes"]
    assert "ck_feet on users" in run().stdout


def test_behind(run, url, execute):
    execute(url, "DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
    done = run()
    assert done.exit_code == 3
    assert "none: `flask db upgrade` makes the tables" in done.stdout
    pending = done.stdout.split("Pending", 1)[1].split("Drift", 1)[0]
    assert all(item.id in pending for item in revisions(project().versions))


def test_several_heads_come_first(run, two_heads):
    done = run("-d", str(two_heads))
    assert done.exit_code == 6
    assert "left (Add left)" in done.stdout
    assert "right (Add right)" in done.stdout


def test_an_unknown_revision(run, url, execute):
    execute(url, "UPDATE alembic_version SET version_num = 'fromnewer'")
    done = run()
    assert done.exit_code == 1
    assert "fromnewer (which these files don't have)" in done.stdout


def test_a_database_that_does_not_answer(run, url):
    done = run(to=url.set(port=1))
    assert done.exit_code == 1
    assert "refuses connections" in done.stderr


def test_tables_that_cant_be_compared_in_full_are_named(run, url, execute):
    name = url.database
    execute(
        url,
        f"REVOKE TEMPORARY ON DATABASE {name} FROM PUBLIC",
        f"CREATE ROLE {name} LOGIN PASSWORD 'secret'",
        f"GRANT pg_read_all_data TO {name}",
    )
    role = url.set(username=name, password="secret")  # noqa: S106  of a moment
    try:
        shown = run(to=role)
        assert "none in what could be compared" in shown.stdout
        assert "users: permission denied" in shown.stdout
        checked = CliRunner().invoke(db, ["check"])
        assert checked.exit_code == ExitCode.ERROR
        assert checked.stdout.startswith("No difference was found in what could be compared.\n")
        assert "users" in checked.stdout.partition("Not compared in full: ")[2]
        document = json.loads(CliRunner().invoke(db, ["check", "--json"]).stdout)
        assert "users" in {item["table"] for item in document["incomplete"]}
    finally:
        execute(url, f"REVOKE ALL ON DATABASE {name} FROM {name}", f"DROP ROLE {name}")
