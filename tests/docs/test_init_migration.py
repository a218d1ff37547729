"""`init_migration.sh`, run as on a fresh checkout, again, and where something is missing."""

import re
import subprocess

import pytest

from safe_migrations.revisions import heads
from serverless_postgres.url import parse
from service.schema import project
from tests.predecessor_tables import create


def test_it_brings_a_fresh_checkout_to_the_newest_schema_and_again_changes_nothing(project):
    script = project.folder / "init_migration.sh"
    done = project.run(f"cd / && '{script}'")
    assert done.returncode == 0, done.stdout
    assert "There are revisions in migrations/versions." in done.stdout
    assert "Applying d62e3f8ca21b (Create users" in done.stdout
    assert re.search(r"^Pending +none$", done.stdout, re.MULTILINE)
    again = project.run("./init_migration.sh")
    assert again.returncode == 0, again.stdout
    assert "Nothing to do" in again.stdout


def test_it_makes_the_first_revision_when_there_is_none(project):
    versions = project.folder / "migrations" / "versions"
    for path in versions.glob("*.py"):
        path.unlink()
    done = project.run("./init_migration.sh")
    assert done.returncode == 0, done.stdout
    assert len(list(versions.glob("*_create_the_schema*.py"))) == 1
    assert re.search(r"^Drift +none$", done.stdout, re.MULTILINE)


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        (
            {"DATABASE_URL": "postgresql://trips:s3cret@127.0.0.1:1/trips"},
            ("Could not connect to postgresql://trips:***@127.0.0.1:1", "Start the server"),
        ),
        (
            {"APP_ENV": "production"},
            (
                "DATABASE_URL environment variable is not set",
                "Set DATABASE_URL in the environment or in .env",
            ),
        ),
        ({"POOL_SIZE": "many"}, ("Error: POOL_SIZE must be a whole number",)),
    ],
)
def test_where_something_is_missing_it_stops_and_says_what_to_do(project, environment, said):
    done = project.run("./init_migration.sh", **environment)
    assert done.returncode == 1
    assert all(part in done.stdout for part in said)
    assert "Upgrade" not in done.stdout
    assert "s3cret" not in done.stdout


@pytest.mark.parametrize("alembic", [None, heads(project().versions)[0]])
def test_tables_of_the_prototype_are_left_to_who_takes_them_over(project, execute, alembic):
    execute(parse(project.url), *create("r3", alembic))
    done = project.run("./init_migration.sh")
    assert done.returncode == 1
    assert "those of the prototype that this service came from, in its revision r3" in done.stdout
    assert "flask db adopt" in done.stdout
    assert "flask db stamp" not in done.stdout
    assert "== Upgrade" not in done.stdout


def test_several_heads_have_their_own_exit_code(project):
    made = """
        head=$(flask db heads | cut -d ' ' -f 1)
        for name in mine theirs; do
            flask db revision -m $name --rev-id $name --head $head --splice
        done
    """
    assert project.run(made).returncode == 0
    done = project.run("./init_migration.sh")
    assert done.returncode == 6
    assert "flask db merge heads" in done.stdout


def test_without_the_packages_it_says_how_to_install_them(project):
    bare = project.run("python3 -m venv --without-pip bare")
    assert bare.returncode == 0, bare.stdout
    done = project.run("./init_migration.sh", PYTHON="bare/bin/python", PYTHONPATH="")
    assert done.returncode == 1
    assert "bare/bin/python lacks what the service needs: run `make install`." in done.stdout


def test_help_says_what_it_does(root):
    done = subprocess.run(
        [str(root / "init_migration.sh"), "--help"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert "makes the first revision when" in done.stdout
    assert "set -e" not in done.stdout
