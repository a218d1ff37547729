"""The service under its production server, in processes that can be killed."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.ports import HOST, free_port

ROOT = Path(__file__).resolve().parents[2]
WORKERS = 2
THREADS = 12
"""Requests that a worker does at a time: fewer than the connections that it may open."""

TIME_LIMIT_S = 90


class Server:
    """The production server, until the end of the block; or bare granian, with another application.

    The latter is what `wsgi:app` would be served with elsewhere.
    """

    def __init__(
        self,
        application: str | None,
        database_url: str,
        log: Path,
        more: Mapping[str, str] | None = None,
    ) -> None:
        """Name what is served, its database and `more` of its environment."""
        self.port = free_port()
        self._application = application
        self._database_url = database_url
        self._log = log
        self._more = more or {}
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                self._command(),
                cwd=ROOT,
                env={
                    **os.environ,
                    "DATABASE_URL": self._database_url,
                    "HOST": HOST,
                    "AUTH": "off",
                    "PORT": str(self.port),
                    "WORKERS": str(WORKERS),
                    "THREADS": str(THREADS),
                    "PYTHONPATH": str(ROOT),
                    # A line for each request would tell nothing, and take the load's time.
                    "LOG_LEVEL": "WARNING",
                    **self._more,
                },
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            self._await_ready()
            self.await_workers(TIME_LIMIT_S)
        except BaseException:
            self._kill()
            raise
        return self

    def _command(self) -> list[str]:
        if self._application is None:
            return [sys.executable, "-m", "service"]
        return [
            *(str(Path(sys.executable).with_name("granian")), "--interface", "wsgi"),
            *("--host", HOST, "--port", str(self.port), "--http", "1"),
            *("--workers", str(WORKERS), "--blocking-threads", str(THREADS)),
            *("--respawn-failed-workers", "--respawn-interval", "0.5"),
            *("--log-level", "warning", self._application),
        ]

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._kill()

    def _kill(self) -> None:
        if self._process is not None:
            # The group is this server's alone; its workers must not outlive it.
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(TIME_LIMIT_S)

    def _await_ready(self) -> None:
        deadline = time.monotonic() + TIME_LIMIT_S
        while True:
            connection = HTTPConnection(HOST, self.port, timeout=5)
            try:
                connection.request("GET", "/readyz")
                if connection.getresponse().status == 200:
                    return
            except (OSError, HTTPException):
                pass
            finally:
                connection.close()
            if time.monotonic() > deadline:
                message = f"the service does not get ready; see {self._log}"
                raise RuntimeError(message)
            time.sleep(0.1)

    def kill_worker(self, chance: random.Random) -> None:
        """Kill -9 a worker."""
        os.kill(chance.choice(self._workers()), signal.SIGKILL)

    def await_workers(self, limit_s: float) -> None:
        """Wait until all workers serve, also those that replace killed ones."""
        deadline = time.monotonic() + limit_s
        while len(self._workers()) < WORKERS:
            if time.monotonic() > deadline:
                message = f"a killed worker is not replaced; see {self._log}"
                raise RuntimeError(message)
            time.sleep(0.1)

    def _workers(self) -> list[int]:
        assert self._process is not None
        main = self._process.pid
        children = Path(f"/proc/{main}/task/{main}/children").read_text(encoding="ascii")
        return [pid for pid in map(int, children.split()) if _is_worker(pid)]


def _is_worker(pid: int) -> bool:
    """Tell a worker that serves from one that starts, which has a single thread yet.

    And from multiprocessing's resource tracker and from a zombie, which have no more either.
    """
    try:
        return len([*Path(f"/proc/{pid}/task").iterdir()]) > 1
    except OSError:
        return False
