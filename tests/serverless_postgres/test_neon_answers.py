"""Answers that are none of Neon's, as a proxy or a wrong address gives them, prove nothing done."""

import pytest

from plain_commands.errors import ConfigurationError
from serverless_postgres.neon import MaybeDoneError, Moment, NeonProject, NeonTransport, Pace
from tests.neon_api import KEY, PARENT, PROJECT, FakeNeon

_PACE = Pace(connect_s=0.2, first_delay_s=0.001, longest_delay_s=0.01)


@pytest.fixture
def neon():
    with FakeNeon() as fake:
        fake.polls_until_done = 0
        fake.add("staging")
        yield fake


@pytest.fixture
def project(neon):
    return NeonProject(NeonTransport(neon.url, KEY, _PACE), PROJECT)


@pytest.fixture
def instead(neon, monkeypatch):
    """Answer all calls of a method with something else, whether or not they are carried out."""

    def instead(method, status, body, *, carried_out=False):
        real = neon.reply

        def reply(call):
            if call.method != method:
                return real(call)
            if carried_out:
                real(call)
            return status, body

        monkeypatch.setattr(neon, "reply", reply)

    return instead


@pytest.mark.parametrize("status", [301, 302, 304, 307, 308])
def test_a_redirection_is_no_success_and_is_not_followed(project, instead, status):
    staging = project.find_branch("staging")
    for method in ("POST", "DELETE"):
        instead(method, status, None)
    for change in (
        lambda: project.restore_branch(staging, project.find_branch("main"), preserve_as="kept"),
        lambda: project.create_branch("new"),
        lambda: project.delete_branch(staging.id),
    ):
        with pytest.raises(ConfigurationError, match=f"with {status}, which leads elsewhere"):
            change()
    instead("GET", status, None)
    with pytest.raises(ConfigurationError, match="leads elsewhere"):
        project.all_branches()


@pytest.mark.parametrize(("status", "body"), [(200, None), (200, "<html>"), (200, []), (204, None)])
def test_an_answer_without_content_does_not_say_that_a_call_was_carried_out(
    project, instead, status, body
):
    main = project.find_branch("main")
    instead("POST", status, body)
    with pytest.raises(MaybeDoneError, match="may have been carried out"):
        project.restore_branch(main, main, at=Moment.read("0/AB"), preserve_as="kept")
    with pytest.raises(MaybeDoneError, match="may have been carried out"):
        project.create_branch("new")
    instead("GET", status, body)
    with pytest.raises(ConfigurationError, match="something other than JSON"):
        project.all_branches()


def test_an_empty_answer_does_not_say_that_a_branch_was_gone(project, instead):
    instead("DELETE", 200, None)
    with pytest.raises(MaybeDoneError, match="may have been carried out"):
        project.delete_branch(project.find_branch("staging").id)


def test_what_was_carried_out_is_found_though_its_answer_is_garbled(neon, project, instead):
    main = project.find_branch("main")
    neon.schemas[PARENT], neon.rules.past[PARENT, "0/AB"] = "now", "then"
    instead("POST", 200, "<html>", carried_out=True)
    assert project.create_branch("new").id in neon.branches
    project.restore_branch(main, main, at=Moment.read("0/AB"), preserve_as="kept")
    assert neon.schemas[PARENT] == "then"
    assert len(neon.called("POST", "")) == 2


def test_a_member_that_is_null_is_not_there(neon, project, instead):
    branch = neon.branches[PARENT]
    nothing = dict.fromkeys(("restricted_actions", "parent_id", "created_at", "recovery"))
    instead("GET", 200, {"branches": [branch | nothing], "pagination": None})
    assert [item.restricted for item in project.all_branches()] == [{}]
    instead("GET", 200, {"branches": [branch | {"name": None}]})
    with pytest.raises(ConfigurationError, match="without 'name'"):
        project.all_branches()


def test_a_diff_keeps_its_lines_and_does_nothing_to_a_terminal(project, instead):
    main = project.find_branch("main")
    instead("GET", 200, {"diff": "--- a\n+++ b\n+\tx\x1b[2J\r\n"})
    found = project.compare_schema(main, main, database="trips")
    assert found == "--- a\n+++ b\n+\tx?[2J?\n"


@pytest.mark.parametrize("found", [{"a": 1}, "abc", [1]])
def test_what_is_no_list_is_said_to_be_none(project, instead, found):
    instead("GET", 200, {"branches": found})
    with pytest.raises(ConfigurationError, match="without a list"):
        project.all_branches()


def test_a_long_refusal_is_cut_and_never_within_the_key(neon, project):
    for before in range(480, 501):
        neon.says = "m" * before + KEY
        neon.fail("GET", "/branches$", 400)
        with pytest.raises(ConfigurationError) as caught:
            project.all_branches()
        assert "napi" not in caught.value.detail
        assert len(caught.value.detail) < 700
