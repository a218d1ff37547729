"""The client of Neon's API, against a server that speaks it and goes wrong on demand."""

from datetime import UTC, datetime, timedelta

import pytest

from plain_commands.errors import ConfigurationError, ConflictError
from serverless_postgres.neon import Moment, NeonProject, NeonTransport, Pace, read_lifetime
from serverless_postgres.neon.moments import minute
from service.settings import Settings
from tests.neon_api import KEY, PARENT, PROJECT, FakeNeon, operation_id

QUICK = Pace(
    connect_s=0.5, read_s=0.5, call_s=2, first_delay_s=0.01, longest_delay_s=0.1, operation_s=2
)


@pytest.fixture
def neon():
    with FakeNeon() as fake:
        yield fake


@pytest.fixture
def project(neon):
    return NeonProject(NeonTransport(neon.url, KEY, QUICK), PROJECT)


def test_a_branch_is_made_with_an_endpoint_and_an_end_and_is_waited_for(neon, project):
    branch = project.create_branch("rehearsal_1", lifetime=timedelta(hours=6))
    (call,) = neon.called("POST", "/branches$")
    assert call.body["endpoints"] == [{"type": "read_write"}]
    assert "parent_id" not in call.body["branch"]
    left = datetime.fromisoformat(call.body["branch"]["expires_at"]) - datetime.now(UTC)
    assert timedelta(hours=5, minutes=59) < left <= timedelta(hours=6)
    assert (branch.name, branch.parent_id) == ("rehearsal_1", PARENT)
    assert {operation["status"] for operation in neon.operations.values()} == {"finished"}


def test_a_branch_of_a_named_parent(project):
    parent = project.create_branch("staging")
    assert project.create_branch("rehearsal", parent_id=parent.id).parent_id == parent.id


def test_the_url_is_one_past_the_pooler(neon, project):
    branch = project.create_branch("rehearsal")
    url = project.connection_url(branch.id, database="trips", role="reader")
    assert url.startswith("postgresql://")
    (call,) = neon.called("GET", "/connection_uri$")
    assert call.query == {
        "branch_id": branch.id,
        "database_name": "trips",
        "role_name": "reader",
        "pooled": "false",
    }


def test_deleting_waits_and_what_is_gone_is_no_error(neon, project):
    branch = project.create_branch("rehearsal")
    project.delete_branch(branch.id)
    assert neon.made() == []
    assert neon.operations[operation_id(3)]["status"] == "finished"
    project.delete_branch(branch.id)


@pytest.mark.parametrize("kind", ["lost", "silent", 500])
def test_an_answer_that_is_lost_never_makes_a_second_branch(neon, project, kind):
    neon.fail("POST", "/branches$", kind)
    branch = project.create_branch("rehearsal")
    assert [item["id"] for item in neon.made()] == [branch.id]
    assert len(neon.called("POST", "/branches$")) == (1 if kind == "lost" else 2)
    creating = [item for item in neon.operations.values() if item["action"] == "create_branch"]
    assert [item["status"] for item in creating] == ["finished"]


def test_a_name_that_is_taken_in_the_meantime_is_the_branch_that_was_asked_for(neon, project):
    neon.fail("POST", "/branches$", "silent", "lost")
    branch = project.create_branch("rehearsal")
    assert [item["id"] for item in neon.made()] == [branch.id]


@pytest.mark.parametrize(
    ("key", "project_id", "said"),
    [("wrong", PROJECT, "set NEON_API_KEY"), (KEY, "no-such", "check NEON_PROJECT_ID")],
)
def test_what_is_not_allowed_is_told_at_once_and_without_the_key(neon, key, project_id, said):
    transport = NeonTransport(neon.url, key, QUICK)
    with pytest.raises(ConfigurationError, match=said) as refused:
        NeonProject(transport, project_id).create_branch("rehearsal")
    assert len(neon.calls) == 1
    assert key not in f"{refused.value} {refused.value.__cause__} {transport!r}"


def test_a_name_of_somebody_else_is_not_taken_over(neon, project):
    neon.add("rehearsal")
    with pytest.raises(ConflictError, match="already exists"):
        project.create_branch("rehearsal")


def test_a_branch_can_be_without_a_compute(neon, project):
    branch = project.create_branch("copy", compute=False)
    assert not project.has_compute(branch.id)
    assert {item["action"] for item in neon.operations.values()} == {"create_branch"}


def test_restoring_keeps_what_was_there_and_waits(neon, project):
    source = neon.add("before")
    target, origin = project.all_branches()
    project.restore_branch(target, origin, preserve_as="after")
    # The branch is a root still; its children are those of what it was.
    assert "parent_id" not in neon.branches[PARENT]
    assert source["parent_id"] == neon.named("after")["id"]
    assert {item["status"] for item in neon.operations.values()} == {"finished"}


@pytest.mark.parametrize("kinds", [("lost",), ("silent",), (500,), (500, "lost"), ("silent", 423)])
def test_an_answer_that_is_lost_never_restores_twice(neon, project, kinds):
    neon.add("before")
    target, origin = project.all_branches()
    neon.fail("POST", "/restore$", *kinds)
    project.restore_branch(target, origin, preserve_as="after")
    assert sorted(item["name"] for item in neon.made()) == ["after", "before"]
    done = [(item["action"], item["status"]) for item in neon.operations.values()]
    assert done == [("create_timeline", "finished"), ("apply_config", "finished")]


def test_a_restore_that_is_refused_is_told(neon, project):
    neon.add("child")
    target, _ = project.all_branches()
    with pytest.raises(ConfigurationError, match="preserve_under_name is required"):
        project.restore_branch(target, target, at=Moment.read("0/AB"))


def test_a_branch_that_is_kept_no_longer_expires(neon, project):
    neon.add("before", expires_at="2026-12-01T00:00:00Z")
    kept = project.keep_branch(project.find_branch("before"))
    assert kept.expires_at is None
    assert project.find_branch("before").expires_at is None


@pytest.mark.parametrize(
    ("text", "lifetime"),
    [("90m", {"minutes": 90}), ("12h", {"hours": 12}), (" 7 d", {"days": 7}), ("2w", {"weeks": 2})],
)
def test_lifetimes(text, lifetime):
    assert read_lifetime(text) == timedelta(**lifetime)


@pytest.mark.parametrize("told", ["2026-12-01T09:00:30+09:00", "2026-12-01T00:00:30.5Z"])
def test_times_of_neon_are_told_in_utc(told):
    assert minute(told) == "2026-12-01 00:00 UTC"


def test_an_answer_of_somebody_else_is_told(neon, project):
    neon.fail("GET", "connection_uri", 200)
    with pytest.raises(ConfigurationError, match=r"an answer without 'uri'; is NEON_API_URL"):
        project.connection_url(PARENT, database="trips", role="role")


def test_the_settings_name_key_and_project():
    with pytest.raises(ConfigurationError, match="NEON_API_KEY and NEON_PROJECT_ID"):
        NeonProject.configured(Settings(neon_api_key=KEY))
    settings = Settings(neon_api_key=KEY, neon_project_id=PROJECT)
    assert KEY not in repr(settings)
    assert KEY not in repr(NeonProject.configured(settings))
