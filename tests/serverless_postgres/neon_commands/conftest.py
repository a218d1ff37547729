"""`flask neon` beside a stand-in for Neon's API, whose URLs hold a password to look for."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from click.testing import CliRunner, Result

from service.cli.groups import neon as group
from tests.neon_api import KEY, PARENT, PROJECT, FakeNeon

PASSWORD = "npg_Qw3rty9876"  # noqa: S105  of nobody


@pytest.fixture
def neon():
    """A project with the default branch `main` and a branch `staging` made from it."""

    def provide(branch):
        return (
            f"postgresql://neondb_owner:{PASSWORD}@ep-{branch.removeprefix('br-')}"
            ".eu-central-1.aws.neon.tech/neondb?sslmode=require"
        )

    with FakeNeon(provide) as fake:
        fake.polls_until_done = 0
        fake.databases = {"neondb": "neondb_owner"}
        fake.add("staging")
        yield fake


@pytest.fixture
def variables(neon):
    """The environment of a command that is to work with the stand-in."""
    unset = dict.fromkeys(("DATABASE_URL", "DIRECT_DATABASE_URL", "NEON_BRANCH_ID"), "")
    return unset | {
        "NEON_API_KEY": KEY,
        "NEON_PROJECT_ID": PROJECT,
        "NEON_API_URL": neon.url,
    }


@pytest.fixture
def run(variables, monkeypatch):
    """Run a command of `flask neon`; neither key nor password may be in what it says."""

    def run(*arguments: str, secrets: bool = False, **environment: str) -> Result:
        for name, value in (variables | environment).items():
            monkeypatch.setenv(name, value)
        done = CliRunner().invoke(group, arguments, prog_name="flask neon")
        assert KEY not in done.output
        assert secrets or PASSWORD not in done.output
        assert "Traceback" not in done.output
        return done

    return run


@pytest.fixture
def ask(run):
    """Run a command with --json that is to work; returns its document."""

    def ask(*arguments: str, exit_code: int = 0, **environment: str) -> Any:
        done = run(*arguments, "--json", **environment)
        assert done.exit_code == exit_code, done.output
        return json.loads(done.stdout)

    return ask


@pytest.fixture
def refused(run):
    """Run a command that is to be refused; returns the sentence."""

    def refused(*arguments: str, **environment: str) -> str:
        done = run(*arguments, **environment)
        assert done.exit_code == 1, done.output
        assert done.stdout == ""
        return done.stderr

    return refused


@pytest.fixture
def point(ask, neon):
    """A restore point of main, which has changed since."""
    made = ask("restore-point", "before-1.4")
    neon.schemas[PARENT] = "CREATE TABLE mistakes ();\n"
    return made


@pytest.fixture
def start(variables, root):
    """Start a command in a process of its own."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str, **options: Any) -> subprocess.Popen[str]:
        streams = {
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "service.cli", "neon", *arguments],
            cwd=root,
            env=os.environ | variables,
            text=True,
            **(streams | options),
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        for stream in (process.stdout, process.stderr):
            if stream:
                stream.close()
