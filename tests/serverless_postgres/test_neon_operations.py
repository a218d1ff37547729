"""Operations of Neon, which are waited for, and lists, which are followed to their end."""

from itertools import count

import pytest

from plain_commands.errors import UnavailableError
from serverless_postgres.neon import NeonProject, NeonTransport, OperationFailedError, Pace
from serverless_postgres.neon.operations import Operations
from tests.neon_api import KEY, PARENT, PROJECT, operation_id

PATH = f"/projects/{PROJECT}"


@pytest.fixture
def transport(neon):
    return NeonTransport(neon.url, KEY, Pace(first_delay_s=0.01))


@pytest.fixture
def project(transport):
    return NeonProject(transport, PROJECT)


# Operations


@pytest.mark.parametrize("status", ["failed", "cancelled", "error"])
def test_an_operation_that_is_given_up_is_told(neon, project, status):
    neon.outcomes["create_branch"] = status
    with pytest.raises(OperationFailedError, match=f"create_branch .* is {status}") as told:
        project.create_branch("rehearsal")
    assert told.value.operation_id == operation_id(1)
    assert (told.value.action, told.value.reason) == ("create_branch", "no capacity left")


def test_an_operation_that_goes_on_for_too_long_is_told(neon):
    pace = Pace(first_delay_s=0.01, operation_s=0.2)
    project = NeonProject(NeonTransport(neon.url, KEY, pace), PROJECT)
    neon.polls_until_done = 10**6
    with pytest.raises(UnavailableError, match=r"still running after 0 s; Neon goes on") as told:
        project.create_branch("rehearsal")
    assert not isinstance(told.value, OperationFailedError)


def test_a_poll_that_hangs_does_not_outlast_the_operation(neon):
    # Were it the time of a call that counts, this would not end.
    pace = Pace(connect_s=0.1, read_s=10**6, call_s=10**6, first_delay_s=0.01, operation_s=0.3)
    project = NeonProject(NeonTransport(neon.url, KEY, pace), PROJECT)
    neon.fail("GET", "/operations/", *["silent"] * 50)
    with pytest.raises(UnavailableError, match=r"create_branch .* is still running after 0 s"):
        project.create_branch("rehearsal")
    assert len(neon.called("GET", "/operations/")) == 1


def test_silence_while_an_operation_goes_on_is_told_as_such(neon):
    pace = Pace(connect_s=0.1, read_s=0.2, call_s=0.4, first_delay_s=0.01, operation_s=10**6)
    project = NeonProject(NeonTransport(neon.url, KEY, pace), PROJECT)
    neon.fail("GET", "/operations/", *["silent"] * 50)
    with pytest.raises(UnavailableError, match=r"gave no answer to GET .*/operations/"):
        project.create_branch("rehearsal")


# Pages


@pytest.mark.parametrize("page_size", [1, 2, 3])
@pytest.mark.parametrize("repeats_cursor", [False, True])
def test_lists_are_followed_over_short_pages_to_their_end(
    neon, project, transport, page_size, repeats_cursor
):
    neon.page_size, neon.repeats_cursor = page_size, repeats_cursor
    names = [project.create_branch(f"b{number}").name for number in range(4)]
    found = [branch.name for branch in project.branches()]
    assert sorted(found) == [*names, "main"]
    assert project.find_branch("b3").name == "b3"
    assert project.find_branch("b") is None
    first = neon.named("b0")["id"]
    operations = Operations(transport, PATH).of(first)
    assert [item["action"] for item in operations] == ["start_compute", "create_branch"]


def endless(neon, monkeypatch, pages):
    """Let lists of branches be an iterator of pages: the ids of branches, and a cursor."""

    def page(_call, **_):
        identities, cursor = next(pages)
        branches = [neon.branches[PARENT] | {"id": identity} for identity in identities]
        return 200, {"branches": branches, "annotations": {}, "pagination": {"next": cursor}}

    monkeypatch.setattr(neon, "_get_branches", page)


def test_a_list_that_begins_again_ends(neon, project, monkeypatch):
    """Each cursor is a new one, and leads to what there was."""
    endless(neon, monkeypatch, ((["br-1", "br-2"], f"cursor-{number}") for number in count()))
    assert [branch.id for branch in project.branches()] == ["br-1", "br-2"]
    assert len(neon.calls) == 2


@pytest.mark.parametrize("cursors", ["abab", "aa", "abb", "abca"])
def test_a_cursor_that_was_there_before_is_the_end(neon, project, monkeypatch, cursors):
    pages = (([f"br-{number}"], cursor) for number, cursor in enumerate(cursors))
    endless(neon, monkeypatch, pages)
    # Each cursor leads to one page more, the first time.
    assert len(list(project.branches())) == len(set(cursors)) + 1
    assert len(neon.calls) == len(set(cursors)) + 1


def test_what_moves_between_two_pages_is_listed_once(neon, project, monkeypatch):
    pages = [(["br-1", "br-2"], "a"), (["br-2", "br-3"], "b"), (["br-4"], "")]
    endless(neon, monkeypatch, iter(pages))
    assert [branch.id for branch in project.branches()] == ["br-1", "br-2", "br-3", "br-4"]
