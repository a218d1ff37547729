"""`flask db lint` as its user sees it."""

import json
import shutil

import pytest
from click.testing import CliRunner

from safe_migrations.errors import ExitCode
from service.cli.groups import db

REVISION = '''"""{title}."""
import sqlalchemy as sa
from alembic import op
revision = "{id}"
down_revision = {after!r}


def upgrade() -> None:
    {upgrade}
'''


@pytest.fixture
def folder(root, tmp_path):
    """Revisions that make a table and change it."""
    versions = tmp_path / "m" / "versions"
    versions.mkdir(parents=True)
    shutil.copy(root / "migrations" / "env.py", tmp_path / "m")
    steps = [
        ("one", None, 'op.create_table("hotels", sa.Column("name", sa.Text()))'),
        ("two", "one", 'op.create_index("ix_hotels_name", "hotels", ["name"])'),
        ("three", "two", 'op.add_column("hotels", sa.Column("stars", sa.Integer()))'),
    ]
    for id_, after, upgrade in steps:
        text = REVISION.format(title=id_, id=id_, after=after, upgrade=upgrade)
        (versions / f"{id_}.py").write_text(text, encoding="utf-8")
    return tmp_path / "m"


@pytest.fixture
def lint(folder, monkeypatch, tmp_path):
    """Run `flask db lint` on the folder; without a URL there is no database."""
    monkeypatch.setenv("INSTANCE_DIR", str(tmp_path))

    def run(*arguments: str, url: str = "", command: str = "lint"):
        monkeypatch.setenv("DATABASE_URL", url)
        monkeypatch.setenv("DIRECT_DATABASE_URL", "")
        return CliRunner().invoke(
            db, [command, *arguments, "-d", str(folder)], prog_name="flask db"
        )

    return run


def test_without_a_database_all_revisions_are_judged_each_alone(lint):
    done = lint()
    assert done.exit_code == ExitCode.LINT
    assert "two, line 9: index-not-concurrent" in done.stdout
    assert "1 finding in 3 revisions." in done.stdout
    assert done.stderr == "Judged from the files alone: there is no database.\n"


def test_static_says_nothing_of_the_database(lint):
    assert lint("--static").stderr == ""


def test_an_unreachable_database_is_no_error(lint):
    done = lint(url="postgresql://nobody:secret@127.0.0.1:1/nowhere")
    assert done.exit_code == ExitCode.LINT
    assert "Judged from the files alone" in done.stderr
    assert "secret" not in done.output


def test_json(lint):
    document = json.loads(lint("--json", "--static").stdout)
    [finding] = document["findings"]
    assert list(finding) == [*("revision", "rule", "line", "statement", "why", "fix", "fix_runs")]
    assert finding["fix_runs"]
    assert finding["statement"] == "CREATE INDEX ix_hotels_name ON hotels (name)"
    assert "postgresql_concurrently=True" in finding["fix"]


@pytest.mark.parametrize(
    ("revisions", "code"),
    [
        *[("head", ExitCode.OK), ("two", ExitCode.LINT), ("one:two", ExitCode.LINT)],
        *[("two:", ExitCode.OK), (":one", ExitCode.OK), ("-1:", ExitCode.OK)],
    ],
)
def test_ranges(lint, revisions, code):
    assert lint("--static", revisions).exit_code == code


@pytest.mark.parametrize("revisions", ["nowhere", "nowhere:head", "one:nowhere"])
def test_an_unknown_revision(lint, revisions):
    done = lint("--static", revisions)
    assert done.exit_code == ExitCode.ERROR
    assert "nowhere" in done.stderr
    assert "--debug" not in done.stderr
    assert "Traceback" not in done.output


def test_a_file_that_is_no_python(lint, folder):
    (folder / "versions" / "broken.py").write_text("def upgrade(:\n", encoding="utf-8")
    done = lint("--static")
    assert done.exit_code == ExitCode.LINT
    assert "broken.py, line 1: cannot-be-imported" in done.stdout
    assert "Traceback" not in done.output


def test_with_a_database_the_pending_revisions_are_judged(lint, empty_database):
    url = empty_database.render_as_string(hide_password=False)
    assert lint("two", url=url, command="upgrade").exit_code == 0
    assert "Nothing unsafe in 1 revision." in lint(url=url).stdout
    assert lint("--all", url=url).exit_code == ExitCode.LINT


def test_the_revisions_of_this_service_are_safe():
    done = CliRunner().invoke(db, ["lint", "--static"], prog_name="flask db")
    assert (done.exit_code, done.stderr) == (0, "")
