"""Restore points, and branches that the plan has no room for: what can go, and who pays."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from tests.neon_api import PARENT, PROJECT

FREE = "free_v3"


@pytest.fixture
def put(neon):
    """Add a branch that is days old; returns it."""

    def put(name, *, days=1.0, parent=PARENT, **values):
        created = (datetime.now(UTC) - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")
        added = neon.add(name, parent, created_at=created, **values)
        neon.without_compute.add(added["id"])
        return added

    return put


@pytest.fixture
def point(put):
    """Add a restore point, as deploys make them."""
    soon = (datetime.now(UTC) + timedelta(days=3)).strftime("%Y-%m-%dT%H:%M:%SZ")

    def point(name, **values):
        return put(name, **({"expires_at": soon} | values))

    return point


@pytest.fixture
def names(neon):
    """The branches that are there besides the default one."""
    return lambda: [branch["name"] for branch in neon.made()]


def test_a_restore_point_has_no_compute_and_an_end(ask, neon):
    point = ask("restore-point", "before-1.4")
    assert point["restore"] == "flask neon restore main before-1.4"
    (call,) = neon.called("POST", "/branches$")
    assert "endpoints" not in call.body
    assert call.body["branch"]["expires_at"]


def test_a_restore_point_is_called_after_the_time_and_may_stay(ask, neon):
    point = ask("restore-point", "--branch", "staging", "--expires", "never")
    assert re.fullmatch(r"before-\d{8}-\d{6}", point["name"])
    assert (point["parent"], point["expires_at"]) == ("staging", None)
    assert neon.named(point["name"])


def test_a_restore_point_says_both_ways_back_and_how_long_there_are(run, neon):
    done = run("restore-point", "before-1.4")
    made = neon.named("before-1.4")
    assert done.stdout == (
        f"Restore point: branch before-1.4 ({made['id']}) of main as of {made['created_at']}, "
        f"until {made['expires_at']}.\n"
        "Back to it: flask neon restore main before-1.4\n"
        "Or by the history, which Neon keeps for 1 day: flask neon restore main --at "
        f"{made['created_at']}\n"
    )
    neon.history_s = 21600
    assert "keeps for 6 hours:" in run("restore-point", "before-1.5").stdout
    neon.fail("GET", f"/projects/{PROJECT}$", 403)
    assert "as long as the project keeps it" in run("restore-point", "before-1.6").stdout


def test_no_way_back_is_told_that_neon_does_not_have(ask, neon):
    """Only roots can be taken back in time, and only where there is a history."""
    assert ask("restore-point", "--branch", "staging", "before-1")["restore_by_history"] is None
    neon.history_s = 0
    assert ask("restore-point", "before-2")["restore_by_history"] is None


@pytest.mark.parametrize(
    "arguments",
    [
        ("create", "pr-1"),
        ("restore-point", "before-1.4"),
        ("restore", "main", "staging"),
        ("restore", "main", "--at", "2025-11-24T02:00:00Z"),
        ("reset", "staging", "--preserve-as", "old"),
    ],
    ids=lambda arguments: " ".join(arguments[:3]),
)
def test_a_free_plan_that_is_full_refuses_before_anything_is_sent_or_asked(
    refused, neon, put, point, arguments
):
    """Who may be asked here would be told to say --yes."""
    neon.plan, neon.rules.limit = FREE, 6
    put("rehearsal_20251101120000_1f2e3d4c", days=3)
    point("before-1.2", days=1)
    put("main-before-restore-20251101-120000", days=2, parent=None)
    put("demo", days=9)
    assert refused(*arguments) == (
        "Error: The project has 6 branches, and Neon allows no more on the plan free_v3. These "
        "could go, the oldest first: rehearsal_20251101120000_1f2e3d4c, before-1.2, "
        "main-before-restore-20251101-120000 (a backup only if its branch went back in its own "
        "history); `flask neon delete rehearsal_20251101120000_1f2e3d4c` deletes one. Otherwise a "
        "larger plan has room (Neon's console: Billing).\n"
    )
    assert {call.method for call in neon.calls} == {"GET"}


def test_what_is_needed_or_can_not_be_deleted_is_not_named(refused, neon, put, point):
    neon.plan, neon.rules.limit = FREE, 1
    put("before-0", protected=True)
    put("x", parent=put("before-1")["id"])
    put("rehearsal_20251126120000_1f2e3d4c", days=0.01)
    point("before-2")
    said = refused("restore", "main", "before-2")
    assert "None of them is a rehearsal left behind, a restore point or a backup that could" in said
    assert "`flask neon delete NAME`" in said
    for number in range(3, 10):
        point(f"before-{number}", days=20 - number)
    said = refused("restore", "main", "before-2")
    assert "before-3, before-4, before-5, before-6, before-7 and 2 more; `flask neon d" in said


@pytest.mark.parametrize("told", ["plan", "no owner", "key may not"])
@pytest.mark.parametrize("arguments", [("create", "pr-1"), ("restore", "main", "staging", "--yes")])
def test_a_limit_that_shows_only_when_it_is_reached_is_explained_as_well(
    refused, neon, point, told, arguments
):
    neon.rules.limit = 3
    point("before-1.2")
    if told == "no owner":
        neon.plan = ""
    elif told == "key may not":
        neon.fail("GET", f"/projects/{PROJECT}$", 403, 403)
    said = refused(*arguments)
    plan = " on the plan launch_v3" if told == "plan" else ""
    assert f"The project has 3 branches, and Neon allows no more{plan}. These could go" in said
    assert "`flask neon delete before-1.2`" in said


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("BRANCHES_LIMIT_EXCEEDED", "no more"),
        ("", "Branches limit exceeded"),
        ("LIMIT_EXCEEDED", "branches limit exceeded"),
    ],
)
def test_a_limit_is_known_by_its_code_or_its_words(ask, neon, code, message):
    neon.says, neon.code = message, code
    neon.fail("POST", "/branches$", 422)
    error = ask("create", "pr-1", exit_code=1)["error"]
    assert error["code"] == "limit-reached"
    assert "has 2 branches, and Neon allows no more" in error["message"]


def test_another_limit_is_in_the_words_of_neon(refused, neon):
    neon.says = "active endpoints limit exceeded"
    neon.fail("POST", "/branches$", 422)
    said = refused("create", "pr-1")
    assert "active endpoints limit exceeded" in said
    assert "branches" not in said.replace("/branches with 422", "")
    assert "Billing" in said


def test_backups_of_roots_are_roots_and_have_a_limit_of_their_own(refused, neon, put, point):
    neon.rules.root_limit = 2
    put("main-before-restore-20251101-120000", parent=None)
    point("before-1.2")
    said = refused("restore", "main", "--at", "2025-11-24T02:00:00Z", "--yes")
    assert "has 2 root branches, and Neon allows no more" in said
    assert "the oldest first: main-before-restore-20251101-120000 (a backup only if" in said
    assert "`flask neon delete main-before-restore-20251101-120000`" in said


def test_a_backup_that_has_children_goes_after_them(refused, neon, put):
    neon.rules.root_limit = 2
    backup = put("main-before-restore-20251101-120000", parent=None)
    neon.named("staging")["parent_id"] = backup["id"]
    said = refused("restore", "main", "--at", "2025-11-24T02:00:00Z", "--yes")
    assert f"{backup['name']} could go once those made from it are gone: staging. Oth" in said
    assert "flask neon delete" not in said
    assert "--no-backup" not in said


@pytest.mark.parametrize("plan", [FREE, "launch_v3"])
def test_a_restore_that_has_no_room_for_a_backup_can_do_without(refused, run, neon, put, plan):
    put("rescue")
    neon.plan, neon.rules.limit = plan, 3
    said = refused("restore", "rescue", "main", "--yes")
    assert said.endswith("Or --no-backup, which makes no branch: what rescue holds now is lost.\n")
    assert run("restore", "rescue", "main", "--yes", "--no-backup").exit_code == 0
    assert "--no-backup" not in refused("restore", "main", "rescue", "--yes")


def test_a_restore_point_that_somebody_reads_stays(ask, neon, point, names):
    neon.with_read_replica.add(point("before-1")["id"])
    point("before-2")
    assert len(ask("restore-point", "before-3", "--keep", "1")["deleted"]) == 1
    assert names() == ["staging", "before-1", "before-3"]


def test_a_branch_beyond_those_of_a_paid_plan_is_made_and_its_price_told(run, neon):
    neon.rules.limit, neon.rules.limit_is_hard = 2, False
    done = run("create", "pr-1")
    assert done.exit_code == 0, done.output
    assert done.stderr == (
        "The project has 2 branches, and its plan (launch_v3) comes with 2: another one is billed "
        "(1.50 USD a month by Neon's page on plans of 2026-03-20), or refused.\n"
    )
    neon.rules.limit = 10
    assert run("create", "pr-2").stderr == ""


def test_a_lost_answer_that_took_the_last_place_is_found(run, neon, names):
    neon.rules.limit = 3
    neon.fail("POST", "/branches$", "lost")
    done = run("create", "pr-1")
    assert done.exit_code == 0, done.output
    assert names() == ["staging", "pr-1"]


def test_only_the_newest_restore_points_stay(ask, run, neon, point, names):
    for number, days in ((1, 5), (2, 4), (3, 3)):
        point(f"before-{number}", days=days)
    done = ask("restore-point", "before-4", "--keep", "3")
    assert [item["name"] for item in done["deleted"]] == ["before-1"]
    assert names() == ["staging", "before-2", "before-3", "before-4"]
    gone = neon.named("before-2")["id"]
    done = run("restore-point", "before-5", "--keep", "3")
    assert done.stdout.endswith(f"Deleted, being older: before-2 ({gone}).\n")
    assert names() == ["staging", "before-3", "before-4", "before-5"]
    posts = [call.method for call in neon.calls if call.method in {"POST", "DELETE"}]
    assert posts == ["POST", "DELETE"] * 2


def test_what_somebody_wants_or_uses_is_no_old_restore_point(ask, neon, put, point, names):
    staging = neon.named("staging")["id"]
    put("before-forever")
    put("others")
    point("before-protected", protected=True)
    point("before-staging", parent=staging)
    neon.without_compute.remove(point("before-connected")["id"])
    neon.add("copy", parent=point("before-parent")["id"])
    kept = names()
    done = ask("restore-point", "before-4", "--keep", "1")
    assert done["deleted"] == []
    assert names() == [*kept, "before-4"]


@pytest.mark.parametrize(("method", "path"), [("DELETE", ""), ("GET", "/endpoints$")])
def test_an_old_restore_point_that_can_not_be_deleted_is_a_warning(run, neon, point, method, path):
    point("before-1", days=2)
    point("before-2", days=1)
    neon.fail(method, f"{neon.named('before-1')['id']}{path}", 403)
    done = run("restore-point", "before-3", "--keep", "1")
    assert done.exit_code == 0, done.output
    assert "before-1 (br-cool-sky-000002) could not be deleted: The API key may not" in done.stderr
    assert "Deleted, being older: before-2" in done.stdout
    assert [item["name"] for item in neon.made()] == ["staging", "before-1", "before-3"]


@pytest.mark.parametrize("plan", [FREE, "launch_v3", ""])
def test_where_there_is_no_room_the_oldest_goes_first(ask, neon, point, names, plan):
    neon.plan, neon.rules.limit = plan, 5
    for number, days in ((1, 5), (2, 4), (3, 3)):
        point(f"before-{number}", days=days)
    done = ask("restore-point", "before-4", "--keep", "3")
    assert [item["name"] for item in done["deleted"]] == ["before-1"]
    assert names() == ["staging", "before-2", "before-3", "before-4"]


@pytest.mark.parametrize("plan", [FREE, "launch_v3"])
def test_the_last_restore_point_stays_until_there_is_another(refused, neon, point, names, plan):
    neon.plan, neon.rules.limit = plan, 3
    point("before-1")
    said = refused("restore-point", "before-2", "--keep", "1")
    assert "`flask neon delete before-1`" in said
    assert names() == ["staging", "before-1"]


def test_nothing_is_deleted_that_would_not_make_room(refused, neon, point, names):
    neon.plan, neon.rules.limit = FREE, 3
    for number, days in ((1, 5), (2, 4), (3, 3)):
        point(f"before-{number}", days=days)
    assert "has 5 branches" in refused("restore-point", "before-4", "--keep", "3")
    assert len(names()) == 4
    assert {call.method for call in neon.calls} == {"GET"}


def test_what_went_in_vain_is_told(run, neon, point):
    neon.rules.limit = 3
    for number, days in ((1, 5), (2, 4), (3, 3)):
        point(f"before-{number}", days=days)
    done = run("restore-point", "before-4", "--keep", "3")
    assert done.exit_code == 1
    assert "Deleted, being older: before-1 (br-" in done.stderr
    assert "has 4 branches, and Neon allows no more" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("v1", "--keep", "3"), "begin with before-"),
        (("before-1", "--keep", "3", "--expires", "never"), "that expire"),
        (("--keep", "0"), "is not in the range"),
    ],
)
def test_a_restore_point_that_would_not_be_counted_is_refused(run, neon, arguments, said):
    done = run("restore-point", *arguments)
    assert done.exit_code
    assert said in done.stderr
    assert neon.calls == []


@pytest.mark.parametrize("plan", [FREE, "launch_v3"])
def test_the_history_is_enough_where_there_is_no_room(run, ask, neon, plan, names):
    neon.plan, neon.rules.limit, neon.history_s = plan, 2, 21600
    done = run("restore-point", "before-1", "--or-history")
    assert done.exit_code == 0, done.output
    found = re.fullmatch(
        r"No restore point: The project has 2 branches, and Neon allows no more on the plan .*\n"
        r"Back by the history, which Neon keeps for 6 hours: "
        r"(flask neon restore main --at (.*Z))\n",
        done.stdout,
    )
    assert found, done.stdout
    assert datetime.now(UTC) - datetime.fromisoformat(found[2]) < timedelta(minutes=5)
    assert names() == ["staging"]

    document = ask("restore-point", "before-1", "--or-history")
    assert document["refused"].startswith("The project has 2 branches")
    assert (document["id"], document["name"], document["restore"]) == (None, None, None)
    assert document["restore_by_history"].startswith("flask neon restore main --at 2")
    neon.rules.limit = 9
    assert ask("restore-point", "before-1", "--or-history").keys() == document.keys()
    # The way that was told works.
    back = run(*found[1].split()[2:], "--yes")
    assert back.exit_code == 0, back.output


def test_without_a_history_a_limit_stays_a_failure(refused, neon):
    neon.plan, neon.rules.limit = FREE, 2
    arguments = ("restore-point", "before-1", "--or-history")
    why = "Nor is there a way back by the history: Neon has one of branches without a parent alone"
    assert why in refused(*arguments, "--branch", "staging")
    neon.history_s = 0
    said = refused(*arguments)
    assert "allows no more" in said
    assert why in said


@pytest.mark.parametrize("kind", [400, 401, 403, 404, 422])
def test_any_other_failure_stays_one_with_the_history_as_well(refused, neon, kind):
    neon.fail("POST", "/branches$", kind)
    refused("restore-point", "before-1", "--or-history")


def test_the_plan_is_asked_for_once(run, neon):
    run("restore-point", "before-1", "--keep", "3")
    assert len(neon.called("GET", f"/projects/{PROJECT}$")) == 1
    run("restore", "main", "staging", "--yes")
    assert len(neon.called("GET", f"/projects/{PROJECT}$")) == 2
