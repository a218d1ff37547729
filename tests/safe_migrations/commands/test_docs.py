"""`flask db docs`: writes the document, and tells when it is stale."""

import json

import pytest
from click.testing import CliRunner

from service.cli.groups import db


@pytest.fixture
def run(monkeypatch):
    """Run it where there is no database."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://me@127.0.0.1:1/nowhere")

    def run(*arguments):
        return CliRunner().invoke(db, ["docs", *arguments])

    return run


def test_the_committed_document_is_up_to_date(run):
    done = run("--check")
    assert (done.exit_code, done.stdout) == (0, "DATABASE_SCHEMA.md is up to date.\n")


def test_a_stale_document_is_told_and_left_alone(run, tmp_path):
    path = tmp_path / "schema.md"
    path.write_text("old", encoding="utf-8")
    done = run("--check", "--output", str(path), "--json")
    assert done.exit_code == 2
    assert json.loads(done.stdout)["stale"] is True
    assert path.read_text(encoding="utf-8") == "old"


def test_it_is_written_once(run, tmp_path):
    path = tmp_path / "schema.md"
    assert run("--check", "--output", str(path)).exit_code == 2
    assert "Wrote" in run("--output", str(path)).stdout
    assert "up to date" in run("--output", str(path)).stdout
    assert run("--check", "--output", str(path)).exit_code == 0


def test_a_place_that_can_not_be_written(run, tmp_path):
    done = run("--output", str(tmp_path / "nowhere" / "schema.md"))
    assert done.exit_code == 1
    assert "can't be used" in done.stderr
