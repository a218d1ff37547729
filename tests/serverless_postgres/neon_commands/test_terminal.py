"""`flask neon` at a terminal: questions, progress, Ctrl-C."""

import os
import pty
import signal
import subprocess
import sys
import time

import pytest

HEAVY = ("sqlalchemy", "alembic", "flask_smorest", "urllib3", "rich", "psycopg2")


@pytest.fixture
def terminal(start):
    """Start a command at a terminal; returns its process and a function that reads on."""
    ends = []

    def terminal(*arguments):
        ours, its = pty.openpty()
        process = start(*arguments, stdin=its, stdout=its, stderr=its)
        os.close(its)
        ends.append(ours)

        def read_until(text):
            seen, deadline = "", time.monotonic() + 60
            while text not in seen:
                assert time.monotonic() < deadline, seen
                try:
                    seen += os.read(ours, 4096).decode(errors="replace")
                except OSError:
                    assert text in seen, seen
            return seen

        return process, read_until, lambda text: os.write(ours, text.encode())

    yield terminal
    for end in ends:
        os.close(end)


def test_a_person_is_asked_and_may_say_no(terminal, neon):
    process, read_until, write = terminal("delete", "staging")
    assert "will be deleted, with all that is in it" in read_until("[y/N]")
    write("n\n")
    assert process.wait(30) == 1
    assert neon.named("staging")


def test_a_person_may_say_yes(terminal, neon):
    process, read_until, write = terminal("reset", "staging")
    assert "gets the state of main; what it holds now is lost" in read_until("[y/N]")
    write("y\n")
    read_until("is what main is")
    assert process.wait(30) == 0
    assert neon.called("POST", "/restore$")


def test_what_takes_long_is_shown_and_ctrl_c_tells_what_may_go_on(terminal, neon):
    neon.polls_until_done = 10**6
    process, read_until, _ = terminal("create", "pr-1")
    read_until("Making branch pr-1 on Neon ... (create_branch is running)")
    process.send_signal(signal.SIGINT)
    said = read_until("Aborted!")
    assert "may still be making branch pr-1" in said
    assert process.wait(30) == 1


def test_without_a_terminal_it_is_one_line(start, neon):
    neon.fail("GET", "/branches$", 429, Retry_After="3")
    process = start("branches", "--json")
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0
    assert errors == "Listing the branches on Neon ...\n"
    assert output.startswith("[")


def test_help_waits_for_nothing_heavy(root):
    code = (
        "import sys; from click.testing import CliRunner; from service.cli.groups import neon; "
        f"CliRunner().invoke(neon, ['--help']); print(sorted(set({HEAVY!r}) & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_each_command_shows_an_example(root):
    for file in (root / "packages/serverless_postgres/neon_commands").glob("*.py"):
        text = file.read_text(encoding="utf-8")
        if "@command(" in text:
            assert "\n    Example: flask neon " in text, file.name
