"""`flask neon branches` and `projects`: what there is, and what is said if one can't see it."""

import pytest

from tests.neon_api import PARENT, PROJECT
from tests.neon_api.answers import listed_project


def test_branches_are_a_table_with_the_default_one_first(run, neon):
    neon.add("가을-여행", protected=True, expires_at="2026-12-01T00:00:00Z")
    lines = run("branches").stdout.splitlines()
    assert lines[0].split() == [
        *("name", "id", "parent", "kind", "state", "size", "created", "expires")
    ]
    assert [line.split()[0] for line in lines[1:]] == ["main", "staging", "가을-여행"]
    assert lines[1].split()[1:7] == [PARENT, "-", "default", "ready", "30", "MB"]
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


def test_projects_name_the_id_that_is_wanted(run, ask):
    assert PROJECT in run("projects").stdout
    assert ask("projects", NEON_PROJECT_ID="")[0]["id"] == PROJECT


def test_projects_of_a_person_are_those_of_the_organizations(ask, neon):
    neon.kind_of_key = "personal"
    neon.projects = [listed_project(f"p-{number}") for number in range(250)]
    assert len(ask("projects")) == 250


def test_no_project_says_how_to_make_one(run, neon):
    neon.projects = []
    assert "make one on Neon's console" in run("projects").stdout


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
