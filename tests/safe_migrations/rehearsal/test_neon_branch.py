"""Rehearsals on a branch of Neon: a stand-in for its API that leads to real databases."""

import signal

import pytest

from plain_commands.errors import ConfigurationError, ConflictError, UnavailableError
from serverless_postgres.neon import Pace
from service.settings import Settings
from tests.neon_api import KEY, PARENT, PROJECT, FakeNeon
from tests.neon_api.answers import branch


@pytest.fixture
def neon(things, execute):
    """Neon, whose branches are copies of the database of things."""

    def name_of(branch):
        return f"{things.url.database}_{branch.replace('-', '_')}"

    def provide(branch):
        execute(things.url, f"CREATE DATABASE {name_of(branch)} TEMPLATE {things.url.database}")
        copy = things.url.set(drivername="postgresql", database=name_of(branch))
        return copy.render_as_string(hide_password=False)

    def discard(branch):
        execute(things.url, f"DROP DATABASE {name_of(branch)} WITH (FORCE)")

    with FakeNeon(provide, discard) as fake:
        fake.hold(things.url.render_as_string(hide_password=False))
        fake.polls_until_done = 0
        yield fake
        for branch in fake.made():
            discard(branch["id"])


@pytest.fixture
def settings(neon):
    return Settings(neon_api_key=KEY, neon_project_id=PROJECT, neon_api_url=neon.url)


@pytest.fixture
def variables(neon):
    return {"NEON_API_KEY": KEY, "NEON_PROJECT_ID": PROJECT, "NEON_API_URL": neon.url}


def test_it_runs_on_a_branch_that_goes_away(one, neon, settings, rehearse, query):
    found = rehearse(settings)
    assert (found.outcome, found.upgrade.failure) == ("ok", None)
    assert found.copy.startswith("branch rehearsal_")
    assert query("SELECT to_regclass('one')", one.url) == [(None,)]
    assert neon.made() == []
    (created,) = neon.called("POST", "/branches$")
    assert "expires_at" in created.body["branch"]
    # Nobody can recover what was copied.
    assert neon.rules.deleted == {}
    (asked,) = neon.called("GET", "/connection_uri$")
    assert asked.query["database_name"] == one.url.database
    assert asked.query["role_name"] == one.url.username


@pytest.fixture
def settings_of(settings):
    """The settings with a NEON_BRANCH_ID."""
    return lambda branch: Settings(**{**vars(settings), "neon_branch_id": branch})


@pytest.mark.usefixtures("one")
@pytest.mark.parametrize("wanted", [PARENT, "main"])
def test_the_branch_to_copy_has_a_name_and_an_id(neon, settings_of, rehearse, wanted):
    rehearse(settings_of(wanted))
    (created,) = neon.called("POST", "/branches$")
    assert created.body["branch"]["parent_id"] == PARENT


@pytest.mark.usefixtures("one")
@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ("no-such", "NEON_BRANCH_ID is wrong: .* no branch 'no-such'; `flask neon branches` lists"),
        ("short", "short .*, which NEON_BRANCH_ID names, expires at 2099-01-01 00:00 UTC"),
    ],
)
def test_a_branch_that_can_not_be_copied_is_told_before(neon, settings_of, rehearse, wanted, said):
    neon.branches["br-short"] = branch("br-short", "short", expires_at="2099-01-01T00:00:00Z")
    with pytest.raises(ConfigurationError, match=said):
        rehearse(settings_of(wanted))
    assert {call.method for call in neon.calls} == {"GET"}
    del neon.branches["br-short"]


@pytest.mark.usefixtures("one")
@pytest.mark.parametrize(("held", "lacks"), [("database", "neondb"), ("role", "somebody")])
def test_what_the_branch_lacks_is_told_and_leaves_none(neon, settings, rehearse, held, lacks):
    (database, role), *_ = neon.databases.items()
    neon.databases = {"neondb": role} if held == "database" else {database: lacks}
    wanted = database if held == "database" else role
    with pytest.raises(ConfigurationError) as raised:
        rehearse(settings)
    assert f"Branch main has no {held} {wanted!r}; it has " in raised.value.detail
    assert lacks in raised.value.detail
    assert "DATABASE_URL and NEON_BRANCH_ID belong together." in raised.value.detail
    assert neon.made() == []
    assert neon.rules.deleted == {}


@pytest.mark.usefixtures("one")
def test_a_copy_that_lingers_is_told(neon, settings, rehearse, told):
    neon.fail("DELETE", "/branches/", 400)
    assert rehearse(settings).outcome == "ok"
    assert neon.made() == []
    assert [item["name"] in told[-1] for item in neon.rules.deleted.values()] == [True]
    assert "is deleted, but not for good" in told[-1]


@pytest.mark.usefixtures("one")
def test_local_is_local_also_with_a_key(neon, settings, rehearse):
    assert rehearse(settings, place="local").copy.startswith("copy rehearsal_")
    assert neon.calls == []


@pytest.mark.usefixtures("one")
def test_neon_without_a_key_says_what_to_set(rehearse):
    with pytest.raises(ConfigurationError, match="NEON_API_KEY and NEON_PROJECT_ID are needed"):
        rehearse(Settings(), place="neon")


def test_an_upgrade_that_fails_leaves_no_branch(things, neon, settings, rehearse):
    things.write("broken", 'op.drop_column("things", "no_such")')
    assert rehearse(settings).upgrade.failure.revision == "broken"
    assert neon.made() == []


@pytest.mark.usefixtures("one")
def test_a_busy_project_is_waited_for(neon, settings, rehearse):
    neon.fail("POST", "/branches$", 423)
    neon.fail("DELETE", "/branches/", 423, 500)
    assert rehearse(settings).outcome == "ok"
    assert neon.made() == []


@pytest.mark.usefixtures("one")
@pytest.mark.parametrize("path", ["/operations", "/connection_uri"])
def test_what_fails_on_the_way_leaves_no_branch(neon, settings, rehearse, path):
    neon.fail("GET", path, 400)
    with pytest.raises(ConfigurationError, match="made to fail"):
        rehearse(settings)
    assert len(neon.called("POST", "/branches$")) == 1
    assert neon.made() == []


@pytest.mark.usefixtures("one")
def test_a_lost_answer_makes_no_second_branch(neon, settings, rehearse):
    neon.fail("POST", "/branches$", "lost")
    assert rehearse(settings).outcome == "ok"
    assert len(neon.called("POST", "/branches$")) == 1
    assert neon.made() == []


@pytest.mark.usefixtures("one", "neon")
def test_a_key_that_is_refused_is_told_and_nothing_else(settings, rehearse, told):
    refused = Settings(**{**vars(settings), "neon_api_key": "wrong"})
    with pytest.raises(ConfigurationError, match="set NEON_API_KEY"):
        rehearse(refused)
    assert told == []


@pytest.mark.usefixtures("one")
def test_a_branch_that_does_not_come_up_is_deleted(neon, settings, rehearse):
    neon.outcomes["start_compute"] = "cancelled"
    with pytest.raises(UnavailableError, match="start_compute"):
        rehearse(settings)
    assert neon.made() == []


@pytest.mark.usefixtures("one")
def test_a_branch_that_can_not_be_deleted_is_told(neon, settings, rehearse, told):
    # For good, and then not for good.
    neon.fail("DELETE", "/branches/", 403, 403)
    assert rehearse(settings).outcome == "ok"
    (branch,) = neon.made()
    assert f"`flask neon delete {branch['name']} --for-good --yes` does it" in told[-1]
    assert KEY not in "".join(told)


@pytest.mark.usefixtures("one")
def test_a_kept_branch_stays(neon, settings, rehearse):
    found = rehearse(settings, keep=True)
    (branch,) = neon.made()
    assert f"`flask neon delete {branch['name']} --for-good --yes`" in found.kept


@pytest.mark.usefixtures("things")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_and_the_branch_goes(sleeping, start_rehearsal, neon, variables, number):
    process = start_rehearsal(**variables)
    sleeping()
    assert len(neon.made()) == 1
    process.send_signal(number)
    output, errors = process.communicate(timeout=20)
    assert process.returncode != 0
    assert output == ""
    said = [line for line in errors.splitlines() if line and not line.endswith(" ...")]
    assert said in ([], ["Aborted!"])
    assert neon.made() == []


@pytest.mark.usefixtures("one")
def test_a_signal_while_the_branch_is_made_leaves_none(start_rehearsal, neon, variables):
    neon.polls_until_done = 10**6
    process = start_rehearsal(**variables)
    assert neon.created.wait(30)
    neon.polls_until_done = 0
    neon.outcomes["create_branch"] = "running"
    process.terminate()
    process.wait(timeout=20)
    assert neon.made() == []


@pytest.mark.usefixtures("things")
def test_after_a_kill_the_branch_has_its_end(sleeping, start_rehearsal, neon, variables):
    process = start_rehearsal(**variables)
    sleeping()
    process.kill()
    process.wait()
    (branch,) = neon.made()
    assert branch["expires_at"]


@pytest.mark.usefixtures("one")
@pytest.mark.parametrize("plan", ["free_v3", "launch_v3"])
def test_where_the_plan_has_no_room_the_branches_that_could_go_are_named(
    neon, settings, rehearse, plan
):
    neon.plan, neon.rules.limit = plan, 2
    old = neon.add("rehearsal_20251101120000_1f2e3d4c", created_at="2025-11-01T12:00:00Z")
    with pytest.raises(ConflictError, match="has 2 branches, and Neon allows no more") as caught:
        rehearse(settings)
    assert f"`flask neon delete {old['name']}`" in caught.value.detail
    assert neon.made() == [old]
    del neon.branches[old["id"]]


@pytest.mark.usefixtures("one")
def test_a_rehearsal_beyond_the_plan_says_what_it_costs(neon, settings, rehearse, told):
    neon.rules.limit, neon.rules.limit_is_hard = 1, False
    assert rehearse(settings).outcome == "ok"
    assert "another one is billed" in told[0]


@pytest.mark.usefixtures("one")
def test_silence_from_any_call_on_is_shown_and_ends(neon, settings, rehearse, told, monkeypatch):
    pace = Pace(connect_s=0.5, read_s=0.5, call_s=0.5, first_delay_s=0.01, operation_s=2)
    monkeypatch.setattr("serverless_postgres.neon.transport.Pace", lambda: pace)
    monkeypatch.setattr("safe_migrations.rehearsal.interruption.NOTICE_AFTER_S", 0.05)
    settings = Settings(**{**vars(settings), "neon_branch_id": PARENT})
    for answered in range(15):
        told.clear()
        neon.silent_after = len(neon.calls) + answered
        failures = []
        try:
            rehearse(settings)
        except UnavailableError as error:
            failures.append(error.detail)
            assert told[0] in {
                "Looking at the branches on Neon ...",
                "Waiting for a branch on Neon ...",
            }
        if len(neon.calls) <= neon.silent_after:
            # It needs no more calls than were answered.
            break
        failures += [sentence for sentence in told if "could not be deleted" in sentence]
        assert failures
        if "Waiting for a branch on Neon ..." in told:
            assert "Deleting the branch on Neon ..." in told
        assert all("the request id for Neon's support is" in said for said in failures)
        assert KEY not in " ".join(failures)
    assert 3 < answered < 14
