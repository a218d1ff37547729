"""The GitHub workflow: valid, with few rights, and its steps work on a pull request and on main."""

import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from service.schema.revisions import VERSIONS
from service.schema.standing import standing
from tests.neon_api import KEY, PROJECT, FakeNeon

WORKFLOW = ".github/workflows/schema.yml"
REVISION = '''"""Add users.nickname."""

from alembic import op

revision = "add_nickname"
down_revision = "{0}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("{1}")


def downgrade() -> None:
    op.execute("ALTER TABLE users DROP COLUMN nickname")
'''
SAFE = "ALTER TABLE users ADD COLUMN nickname varchar(40)"
UNSAFE = f"{SAFE} NOT NULL"


@pytest.fixture
def workflow(root):
    return YAML(typ="safe").load(root / WORKFLOW)


@pytest.mark.parametrize(
    "schema", ["vendor.github-workflows", "custom.github-workflows-require-timeout"]
)
def test_the_workflow_is_valid(root, schema):
    checked = subprocess.run(
        [
            str(Path(sys.executable).parent / "check-jsonschema"),
            "--builtin-schema",
            schema,
            WORKFLOW,
        ],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout


def test_only_the_comment_may_be_written_and_by_a_job_that_runs_no_code_of_the_project(workflow):
    assert workflow["permissions"] == {"contents": "read"}
    rights = {name: job.get("permissions") for name, job in workflow["jobs"].items()}
    assert {name for name, given in rights.items() if given} == {"comment"}
    assert rights["comment"] == {"pull-requests": "write"}
    uses = [step.get("uses", "") for step in workflow["jobs"]["comment"]["steps"]]
    assert not any(name.startswith("actions/checkout") for name in uses)


def test_secrets_are_given_to_single_steps_of_pull_requests(workflow):
    job = workflow["jobs"]["rehearse"]
    assert "secrets." not in str(job["env"])
    given = [step["name"] for step in job["steps"] if "secrets." in str(step.get("env"))]
    assert given == ["Rehearse"]


def test_a_pipe_fails_with_its_first_command(workflow):
    """By default, GitHub runs bash without pipefail."""
    assert workflow["defaults"]["run"]["shell"] == "bash"


def test_actions_are_github_s_own_and_pinned(workflow):
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    for name in (step["uses"] for step in steps if "uses" in step):
        assert name.startswith("actions/")
        assert name.rpartition("@v")[2].isdigit()


@pytest.fixture
def pull_request(project):
    """Commit the project, then a revision on top of it, as a pull request would."""

    def propose(statement: str) -> None:
        git = "git -c user.name=a -c user.email=a@example.com -c commit.gpgsign=false"
        begun = project.run(f"git init --quiet && git add . && {git} commit --quiet -m base")
        assert begun.returncode == 0, begun.stdout
        path = project.folder / "migrations" / "versions" / "2026_12_01_add_nickname.py"
        (head,) = standing(None, VERSIONS).heads
        path.write_text(REVISION.format(head.revision, statement), encoding="utf-8")
        proposed = project.run(f"git add . && {git} commit --quiet -m change")
        assert proposed.returncode == 0, proposed.stdout

    return propose


def run_steps(project, job, names, **environment):
    """Run steps of a job by their names, as the runner does; returns exit codes and outputs."""
    steps = {step["name"]: step["run"] for step in job["steps"] if "name" in step}
    environment["GITHUB_STEP_SUMMARY"] = str(project.folder / "summary.md")
    return {name: project.run(steps[name], **environment) for name in names}


def test_a_safe_pull_request_passes_and_its_report_has_all_parts(project, pull_request, workflow):
    pull_request(SAFE)
    agree = "Models, database and documentation agree"
    names = ["Bring the database to where the base is", "Lint", "Plan", "Rehearse", agree]
    done = run_steps(
        project,
        workflow["jobs"]["rehearse"],
        names,
        DATABASE_URL=project.url,
        NEON_API_KEY="",
    )
    codes = {name: item.returncode for name, item in done.items()}
    # The revision is safe, but no model knows its column.
    assert codes == dict.fromkeys(names, 0) | {agree: 2}, done
    report = (project.folder / "report.md").read_text(encoding="utf-8")
    assert "Nothing unsafe in 1 revision." in report
    assert "## Schema changes" in report
    assert "Downgrade: ok" in report


def test_an_unsafe_pull_request_fails_and_the_report_says_why(project, pull_request, workflow):
    pull_request(UNSAFE)
    names = ["Bring the database to where the base is", "Lint"]
    done = run_steps(project, workflow["jobs"]["rehearse"], names, DATABASE_URL=project.url)
    assert done["Lint"].returncode == 4, done["Lint"].stdout
    report = (project.folder / "report.md").read_text(encoding="utf-8")
    assert "not-null-without-default" in report


def test_main_gets_a_restore_point_before_the_upgrade_and_none_without_changes(project, workflow):
    names = ["Plan", "Restore point", "Upgrade", "State"]
    with FakeNeon() as neon:
        environment = {
            "APP_ENV": "production",
            "DATABASE_URL": project.url,
            "NEON_API_KEY": KEY,
            "NEON_API_URL": neon.url,
            "NEON_PROJECT_ID": PROJECT,
            "RESTORE_POINT": "before-17-1",
        }
        for _ in range(2):
            done = run_steps(project, workflow["jobs"]["upgrade"], names, **environment)
            assert all(item.returncode == 0 for item in done.values()), done
        assert [branch["name"] for branch in neon.made()] == ["before-17-1"]
    summary = (project.folder / "summary.md").read_text(encoding="utf-8")
    assert "Restore point: branch before-17-1" in summary
