"""Making and deleting branches: done once, and nothing is lost by mistake."""

from datetime import UTC, datetime, timedelta
from unicodedata import normalize

import pytest

from tests.neon_api import PARENT


def test_a_branch_is_made_from_the_default_one(ask, neon):
    made = ask("create", "pr-1", "--expires", "12h")
    (call,) = neon.called("POST", "/branches$")
    assert (made["name"], made["parent"], made["parent_id"]) == ("pr-1", "main", PARENT)
    assert call.body["endpoints"] == [{"type": "read_write"}]
    left = datetime.fromisoformat(call.body["branch"]["expires_at"]) - datetime.now(UTC)
    assert timedelta(hours=11, minutes=59) < left <= timedelta(hours=12)


@pytest.mark.parametrize("wanted", ["name", "id"])
def test_parents_have_names_and_ids(ask, neon, wanted):
    parent = neon.named("staging")
    assert ask("create", "pr-1", "--parent", parent[wanted])["parent_id"] == parent["id"]
    assert ask("create", "pr-2", NEON_BRANCH_ID=parent[wanted])["parent_id"] == parent["id"]


@pytest.mark.parametrize(
    ("moment", "field", "value"),
    [
        ("2025-11-24T11:00:00+09:00", "parent_timestamp", "2025-11-24T02:00:00Z"),
        ("0/1a2b3c8", "parent_lsn", "0/1A2B3C8"),
    ],
)
def test_a_branch_of_a_moment_before(run, neon, moment, field, value):
    neon.rules.past[PARENT, value] = "CREATE TABLE of_then ();\n"
    done = run("create", "pr-1", "--at", moment, "--no-compute")
    assert f"as of {value}" in done.stdout
    (call,) = neon.called("POST", "/branches$")
    assert call.body["branch"][field] == value
    assert "endpoints" not in call.body
    assert neon.schemas[neon.named("pr-1")["id"]] == "CREATE TABLE of_then ();\n"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--at", "yesterday"), "'yesterday' is not a point in time"),
        (("--at", "2025-11-24T02:00:00"), "with its time zone"),
        (("--at", "2999-01-01T00:00:00Z"), "is in the future"),
        (("--expires", "soon"), "'soon' is not a lifetime"),
        (("--expires", "0d"), "is not a lifetime"),
        (("--expires", "31d"), "30 days at most"),
        (("--no-compute", "--write-env"), "has no URL"),
        (("--parent", "stagin"), "did you mean staging?"),
        (("--parent", "가을"), "`flask neon branches` lists them"),
    ],
)
def test_what_can_not_be_is_refused_before_anything_is_made(refused, neon, options, said):
    assert said in refused("create", "pr-1", *options)
    assert neon.called("POST", "") == []


def test_a_name_that_is_taken_is_not_taken_for_ones_own(refused, neon):
    assert "There is a branch staging (br-" in refused("create", "staging")
    assert neon.called("POST", "") == []


def test_korean_names(run, neon):
    assert run("create", "가을-여행").exit_code == 0
    decomposed = normalize("NFD", "가을-여행")
    assert run("delete", decomposed, "--yes").exit_code == 0
    assert neon.named("가을-여행") is None


def test_a_parent_that_expires_is_told(refused, neon):
    neon.add("short", expires_at="2026-12-01T00:00:00Z")
    assert "short expires at 2026-12-01" in refused("create", "pr-1", "--parent", "short")


def test_busy_neon_is_waited_for(run, neon):
    neon.fail("POST", "/branches$", 423)
    neon.fail("GET", "/operations/", 429, Retry_After="1")
    assert run("create", "pr-1").exit_code == 0
    assert len(neon.called("POST", "/branches$")) == 2


def test_nobody_to_ask_means_no(refused, neon):
    assert "add --yes to go ahead" in refused("delete", "staging")
    assert "add --yes to go ahead" in refused("reset", "staging")
    assert "add --yes to go ahead" in refused("restore", "staging", "main")
    assert neon.named("staging")
    assert {call.method for call in neon.calls} == {"GET"}


@pytest.mark.parametrize("command", ["delete", "reset"])
def test_what_is_precious_is_left_alone(refused, neon, command):
    neon.add("demo", protected=True)
    assert "is the project's default branch" in refused(command, "main", "--yes")
    assert "is protected" in refused(command, "demo", "--yes")
    assert {call.method for call in neon.calls} == {"GET"}
