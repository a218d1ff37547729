"""Services that are watched: in this process, or under granian as in production."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any, Self

import pytest
from flask import Flask
from prometheus_client.parser import text_string_to_metric_families

from app_server.observability import logs
from service.app import create_app
from service.settings import ROOT, Settings
from tests.collector import Collector

TIME_LIMIT_S = 30

# The service with views that do what its own ones should not.
APP = """
import os, time, warnings
from flask import Response, request
from app_server.observability import metrics
from service.app import create_app

app = create_app()
metrics.KEPT_S = 0

@app.get("/test/process")
def process():
    return str(os.getpid())

@app.get("/test/failing")
def fail():
    secret = os.environ["NEON_API_KEY"] + " " + os.environ["DATABASE_URL"]
    raise RuntimeError("line one\\nline two of " + secret)

@app.get("/test/stream/<int:count>")
def stream(count):
    def chunks():
        for number in range(count):
            yield b"x" * 1000
            time.sleep(0.01)
        if "breaks" in request.args:
            raise RuntimeError("the stream broke")
    from flask import stream_with_context
    return Response(stream_with_context(chunks()), mimetype="text/plain")

@app.get("/test/warning")
def warn():
    warnings.warn("an old way\\nof doing it")
    return ""
"""


@pytest.fixture
def make_app(settings) -> Iterator[Callable[..., Flask]]:
    """Make a service of one's own on the database of this worker, with other settings."""
    made: list[Flask] = []

    def make(**others: Any) -> Flask:
        values = {"database_url": settings.database_url, "metrics": "off", **others}
        app = create_app(Settings(**values))
        made.append(app)
        return app

    yield make
    for app in made:
        app.extensions["database"].dispose()
        if "traces" in app.extensions:
            app.extensions["traces"].close()
    logs.configure(Settings())


@pytest.fixture
def log_lines(capsys) -> Callable[[], list[dict[str, Any]]]:
    """Read what was logged since the last call, each line as the JSON that it must be."""
    return lambda: [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def free_port() -> int:
    """Find a port that is free for now."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


def attributes(span) -> dict[str, Any]:
    """Read the attributes of a span."""
    return {
        item.key: getattr(item.value, item.value.WhichOneof("value")) for item in span.attributes
    }


@pytest.fixture
def collector() -> Iterator[Collector]:
    """An OTLP/HTTP collector for traces."""
    with Collector() as collector:
        yield collector


class Served:
    """The service under granian, with two worker processes."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.port = free_port()
        self.folder = folder
        self._log = folder / "stderr"
        (folder / "watched.py").write_text(APP, encoding="utf-8")
        self._environment = {
            **os.environ,
            "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}",
            "PROMETHEUS_MULTIPROC_DIR": str(folder / "metrics"),
            **environment,
        }

    def __enter__(self) -> Self:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [
                    *(Path(sys.executable).with_name("granian"), "--interface", "wsgi"),
                    *("--host", "127.0.0.1", "--port", str(self.port), "--workers", "2"),
                    *("--blocking-threads", "4", "--respawn-failed-workers"),
                    *("--respawn-interval", "0.1", "watched:app"),
                ],
                cwd=ROOT,
                env=self._environment,
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,
            )
        wait_until(self._is_up)
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def stop(self) -> None:
        """Stop it as an orchestrator does."""
        self._process.terminate()
        self._process.wait(TIME_LIMIT_S)

    def get(self, path: str, **headers: str) -> tuple[HTTPResponse, bytes]:
        """Ask for something, on a connection of its own."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", path, headers=headers)
            response = connection.getresponse()
            return response, response.read()
        finally:
            connection.close()

    def processes(self) -> set[int]:
        """Ask until both workers have answered, and name them."""
        found: set[int] = set()

        def have_answered() -> bool:
            # A connection may have been given to a worker that has just been killed.
            with suppress(ConnectionError), ThreadPoolExecutor(8) as threads:
                answers = threads.map(lambda _: self.get("/test/process")[1], range(8))
                found.update(map(int, answers))
            return len(found) > 1

        wait_until(have_answered)
        return found

    def metrics(self) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
        """Read the metrics, by name and labels."""
        _, text = self.get("/metrics")
        return {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in text_string_to_metric_families(text.decode())
            for sample in family.samples
        }

    def requests_counted(self, route: str) -> float:
        """Read how many requests for a route the metrics tell of."""
        return sum(
            value
            for (name, labels), value in self.metrics().items()
            if name == "http_requests_total" and dict(labels)["route"] == route
        )

    def log(self) -> str:
        """Read all that it has written to stderr."""
        return self._log.read_text(encoding="utf-8")

    def log_lines(self) -> list[dict[str, Any]]:
        """Read its log, each line as the JSON that it must be."""
        return [json.loads(line) for line in self.log().splitlines()]

    def await_line(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Wait for a line of the log."""
        found: list[dict[str, Any]] = []

        def has_come() -> bool:
            found[:] = filter(wanted, self.log_lines())
            return bool(found)

        wait_until(has_come)
        return found[-1]

    def _is_up(self) -> bool:
        assert self._process.poll() is None, self.log()
        try:
            return self.get("/healthz")[0].status == 200
        except OSError:
            return False


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for what is soon to be so."""
    deadline = time.monotonic() + TIME_LIMIT_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
