"""`flask neon delete`: what goes, what Neon keeps of it, and what it refuses."""

import re

import pytest


def test_deleting(run, neon):
    done = run("delete", neon.named("staging")["id"], "--yes")
    assert "Branch staging (br-" in done.stdout
    assert neon.made() == []


def test_deleting_tells_how_long_neon_keeps_it(run, ask, neon):
    done = run("delete", "staging", "--yes")
    (kept,) = neon.rules.deleted.values()
    until = kept["recovery"]["recoverable_until"]
    shown = until[:16].replace("T", " ")
    assert f"is deleted. Neon keeps it, and its name, until {shown} UTC" in done.stdout
    neon.add("pr-1")
    document = ask("delete", "pr-1", "--yes")
    assert (document["was_there"], document["for_good"]) == (True, False)
    assert document["kept_until"]


def test_deleting_where_neon_keeps_nothing(run, neon):
    neon.rules.recovers = False
    assert run("delete", "staging", "--yes").stdout.endswith("is deleted.\n")


def test_deleting_where_neon_does_not_tell_what_it_keeps(run, neon):
    def refuse_next_list(_):
        neon.fail("GET", "/branches$", 403)

    neon.rules.uris[neon.named("staging")["id"]] = ""
    neon.rules.discard = refuse_next_list  # between the deletion and the look
    said = run("delete", "staging", "--yes").stdout
    assert "is deleted. Neon may keep it, with its name, for up to 7 days." in said


def test_deleting_for_good(run, refused, neon):
    assert "deleted, for good: nobody can bring it back" in refused(
        "delete", "staging", "--for-good"
    )
    done = run("delete", "staging", "--for-good", "--yes")
    assert re.fullmatch(r"Branch staging \(br-\S+\) is deleted for good\.\n", done.stdout)
    assert neon.rules.deleted == {}
    assert run("create", "staging").exit_code == 0


@pytest.mark.parametrize("status", [400, 403, 404, 422])
def test_where_deleting_for_good_is_refused_it_lingers(run, neon, status):
    neon.fail("DELETE", "/branches/", status)
    done = run("delete", "staging", "--for-good", "--yes")
    assert "is deleted, but not for good, which Neon refuses here. Neon keeps it" in done.stdout
    assert neon.made() == []


def test_where_deleting_for_good_is_refused_and_neon_keeps_nothing(run, neon):
    neon.rules.recovers = False
    neon.fail("DELETE", "/branches/", 403)
    assert run("delete", "staging", "--for-good", "--yes").stdout.endswith(") is deleted.\n")


def test_deleting_twice_tells_what_neon_keeps(run, ask, refused):
    run("delete", "staging", "--yes")
    done = run("delete", "staging", "--yes")
    assert "is deleted already. Neon keeps it, and its name, until " in done.stdout
    assert ask("delete", "staging", "--yes")["was_there"] is False
    assert "only then can it be deleted for good" in refused("delete", "staging", "--for-good")
    assert "has no branch 'stagin'" in refused("delete", "stagin")


def test_what_is_gone_meanwhile_is_no_error(run, neon):
    neon.fail("DELETE", "/branches/", "lost")
    done = run("delete", "staging", "--for-good", "--yes")
    assert (done.exit_code, "is gone already" in done.stdout) == (0, True)


def test_a_deletion_that_fails_says_how_to_go_on(refused, neon):
    neon.outcomes["delete_timeline"] = "error"
    said = refused("delete", "staging", "--yes")
    assert "`flask neon branches` shows whether it is there; the same command tries again" in said


def test_a_branch_with_children_names_them_and_what_goes_first(refused, neon):
    neon.add("pr-1", parent=neon.named("staging")["id"])
    said = refused("delete", "staging", "--yes")
    assert "made from it are there: pr-1. They go first: `flask neon delete pr-1`" in said


def test_a_root_that_can_not_be_deleted_says_how_to_free_its_room(refused, neon):
    root = neon.add("main-before", parent=None)
    neon.rules.undeletable.add(root["id"])
    said = refused("delete", "main-before", "--yes")
    assert "cannot delete the original root branch" in said
    assert "If main-before is what a restore from another branch has left, it can't be" in said
    assert "drop its tables, which then take no room" in said
