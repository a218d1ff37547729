"""`flask db` and `alembic`: the same commands, the same results, the same errors."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from service.schema.revisions import heads

HEAD = heads()[0]


@pytest.fixture
def run(root):
    """Run a command of this project's environment."""

    def run(command: str, url: str | None, **environment: str) -> subprocess.CompletedProcess[str]:
        name, *arguments = command.split()
        return subprocess.run(
            [str(Path(sys.executable).parent / name), *arguments],
            cwd=root,
            env={**os.environ, "DATABASE_URL": url or "", **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.fixture
def url(make_database) -> str:
    return make_database().render_as_string(hide_password=False)


@pytest.mark.parametrize("tool", ["flask db", "alembic"])
def test_down_and_up_again(run, url, tool):
    assert HEAD in run(f"{tool} current", url).stdout
    assert run(f"{tool} downgrade base", url).returncode == 0
    assert HEAD not in run(f"{tool} current", url).stdout
    assert run(f"{tool} upgrade head", url).returncode == 0
    assert f"{HEAD} (head)" in run(f"{tool} current", url).stdout
    checked = run(f"{tool} check", url)
    assert (checked.returncode, "No new upgrade operations" in checked.stdout) == (0, True)


@pytest.mark.parametrize("command", ["heads", "history", "show head"])
def test_both_tools_say_the_same(run, url, command):
    said = [run(f"{tool} {command}", url) for tool in ("flask db", "alembic")]
    assert said[0].returncode == said[1].returncode == 0
    assert HEAD in said[0].stdout
    assert said[0].stdout == said[1].stdout


def test_a_step_down_is_no_option(run, url):
    assert run("flask db downgrade -1", url).returncode == 0
    assert run("flask db upgrade +1", url).returncode == 0
    assert run("flask db stamp base", url).returncode == 0
    assert HEAD not in run("flask db current", url).stdout
    assert run("flask db stamp --purge head", url).returncode == 0
    assert HEAD in run("flask db current", url).stdout


def test_nothing_to_migrate_writes_no_file(run, url, root):
    before = sorted((root / "migrations" / "versions").iterdir())
    migrated = run("flask db migrate -m nothing", url)
    assert migrated.returncode == 0
    assert "no revision is written" in migrated.stdout
    assert sorted((root / "migrations" / "versions").iterdir()) == before


@pytest.mark.parametrize("tool", ["flask db", "alembic"])
@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("nonsense", "not a Postgres URL"),
        ("mysql://me:s3cret@host/trips", "not a Postgres URL"),
        ("postgresql://me:s3cret@no-such-host.invalid/trips", "host of DATABASE_URL is unknown"),
        ("postgresql://me:s3cret@127.0.0.1:1/trips", "refuses connections"),
    ],
)
def test_a_database_that_can_not_be_reached_is_told_in_a_sentence(run, tool, url, said):
    stopped = run(f"{tool} upgrade head", url)
    assert stopped.returncode == 1
    assert said in stopped.stderr
    assert "Traceback" not in stopped.stderr
    assert "s3cret" not in stopped.stderr


@pytest.mark.parametrize("tool", ["flask db", "alembic"])
def test_wrong_names_are_told_in_a_sentence(run, url, tool):
    for wrong, said in (
        (url.rsplit("/", 1)[0] + "/nowhere", "does not exist"),
        (url.replace("postgres:", "postgres:wrong"), "refuses the user name or password"),
    ):
        stopped = run(f"{tool} current", wrong)
        assert (stopped.returncode, said in stopped.stderr) == (1, True), stopped.stderr
        assert "Traceback" not in stopped.stderr


@pytest.mark.parametrize("tool", ["flask db", "alembic"])
def test_in_production_a_command_wants_a_database(run, tool, tmp_path):
    stopped = run(f"{tool} upgrade head", None, APP_ENV="production", INSTANCE_DIR=str(tmp_path))
    assert stopped.returncode == 1
    assert "DATABASE_URL environment variable is not set" in stopped.stderr
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_revision_is_told_in_a_sentence(run, url):
    stopped = run("flask db upgrade nowhere", url)
    assert (stopped.returncode, stopped.stderr) == (
        1,
        "Error: Can't locate revision identified by 'nowhere'\n",
    )


def test_typed_alone_a_command_starts_the_embedded_database_for_its_own_length(run, tmp_path):
    place = {"INSTANCE_DIR": str(tmp_path / "instance")}
    assert run("flask db upgrade", None, **place).returncode == 0
    assert HEAD in run("alembic current", None, **place).stdout


def test_every_command_has_help_with_an_example(run):
    listed = run("flask db --help", None).stdout
    names = [line.split()[0] for line in listed.split("Commands:")[1].splitlines() if line.strip()]
    assert {"upgrade", "downgrade", "migrate", "check", "import-sqlite"} <= set(names)
    for name in names:
        assert f"flask db {name}" in run(f"flask db {name} --help", None).stdout, name
