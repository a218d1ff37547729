"""`flask db backfill`: run, status and resume, as programs and people see them."""

import json

import pytest
from click.testing import CliRunner

from service.cli.groups import db

REVISION = '''"""Fill items."""

from alembic import op

from safe_migrations.backfill import Backfill

revision = "fill"
down_revision = None
branch_labels = None
depends_on = None
FILL = Backfill("items_n", table="items", set={"n": "n + 1"})


def upgrade() -> None:
    """Apply the change."""
    FILL.run(op)


def downgrade() -> None:
    """Nothing is lost."""
'''


@pytest.fixture
def url(make_database):
    return make_database()


@pytest.fixture
def call(tmp_path, url, execute, monkeypatch):
    """Run a command on a revision with one backfill, and a table of 1000 rows."""
    (tmp_path / "versions").mkdir()
    (tmp_path / "versions" / "fill.py").write_text(REVISION, encoding="utf-8")
    execute(
        url,
        "CREATE TABLE items (id int PRIMARY KEY, n int DEFAULT 0)",
        "INSERT INTO items SELECT generate_series(1, 1000)",
        "DELETE FROM alembic_version",
    )
    monkeypatch.setenv("DATABASE_URL", url.render_as_string(hide_password=False))

    def call(*arguments):
        line = ["backfill", *arguments, "-d", str(tmp_path)]
        return CliRunner().invoke(db, line, prog_name="flask db")

    return call


def test_run_and_status(call):
    assert call("status").stdout == "items_n: not started (revision fill)\n"
    done = json.loads(call("run", "items_n", "--json").stdout)
    assert (done["state"], done["rows_done"]) == ("finished", 1000)
    [state] = json.loads(call("status", "items_n", "--json").stdout)
    assert (state["state"], state["rows_done"], state["fraction"]) == ("finished", 1000, 1)
    assert call("run", "items_n").exit_code == 0
    assert json.loads(call("run", "items_n", "--restart", "--json").stdout)["rows_done"] == 1000
    assert "finished, 100.0%" in call("status").stdout


def test_nothing_to_resume(call):
    refused = call("resume", "items_n")
    assert refused.exit_code == 1
    assert "`flask db backfill run items_n` begins it" in refused.stderr
    call("run", "items_n")
    assert "is finished: there is nothing to resume" in call("resume", "items_n").stderr


def test_an_interrupted_one_is_resumed(call, url, execute):
    call("run", "items_n")
    execute(url, "UPDATE backfills SET finished_at = NULL, position = '[\"400\"]'")
    assert "items_n: interrupted" in call("status").stdout
    assert call("resume", "items_n").exit_code == 0
    assert "finished" in call("status").stdout


def test_an_unknown_name_lists_the_known_ones(call):
    refused = call("run", "nothing")
    assert refused.exit_code == 1
    assert "There are: items_n." in refused.stderr


@pytest.mark.parametrize("command", [["backfill", "run"], ["rebase"], ["squash"]])
def test_help_holds_an_example(command):
    shown = CliRunner().invoke(db, [*command, "--help"], prog_name="flask db")
    assert shown.exit_code == 0
    assert f"Example: flask db {' '.join(command)}" in " ".join(shown.stdout.split())
