"""`flask neon branches`: what there is, and what is said if one can't see it."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.neon_api import PARENT, PROJECT


def test_branches_are_a_table_with_the_default_one_first(run, neon):
    neon.add("가을-여행", protected=True, expires_at="2026-12-01T00:00:00Z")
    lines = run("branches").stdout.splitlines()
    assert lines[0].split() == [
        *("name", "id", "parent", "kind", "state", "size", "created", "expires")
    ]
    assert [line.split()[0] for line in lines[1:]] == ["main", "staging", "가을-여행"]
    assert lines[1].split()[1:8] == [PARENT, "-", "default,", "root", "ready", "30", "MB"]
    assert lines[3].split()[2:4] == ["main", "protected"]
    assert lines[3].endswith("2026-12-01 00:00 UTC")
    # A Korean letter takes two columns of a terminal.
    assert lines[3].index("br-cool") == lines[1].index("br-main") - 4


def test_branches_as_a_document(ask):
    default, staging = ask("branches")
    assert (default["id"], default["name"], default["parent"]) == (PARENT, "main", None)
    assert (default["default"], default["protected"]) == (True, False)
    assert (default["logical_bytes"], default["state"]) == (31457280, "ready")
    assert (staging["parent"], staging["parent_id"]) == ("main", PARENT)
    assert staging["expires_at"] is None


def test_more_branches_than_a_page_holds(ask, neon):
    for number in range(230):
        neon.add(f"pr-{number}")
    assert len(ask("branches")) == 232
    assert len(neon.called("GET", "/branches$")) == 3


def test_a_name_can_not_steer_the_terminal(run, neon):
    neon.add("\x1b[2Jgone\n")
    assert "?[2Jgone?" in run("branches").stdout


def test_a_branch_without_a_parent_is_a_root(run, neon):
    neon.add("staging-before", parent=None)
    lines = [line.split("  ") for line in run("branches").stdout.splitlines()]
    kinds = {line[0]: [cell.strip() for cell in line if cell][3] for line in lines[1:]}
    assert kinds == {"main": "default, root", "staging": "-", "staging-before": "root"}


def test_what_neon_does_not_do_with_a_branch_now_is_named_with_the_reason(run, ask, neon):
    reason = "restore from snapshot on target branch is still ongoing"
    neon.named("staging")["restricted_actions"] = [{"name": "restore", "reason": reason}]
    heading, default, staging = run("branches").stdout.splitlines()
    assert heading.endswith("  expires  restricted")
    assert default.endswith("  -        -")
    assert staging.endswith(f"  restore: {reason}")
    assert [branch["restricted"] for branch in ask("branches")] == [{}, {"restore": reason}]


def test_branches_that_were_deleted_and_until_when(run, ask, neon):
    assert "No deleted branch can be brought back" in run("branches", "--deleted").stdout
    assert ask("branches", "--deleted") == []
    run("delete", "staging", "--yes")
    (deleted,) = ask("branches", "--deleted")
    assert (deleted["name"], deleted["parent"]) == ("staging", "main")
    left = datetime.fromisoformat(deleted["recoverable_until"]) - datetime.now(UTC)
    assert timedelta(days=6) < left <= timedelta(days=7)
    heading, row, said = run("branches", "--deleted").stdout.splitlines()
    assert heading.endswith("  recoverable until")
    assert row.startswith(f"staging  {deleted['id']}  main    ")
    assert row.endswith(f"{deleted['recoverable_until'][:16].replace('T', ' ')} UTC")
    assert f"neon api /projects/{PROJECT}/branches/ID/recover -X POST" in said
    assert [branch["name"] for branch in ask("branches")] == ["main"]
    # Only these are asked for with the parameter that is a preview.
    asked = [call.query.get("include_deleted") for call in neon.called("GET", "/branches$")]
    assert asked[-1] is None


def test_deleted_branches_where_neon_keeps_none(run, neon):
    neon.rules.recovers = False
    run("delete", "staging", "--yes")
    assert "No deleted branch can be brought back" in run("branches", "--deleted").stdout


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"NEON_API_KEY": ""}, "NEON_API_KEY and NEON_PROJECT_ID are needed"),
        ({"NEON_PROJECT_ID": ""}, "NEON_API_KEY and NEON_PROJECT_ID are needed"),
        ({"NEON_API_KEY": "napi_wrong"}, "Neon refuses the API key"),
        ({"NEON_PROJECT_ID": "no-such-1"}, "`flask neon projects`"),
        ({"NEON_API_URL": "http://neon.tech"}, "must be https://"),
        ({"NEON_API_URL": "https://["}, "Error: NEON_API_URL must be an address"),
        ({"NEON_BRANCH_ID": "br-gone"}, "no branch 'br-gone'"),
    ],
)
def test_what_is_set_wrong_is_one_sentence(refused, environment, said):
    assert said in refused("restore-point", **environment)


def test_errors_are_documents_with_json(ask):
    document = ask("delete", "no-such", exit_code=1)
    assert document["error"]["code"] == "not-found"
    assert ask("delete", exit_code=1)["error"]["code"] == "usage-error"
