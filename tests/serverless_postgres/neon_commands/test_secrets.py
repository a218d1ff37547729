"""The key of the API is nowhere to be read, whatever goes wrong; `run` looks at each output."""

import pytest

from tests.neon_api import KEY
from tests.serverless_postgres.neon_commands.conftest import PASSWORD

COMMANDS = (
    ("branches",),
    ("projects",),
    ("create", "pr-1"),
    ("delete", "staging", "--yes"),
    ("reset", "staging", "--yes"),
    ("restore", "main", "staging", "--yes"),
    ("restore-point",),
    ("compare-schema", "staging"),
    ("url",),
)


@pytest.mark.parametrize("arguments", COMMANDS, ids=lambda arguments: arguments[0])
@pytest.mark.parametrize("form", [(), ("--json",), ("--debug",)], ids=["text", "json", "debug"])
def test_an_answer_that_repeats_the_key_is_told_without_it(run, neon, arguments, form):
    neon.says = f"refused: Authorization: Bearer {KEY}"
    methods = {"GET": "/(compare|connection)", "POST": "", "DELETE": ""}
    if arguments in {("branches",), ("projects",)}:
        methods = {"GET": ""}
    for method, path in methods.items():
        neon.fail(method, path, *[400] * 3)
    done = run(*arguments, *form)
    assert done.exit_code == 1
    if form == ("--debug",):
        assert KEY not in str(done.exception)
    else:
        assert "Bearer ***" in done.output


@pytest.mark.parametrize("form", [(), ("--json",)], ids=["text", "json"])
def test_a_list_that_repeats_the_key_is_shown_without_it(run, neon, form):
    neon.add(f"x-{KEY}")
    assert "x-***" in run("branches", *form).stdout


@pytest.mark.parametrize("key", ["napi_secret\nmore", "napi_비밀", "napi secret"])
def test_what_can_not_be_a_key_is_told_without_it(run, key):
    done = run("branches", NEON_API_KEY=key)
    assert done.exit_code == 1
    assert "copy it again" in done.stderr
    assert "secret" not in done.output
    assert "비밀" not in done.output


def test_a_trace_of_an_error_has_no_secret(start):
    process = start("restore", "main", "no-such", "--yes", "--debug")
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "Traceback" in errors
    assert KEY not in output + errors
    assert PASSWORD not in output + errors


def test_a_url_that_is_none_is_told_without_its_password(run, neon, monkeypatch):
    monkeypatch.setattr(neon, "_provide", lambda _: f"mysql://me:{PASSWORD}@host/db")
    done = run("url")
    assert done.exit_code == 1
    assert "is not a Postgres URL" in done.stderr
