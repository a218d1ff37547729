"""A Redis that counts requests, as tests need it."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest
import redis

from tests.ports import HOST, free_port

TIME_LIMIT_S = 30

_PROGRAM = shutil.which("redis-server", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")
_MISSING = "The program redis-server is needed: apt install redis-server."

# .ci/run installs it, so that it is never missing there.
needs_redis = pytest.mark.skipif(_PROGRAM is None, reason=_MISSING)


class RedisServer:
    """A Redis that keeps nothing on the disk, and wants a password."""

    password = "s3cret-of-redis"  # noqa: S105  of a server that only this test run can reach

    def __init__(self) -> None:
        self.port = free_port()
        self._folder = Path(tempfile.mkdtemp(prefix="redis-"))
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@{HOST}:{self.port}/0"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def client(self) -> "redis.Redis":
        """Connect to it; to be closed."""
        return redis.Redis.from_url(self.url, decode_responses=True)

    def start(self) -> None:
        """Start it and wait until it answers."""
        assert _PROGRAM is not None, _MISSING
        options = {"port": self.port, "bind": HOST, "save": "", "requirepass": self.password}
        arguments = [part for name, value in options.items() for part in (f"--{name}", str(value))]
        self._process = subprocess.Popen(
            [_PROGRAM, *arguments], cwd=self._folder, stdout=subprocess.DEVNULL
        )
        deadline = time.monotonic() + TIME_LIMIT_S
        with self.client() as client:
            while True:
                try:
                    client.ping()
                except redis.RedisError:
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(0.02)
                else:
                    return

    def pause(self) -> None:
        """Let it take connections, and answer nothing."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it answer again."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """Kill -9 it."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait(TIME_LIMIT_S)
            self._process = None
