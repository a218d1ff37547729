"""An API that hangs: a sign of life soon, an end, and a sentence with the id for Neon's support.

Each command meets it at each of its calls in turn. The times are small ones: a test must not take
a minute for each; the real ones are those of Pace.
"""

import re
import signal

import pytest

from serverless_postgres.neon import Pace

SIGN = re.compile(r"[A-Z][^.]* \.\.\.( \([^)]*\))?")
COMMANDS = (
    "branches",
    "branches --deleted",
    "projects",
    "create new-{n}",
    "create new-{n} --write-env --env-file {folder}/env",
    "delete staging --yes",
    "reset staging --yes",
    "restore main staging --yes --preserve-as kept-{n}",
    "restore-point point-{n}",
    "restore-point before-{n} --keep 1",
    "compare-schema staging",
    "url staging",
)


@pytest.fixture
def impatient(monkeypatch):
    """Take the times of commands short: one try of each call."""
    pace = Pace(connect_s=0.3, read_s=0.3, call_s=0.3, first_delay_s=0.01, operation_s=2)
    monkeypatch.setattr("serverless_postgres.neon.transport.Pace", lambda: pace)
    monkeypatch.setattr("plain_commands.waiting.SAID_AFTER_S", 0.1)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("command", COMMANDS)
def test_silence_from_any_call_on_is_shown_and_ends_with_a_sentence(run, neon, tmp_path, command):
    neon.kind_of_key = "personal"
    for answered in range(15):
        if neon.named("staging") is None:
            neon.add("staging")
        words = command.format(n=answered, folder=tmp_path).split()
        neon.silent_after = len(neon.calls) + answered
        done = run(*words)
        # It does without the answer, or needs no more calls than were answered.
        if done.exit_code == 0 or len(neon.calls) <= neon.silent_after:
            break
        *before, error = done.stderr.splitlines()
        assert any(SIGN.fullmatch(line) for line in before), (answered, done.stderr)
        assert error.startswith("Error: "), done.stderr
        request_id = re.search(r"equest id[^(]* ([0-9a-f-]{36})", error)
        assert request_id, error
        assert request_id[1] in {call.headers["x-request-id"] for call in neon.calls}
    assert 0 < answered < 14


@pytest.mark.parametrize("command", ["branches", "projects"])
def test_a_sign_comes_long_before_the_end_and_ctrl_c_ends_it(start, neon, command):
    neon.silent_after = 0
    process = start(command)
    assert process.stderr.readline() == f"Listing the {command} on Neon ...\n"
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 1
    assert process.stderr.read() == "Aborted!\n"


def test_a_wait_that_is_too_long_is_told_at_once(refused, neon):
    neon.fail("POST", "/branches$", 429, Retry_After="3600")
    said = refused("create", "new")
    assert re.fullmatch(
        r"Error: Neon takes no more calls for now \(made to fail; request id [0-9a-f-]{36}\)\. "
        r"Try again at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC, not before\.\n",
        said,
    )
    assert neon.named("new") is None
