"""Apps of strangers, each served in processes of its own."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from tests.app_server.conftest import Running, free_port


@pytest.fixture
def serve(tmp_path) -> Iterator[Callable[..., Running]]:
    """Run a program that serves on a port, and wait until something answers there.

    `serve(text, file="app.py")`: PORT stands for the port.
    """
    started: list[subprocess.Popen[bytes]] = []

    def serve(text: str, file: str = "app.py") -> Running:
        port = free_port()
        (tmp_path / file).write_text(text.replace("PORT", str(port)), encoding="utf-8")
        log = tmp_path / "log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, file],
                cwd=tmp_path,
                env={**os.environ, "TMPDIR": str(tmp_path)},
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        started.append(process)
        return Running(process, port, log)

    yield serve
    for process in started:
        # The session is this server's alone; its workers must not outlive it.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
