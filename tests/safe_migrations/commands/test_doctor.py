"""`flask db doctor`: its text, its JSON and its exit codes."""

import json
import shutil

import pytest
from click.testing import CliRunner

from service.cli.groups import db


@pytest.fixture
def run(monkeypatch):
    def run(*arguments, url="", charset="utf-8", **environment):
        for name, value in {"DATABASE_URL": url, **environment}.items():
            monkeypatch.setenv(name, value)
        return CliRunner(charset=charset).invoke(db, ["doctor", *arguments])

    return run


@pytest.fixture
def url(make_database):
    return make_database().render_as_string(hide_password=False)


def test_a_sound_database(run, url):
    done = run(url=url)
    assert done.exit_code == 0
    assert done.stdout.endswith("All is well.\n")
    assert "✗" not in done.stdout


def test_where_the_terminal_has_no_signs_they_are_ascii(run):
    done = run(url="nonsense", charset="ascii")
    assert done.exit_code == 1
    assert done.stdout.isascii()
    assert "X  DATABASE_URL is not a Postgres URL" in done.stdout


def test_as_json(run):
    done = run("--json", url="postgresql://me:s3cret@127.0.0.1:1/trips")
    assert done.exit_code == 1
    checks = {item["name"]: item for item in json.loads(done.stdout)["checks"]}
    assert checks["connection"]["state"] == "error"
    assert checks["connection"]["mend"]
    assert checks["revision"]["state"] == "skipped"
    assert "s3cret" not in done.output


def test_a_file_that_cant_be_read_is_a_finding(run, url, root, tmp_path):
    shutil.copytree(root / "migrations", tmp_path / "migrations")
    (tmp_path / "migrations" / "versions" / "broken.py").write_text("def (", encoding="utf-8")
    done = run("-d", str(tmp_path / "migrations"), url=url)
    assert done.exit_code == 1
    assert "✗  Revision file broken.py can't be read" in done.stdout
    assert "✓  " in done.stdout


def test_without_a_database_in_production(run, tmp_path):
    done = run(APP_ENV="production", INSTANCE_DIR=str(tmp_path))
    assert done.exit_code == 1
    assert "DATABASE_URL environment variable is not set" in done.stdout
    assert list(tmp_path.iterdir()) == []
