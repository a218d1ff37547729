"""`flask db` and `alembic`: the same commands, the same results, the same errors."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from service.cli.db import db
from service.schema.revisions import heads

HEAD = heads()[0]


@dataclass
class Done:
    code: int
    output: str
    errors: str


@pytest.fixture
def run(root, monkeypatch):
    """Run a command: `flask db` in this process, which is quicker, and `alembic` in its own."""

    def run(command: str, url: str | None, **environment: str) -> Done:
        for name, value in {"DATABASE_URL": url or "", **environment}.items():
            monkeypatch.setenv(name, value)
        if command.startswith("flask db "):
            result = CliRunner().invoke(db, command.split()[2:], prog_name="flask db")
            assert result.exception is None or isinstance(result.exception, SystemExit)
            return Done(result.exit_code, result.stdout, result.stderr)
        program, *arguments = command.split()
        process = subprocess.run(
            [str(Path(sys.executable).parent / program), *arguments],
            cwd=root,
            capture_output=True,
            text=True,
            check=False,
        )
        return Done(process.returncode, process.stdout, process.stderr)

    return run


@pytest.fixture
def url(make_database) -> str:
    return make_database().render_as_string(hide_password=False)


@pytest.mark.parametrize("tool", ["flask db", "alembic"])
def test_down_and_up_again(run, url, tool):
    assert f"{HEAD} (head)" in run("flask db current", url).output
    assert run(f"{tool} downgrade base", url).code == 0
    assert HEAD not in run("flask db current", url).output
    assert run(f"{tool} upgrade head", url).code == 0
    assert f"{HEAD} (head)" in run("flask db current", url).output
    checked = run("flask db check", url)
    assert (checked.code, "No new upgrade operations" in checked.output) == (0, True)


def test_both_tools_say_the_same(run, url):
    said = [run(f"{tool} history --verbose", url) for tool in ("flask db", "alembic")]
    assert said[0].code == said[1].code == 0
    assert HEAD in said[0].output
    assert said[0].output == said[1].output
    for command in ("heads", "show head"):
        assert HEAD in run(f"flask db {command}", url).output


def test_a_step_down_is_no_option(run, url):
    assert run("flask db downgrade -1", url).code == 0
    assert run("flask db upgrade +1", url).code == 0
    assert run("flask db stamp base", url).code == 0
    assert HEAD not in run("flask db current", url).output
    assert run("flask db stamp --purge head", url).code == 0
    assert HEAD in run("flask db current", url).output


def test_nothing_to_migrate_writes_no_file(run, url, root):
    before = sorted((root / "migrations" / "versions").iterdir())
    migrated = run("flask db migrate -m nothing", url)
    assert migrated.code == 0
    assert "no revision is written" in migrated.output
    assert sorted((root / "migrations" / "versions").iterdir()) == before


@pytest.mark.parametrize("tool", ["flask db", "alembic"])
@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("nonsense", "not a Postgres URL"),
        ("postgresql://me:s3cret@no-such-host.invalid/trips", "host of DATABASE_URL is unknown"),
        ("postgresql://me:s3cret@127.0.0.1:1/trips", "refuses connections"),
    ],
)
def test_a_database_that_can_not_be_reached_is_told_in_a_sentence(run, tool, url, said):
    stopped = run(f"{tool} upgrade head", url)
    assert stopped.code == 1
    assert said in stopped.errors
    assert "Traceback" not in stopped.errors
    assert "s3cret" not in stopped.errors


@pytest.mark.parametrize("tool", ["flask db", "alembic"])
def test_wrong_names_are_told_in_a_sentence(run, url, tool):
    for wrong, said in (
        (url.rsplit("/", 1)[0] + "/nowhere", "does not exist"),
        (url.replace("postgres:", "postgres:wrong"), "refuses the user name or password"),
    ):
        stopped = run(f"{tool} current", wrong)
        assert (stopped.code, said in stopped.errors) == (1, True), stopped.errors
        assert "Traceback" not in stopped.errors


@pytest.mark.parametrize("tool", ["flask db", "alembic"])
def test_in_production_a_command_wants_a_database(run, tool, tmp_path):
    stopped = run(f"{tool} upgrade head", None, APP_ENV="production", INSTANCE_DIR=str(tmp_path))
    assert stopped.code == 1
    assert "DATABASE_URL environment variable is not set" in stopped.errors
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_revision_is_told_in_a_sentence(run, url):
    stopped = run("flask db upgrade nowhere", url)
    assert stopped.code == 1
    assert stopped.errors.endswith("Error: Can't locate revision identified by 'nowhere'\n")


def test_typed_alone_a_command_starts_the_embedded_database_for_its_own_length(run, tmp_path):
    place = {"INSTANCE_DIR": str(tmp_path / "instance")}
    assert run("flask db upgrade", None, **place).code == 0
    assert HEAD in run("alembic current", None, **place).output


def test_every_command_has_help_with_an_example(run):
    listed = run("flask db --help", None).output
    names = [line.split()[0] for line in listed.split("Commands:")[1].splitlines() if line.strip()]
    assert {"upgrade", "downgrade", "migrate", "check", "import-sqlite"} <= set(names)
    for name in names:
        assert f"flask db {name}" in run(f"flask db {name} --help", None).output, name
