"""`flask db rehearse`: its forms of output, exit codes and words."""

import json

import pytest
from click.testing import CliRunner

from safe_migrations.revisions import heads, revisions
from serverless_postgres.url import parse
from service.cli.groups import db
from service.schema import project

BASE = next(item.id for item in revisions(project().versions) if not item.after)


@pytest.fixture
def url(make_database, execute):
    """A database whose schema was taken back to nothing."""
    url = make_database()
    execute(url, "DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
    return url.render_as_string(hide_password=False)


@pytest.fixture
def run(monkeypatch):
    def run(*arguments, url):
        monkeypatch.setenv("DATABASE_URL", url)
        for name in ("NEON_API_KEY", "NEON_PROJECT_ID", "DIRECT_DATABASE_URL"):
            monkeypatch.setenv(name, "")
        return CliRunner().invoke(db, ["rehearse", *arguments], prog_name="flask db")

    return run


def test_this_service_s_own_revisions_go_up_down_and_up(run, url):
    done = run("--json", url=url)
    assert done.exit_code == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["outcome_of_downgrade"] == "ok", found["findings"]
    assert heads(project().versions)[0] in found["revisions"]
    statements = found["upgrade"]["statements"]
    assert any("CREATE TABLE workflows" in item["sql"] for item in statements)
    # A column, or a reference from a new table, stops others for the moment that it takes.
    made = [item for item in statements if item["revision"] == BASE and "CREATE" in item["sql"]]
    assert made
    assert all(item["stops"] is None for item in made)
    assert "***" in found["source"]


def test_the_text_names_statements_locks_and_outcome(run, url):
    done = run(BASE, url=url)
    assert done.exit_code == 0
    assert done.stdout.startswith("The upgrade by ")
    assert "nobody has to wait." in done.stdout
    assert "ACCESS EXCLUSIVE on users (new)" in done.stdout
    assert "Downgrade: ok" in done.stdout


def test_the_markdown_is_a_table_with_the_rest_folded(run, url):
    done = run("--markdown", url=url)
    lines = done.stdout.splitlines()
    assert lines[0].startswith("**The upgrade by ")
    table = [line for line in lines if line.startswith("|")]
    assert len(table) > 5
    assert {line.replace("\\|", "").count("|") for line in table} == {7}
    assert done.stdout.count("<details>") == done.stdout.count("</details>") == 2


def test_nothing_pending(run, make_database):
    url = make_database().render_as_string(hide_password=False)
    assert "Nothing is pending" in run(url=url).stdout
    assert json.loads(run("--json", url=url).stdout) == {"revisions": []}


def test_a_target_that_is_not_there_is_a_sentence(run, url):
    done = run("no_such", url=url)
    assert done.exit_code == 1
    assert done.stderr.startswith("Error: Can't locate revision identified by 'no_such'")


def test_a_failing_upgrade_is_an_error_with_the_words_of_postgres(run, url, execute):
    # A table of the name would be told of before; see tests/safe_migrations/test_foreign.py.
    execute(parse(url), "CREATE TABLE uq_users_email_lower ()")
    for form in ((), ("--markdown",)):
        done = run(*form, url=url)
        assert done.exit_code == 1
        assert " fails at " in done.stdout
        assert 'relation "uq_users_email_lower" already exists' in done.stdout
        assert "CREATE UNIQUE INDEX uq_users_email_lower" in done.stdout


def test_without_a_downgrade(run, url):
    done = run("--no-downgrade", url=url)
    assert (done.exit_code, "Downgrade: not rehearsed." in done.stdout) == (0, True)
