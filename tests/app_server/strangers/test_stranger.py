"""A WSGI app that knows nothing of its server, of Flask or of a database, served as it is."""

import os
import signal
import subprocess
import sys

import pytest

from app_server import ServerSettings
from app_server.target import load
from plain_commands.errors import ConfigurationError
from tests.app_server.conftest import await_that

PROGRAM = """
import app_server

def app(environ, start_response):
    body = environ["wsgi.input"].read()
    print("called with", len(body), flush=True)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [environ["PATH_INFO"].encode("latin-1") + b" " + GREETING]

GREETING = b"one"

if __name__ == "__main__":
    settings = app_server.ServerSettings(
        port=PORT, workers=1, body_timeout_s=1, drain_s=0, queue_size=0, threads=1
    )
    raise SystemExit(app_server.serve("app:app", settings))
"""


def test_an_app_is_served_with_its_code_as_it_is(serve, tmp_path, connect):
    server = serve(PROGRAM)
    await_that(lambda: "Serving on" in server.said or server.process.poll() is not None)
    answer = server.ask("/books", "POST", "Momo")
    assert (answer.status, answer.body) == (200, b"/books one")
    # It has no sign of life of its own, and need not: that is a path like any other.
    assert server.ask("/healthz").body == b"/healthz one"
    calls = server.said.count("called with")
    late = connect(server, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nMo")
    assert late.recv(65536).startswith(b"HTTP/1.1 408 ")
    # What is refused never gets to an app that knows of no refusals.
    assert server.said.count("called with") == calls
    code = tmp_path / "app.py"
    code.write_text(code.read_text("utf-8").replace('b"one"', 'b"two"'), encoding="utf-8")
    server.send_signal(signal.SIGHUP)
    await_that(lambda: "Reloaded" in server.said)
    assert server.ask("/books").body == b"/books two"
    assert server.stop() == 0
    assert "Traceback" not in server.said


def test_no_app_of_that_name_ends_it_with_a_sentence(serve):
    server = serve(PROGRAM.replace("app:app", "app:ap"))
    assert server.process.wait(60) == 1
    assert "Error: There is no app 'app:ap': name a module and its app" in server.said
    assert "Traceback" not in server.said


@pytest.mark.parametrize("name", ["nowhere:app", "os:nothing", "os", ":app", ""])
def test_a_name_that_leads_nowhere_is_refused(name):
    with pytest.raises(ConfigurationError, match="There is no app"):
        load(name)


def test_what_a_module_itself_lacks_is_no_wrong_name(tmp_path, monkeypatch):
    (tmp_path / "lacking.py").write_text("import what_nobody_has\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="what_nobody_has"):
        load("lacking:app")


def test_an_app_is_taken_as_it_is_and_a_function_that_makes_one_is_called(tmp_path, monkeypatch):
    (tmp_path / "makers.py").write_text(
        "from flask import Flask\n"
        "app = Flask('shelf')\n"
        "def create_app(settings=None): return app\n"
        "def bare(environ, start_response): return []\n",
        encoding="utf-8",
    )
    monkeypatch.syspath_prepend(tmp_path)
    app = load("makers:app")
    assert load("makers:create_app") is app
    assert load("makers:bare").__name__ == "bare"


def test_settings_need_neither_an_environment_nor_a_database(monkeypatch):
    monkeypatch.setitem(os.environ, "PORT", "9")
    settings = ServerSettings(workers=3)
    assert (settings.port, settings.workers, settings.otel_service_name) == (8000, 3, "app")
    assert not hasattr(settings, "database_url")


def test_the_process_that_only_watches_workers_has_none_of_their_libraries():
    code = "import sys, app_server; app_server.serve; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert "app_server.supervisor" in done
    heavy = {"flask", "sqlalchemy", "pydantic", "granian", "smorest_sqlmodel.problems"}
    assert heavy & {*done} == set()
