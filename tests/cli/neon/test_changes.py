"""Making, deleting, resetting and restoring branches: done once, and nothing is lost by mistake."""

import re
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
        (("--at", "yesterday"), "'yesterday' is no moment"),
        (("--at", "2025-11-24T02:00:00"), "with its time zone"),
        (("--at", "2999-01-01T00:00:00Z"), "is yet to come"),
        (("--expires", "soon"), "'soon' is no lifetime"),
        (("--expires", "0d"), "is no lifetime"),
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


@pytest.mark.parametrize("kind", ["lost", 500])
def test_a_lost_answer_makes_one_branch(run, neon, kind):
    neon.fail("POST", "/branches$", kind)
    assert run("create", "pr-1").exit_code == 0
    assert [item["name"] for item in neon.made()] == ["staging", "pr-1"]


def test_busy_neon_is_waited_for(run, neon):
    neon.fail("POST", "/branches$", 423)
    neon.fail("GET", "/operations/", 429, Retry_After="1")
    assert run("create", "pr-1").exit_code == 0
    assert len(neon.called("POST", "/branches$")) == 2


def test_nobody_to_ask_means_no(refused, neon):
    assert "--yes says that this is meant" in refused("delete", "staging")
    assert "--yes says that this is meant" in refused("reset", "staging")
    assert "--yes says that this is meant" in refused("restore", "staging", "main")
    assert neon.named("staging")
    assert {call.method for call in neon.calls} == {"GET"}


@pytest.mark.parametrize("command", ["delete", "reset"])
def test_what_is_precious_is_left_alone(refused, neon, command):
    neon.add("demo", protected=True)
    assert "is the project's default branch" in refused(command, "main", "--yes")
    assert "is protected" in refused(command, "demo", "--yes")
    assert {call.method for call in neon.calls} == {"GET"}


def test_resetting_takes_the_state_of_the_parent(ask, neon):
    staging = neon.named("staging")
    neon.schemas[staging["id"]] = "CREATE TABLE mistakes ();\n"
    assert ask("reset", "staging", "--yes")["parent"] == "main"
    assert neon.schemas[staging["id"]] == neon.schemas[PARENT]
    (call,) = neon.called("POST", "/restore$")
    assert call.body == {"source_branch_id": PARENT}


def test_resetting_a_branch_with_children_wants_a_name_for_its_state(refused, ask, neon):
    child = neon.add("pr-1", parent=neon.named("staging")["id"])
    assert "(pr-1), which need its state: --preserve-as" in refused("reset", "staging", "--yes")
    ask("reset", "staging", "--preserve-as", "old", "--yes")
    assert child["parent_id"] == neon.named("old")["id"]


def test_a_lost_answer_to_a_reset_is_asked_for_again(run, neon):
    neon.fail("POST", "/restore$", "lost")
    assert run("reset", "staging", "--yes").exit_code == 0


def test_a_branch_without_a_parent_can_not_be_reset(refused, neon):
    neon.add("root", parent=None)
    assert "has no parent" in refused("reset", "root", "--yes")


def test_a_restore_point_and_the_way_back(ask, run, neon):
    before = neon.schemas[PARENT]
    point = ask("restore-point", "before-1.4")
    assert point["restore"] == "flask neon restore main before-1.4"
    (call,) = neon.called("POST", "/branches$")
    assert "endpoints" not in call.body
    assert call.body["branch"]["expires_at"]
    neon.schemas[PARENT] = "CREATE TABLE mistakes ();\n"

    done = run(*point["restore"].split()[2:], "--yes")
    assert done.exit_code == 0, done.output
    assert neon.schemas[PARENT] == before
    kept = re.search(
        r"^Back: flask neon restore main (main-before-restore-\S+)$", done.stdout, re.MULTILINE
    )
    assert kept
    assert neon.schemas[neon.named(kept[1])["id"]] == "CREATE TABLE mistakes ();\n"
    # Neon makes nothing from branches that expire.
    assert "expires_at" not in neon.named("before-1.4")
    # The branch is a root still; its children are those of what it was.
    assert "parent_id" not in neon.branches[PARENT]
    assert neon.named("before-1.4")["parent_id"] == neon.named(kept[1])["id"]


def test_a_restore_point_is_called_after_the_time_and_may_stay(ask, neon):
    point = ask("restore-point", "--branch", "staging", "--expires", "never")
    assert re.fullmatch(r"before-\d{8}-\d{6}", point["name"])
    assert (point["parent"], point["expires_at"]) == ("staging", None)
    assert neon.named(point["name"])


def test_back_to_a_moment_of_its_own_history(ask, neon):
    done = ask("restore", "main", "--at", "2025-11-24T02:00:00Z", "--preserve-as", "그때", "--yes")
    assert (done["source"], done["preserved_as"]) == ("main", "그때")
    (call,) = neon.called("POST", "/restore$")
    assert call.body == {
        "source_branch_id": PARENT,
        "source_timestamp": "2025-11-24T02:00:00Z",
        "preserve_under_name": "그때",
    }


@pytest.mark.parametrize("kinds", [("lost",), (500,), ("lost", "lost"), (500, "lost")])
def test_a_lost_answer_restores_once(run, neon, kinds):
    neon.fail("POST", "/restore$", *kinds)
    assert run("restore", "main", "staging", "--preserve-as", "old", "--yes").exit_code == 0
    assert sorted(item["name"] for item in neon.made()) == ["old", "staging"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("main",), "Restore to what?"),
        (("main", "main"), "say when with --at"),
        (("no-such", "main"), "no branch 'no-such'"),
        (("main", "staging", "--preserve-as", "staging"), "choose another name"),
    ],
)
def test_a_restore_that_can_not_be_is_refused(refused, neon, arguments, said):
    assert said in refused("restore", *arguments, "--yes")
    assert {call.method for call in neon.calls} <= {"GET"}


def test_a_restore_that_fails_tells_what_it_has_changed(refused, neon):
    neon.add("before", expires_at="2026-12-01T00:00:00Z")
    neon.fail("POST", "/restore$", 403)
    said = refused("restore", "main", "before", "--yes")
    assert "before no longer expires; it did at 2026-12-01" in said


def test_a_moment_that_the_history_does_not_hold_is_in_the_words_of_neon(refused, neon):
    neon.says = "the timestamp is outside of the restore window"
    neon.fail("POST", "/restore$", 400)
    said = refused("restore", "main", "--at", "2020-01-01T00:00:00Z", "--yes")
    assert "outside of the restore window" in said
