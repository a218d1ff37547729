"""The GitHub workflow: valid, with few rights, and its steps work on a pull request and on main."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from safe_migrations.standing import standing
from tests.neon_api import KEY, PROJECT, FakeNeon

WORKFLOW = ".github/workflows/schema.yml"
SECRET = re.compile(r"\bsecrets\.(\w+)")
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


def test_secrets_are_those_of_environments_and_given_to_steps_that_need_them(workflow):
    """Whoever may push a branch can read those of the repository, but not an environment's."""
    given = {}
    for name, job in workflow["jobs"].items():
        for step in job["steps"]:
            if secrets := set(SECRET.findall(str(step.get("env", {})))):
                given[name, step["name"]] = secrets
    assert given == {
        ("rehearse-on-neon", "Rehearse on Neon"): {"REHEARSAL_DATABASE_URL", "NEON_API_KEY"},
        ("upgrade", "Plan"): {"DATABASE_URL"},
        ("upgrade", "Restore point"): {"DATABASE_URL", "NEON_API_KEY"},
        ("upgrade", "Upgrade"): {"DATABASE_URL"},
        ("upgrade", "State"): {"DATABASE_URL"},
    }
    # Nowhere else: in a script, in what an action gets, for a whole job.
    text = json.dumps(workflow)
    assert len(re.findall(r"\bsecrets\b", text)) == sum(map(len, given.values()))
    environments = {name: job.get("environment") for name, job in workflow["jobs"].items()}
    assert {name: found for name, found in environments.items() if found} == {
        "rehearse-on-neon": "rehearsal",
        "upgrade": "production",
    }


def test_what_has_secrets_takes_nothing_that_others_have_left(workflow):
    """A cache is filled by jobs that run other code."""
    for name in ("rehearse-on-neon", "upgrade"):
        assert not [step for step in workflow["jobs"][name]["steps"] if "cache" in str(step)]


def test_no_code_of_others_gets_as_far_as_secrets(workflow):
    """That of a fork, of Dependabot's; and nobody's that is not on main goes to production."""
    # YAML 1.2 has no `on` that means true.
    assert set(workflow["on"]) == {"pull_request", "push"}
    assert workflow["on"]["push"] == {"branches": ["main"]}
    condition = workflow["jobs"]["rehearse-on-neon"]["if"]
    for part in (
        "github.event_name == 'pull_request'",
        "github.event.pull_request.head.repo.full_name == github.repository",
        "github.event.pull_request.user.login != 'dependabot[bot]'",
        "vars.REHEARSE_ON_NEON == 'true'",
    ):
        assert part in condition.split(" && ")
    assert workflow["jobs"]["upgrade"]["if"].startswith("github.event_name == 'push' && ")


def test_values_get_into_scripts_by_the_environment_only(workflow):
    """What GitHub puts into a script is run with it, whoever wrote it."""
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    assert not [step for step in steps if "${{" in step.get("run", "")]
    checkouts = [step for step in steps if step.get("uses", "").startswith("actions/checkout@")]
    assert len(checkouts) == 4
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


def test_a_pipe_fails_with_its_first_command(workflow):
    """By default, GitHub runs bash without pipefail."""
    assert workflow["defaults"]["run"]["shell"] == "bash"


def test_actions_are_github_s_own_and_named_by_their_commits(root):
    """Whoever gets hold of an action can move its tags; the comment is what Dependabot reads."""
    lines = [
        line
        for path in sorted((root / ".github" / "workflows").iterdir())
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.match(r"\s*-?\s*uses:", line)
    ]
    pinned = re.compile(r"\s*- uses: (actions/[a-z-]+)@([0-9a-f]{40}) # v\d+\.\d+\.\d+")
    found = {match.groups() for line in lines if (match := pinned.fullmatch(line))}
    assert len([line for line in lines if not pinned.fullmatch(line)]) == 0
    assert len(found) == len({name for name, _ in found}) == 4


def test_dependabot_brings_newer_actions(root):
    file = ".github/dependabot.yml"
    checked = subprocess.run(
        [
            str(Path(sys.executable).parent / "check-jsonschema"),
            *("--builtin-schema", "vendor.dependabot", file),
        ],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout
    updates = YAML(typ="safe").load(root / file)["updates"]
    assert "github-actions" in {update["package-ecosystem"] for update in updates}


@pytest.fixture
def pull_request(project):
    """Commit the project, then a revision on top of it, as a pull request would."""

    def propose(statement: str) -> None:
        git = "git -c user.name=a -c user.email=a@example.com -c commit.gpgsign=false"
        begun = project.run(f"git init --quiet && git add . && {git} commit --quiet -m base")
        assert begun.returncode == 0, begun.stdout
        path = project.folder / "migrations" / "versions" / "2026_12_01_add_nickname.py"
        (head,) = standing(None, project.folder / "migrations" / "versions").heads
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


def test_with_a_reviewer_s_word_it_is_rehearsed_on_a_branch(project, pull_request, workflow):
    pull_request(SAFE)
    (on_base,) = run_steps(
        project,
        workflow["jobs"]["rehearse"],
        ["Bring the database to where the base is"],
        DATABASE_URL=project.url,
    ).values()
    assert on_base.returncode == 0, on_base.stdout
    with FakeNeon(provide=project.copy_to) as neon:
        neon.hold(project.url)
        (done,) = run_steps(
            project,
            workflow["jobs"]["rehearse-on-neon"],
            ["Rehearse on Neon"],
            DATABASE_URL=project.url,
            NEON_API_KEY=KEY,
            NEON_API_URL=neon.url,
            NEON_PROJECT_ID=PROJECT,
        ).values()
        assert done.returncode == 0, done.stdout
        assert neon.called("POST", "branches")
        assert neon.made() == []
    summary = (project.folder / "summary.md").read_text(encoding="utf-8")
    assert "Downgrade: ok" in summary


def test_an_unsafe_pull_request_fails_and_the_report_says_why(project, pull_request, workflow):
    pull_request(UNSAFE)
    names = ["Bring the database to where the base is", "Lint"]
    done = run_steps(project, workflow["jobs"]["rehearse"], names, DATABASE_URL=project.url)
    assert done["Lint"].returncode == 4, done["Lint"].stdout
    report = (project.folder / "report.md").read_text(encoding="utf-8")
    assert "not-null-without-default" in report


@pytest.fixture
def deploy(project, workflow):
    """Run steps of a deploy with a stand-in for Neon; returns exit codes and outputs."""

    def deploy(neon, *names, **environment):
        given = {
            "APP_ENV": "production",
            "DATABASE_URL": project.url,
            "NEON_API_KEY": KEY,
            "NEON_API_URL": neon.url,
            "NEON_PROJECT_ID": PROJECT,
            "RESTORE_POINT": "before-17-1",
            "WITHOUT": "",
        }
        return run_steps(project, workflow["jobs"]["upgrade"], names, **given | environment)

    return deploy


def test_main_gets_a_restore_point_before_the_upgrade_and_none_without_changes(project, deploy):
    with FakeNeon() as neon:
        for _ in range(2):
            done = deploy(neon, "Plan", "Restore point", "Upgrade", "State")
            assert all(item.returncode == 0 for item in done.values()), done
        assert [branch["name"] for branch in neon.made()] == ["before-17-1"]
    summary = (project.folder / "summary.md").read_text(encoding="utf-8")
    assert "Restore point: branch before-17-1" in summary


def old_points(neon):
    """Restore points of three deploys before."""
    for number in (1, 2, 3):
        added = neon.add(
            f"before-{number}-1",
            created_at=f"2026-11-0{number}T12:00:00Z",
            expires_at="2999-11-10T12:00:00Z",
        )
        neon.without_compute.add(added["id"])


def test_a_fourth_deploy_deletes_the_restore_point_of_the_first(deploy):
    with FakeNeon() as neon:
        old_points(neon)
        (done,) = deploy(neon, "Restore point").values()
        assert done.returncode == 0, done.stdout
        names = [branch["name"] for branch in neon.made()]
        assert names == ["before-2-1", "before-3-1", "before-17-1"]
        assert "::warning" not in done.stdout


def test_a_deploy_goes_by_the_history_where_the_plan_has_no_room_and_says_so(project, deploy):
    with FakeNeon() as neon:
        neon.plan, neon.rules.limit = "free_v3", 1
        (done,) = deploy(neon, "Restore point").values()
        assert done.returncode == 0, done.stdout
        assert neon.made() == []
    (warning,) = re.findall("^::warning title=No restore point::(.*)$", done.stdout, re.MULTILINE)
    assert "The project has 1 branch, and Neon allows no more" in warning
    assert "flask neon restore main --at 2" in warning
    summary = (project.folder / "summary.md").read_text(encoding="utf-8")
    assert "flask neon restore main --at 2" in summary


def test_a_warning_is_whole_whatever_branches_are_called(deploy):
    with FakeNeon() as neon:
        neon.plan, neon.rules.limit = "free_v3", 3
        for name in ("before-100%0A", "before-a\n::error::b"):
            neon.add(name, expires_at="2999-11-10T12:00:00Z")
        (done,) = deploy(neon, "Restore point").values()
    assert done.returncode == 0, done.stdout
    (warning,) = re.findall("^::(.*)$", done.stdout, re.MULTILINE)
    assert "before-100%250A, before-a?::error::b; `flask neon delete br-" in warning
    assert warning.count("%0A") == 1


def test_a_deploy_ends_before_anything_is_changed_where_the_key_is_refused(deploy):
    """It says so first, and how to go on."""
    with FakeNeon() as neon:
        (done,) = deploy(neon, "Restore point", NEON_API_KEY="napi_of_last_year").values()
        assert done.returncode == 1
        said, refusal = done.stdout.split("Neon refuses the API key")
        assert "the deploy ends here with nothing\nchanged" in said
        assert "set NEON_API_KEY" in refusal
        assert "set the variable WITHOUT_RESTORE_POINT of the\nenvironment production" in said
        (done,) = deploy(
            neon, "Restore point", NEON_API_KEY="napi_of_last_year", WITHOUT="true"
        ).values()
        assert done.returncode == 0
        assert "::warning title=No restore point::WITHOUT_RESTORE_POINT is true" in done.stdout
