"""`flask neon reset`: what its parent is, and a word before it undoes a restore."""

import pytest

from tests.neon_api import PARENT

BEFORE = "2025-11-24T02:00:00Z"
MISTAKES = "CREATE TABLE mistakes ();\n"


def test_resetting_takes_the_state_of_the_parent(ask, neon):
    staging = neon.named("staging")
    neon.schemas[staging["id"]] = MISTAKES
    done = ask("reset", "staging", "--yes")
    assert (done["parent"], done["warning"]) == ("main", None)
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


def test_a_root_branch_is_led_to_restore(refused, neon):
    neon.add("schema-only", parent=None)
    said = refused("reset", "schema-only", "--yes")
    assert "has no parent" in said
    assert "`flask neon restore schema-only BRANCH`" in said


def test_what_neon_does_not_do_now_is_in_its_words(refused, neon):
    reason = "restore from snapshot on target branch is still ongoing"
    neon.named("staging")["restricted_actions"] = [{"name": "restore", "reason": reason}]
    assert f"Neon does not reset branch staging now: {reason}." in refused("reset", "staging", "-y")
    assert neon.called("POST", "") == []


def test_a_branch_that_expires_begins_its_lifetime_anew(run, neon):
    neon.add("short", expires_at="2026-12-01T00:00:00Z")
    assert "short (br-" in (said := run("reset", "short", "--yes").stdout)
    assert "Its lifetime has started over" in said
    assert neon.named("short")["expires_at"] != "2026-12-01T00:00:00Z"


def test_a_reset_that_undoes_a_restore_warns(run, ask, refused, neon):
    neon.named("staging")["created_at"] = BEFORE
    neon.rules.past[PARENT, BEFORE] = neon.schemas[PARENT]
    neon.schemas[PARENT] = MISTAKES
    ask("restore", "main", "--at", BEFORE, "--preserve-as", "그때", "--yes")
    assert neon.named("staging")["parent_id"] == neon.named("그때")["id"]

    asked = refused("reset", "staging")
    assert "그때 holds what was there before a restore or a reset: this brings that back." in asked
    assert "`flask neon create NAME --parent main` makes a new branch" in asked
    assert "try it on a scratch project first" in asked

    for offered in ("create NAME --parent main", "restore staging main --preserve-as k --yes"):
        assert run(*offered.split()).exit_code == 0
        assert neon.schemas[neon.named("staging")["id"]] != MISTAKES
    neon.named("staging")["parent_id"] = neon.named("그때")["id"]

    done = run("reset", "staging", "--yes")
    assert done.exit_code == 0
    assert "this brings that back" in done.stderr
    assert "this brings that back" not in done.stdout
    assert neon.schemas[neon.named("staging")["id"]] == MISTAKES


@pytest.mark.parametrize(
    "name", ["main-before-restore-20251124-020000", "main_old_2025-11-24T02:00:00Z"]
)
def test_names_of_backups_tell(ask, neon, name):
    backup = neon.add(name, parent=None)
    neon.named("staging")["parent_id"] = backup["id"]
    warning = ask("reset", "staging", "--yes")["warning"]
    assert "`flask neon restore staging main`" in warning


def test_what_a_reset_kept_is_the_parent_afterwards(run, ask, neon):
    neon.named("staging")["created_at"] = BEFORE
    neon.schemas[neon.named("staging")["id"]] = MISTAKES
    said = run("reset", "staging", "--preserve-as", "kept", "--yes").stdout
    assert "kept, which is its parent now: the next `flask neon reset staging`" in said
    assert "kept holds what was there" in ask("reset", "staging", "--yes")["warning"]
    assert neon.schemas[neon.named("staging")["id"]] == MISTAKES


def test_a_backup_that_is_the_default_branch_is_what_is_meant(ask, neon):
    neon.named("staging")["created_at"] = BEFORE
    assert ask("reset", "staging", "--yes")["warning"] is None
