"""The production server in processes of its own, and clients that never try again."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from uuid import uuid4

import psycopg2
import pytest

from service.settings import ROOT

TIME_LIMIT_S = 120

HAND_OVER = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
os.execv(sys.argv[2], sys.argv[2:])
"""
"""Passes a socket on as systemd does: sd_listen_fds(3)."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass(frozen=True)
class Answer:
    """What came back: `headers` by their names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


class Running:
    """A server that has been started."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
        self.process = process
        self.port = port
        self.log = log

    @property
    def said(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def ask(self, path: str, method: str = "GET", body: str | bytes | None = None) -> Answer:
        """Send a request on a connection of its own, and read the answer."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=TIME_LIMIT_S)
        connection.request(method, path, body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        headers = {name.lower(): value for name, value in response.getheaders()}
        answer = Answer(response.status, headers, response.read())
        connection.close()
        return answer

    def await_ready(self) -> None:
        await_that(lambda: self._is_ready() or self.process.poll() is not None)
        assert self.process.poll() is None, self.said

    def _is_ready(self) -> bool:
        with suppress(OSError, HTTPException):
            return self.ask("/readyz").status == 200
        return False

    def workers(self) -> set[int]:
        main = self.process.pid
        children = Path(f"/proc/{main}/task/{main}/children").read_text(encoding="ascii")
        return set(map(int, children.split()))

    def send_signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def stop(self) -> int:
        self.send_signal(signal.SIGTERM)
        return self.process.wait(TIME_LIMIT_S)


def await_that(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + TIME_LIMIT_S
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def read_all(client: socket.socket) -> str:
    """Read until the server closes the connection."""
    parts = []
    while part := client.recv(65536):
        parts.append(part)
    return b"".join(parts).decode()


@pytest.fixture
def connect() -> Iterator[Callable[..., socket.socket]]:
    """Connect to a server, from whichever address of this machine, and send something."""
    with ExitStack() as stack:

        def connect(server: Running, text: str, source: str = "127.0.0.1") -> socket.socket:
            client = stack.enter_context(
                socket.create_connection(("127.0.0.1", server.port), source_address=(source, 0))
            )
            client.settimeout(TIME_LIMIT_S)
            client.sendall(text.encode())
            return client

        yield connect


@pytest.fixture(scope="module")
def start(worker_url, tmp_path_factory) -> Iterator[Callable[..., Running]]:
    """Start a server with settings of its own: `start(WORKERS="1")`."""
    started: list[subprocess.Popen[bytes]] = []

    def start(
        *,
        listener: socket.socket | None = None,
        command: Sequence[str] = (sys.executable, "-m", "service"),
        folder: Path = ROOT,
        **environment: str,
    ) -> Running:
        log = tmp_path_factory.mktemp("server") / "log"
        port = listener.getsockname()[1] if listener else free_port()
        if listener:
            command = [sys.executable, "-c", HAND_OVER, str(listener.fileno()), *command]
        defaults = {
            "DATABASE_URL": worker_url.render_as_string(hide_password=False),
            "PORT": str(port),
            "WORKERS": "1",
            "AUTH": "off",
            # As requests are written here; without it, what a loopback address is called.
            "ALLOWED_HOSTS": "127.0.0.1,trips,t",
            "PROMETHEUS_MULTIPROC_DIR": str(log.parent / "metrics"),
        }
        with log.open("wb") as out:
            process = subprocess.Popen(
                command,
                cwd=folder,
                env={**os.environ, **defaults, **environment},
                stdout=out,
                stderr=out,
                pass_fds=[listener.fileno()] if listener else [],
                start_new_session=True,
            )
        started.append(process)
        return Running(process, port, log)

    yield start
    for process in started:
        # The session is this server's alone; its workers must not outlive it.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


class Clients:
    """Clients that ask over and over, on connections that they keep; the first failure counts."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._is_over = threading.Event()
        self.answers = 0
        self.failures: list[str] = []

    @contextmanager
    def asking(self, number: int) -> Iterator[None]:
        threads = [threading.Thread(target=self._ask) for _ in range(number)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._is_over.set()
            for thread in threads:
                thread.join()

    def _ask(self) -> None:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=TIME_LIMIT_S)
        turn = 0
        while not self._is_over.is_set():
            turn += 1
            try:
                if turn % 3:
                    connection.request("GET", "/v1/users?limit=1")
                else:
                    body = f'{{"username": "user-{uuid4().hex[:12]}"}}'
                    headers = {"Content-Type": "application/json"}
                    connection.request("POST", "/v1/users", body, headers)
                answer = connection.getresponse()
                text = answer.read()
                if answer.status not in {200, 201}:
                    self.failures.append(f"{answer.status} {text.decode()}")
            except (OSError, HTTPException) as error:
                self.failures.append(repr(error))
                connection.close()
            self.answers += 1
            # They must not take the processors from a worker that starts.
            time.sleep(0.03)
        connection.close()

    def await_answers(self, number: int) -> None:
        """Wait for so many more answers."""
        wanted = self.answers + number
        await_that(lambda: self.answers >= wanted or bool(self.failures))


@pytest.fixture
def ask_often() -> Callable[[int], Clients]:
    return Clients


@pytest.fixture
def later() -> Iterator[Callable[..., Future[Answer]]]:
    """Call something in another thread: `later(server.ask, "/v1/users").result()`."""
    with ThreadPoolExecutor(32) as pool:
        yield pool.submit


@pytest.fixture
def locked_users(worker_url) -> Callable[[], AbstractContextManager[None]]:
    """Let whoever wants to write a user wait until the end of the block."""

    @contextmanager
    def locked() -> Iterator[None]:
        url = worker_url.set(drivername="postgresql").render_as_string(hide_password=False)
        with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
            cursor.execute("LOCK TABLE users IN SHARE MODE")
            yield

    return locked
