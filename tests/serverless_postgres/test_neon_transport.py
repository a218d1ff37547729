"""Calls of Neon's API: how long they take at most, what is repeated and when, what is told.

The server answers late, never, letter by letter, or with errors; the times are small ones, the real
ones are those of Pace.
"""

import re
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from plain_commands.errors import ConfigurationError, PlainError, UnavailableError
from serverless_postgres.neon import Moment, NeonProject, NeonTransport, Pace
from serverless_postgres.neon.retry_after import retry_after_s
from serverless_postgres.neon.transport import MaybeDoneError
from tests.neon_api import KEY, PARENT, PROJECT

QUICK = Pace(
    connect_s=0.1, read_s=0.4, call_s=1.2, first_delay_s=0.01, longest_delay_s=0.1, operation_s=2
)
PATH = f"/projects/{PROJECT}"
ID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


@pytest.fixture
def transport(neon):
    return NeonTransport(neon.url, KEY, QUICK)


@pytest.fixture
def project(transport):
    return NeonProject(transport, PROJECT)


def ids(calls):
    """The request ids of calls, each once."""
    return {call.headers["x-request-id"] for call in calls}


# The time that a call has


@pytest.mark.parametrize("kind", ["silent", "dripping"])
def test_a_call_without_an_answer_ends_when_it_says(neon, transport, kind):
    neon.fail("GET", PATH, *[kind] * 50)
    began = time.monotonic()
    with pytest.raises(UnavailableError) as told:
        transport.call("GET", PATH)
    # Several tries of 0.4 s; a machine that is busy makes them fewer, and never more.
    assert 0.8 <= time.monotonic() - began < 20
    assert 2 <= len(neon.calls) <= 3
    (request_id,) = ids(neon.calls)
    assert re.fullmatch(
        rf"Neon's API gave no answer to GET {PATH} \(the request id for Neon's support is "
        rf"{request_id}\)\. This has lasted for \d+ s: try again later\.",
        told.value.detail,
    )


def test_the_real_times():
    pace = Pace()
    assert (pace.read_s, pace.call_s, pace.operation_s) == (30, 60, 300)


def test_after_silence_the_next_call_has_the_time_of_one_try(neon, transport):
    neon.silent_after = 0
    tries = []
    for _ in range(3):
        before = len(neon.calls)
        with pytest.raises(UnavailableError):
            transport.call("GET", PATH)
        tries.append(len(neon.calls) - before)
    assert tries[0] > 1
    assert tries[1:] == [1, 1]
    # One answer, and all is as before.
    neon.silent_after = None
    transport.call("GET", PATH)
    neon.fail("GET", PATH, "silent", "lost")
    assert transport.call("GET", PATH)


def test_nobody_there_is_told_sooner():
    pace = Pace(connect_s=0.1, read_s=0.3, call_s=10**6, first_delay_s=0.01)
    project = NeonProject(NeonTransport("http://127.0.0.1:9/api/v2", KEY, pace), PROJECT)
    with pytest.raises(
        UnavailableError, match=r"can't be reached\. This has lasted for \d+ s: try"
    ):
        project.create_branch("rehearsal")


def test_a_post_without_an_answer_may_have_been_carried_out(neon, transport):
    neon.silent_after = 0
    with pytest.raises(MaybeDoneError, match=rf"support is {ID}\); it may have been carried out"):
        transport.call("POST", f"{PATH}/branches", body={"branch": {"name": "a"}})
    assert len(neon.calls) == 1


# What is repeated


@pytest.mark.parametrize("status", [423, 429, 500, 502, 503])
def test_what_passes_is_waited_out(neon, project, status):
    neon.fail("GET", "/branches$", status, status)
    assert [branch.name for branch in project.branches()] == ["main"]
    assert len(neon.called("GET", "/branches$")) == 3


def test_what_was_not_done_is_repeated_whatever_the_method(neon, project):
    neon.fail("POST", "/branches$", 503, 423, 429)
    project.create_branch("rehearsal")
    assert [branch["name"] for branch in neon.made()] == ["rehearsal"]
    posts = neon.called("POST", "/branches$")
    assert len(posts) == 4
    assert len(ids(posts)) == 1
    # Nobody had to look whether it had been done.
    assert neon.called("GET", "/branches$") == []


@pytest.mark.parametrize("status", [500, 502, 504])
def test_what_may_have_been_done_is_not_repeated(neon, transport, status):
    neon.fail("POST", "/branches$", status)
    with pytest.raises(MaybeDoneError, match=f"fails with {status} at POST"):
        transport.call("POST", f"{PATH}/branches", body={"branch": {"name": "a"}})
    assert len(neon.calls) == 1


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (423, "Neon is busy with other operations of the project (made to fail; request id {id})."),
        (429, "Neon takes no more calls for now (made to fail; request id {id})."),
        (503, f"Neon's API fails with 503 at GET {PATH} (made to fail; request id {{id}})."),
    ],
)
def test_what_does_not_pass_is_told(neon, transport, status, said):
    neon.fail("GET", PATH, *[status] * 1000)
    with pytest.raises(UnavailableError) as told:
        transport.call("GET", PATH)
    (request_id,) = ids(neon.calls)
    sentence, so_long = told.value.detail.split(". This", 1)
    assert f"{sentence}." == said.format(id=request_id)
    assert re.fullmatch(r" has lasted for \d+ s: try again later\.", so_long)


# Retry-After


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("as_date", [False, True])
def test_it_waits_as_long_as_it_is_told(neon, method, as_date):
    transport = NeonTransport(neon.url, KEY, Pace(first_delay_s=0.01))
    began = datetime.now(UTC)
    # A date has whole seconds: between one and two are left.
    wait = format_datetime(began + timedelta(seconds=2), usegmt=True) if as_date else "1"
    neon.fail(method, "/branches$", 503, Retry_After=wait)
    body = {"branch": {"name": "a"}} if method == "POST" else None
    transport.call(method, f"{PATH}/branches", body=body)
    assert datetime.now(UTC) - began >= timedelta(seconds=1)
    assert len(neon.calls) == 2


@pytest.mark.parametrize("status", [423, 429, 503])
@pytest.mark.parametrize("as_date", [False, True])
def test_a_wait_that_is_too_long_ends_the_call_at_once(neon, transport, status, as_date):
    then = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=2)
    wait = format_datetime(then, usegmt=True) if as_date else "7200"
    neon.fail("POST", "/branches$", status, Retry_After=wait)
    with pytest.raises(UnavailableError) as told:
        transport.call("POST", f"{PATH}/branches", body={"branch": {"name": "a"}})
    assert not isinstance(told.value, MaybeDoneError)
    assert len(neon.calls) == 1
    _, _, time_named = told.value.detail.partition(". Try again at ")
    named = datetime.strptime(time_named, "%Y-%m-%d %H:%M:%S UTC, not before.").replace(tzinfo=UTC)
    assert then <= named <= then + timedelta(seconds=60)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0),
        ("120", 120),
        (" 7 ", 7),
        ("9" * 400, 315360000),
        ("Fri, 27 Nov 2026 10:02:00 GMT", 120),
        ("Friday, 27-Nov-26 10:02:00 GMT", 120),
        ("Fri Nov 27 10:02:00 2026", 120),
        ("Fri, 27 Nov 2026 09:00:00 GMT", 0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 315360000),
        ("", 0),
        ("1.5", 0),
        ("-5", 0),
        ("1e3", 0),
        ("٣", 0),
        ("soon", 0),
        ("1, 2", 0),
        ("Fri, 99 Nov 2026 10:02:00 GMT", 0),
        ("Fri, 27 Nov 99999 10:02:00 GMT", 0),
    ],
)
def test_a_wait_is_read_in_seconds_or_as_a_date_and_else_ignored(value, seconds):
    # The clock here may be wrong: it is the answer's own date that counts.
    headers = {"Retry-After": value, "Date": "Fri, 27 Nov 2026 10:00:00 GMT"}
    assert retry_after_s(headers) == seconds


def test_without_a_date_of_the_answer_it_is_the_clock_here():
    then = datetime.now(UTC) + timedelta(seconds=90)
    assert 80 < retry_after_s({"Retry-After": format_datetime(then, usegmt=True)}) <= 90


# Request ids


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 423, 500])
def test_errors_name_the_id_of_the_request(neon, transport, status):
    neon.fail("GET", PATH, *[status] * 1000)
    with pytest.raises(PlainError, match=rf"request id {ID}") as told:
        transport.call("GET", PATH)
    (request_id,) = ids(neon.calls)
    assert request_id in told.value.detail


def test_without_an_id_in_the_answer_it_is_ours(neon, transport):
    neon.gives_request_id = False
    neon.fail("GET", PATH, 400)
    with pytest.raises(ConfigurationError, match=rf"made to fail; request id {ID}"):
        transport.call("GET", PATH)


def test_each_call_has_an_id_of_its_own(neon, project):
    project.create_branch("rehearsal")
    assert len(ids(neon.calls)) == len(neon.calls)


# Secrets


@pytest.mark.parametrize("key", ["", "two words", "한글", "line\nbreak"])
def test_what_can_not_be_a_key_is_refused_without_showing_it(neon, key):
    with pytest.raises(ConfigurationError, match="copy it again") as refused:
        NeonTransport(neon.url, key)
    assert not key or key not in str(refused.value)


def test_a_key_that_an_answer_repeats_is_taken_out(neon, project):
    neon.says = f"bad token\n{KEY}"
    neon.fail("GET", "/branches$", 400)
    with pytest.raises(ConfigurationError, match=r"bad token \*\*\*; request id"):
        project.all_branches()


@pytest.mark.parametrize("kind", ["silent", "lost", "dripping", 423, 500])
def test_no_error_shows_the_key(neon, transport, kind):
    neon.fail("POST", "/restore$", *[kind] * 1000)
    body = {"source_branch_id": PARENT, **Moment.read("0/AB").fields("source_")}
    with pytest.raises(UnavailableError) as told:
        transport.call("POST", f"{PATH}/branches/{PARENT}/restore", body=body)
    assert KEY not in f"{told.value!r} {told.value.__cause__} {told.value.__context__}"


def test_the_key_is_not_sent_in_the_clear():
    with pytest.raises(ConfigurationError, match="must be https://"):
        NeonTransport("http://console.neon.tech/api/v2", KEY)
