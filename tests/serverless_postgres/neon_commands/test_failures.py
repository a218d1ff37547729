"""What goes wrong on Neon leads somewhere: what stays is named, the next command works on it."""

import re
import shlex

import pytest

from serverless_postgres.neon import Pace
from tests.neon_api import PARENT, PROJECT, Fault


@pytest.fixture
def impatient(monkeypatch, neon):
    """Nobody waits for what Neon doesn't get done."""
    pace = Pace(first_delay_s=0.01, operation_s=0.05)
    monkeypatch.setattr("serverless_postgres.neon.transport.Pace", lambda: pace)
    neon.polls_until_done = 10**6


def made(neon):
    """The names of the branches besides the default one and `staging`."""
    return [item["name"] for item in neon.made() if item["name"] != "staging"]


@pytest.mark.parametrize(
    ("command", "outcome"),
    [
        ("create", {"create_branch": "failed"}),
        ("create", {"start_compute": "error"}),
        ("restore-point", {"create_branch": "cancelled"}),
    ],
)
def test_what_stays_is_named_with_its_removal(refused, run, neon, command, outcome):
    neon.outcomes |= outcome
    said = refused(command, "pr 1")
    assert f"operation {next(iter(outcome))} " in said
    assert "Branch pr 1 stays: " in said
    assert made(neon) == ["pr 1"]
    (removal,) = re.findall("`flask neon (delete .*?)`", said)
    assert run(*shlex.split(removal)).exit_code == 0
    assert made(neon) == []
    neon.outcomes.clear()
    assert run(command, "pr 1").exit_code == 0


@pytest.mark.parametrize("command", ["create", "restore-point"])
def test_a_branch_that_never_became_ready_is_removed_and_made_anew(refused, run, neon, command):
    neon.outcomes["create_branch"] = "failed"
    refused(command, "pr-1")
    lost = neon.named("pr-1")
    neon.outcomes.clear()
    done = run(command, "pr-1")
    assert done.exit_code == 0, done.output
    assert f"Before, pr-1 ({lost['id']}) had never become ready: it was removed." in done.stdout
    assert neon.named("pr-1")["id"] != lost["id"]
    assert made(neon) == ["pr-1"]


def test_where_nothing_is_deleted_for_good_its_name_is_still_taken(refused, neon):
    neon.outcomes["create_branch"] = "failed"
    refused("create", "pr-1")
    neon.fail("DELETE", "/branches/", 403)
    said = refused("create", "pr-1")
    assert "is deleted, but Neon keeps it, and its name, until " in said


def test_a_branch_whose_compute_did_not_start_is_taken(refused, ask, neon):
    neon.outcomes["start_compute"] = "failed"
    refused("create", "pr-1")
    there = neon.named("pr-1")["id"]
    again = ask("create", "pr-1")
    assert again["id"] == there
    assert "its compute did not start: it does when somebody connects" in again["earlier_try"]
    assert len(neon.called("POST", "/branches$")) == 1


@pytest.mark.usefixtures("impatient")
def test_what_takes_too_long_is_waited_for_the_next_time(refused, run, neon):
    said = refused("create", "pr-1", "--expires", "1d")
    assert "is still running" in said
    assert "the same command continues or starts over" in said
    neon.polls_until_done = 0
    done = run("create", "pr-1", "--expires", "1d")
    assert done.exit_code == 0, done.output
    assert re.search(r"It was begun at 2\S+ \S+ UTC, and holds what its parent held", done.stdout)
    assert neon.named("pr-1")["current_state"] == "ready"
    assert len(neon.called("POST", "/branches$")) == 1


@pytest.mark.usefixtures("impatient")
def test_a_restore_point_that_takes_too_long_names_what_to_type(refused, run, neon):
    said = refused("restore-point")
    (again,) = re.findall("`flask neon (restore-point .*?)`", said)
    neon.polls_until_done = 0
    done = run(*again.split())
    assert done.exit_code == 0, done.output
    assert "Restore point: branch before-" in done.stdout
    assert len(neon.called("POST", "/branches$")) == 1


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    "options",
    [
        ("--parent", "staging"),
        ("--no-compute",),
        ("--expires", "1d"),
        ("--at", "2025-11-24T02:00:00Z"),
    ],
)
def test_what_is_begun_and_not_what_is_wanted_is_a_conflict(refused, neon, options):
    refused("create", "pr-1")
    neon.polls_until_done = 0
    said = refused("create", "pr-1", *options)
    assert "is not what is wanted now" in said
    assert "`flask neon delete pr-1 --for-good --yes`" in said
    assert made(neon) == ["pr-1"]
    assert neon.called("DELETE", "") == []


@pytest.mark.usefixtures("impatient")
def test_a_branch_of_a_moment_is_gone_on_with(refused, run, neon):
    moment = ("--at", "2025-11-24T02:00:00Z")
    refused("create", "pr-1", *moment)
    neon.polls_until_done = 0
    assert run("create", "pr-1", *moment).exit_code == 0
    assert "is not what is wanted" not in refused("create", "pr-1", *moment)


@pytest.mark.parametrize("command", ["create", "restore-point"])
def test_what_somebody_may_have_data_in_is_never_touched(refused, run, neon, command):
    run("create", "pr-1")
    # It has worked before; now its compute does not start.
    started = neon.start(neon.named("pr-1")["id"], "start_compute")  # as by a visitor
    started["status"] = "failed"
    assert "choose another name" in refused(command, "pr-1")
    assert "choose another name" in refused(command, "staging")
    # Not ready, though it has been made, or though nothing is known of that.
    neon.named("pr-1")["current_state"] = "init"
    neon.start(neon.named("pr-1")["id"], "create_branch")["status"] = "failed"
    assert "choose another name" in refused(command, "pr-1")
    neon.named("staging")["current_state"] = "init"
    assert "choose another name" in refused(command, "staging")
    assert made(neon) == ["pr-1"]
    assert neon.called("DELETE", "") == []


def test_a_branch_that_is_ready_says_how_to_connect(refused, run):
    run("create", "pr-1")
    assert "`flask neon url pr-1` shows how to connect" in refused("create", "pr-1")


@pytest.mark.parametrize(
    "arguments",
    [
        ("create", "old"),
        ("restore-point", "old"),
        ("restore", "main", "--at", "2025-11-24T02:00:00Z", "--preserve-as", "old", "--yes"),
        ("reset", "staging", "--preserve-as", "old", "--yes"),
    ],
)
def test_a_name_that_a_deleted_branch_keeps(refused, run, neon, arguments):
    neon.add("old")
    run("delete", "old", "--yes")
    (kept,) = neon.rules.deleted.values()
    said = refused(*arguments)
    until = kept["recovery"]["recoverable_until"][:16].replace("T", " ")
    assert f"Branch old ({kept['id']}) is deleted" in said
    recovery = f"neon api /projects/{PROJECT}/branches/{kept['id']}/recover -X POST"
    assert f"until {until} UTC: `{recovery}` (Neon's own CLI) brings it back" in said
    assert said.endswith("Choose another name.\n")


def test_a_name_that_is_taken_in_the_words_of_neon_where_it_tells_no_more(refused, neon):
    neon.says = "branch with the provided name already exists"
    neon.fail("POST", "/branches$", 409)
    assert "with the provided name already exists" in refused("create", "pr-1")


def test_a_restore_that_fails_says_what_to_look_at(refused, neon):
    neon.outcomes["create_timeline"] = "failed"
    said = refused("restore", "main", "staging", "--preserve-as", "old", "--yes")
    assert "`flask neon branches` shows the state of main, and whether old is there" in said
    assert "`flask neon restore main old` goes back" in said


def test_a_reset_that_fails_says_what_to_look_at(refused, neon):
    neon.outcomes["create_timeline"] = "failed"
    said = refused("reset", "staging", "--yes")
    assert "shows the state of staging; the same command tries again." in said
    said = refused("reset", "staging", "--preserve-as", "old", "--yes")
    assert "the same command tries again, with another name than old if that is there" in said


def test_a_key_that_may_not_look_on_leaves_a_branch_that_is_named(refused, neon):
    neon.fail("GET", "/operations/", 403)
    said = refused("create", "pr-1")
    assert "The API key may not do this" in said
    assert "Branch pr-1 stays: " in said


def test_a_creation_whose_answers_get_lost_says_what_may_be_there(refused, neon):
    neon.fail("POST", "/branches$", 500, 500)
    said = refused("create", "pr-1")
    assert "Neon may still be making branch pr-1: `flask neon branches` shows it" in said


@pytest.mark.parametrize(
    ("arguments", "doing"),
    [
        (("create", "pr-1"), "making branch pr-1"),
        (("restore", "main", "staging", "--preserve-as", "old", "--yes"), "restoring main"),
        (("reset", "staging", "--preserve-as", "old", "--yes"), "resetting staging"),
    ],
)
def test_a_lost_answer_that_nobody_can_look_for_says_what_may_be_there(
    refused, neon, monkeypatch, arguments, doing
):
    usual = neon.next_fault

    def next_fault(call):
        posts = [one for one in neon.calls if one.method == "POST"]
        return Fault("", "", 403 if call.method == "GET" else "lost") if posts else usual(call)

    monkeypatch.setattr(neon, "next_fault", next_fault)
    said = refused(*arguments)
    assert "it may have been carried out" in said
    assert f"Neon may still be {doing}: `flask neon branches` shows it" in said


def test_a_branch_whose_operations_nobody_can_look_for_is_named(refused, neon):
    neon.fail("POST", "/branches$", "lost")
    neon.fail("GET", "/operations$", 403)
    assert "Branch pr-1 stays: " in refused("create", "pr-1")
    assert made(neon) == ["pr-1"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("url", "--database", "x"), "Branch main has no database 'x'; it has neondb."),
        (("url", "--role", "x"), "Branch main has no role 'x'; it has neondb_owner, reader: "),
        (("compare-schema", "staging", "--database", "x"), "Branch staging has no database 'x'"),
        (("create", "pr-1", "--write-env", "--database", "x"), "Branch main has no database 'x'"),
        (("create", "pr-1", "--database", "neondb"), "add --write-env, or leave it out"),
    ],
)
def test_what_a_branch_lacks_is_told_with_what_it_has(refused, neon, arguments, said):
    assert said in refused(*arguments)
    assert neon.called("POST", "") == []


def test_a_base_without_the_database_is_named(refused, neon):
    neon.databases_of[PARENT] = {"trips": "neondb_owner"}
    said = refused("compare-schema", "staging")
    assert "Branch main has no database 'neondb'; it has trips, so that there is nothing" in said


def test_no_database_at_all(refused, neon):
    neon.databases = {}
    for command in (("url",), ("compare-schema", "staging"), ("create", "pr-1", "--write-env")):
        assert "has no database: create one in Neon's console" in refused(*command)
    assert made(neon) == []


def test_a_wrong_branch_of_the_settings_names_the_setting(refused):
    said = refused("create", "pr-1", NEON_BRANCH_ID="stagin")
    assert "NEON_BRANCH_ID is wrong: the project has no branch 'stagin'; did you mean" in said
    assert "NEON_BRANCH_ID" not in refused("create", "pr-1", "--parent", "x")


@pytest.mark.parametrize(
    ("arguments", "call", "said"),
    [
        (("branches",), ("GET", "/branches$"), "check NEON_PROJECT_ID"),
        (("projects",), ("GET", "/projects$"), "is NEON_API_URL right?"),
        (("url", "staging"), ("GET", "/endpoints$"), "`flask neon branches` lists what there is"),
        (("reset", "staging", "--yes"), ("POST", "/restore$"), "`flask neon branches` lists"),
        (("create", "pr-1"), ("GET", "/operations/"), "shows what came of it"),
    ],
)
def test_what_neon_does_not_know_names_what_can_be_the_reason(refused, neon, arguments, call, said):
    neon.fail(*call, 404)
    found = refused(*arguments)
    assert said in found
    assert "NEON_BRANCH_ID" not in found
