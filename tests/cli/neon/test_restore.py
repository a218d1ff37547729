"""`flask neon restore`: what Neon's manual describes first, and a word of what it does not."""

import re
from unicodedata import normalize

import pytest

from tests.neon_api import PARENT, Fault

THEN = "2025-11-24T02:00:00Z"
MISTAKES = "CREATE TABLE mistakes ();\n"
SCRATCH = "try it on a scratch project first"


@pytest.fixture
def point(ask, neon):
    """A restore point of main, which has changed since."""
    made = ask("restore-point", "before-1.4")
    neon.schemas[PARENT] = MISTAKES
    return made


def forget(neon):
    """Let the time pass for which Neon keeps the history."""
    neon.rules.past.clear()


def bodies(neon):
    return [call.body for call in neon.called("POST", "/restore$")]


def test_a_restore_point_and_the_way_back(run, neon, point):
    before = neon.schemas[neon.named("before-1.4")["id"]]
    assert point["restore"] == "flask neon restore main before-1.4"
    done = run(*point["restore"].split()[2:], "--yes")
    assert done.exit_code == 0, done.output
    assert neon.schemas[PARENT] == before
    kept = re.search(
        r"^Back: flask neon restore main (main-before-restore-\S+)$", done.stdout, re.MULTILINE
    )
    assert kept
    assert neon.schemas[neon.named(kept[1])["id"]] == MISTAKES
    # Both are roots; the children of before are those of the backup.
    assert "parent_id" not in neon.branches[PARENT]
    assert "parent_id" not in neon.named(kept[1])
    assert neon.named("before-1.4")["parent_id"] == neon.named(kept[1])["id"]

    back = kept[0].removeprefix("Back: flask neon ").split()
    assert run(*back, "--preserve-as", "mended", "--yes").exit_code == 0
    assert neon.schemas[PARENT] == MISTAKES


def test_a_restore_point_is_taken_from_the_history_of_its_branch(ask, neon, point):
    expires = neon.named("before-1.4")["expires_at"]
    done = ask("restore", "main", "before-1.4", "--preserve-as", "old", "--yes")
    assert bodies(neon) == [
        {
            "source_branch_id": PARENT,
            "source_lsn": point["parent_lsn"],
            "preserve_under_name": "old",
        }
    ]
    taken = {"branch": "main", "at": point["parent_lsn"], "described": True}
    backup = {"name": "old", "root": True, "children": ["staging", "before-1.4"]}
    assert done["taken_from"] == taken
    assert done["backup"] == backup | {"undeletable": False}
    assert (done["source"], done["preserved_as"]) == ("before-1.4", "old")
    assert done["restore"] == "flask neon restore main old"
    assert SCRATCH not in str(done)
    # What need not change has not changed, and what is said of the backup is so.
    assert neon.named("before-1.4")["expires_at"] == expires
    for name in ("staging", "before-1.4", "old"):
        ask("delete", name, "--yes")


def test_a_restore_point_of_before_an_earlier_restore(ask, neon, point):
    before = neon.schemas[neon.named("before-1.4")["id"]]
    ask("restore-point", "before-1.5")
    ask("restore", "main", "before-1.5", "--preserve-as", "old", "--yes")
    done = ask("restore", "main", "before-1.4", "--preserve-as", "older", "--yes")
    # Its history is that of the backup by now, another root.
    assert done["taken_from"] == {"branch": "old", "at": point["parent_lsn"], "described": True}
    assert done["backup"]["undeletable"]
    assert neon.schemas[PARENT] == before


@pytest.mark.usefixtures("point")
def test_a_history_that_has_passed_leads_to_the_restore_point_itself(run, ask, neon):
    before = neon.schemas[neon.named("before-1.4")["id"]]
    forget(neon)
    done = run("restore", "main", "before-1.4", "--preserve-as", "old", "--yes")
    assert done.exit_code == 0, done.output
    assert neon.schemas[PARENT] == before
    assert "the LSN is outside of the history window" in done.stdout
    assert "its manual speaks of root branches only: look whether all is there" in done.stdout
    assert SCRATCH in done.stdout
    assert "Neon lets nobody delete old" in done.stdout
    assert bodies(neon)[1] == {
        "source_branch_id": neon.named("before-1.4")["id"],
        "preserve_under_name": "old",
    }
    assert neon.named("before-1.4")["expires_at"]
    for name in ("staging", "before-1.4"):
        ask("delete", name, "--yes")
    assert "error" in ask("delete", "old", "--yes", exit_code=1)


@pytest.mark.usefixtures("point")
def test_what_is_not_settled_is_said_before(refused, neon):
    said = refused("restore", "main", "before-1.4", "--preserve-as", "old")
    assert "taken from the history of main at 0/" in said
    assert "from before-1.4 itself. Neon's API describes that" in said
    assert SCRATCH in said
    assert "staging, before-1.4: made from old afterwards." in said
    assert "Neon lets nobody delete old in that case." in said
    assert neon.called("POST", "/restore$") == []


@pytest.mark.usefixtures("point")
def test_neon_may_take_root_branches_only(refused, neon):
    neon.rules.takes_child_branches = False
    forget(neon)
    branches = {name: dict(found) for name, found in neon.branches.items()}
    said = refused("restore", "main", "before-1.4", "--yes")
    assert "the LSN is outside of the history window" in said
    assert "only root branches can be restored. Branch main is as it was." in said
    assert "`neon branches add-compute br-" in said
    assert neon.branches == branches


def test_a_restore_point_that_could_be_written_to_is_taken_as_it_is(ask, neon):
    neon.rules.add("rescue", PARENT)
    done = ask("restore", "main", "rescue", "--yes")
    assert done["taken_from"] == {"branch": "rescue", "at": None, "described": False}
    assert len(bodies(neon)) == 1


@pytest.mark.usefixtures("point")
def test_a_restore_point_that_was_reset_is_taken_as_it_is(ask, neon):
    neon.named("before-1.4")["last_reset_at"] = THEN
    assert ask("restore", "main", "before-1.4", "--yes")["taken_from"]["at"] is None


def test_a_restore_point_of_a_child(run, ask, refused, neon):
    before = neon.schemas[neon.named("staging")["id"]]
    point = run("restore-point", "before", "--branch", "staging").stdout
    assert SCRATCH in point
    neon.schemas[neon.named("staging")["id"]] = MISTAKES
    done = ask("restore", "staging", "before", "--preserve-as", "old", "--yes")
    assert done["taken_from"]["described"] is False
    assert done["backup"] == {
        "name": "old",
        "root": False,
        "children": ["before"],
        "undeletable": False,
    }
    assert any("old, its parent now: `flask neon reset staging`" in note for note in done["notes"])
    assert neon.schemas[neon.named("staging")["id"]] == before
    # The backup is the parent: the way back is a reset, which the manual describes.
    neon.rules.takes_child_branches = False
    run(*done["restore"].split()[2:], "--preserve-as", "mended", "--yes")
    assert neon.schemas[neon.named("staging")["id"]] == MISTAKES
    said = refused("restore", "staging", "before", "--yes")
    assert "only root branches can be restored" in said
    assert "`flask neon create NAME --parent old --at 0/" in said


def test_another_root_at_its_head_or_at_a_moment(ask, neon):
    other = neon.add("other", parent=None)
    neon.schemas[other["id"]] = MISTAKES
    done = ask("restore", "main", "other", "--preserve-as", "old", "--yes")
    assert done["taken_from"] == {"branch": "other", "at": None, "described": True}
    assert done["backup"]["undeletable"]
    assert neon.schemas[PARENT] == MISTAKES
    done = ask("restore", "main", "other", "--at", THEN, "--yes")
    assert done["taken_from"] == {"branch": "other", "at": THEN, "described": True}


def test_back_to_a_moment_of_its_own_history(ask, neon):
    done = ask("restore", "main", "--at", THEN, "--preserve-as", "그때", "--yes")
    assert (done["source"], done["at"], done["preserved_as"]) == ("main", THEN, "그때")
    assert done["restore"] == "flask neon restore main 그때"
    assert not done["backup"]["undeletable"]
    assert bodies(neon) == [
        {"source_branch_id": PARENT, "source_timestamp": THEN, "preserve_under_name": "그때"}
    ]
    assert ask("restore", "main", normalize("NFD", "그때"), "--yes")["source"] == "그때"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("main",), "Restore to what?"),
        (("main", "main"), "say when with --at"),
        (("no-such", "main"), "no branch 'no-such'"),
        (("main", "staging", "--preserve-as", "staging"), "choose another name"),
        (("staging", "--at", THEN), f"`flask neon create NAME --parent staging --at {THEN}`"),
        (("staging", "--at", THEN), "`flask neon reset staging` gives staging what main is"),
        (("staging", "main", "--at", THEN), f"--parent main --at {THEN}`"),
        (("main", "staging", "--at", THEN), "Branch staging was made from another one"),
        (("short", "--at", THEN), f"`flask neon create NAME --parent main --at {THEN}`"),
        (("main", "--at", THEN, "--no-backup"), "only if what it holds is kept"),
        (("main", "other", "--no-backup"), "(staging, short), and Neon wants"),
        (("main", "staging", "--no-backup"), "Once it is done, staging and then the backup can go"),
        (("busy", "main"), "Neon does not restore branch busy now: a snapshot is on its way."),
        (("demo", "other"), "Neon resets no protected branch"),
    ],
)
def test_a_restore_that_can_not_be_is_refused(refused, neon, arguments, said):
    neon.add("short", expires_at="2026-12-01T00:00:00Z")
    neon.add("other", parent=None)
    restricted = [{"name": "restore", "reason": "a snapshot is on its way."}]
    neon.add("busy", parent=None, restricted_actions=restricted)
    other = neon.named("other")["id"]
    neon.add("demo", parent=other, protected=True)
    assert said in refused("restore", *arguments, "--yes")
    assert {call.method for call in neon.calls} <= {"GET"}


def test_keeping_and_not_keeping_contradict_each_other(ask, neon):
    given = ("restore", "main", "staging", "--preserve-as", "old", "--no-backup")
    assert ask(*given, exit_code=1)["error"]["code"] == "usage-error"
    assert neon.calls == []


@pytest.mark.parametrize("kinds", [(), ("lost",), (500,)])
def test_without_a_backup(run, neon, kinds):
    rescue = neon.add("rescue", parent=None)
    neon.schemas[rescue["id"]] = MISTAKES
    neon.fail("POST", "/restore$", *kinds)
    done = run("restore", "rescue", "main", "--no-backup", "--yes")
    assert done.exit_code == 0
    assert "What it held before is lost." in done.stdout
    assert "Back:" not in done.stdout
    assert bodies(neon)[0] == {"source_branch_id": PARENT}
    assert neon.schemas[rescue["id"]] == neon.schemas[PARENT]
    assert {item["name"] for item in neon.made()} == {"rescue", "staging"}


def test_without_a_backup_nobody_knows_of_an_answer_that_is_lost_twice(refused, neon):
    neon.add("rescue", parent=None)
    neon.fail("POST", "/restore$", "lost", "lost")
    said = refused("restore", "rescue", "main", "--no-backup", "--yes")
    assert "Whether Neon is restoring rescue all the same, `flask neon branches` tells." in said


def test_without_a_backup_as_a_document(ask, refused, neon):
    neon.add("rescue", parent=None)
    assert "what it holds now is lost." in refused("restore", "rescue", "main", "--no-backup")
    done = ask("restore", "rescue", "main", "--no-backup", "--yes")
    assert (done["preserved_as"], done["backup"], done["restore"]) == (None, None, None)


@pytest.mark.parametrize("kinds", [("lost",), (500,), ("lost", "lost"), (500, "lost")])
def test_a_lost_answer_restores_once(run, neon, kinds):
    neon.fail("POST", "/restore$", *kinds)
    assert run("restore", "main", "staging", "--preserve-as", "old", "--yes").exit_code == 0
    assert sorted(item["name"] for item in neon.made()) == ["old", "staging"]


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
    assert "`flask neon branches` tells: it is, once it lists old." in said
    assert [body["source_branch_id"] for body in bodies(neon)] == [PARENT, PARENT]


@pytest.mark.usefixtures("point")
@pytest.mark.parametrize(("status", "said"), [(403, "may not do this"), (409, "Neon refuses")])
def test_only_a_refusal_leads_to_another_way(refused, neon, status, said):
    neon.fail("POST", "/restore$", status)
    assert said in refused("restore", "main", "before-1.4", "--yes")
    assert len(bodies(neon)) == 1
    assert neon.named("before-1.4")["expires_at"]


@pytest.mark.usefixtures("point")
def test_a_limit_is_no_reason_for_another_way(refused, neon):
    neon.rules.root_limit = 1
    assert "root branches limit exceeded" in refused("restore", "main", "before-1.4", "--yes")
    assert len(bodies(neon)) == 1


def test_an_operation_that_fails_says_where_to_look(refused, neon):
    neon.outcomes["create_timeline"] = "failed"
    said = refused("restore", "main", "staging", "--preserve-as", "old", "--yes")
    assert "create_timeline" in said
    assert "it is, once it lists old" in said


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
    assert "outside of the restore window. Branch main is as it was." in said


@pytest.mark.parametrize(
    ("values", "way_out"),
    [
        ({}, "`flask neon create NAME --parent point`"),
        ({"expires_at": "2026-12-01T00:00:00Z"}, "`flask neon create NAME --parent main --at 0/"),
    ],
)
def test_what_has_no_compute_is_copied_to_connect_to_it(refused, run, neon, values, way_out):
    point = neon.add("point", **values)
    neon.without_compute.add(point["id"])
    said = refused("url", "point")
    assert way_out in said
    (command,) = re.findall("`flask neon ([^`]+)`", said)
    assert run(*command.replace("NAME", "rescue").split()).exit_code == 0
