"""`flask neon restore`: what Neon's manual describes first, and a word of what it does not."""

import re
from unicodedata import normalize

import pytest

from tests.neon_api import PARENT

THEN = "2025-11-24T02:00:00Z"
MISTAKES = "CREATE TABLE mistakes ();\n"
SCRATCH = "try it on a scratch project first"


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
    assert neon.restores() == [
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
    neon.forget_history()
    done = run("restore", "main", "before-1.4", "--preserve-as", "old", "--yes")
    assert done.exit_code == 0, done.output
    assert neon.schemas[PARENT] == before
    assert "the LSN is outside of the history window" in done.stdout
    assert "its manual speaks of root branches only: check that everything is there" in done.stdout
    assert SCRATCH in done.stdout
    assert "Neon does not let old be deleted" in done.stdout
    assert neon.restores()[1] == {
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
    assert "Branches made from it become children of old: staging, before-1.4." in said
    assert "Neon does not let old be deleted in that case." in said
    assert neon.called("POST", "/restore$") == []


def test_a_restore_point_that_could_be_written_to_is_taken_as_it_is(ask, neon):
    neon.rules.add("rescue", PARENT)
    done = ask("restore", "main", "rescue", "--yes")
    assert done["taken_from"] == {"branch": "rescue", "at": None, "described": False}
    assert len(neon.restores()) == 1


def test_what_is_not_known_is_said_before_also_where_nobody_is_asked(run):
    done = run("restore", "main", "staging", "--yes")
    assert SCRATCH in done.stderr
    assert SCRATCH not in run("restore", "main", "--at", THEN, "--yes").stderr


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
    assert done["branch"]["parent_id"] == neon.named("old")["id"]
    assert done["backup"] == {
        "name": "old",
        "root": False,
        "children": ["before"],
        "undeletable": False,
    }
    assert "`flask neon reset staging` would bring it back" in " ".join(done["notes"])
    assert neon.schemas[neon.named("staging")["id"]] == before
    # The backup is the parent: the way back is a reset, which the manual describes.
    neon.rules.takes_child_branches = False
    run(*done["restore"].split()[2:], "--preserve-as", "mended", "--yes")
    assert neon.schemas[neon.named("staging")["id"]] == MISTAKES
    said = refused("restore", "staging", "before", "--yes")
    assert "only root branches can be restored" in said
    assert "`flask neon create NAME --parent old --at 0/" in said


def test_a_child_has_no_history_to_restore_a_root_from(ask, neon):
    ask("restore-point", "before", "--branch", "staging")
    ask("restore", "main", "before", "--preserve-as", "old", "--yes")
    source = neon.named("before")["id"]
    assert neon.restores() == [{"source_branch_id": source, "preserve_under_name": "old"}]


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
    assert neon.restores() == [
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
        (("staging", "short", "--no-backup"), "made from short, which expires at 2026-12-01"),
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
    assert neon.restores()[0] == {"source_branch_id": PARENT}
    assert neon.schemas[rescue["id"]] == neon.schemas[PARENT]
    assert {item["name"] for item in neon.made()} == {"rescue", "staging"}


def test_without_a_backup_as_a_document(ask, refused, neon):
    neon.add("rescue", parent=None)
    assert "what it holds now is lost." in refused("restore", "rescue", "main", "--no-backup")
    done = ask("restore", "rescue", "main", "--no-backup", "--yes")
    assert (done["preserved_as"], done["backup"], done["restore"]) == (None, None, None)


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
