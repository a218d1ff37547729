"""`flask db plan` as its user sees it."""

import json
from typing import Any

import pytest
from click.testing import CliRunner

from safe_migrations.errors import ExitCode
from safe_migrations.revisions import heads
from service.cli.groups import db
from service.schema import project


@pytest.fixture
def plan(monkeypatch):
    """Run `flask db plan` on a database."""

    def run(url: Any, *arguments: str):
        text = url if isinstance(url, str) else url.render_as_string(hide_password=False)
        monkeypatch.setenv("DATABASE_URL", text)
        monkeypatch.setenv("DIRECT_DATABASE_URL", "")
        return CliRunner().invoke(db, ["plan", *arguments], prog_name="flask db")

    return run


def test_what_would_be_done_and_nothing_is_done(plan, empty_database):
    first = plan(empty_database)
    assert first.exit_code == 0
    assert "CREATE TABLE users" in first.stdout
    assert "none of high risk" in first.stdout
    assert plan(empty_database).stdout == first.stdout


def test_json_and_markdown(plan, empty_database):
    document = json.loads(plan(empty_database, "--json").stdout)
    assert [item["revision"] for item in document["revisions"]][-1] == heads(project().versions)[0]
    assert plan(empty_database, "--markdown").stdout.startswith("## Schema changes\n")


def test_nothing_is_pending(plan, make_database):
    done = plan(make_database())
    assert (done.exit_code, done.stdout) == (
        0,
        "Nothing is pending: the database is there already.\n",
    )


def test_an_unknown_target(plan, empty_database):
    done = plan(empty_database, "nowhere")
    assert done.exit_code == ExitCode.ERROR
    assert "nowhere" in done.stderr


def test_no_database(plan):
    done = plan("postgresql://nobody:secret@127.0.0.1:1/nowhere")
    assert done.exit_code == ExitCode.ERROR
    assert "secret" not in done.output
    assert "Traceback" not in done.output
