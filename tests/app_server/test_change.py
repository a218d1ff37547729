"""Reload, stop and succession while clients are served, none of whom may notice."""

import os
import signal
import socket
import sys
import time
from http.client import HTTPException
from pathlib import Path

import pytest

from tests.app_server.conftest import TIME_LIMIT_S, await_that
from tests.collector import Collector


@pytest.fixture(scope="module")
def metrics(tmp_path_factory):
    """The folder of the metrics of `one_worker`."""
    return tmp_path_factory.mktemp("metrics") / "metrics"


@pytest.fixture(scope="module")
def one_worker(start, metrics):
    server = start(PROMETHEUS_MULTIPROC_DIR=str(metrics))
    server.await_ready()
    return server


def test_a_reload_replaces_the_workers_and_no_request_fails(one_worker, ask_often):
    before = one_worker.workers()
    clients = ask_often(one_worker.port)
    with clients.asking(6):
        clients.await_answers(50)
        one_worker.send_signal(signal.SIGHUP)
        await_that(lambda: "Reloaded" in one_worker.said)
        clients.await_answers(50)
    assert clients.failures == []
    assert len(one_worker.workers()) == 1
    assert one_worker.workers() != before


def test_a_worker_that_can_not_start_leaves_the_old_ones_serving(one_worker, metrics):
    before = one_worker.workers()
    metrics.rename(metrics.with_name("elsewhere"))
    metrics.touch()
    one_worker.send_signal(signal.SIGHUP)
    await_that(lambda: "Not reloaded" in one_worker.said)
    assert "Error: Metrics can't be kept" in one_worker.said
    assert one_worker.workers() == before
    assert one_worker.ask("/healthz").status == 200
    metrics.unlink()


def test_a_successor_on_the_same_socket_takes_over_and_no_request_fails(start, ask_often):
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        old = start(listener=listener)
        old.await_ready()
        clients = ask_often(old.port)
        with clients.asking(6):
            clients.await_answers(20)
            new = start(listener=listener)
            await_that(lambda: "Serving on" in new.said)
            assert old.stop() == 0
            clients.await_answers(20)
    assert clients.failures == []
    assert new.stop() == 0


def test_a_worker_that_is_killed_is_replaced(one_worker):
    killed = one_worker.workers().pop()
    os.kill(killed, signal.SIGKILL)
    await_that(lambda: f"Worker {killed} exited" in one_worker.said)
    # Those who come meanwhile wait on the supervisor's socket.
    assert one_worker.ask("/healthz").status == 200
    assert len(one_worker.workers() - {killed}) == 1


def test_a_worker_that_hangs_is_killed_and_replaced(start):
    server = start(WORKER_TIMEOUT_S="2")
    server.await_ready()
    (hung,) = server.workers()
    os.kill(hung, signal.SIGSTOP)
    await_that(lambda: f"Worker {hung} exited with -9" in server.said)
    assert f"Worker {hung} gave no sign of life for 2 s" in server.said
    assert server.ask("/healthz").status == 200
    (successor,) = server.workers()
    # Nothing is wrong with one that has nothing to do.
    time.sleep(3)
    assert server.workers() == {successor}
    assert server.stop() == 0


def test_nobody_waits_for_the_successor_of_a_killed_worker_while_there_are_others(start, tmp_path):
    folder = tmp_path / "metrics"
    server = start(WORKERS="2", PROMETHEUS_MULTIPROC_DIR=str(folder))
    server.await_ready()
    await_that(lambda: "with 2 workers" in server.said)
    # Without it, no successor can start.
    folder.rename(tmp_path / "elsewhere")
    folder.touch()
    killed = server.workers().pop()
    os.kill(killed, signal.SIGKILL)
    await_that(lambda: f"Worker {killed} exited" in server.said)
    assert [server.ask("/healthz").status for _ in range(20)] == [200] * 20


CRASH_LOOP = (
    "import app_server.supervisor as s; s.FIRST_PAUSE_S = s.LONGEST_PAUSE_S = 3600.0; "
    "from service import __main__ as m; m.main()"
)
"""Whoever pauses before a worker is replaced again does it for longer than any test lasts."""


def test_while_no_worker_serves_one_is_started_again_at_once_and_the_port_stays(start):
    server = start(command=(sys.executable, "-c", CRASH_LOOP))
    server.await_ready()
    for _ in range(3):
        (killed,) = server.workers()
        os.kill(killed, signal.SIGKILL)
        await_that(lambda: f"Worker {killed} exited" in server.said)  # noqa: B023  of this turn
        assert server.ask("/healthz").status == 200
    assert server.stop() == 0


def test_the_first_worker_that_comes_takes_over_the_last_queue(start, later, tmp_path):
    folder = tmp_path / "metrics"
    command = (sys.executable, "-c", CRASH_LOOP)
    server = start(command=command, WORKERS="2", PROMETHEUS_MULTIPROC_DIR=str(folder))
    server.await_ready()
    await_that(lambda: "with 2 workers" in server.said)
    # Without it no successor can start, and the socket of the first one is given up.
    folder.rename(tmp_path / "elsewhere")
    folder.touch()
    for killed in server.workers():
        os.kill(killed, signal.SIGKILL)
        await_that(lambda: f"Worker {killed} exited" in server.said)  # noqa: B023  of this turn
    await_that(lambda: server.said.count("Error: Metrics can't be kept") >= 3)
    waiting = later(server.ask, "/healthz")
    await_that(lambda: server.said.count("Error: Metrics can't be kept") >= 5)
    folder.unlink()
    assert waiting.result(TIME_LIMIT_S).status == 200
    assert [server.ask("/healthz").status for _ in range(20)] == [200] * 20
    assert server.stop() == 0


def test_where_no_worker_can_be_started_for_a_moment_the_server_waits_for_better_times(
    start, tmp_path
):
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n', encoding="ascii")
    python.chmod(0o700)
    code = "import sys; sys.executable = sys.argv.pop(); from service import __main__ as m"
    server = start(command=(sys.executable, "-c", f"{code}; m.main()", str(python)))
    server.await_ready()
    (killed,) = server.workers()
    python.rename(tmp_path / "gone")
    os.kill(killed, signal.SIGKILL)
    await_that(lambda: "A worker can't be started: [Errno 2]" in server.said)
    assert server.process.poll() is None
    (tmp_path / "gone").rename(python)
    server.await_ready()
    assert server.stop() == 0
    assert "Traceback" not in server.said


def test_workers_end_with_a_supervisor_that_was_killed(start):
    server = start(DRAIN_S="0")
    server.await_ready()
    workers = server.workers()
    server.process.kill()
    server.process.wait(TIME_LIMIT_S)
    await_that(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers))


def is_refused(server) -> bool:
    try:
        server.ask("/healthz")
    except ConnectionRefusedError:
        return True
    except (OSError, HTTPException):
        # In the moment between the end of accepting and that of the queue.
        return False
    return False


def test_what_has_begun_is_answered_before_the_end(start, later, locked_users):
    server = start(DRAIN_S="0")
    server.await_ready()
    with locked_users():
        request = later(server.ask, "/v1/users/by-username/begun", "PUT")
        time.sleep(0.3)
        server.send_signal(signal.SIGTERM)
        await_that(lambda: is_refused(server))
        assert server.process.poll() is None
    assert request.result(TIME_LIMIT_S).status in {200, 201}
    assert server.process.wait(TIME_LIMIT_S) == 0


def test_a_worker_ends_without_taking_the_interpreter_down_under_its_threads(start, tmp_path):
    # One of granian's that asks for the GIL in that time aborts the process; here it has a second.
    (tmp_path / "sitecustomize.py").write_text(
        "import os, sys, time\n"
        "class Slow:\n"
        "    def __del__(self, sleep=time.sleep, say=os.write):\n"
        "        say(2, b'taken down')\n"
        "        sleep(1)\n"
        "if 'app_server.worker' in sys.orig_argv:\n"
        "    sys.slow = Slow()\n",
        encoding="ascii",
    )
    paths = os.pathsep.join(filter(None, (str(tmp_path), os.environ.get("PYTHONPATH"))))
    server = start(PYTHONPATH=paths, WORKERS="2")
    server.await_ready()
    await_that(lambda: "with 2 workers" in server.said)
    assert server.stop() == 0
    assert "taken down" not in server.said
    assert "exited with" not in server.said
    assert "panicked" not in server.said


def test_what_was_traced_last_is_sent_before_the_end(start):
    with Collector() as collector:
        server = start(OTEL_EXPORTER_OTLP_ENDPOINT=collector.url)
        server.await_ready()
        assert server.ask("/v1/users?limit=3").status == 200
        assert server.stop() == 0
        # Spans go out every five seconds, and those that are left at the end.
        names = [span.name for span in collector.spans()]
    assert "GET /v1/users" in names


def test_who_waits_for_a_database_that_is_away_does_not_hold_up_the_end(start, later):
    server = start(DATABASE_URL="postgresql://me@127.0.0.1:1/trips", DRAIN_S="0", GRACE_S="4")
    await_that(lambda: "Serving on" in server.said)
    request = later(server.ask, "/v1/users")
    time.sleep(0.3)
    began = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - began < 4
    assert request.result(TIME_LIMIT_S).status == 503
