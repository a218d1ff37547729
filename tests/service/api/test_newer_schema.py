"""The release before runs on the schema of the next one, unless a revision says otherwise."""

import re
import shutil
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import psycopg2
import pytest
from click.testing import CliRunner

from safe_migrations.revisions import heads, revisions
from safe_migrations.runner import run
from service.app import create_app
from service.cli.groups import db
from service.schema import project
from service.settings import Settings
from tests.newer import HEAD as NEWER
from tests.newer import add_revision

HEAD = heads(project().versions)[0]
FORCE = {"force": True}
"""What is said of the database is not what is there."""


def text_of(url) -> str:
    return url.render_as_string(hide_password=False)


@pytest.fixture
def url(make_database):
    return make_database()


@pytest.fixture
def migrate(url, newer):
    """Run one of Alembic's commands with the code of the next release, or with that of `folder`."""

    def migrate(*command: str, folder: Path = newer, **options) -> None:
        x = (f"url={text_of(url)}",)
        run(project().at(str(folder)), *command, x=x, quiet=True, **options)

    return migrate


@pytest.fixture
def start(url):
    """Start this release on the database, as a process that was not there before."""
    started = []

    def start(**settings):
        app = create_app(Settings(**{"database_url": text_of(url), **settings}))
        started.append(app)
        return app.test_client()

    yield start
    for app in started:
        app.extensions["database"].dispose()


@pytest.fixture
def breaking(newer, tmp_path):
    """The migrations of a release on whose schema the one before can't run."""
    folder = tmp_path / "breaking"
    shutil.copytree(newer, folder)
    add_revision(folder, "breaking", NEWER, top="BREAKS_RELEASE_BEFORE = True\n")
    add_revision(folder, "later", "breaking")
    return folder


def test_it_serves_and_says_so_once(migrate, start, caplog):
    migrate("upgrade", "heads")
    client = start()
    said = f"at revision {NEWER}, ahead of this code at {HEAD}, which can run on it"
    assert client.post("/v1/users", json={"username": "지민"}).status_code == 201
    for _ in range(2):
        ready = client.get("/readyz").json
        assert (ready["status"], ready["revision"]) == ("ok", NEWER)
        assert said in ready["note"]
    assert caplog.text.count(said) == 1


def test_a_schema_that_is_taken_back_is_the_known_one(migrate, start):
    migrate("upgrade", "heads")
    migrate("downgrade", HEAD)
    ready = start().get("/readyz").json
    assert (ready["revision"], ready["note"]) == (HEAD, None)


def test_a_revision_that_breaks_the_release_before_is_refused_by_it(
    migrate, start, breaking, problem
):
    migrate("upgrade", "heads")
    client = start()
    assert client.get("/v1/users").status_code == 200
    migrate("upgrade", "heads", folder=breaking)
    # One that runs is asked by whoever spreads the requests; then it knows.
    for path in ("/readyz", "/v1/users"):
        told = problem(client.get(path), 503)["detail"]
        assert f"at revision later, ahead of this code at {HEAD}, and breaking breaks" in told
        assert f"`flask db downgrade {HEAD}`" in told
        assert "upgrade`" not in told
    assert problem(start().get("/v1/users"), 503)["detail"] == told
    migrate("downgrade", NEWER, folder=breaking)
    assert client.get("/v1/users").status_code == 200


def test_the_schema_of_somebody_else_is_refused(url, start, execute, problem):
    execute(url, "UPDATE alembic_version SET version_num = 'of_others'")
    told = problem(start().get("/readyz"), 503)["detail"]
    assert "at revision of_others, which this code does not have, and nothing there says" in told
    assert "flask db" not in told


def test_a_branch_that_left_before_the_head_is_refused(migrate, start, newer, tmp_path, problem):
    folder = tmp_path / "branch"
    ours = [item.path.name for item in revisions(project().versions)]
    shutil.copytree(newer, folder, ignore=shutil.ignore_patterns("newer_*", *ours))
    add_revision(folder, "other_base", None)
    migrate("stamp", "base", attributes=FORCE)
    migrate("upgrade", "heads", folder=folder)
    told = problem(start().get("/readyz"), 503)["detail"]
    assert "this code does not have other_base, and lacks " in told
    assert HEAD in told


def test_who_may_read_the_revision_may_read_what_it_follows(migrate, start, url, execute, request):
    role = f"reader_{uuid4().hex[:12]}"
    request.addfinalizer(lambda: execute(url, f"DROP OWNED BY {role}", f"DROP ROLE {role}"))
    migrate("downgrade", HEAD)
    execute(
        url,
        "DROP TABLE schema_history",
        f"CREATE ROLE {role} LOGIN PASSWORD 'reader'",
        f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}",
    )
    migrate("upgrade", "heads")
    client = start(database_url=text_of(url.set(username=role, password="reader")))  # noqa: S106
    assert client.get("/readyz").json["revision"] == NEWER
    execute(url, f"REVOKE SELECT ON schema_history FROM {role}")
    assert "GRANT SELECT ON schema_history" in client.get("/readyz").json["detail"]


def test_a_script_for_psql_leaves_the_same_history(migrate, url, capsys):
    def history() -> list[tuple[object, ...]]:
        with closing(psycopg2.connect(text_of(url.set(drivername="postgresql")))) as connection:
            cursor = connection.cursor()
            cursor.execute("SELECT revision, follows FROM schema_history ORDER BY revision")
            return cursor.fetchall()

    migrate("downgrade", HEAD)
    before = history()
    migrate("upgrade", "heads")
    done = history()
    migrate("downgrade", HEAD)
    assert history() == before
    for way, there in ((f"{HEAD}:heads", done), (f"{NEWER}:{HEAD}", before)):
        capsys.readouterr()
        migrate("upgrade" if there == done else "downgrade", way, sql=True)
        script = capsys.readouterr().out
        with closing(psycopg2.connect(text_of(url.set(drivername="postgresql")))) as connection:
            connection.autocommit = True
            connection.cursor().execute(script)
        assert history() == there


def test_whoever_stamps_says_what_was_applied(migrate, start, breaking):
    migrate("stamp", "later", folder=breaking, attributes=FORCE)
    assert "breaking breaks the release before" in start().get("/readyz").json["detail"]
    migrate("stamp", NEWER, folder=breaking, attributes=FORCE)
    assert start().get("/readyz").json["revision"] == NEWER
    migrate("stamp", "base", folder=breaking, attributes=FORCE)
    assert "tables of the models" in (told := start().get("/readyz").json["detail"])
    assert "and no revision, with an empty table alembic_version" in told
    migrate("stamp", NEWER, purge=True, attributes=FORCE)
    assert start().get("/readyz").json["revision"] == NEWER


ADVICE = re.compile(r"\bstamp\b|flask db upgrade")
"""What would not help, or worse."""

AHEAD = f"at revision {NEWER}, ahead of this code at {HEAD}, which can run on it"


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        ("upgrade", 0, AHEAD),
        (f"upgrade {HEAD}", 0, AHEAD),
        ("upgrade typo", 1, "Can't locate revision identified by 'typo'"),
        ("current --check-heads", 0, f"{NEWER} (ahead of {HEAD})"),
        ("status", 0, f"{NEWER} (ahead of this code: it can run on that)"),
        ("doctor", 0, AHEAD),
        ("check", 1, AHEAD),
        ("downgrade", 1, f"if the database itself is at {NEWER}, this code is older"),
    ],
)
def test_the_commands_of_the_release_before(migrate, url, command, code, said):
    migrate("upgrade", "heads")
    done = CliRunner(env={"DATABASE_URL": text_of(url)}).invoke(db, command.split())
    assert (done.exit_code, said in done.output) == (code, True), done.output
    assert not ADVICE.search(done.output)
    assert "pending." not in done.output


@pytest.mark.parametrize("command", ["upgrade", "current --check-heads", "check", "doctor"])
def test_the_commands_of_the_release_that_it_breaks(migrate, url, breaking, command):
    migrate("upgrade", "heads", folder=breaking)
    done = CliRunner(env={"DATABASE_URL": text_of(url)}).invoke(db, command.split())
    assert (done.exit_code, "breaking breaks" in done.output) == (1, True), done.output
    assert not ADVICE.search(done.output)
