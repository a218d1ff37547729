"""`flask neon projects`: what each kind of key sees, and what is said of what it doesn't see."""

from typing import Any

import pytest

from tests.neon_api import KEY, ORGANIZATION, PROJECT
from tests.neon_api.answers import listed_project


def test_projects_name_the_id_that_is_wanted(run, ask):
    heading, row = run("projects").stdout.splitlines()
    assert heading.split() == ["id", "name", "region", "postgres", "organization", "kind"]
    assert row.split() == [PROJECT, "trip-planner", "aws-eu-central-1", "18", ORGANIZATION, "-"]
    assert ask("projects", NEON_PROJECT_ID="") == [
        {
            "id": PROJECT,
            "name": "trip-planner",
            "region": "aws-eu-central-1",
            "postgres": 18,
            "organization": ORGANIZATION,
            "shared": False,
            "available": True,
        }
    ]


@pytest.mark.parametrize("kind", ["personal", "organization"])
@pytest.mark.parametrize("page_size", [7, 10000])
@pytest.mark.parametrize("repeats_cursor", [False, True])
def test_all_projects_of_a_key_are_listed(ask, neon, kind, page_size, repeats_cursor):
    neon.kind_of_key, neon.page_size, neon.repeats_cursor = kind, page_size, repeats_cursor
    neon.projects = [listed_project(f"p-{number}") for number in range(150)]
    neon.shared = [listed_project(f"s-{number}") for number in range(20)]
    found = ask("projects")
    assert len({item["id"] for item in found}) == len(found) == 170
    assert sum(item["shared"] for item in found) == 20


def test_a_project_that_is_shared_with_its_own_people_is_listed_once(run, ask, neon):
    neon.shared = [listed_project(), listed_project("other-1", "other", org_id="org-other-1")]
    own, other = sorted(ask("projects"), key=lambda item: item["shared"])
    assert (own["id"], other["id"]) == (PROJECT, "other-1")
    assert "org-other-1          shared" in run("projects").stdout


@pytest.mark.parametrize("status", [400, 403, 404])
def test_a_key_that_may_not_ask_for_shared_ones_sees_its_own(ask, neon, status):
    neon.fail("GET", "/projects/shared$", status)
    assert [item["id"] for item in ask("projects")] == [PROJECT]


def test_projects_that_neon_could_not_look_at_are_named(run, ask, neon):
    neon.unavailable = ["lost-1", PROJECT]
    done = run("projects")
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["id", PROJECT, "lost-1"]
    assert done.stdout.splitlines()[2].split() == ["lost-1", *"----", "unavailable"]
    assert done.stderr == "Neon could not look at all projects in time: try again for lost-1.\n"
    available, lost = ask("projects")
    assert (available["id"], available["available"]) == (PROJECT, True)
    assert (lost["id"], lost["name"], lost["available"]) == ("lost-1", None, False)


def test_when_none_could_be_looked_at_it_goes_on_to_the_next_page(ask, neon, monkeypatch):
    late = {"projects": [], "unavailable_project_ids": ["a-1"], "pagination": {"cursor": "1"}}
    pages: Any = iter([late, {"projects": [listed_project("a-1"), listed_project("a-2")]}])

    def answer(*_):
        return 200, {"applications": {}, "integrations": {}, **next(pages)}

    monkeypatch.setattr(neon, "_of_account", answer)
    neon.fail("GET", "/projects/shared$", 404)
    assert [(item["id"], item["available"]) for item in ask("projects")] == [
        ("a-1", True),
        ("a-2", True),
    ]


def test_a_key_of_one_project_is_told_where_the_id_is(refused, ask, neon):
    neon.kind_of_key = "project"
    said = refused("projects")
    assert "key may not do this (not allowed with a project-scoped API key; request id" in said
    assert "for one project only" in said
    assert "NEON_PROJECT_ID is on Neon's console, on the project's page Settings." in said
    assert len(neon.calls) == 1
    assert ask("projects", exit_code=1)["error"]["code"] == "configuration-error"
    assert ask("branches")


def test_neon_also_says_it_with_404(refused, neon):
    neon.says = "not allowed for project-scoped keys"
    neon.fail("GET", "/projects$", 404)
    assert "for one project only" in refused("projects")
    neon.says = "page not found"
    neon.fail("GET", "/projects$", 404)
    assert "for one project only" not in refused("projects")


def test_another_key_is_no_key_of_one_project(refused):
    said = refused("projects", NEON_API_KEY="napi_wrong")
    assert "Neon refuses the API key" in said
    assert "napi_wrong" not in said
    assert "for one project only" not in said


def test_no_project_says_how_to_make_one(run, ask, neon):
    neon.projects = []
    assert "create one on Neon's console" in run("projects").stdout
    assert ask("projects") == []


def test_what_an_answer_says_of_the_key_is_not_told(refused, neon):
    neon.says = f"refused: Bearer {KEY}"
    neon.fail("GET", "/projects$", 403)
    assert "Bearer ***" in refused("projects")
