"""`flask neon restore` where Neon refuses or an answer is lost: restored once, and told."""

import pytest

from tests.neon_api import PARENT, Fault

THEN = "2025-11-24T02:00:00Z"
MISTAKES = "CREATE TABLE mistakes ();\n"


@pytest.mark.usefixtures("point")
def test_neon_may_take_root_branches_only(refused, neon):
    neon.rules.takes_child_branches = False
    neon.forget_history()
    branches = {name: dict(found) for name, found in neon.branches.items()}
    said = refused("restore", "main", "before-1.4", "--yes")
    assert "the LSN is outside of the history window" in said
    assert "only root branches can be restored" in said
    assert " Branch main is as it was." in said
    assert "`neon branches add-compute br-" in said
    assert neon.branches == branches


def test_without_a_backup_nobody_knows_of_an_answer_that_is_lost_twice(refused, neon):
    neon.add("rescue", parent=None)
    neon.fail("POST", "/restore$", "lost", "lost")
    said = refused("restore", "rescue", "main", "--no-backup", "--yes")
    assert "Neon may still be restoring rescue: `flask neon branches` shows its state." in said


@pytest.mark.usefixtures("point")
@pytest.mark.parametrize("kinds", [("lost",), (422, "lost"), (422, 500)])
def test_a_lost_answer_on_either_way_restores_once(run, neon, kinds):
    before = neon.schemas[neon.named("before-1.4")["id"]]
    neon.fail("POST", "/restore$", *kinds)
    done = run("restore", "main", "before-1.4", "--preserve-as", "old", "--yes")
    assert done.exit_code == 0, done.output
    assert sorted(item["name"] for item in neon.made()) == ["before-1.4", "old", "staging"]
    assert neon.schemas[PARENT] == before
    assert neon.schemas[neon.named("old")["id"]] == MISTAKES


@pytest.mark.usefixtures("point")
def test_no_other_way_is_gone_while_nobody_knows_of_the_first(refused, neon):
    # The first call may be carried out yet: what it did not find of then may be there soon.
    neon.fail("POST", "/restore$", 500, 422)
    said = refused("restore", "main", "before-1.4", "--preserve-as", "old", "--yes")
    assert (
        "`flask neon branches` shows its state; once it lists old, that holds what main held."
        in said
    )
    assert [body["source_branch_id"] for body in neon.restores()] == [PARENT, PARENT]


@pytest.mark.usefixtures("point")
@pytest.mark.parametrize(("status", "said"), [(403, "may not do this"), (409, "Neon refuses")])
def test_only_a_refusal_leads_to_another_way(refused, neon, status, said):
    neon.fail("POST", "/restore$", status)
    assert said in refused("restore", "main", "before-1.4", "--yes")
    assert len(neon.restores()) == 1
    assert neon.named("before-1.4")["expires_at"]


@pytest.mark.usefixtures("point")
def test_a_limit_is_no_reason_for_another_way(refused, neon):
    neon.rules.root_limit = 1
    said = refused("restore", "main", "before-1.4", "--yes")
    assert "has 1 root branch, and Neon allows no more" in said
    assert len(neon.restores()) == 1


def test_branches_that_can_not_be_listed_afterwards_do_not_matter(ask, neon, monkeypatch):
    usual = neon.next_fault

    def next_fault(call):
        is_after = call.path.endswith("/branches") and neon.called("POST", "/restore$")
        return Fault("GET", "", 403) if is_after else usual(call)

    monkeypatch.setattr(neon, "next_fault", next_fault)
    done = ask("restore", "main", "--at", THEN, "--preserve-as", "old", "--yes")
    assert done["backup"]["children"] == ["staging"]


@pytest.mark.parametrize("last", [(), (403,)])
def test_an_expiry_ends_only_if_neon_wants_it(run, neon, last):
    neon.add("before", expires_at="2026-12-01T00:00:00Z")
    neon.says = "cannot restore from a branch that expires"
    neon.fail("POST", "/restore$", 422, *last)
    done = run("restore", "main", "before", "--preserve-as", "old", "--yes")
    assert done.exit_code == len(last)
    assert "before no longer expires" in done.output
    assert "it did at 2026-12-01" in done.output
    assert "expires_at" not in neon.named("before")


def test_a_protected_branch_is_asked_for_and_neon_may_refuse(refused, run, neon):
    neon.branches[PARENT]["protected"] = True
    asked = refused("restore", "main", "--at", THEN)
    assert "its manual does not say whether it restores one" in asked
    neon.says = "branch is protected"
    neon.fail("POST", "/restore$", 422)
    said = refused("restore", "main", "--at", THEN, "--yes")
    assert "main is protected: if that is why, Neon's console unprotects it (Branches, the" in said
    assert run("restore", "main", "--at", THEN, "--yes").exit_code == 0


def test_a_moment_that_the_history_does_not_hold_is_in_the_words_of_neon(refused, neon):
    neon.says = "the timestamp is outside of the restore window"
    neon.fail("POST", "/restore$", 400)
    said = refused("restore", "main", "--at", "2020-01-01T00:00:00Z", "--yes")
    assert "outside of the restore window" in said
    assert " Branch main is as it was." in said
