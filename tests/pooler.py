"""PgBouncer in transaction mode, with the settings of docker-compose.yml."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest
from ruamel.yaml import YAML
from sqlalchemy import URL

from serverless_postgres.url import parse
from tests.ports import HOST, free_port

COMPOSE_FILE = Path(__file__).resolve().parents[1] / "docker-compose.yml"
TIME_LIMIT_S = 10

# A server that trusts its clients has no password; between PgBouncer and its clients there is one.
_PASSWORD = "pooled"  # noqa: S105  of a pooler that only this test run can reach


_PROGRAM = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")
_MISSING = "The program pgbouncer is needed: apt install pgbouncer."

# .ci/run installs it, so that it is never missing there.
needs_pooler = pytest.mark.skipif(_PROGRAM is None, reason=_MISSING)


class PoolerMissingError(Exception):
    """PgBouncer is not installed."""


def compose_settings() -> dict[str, str]:
    """Read the pooler's settings from docker-compose.yml.

    The image turns each variable of its environment into the setting of the same name; only the URL
    is another matter.
    """
    compose = YAML(typ="safe").load(COMPOSE_FILE)
    environment = compose["services"]["pgbouncer"]["environment"]
    return {name.lower(): value for name, value in environment.items() if name != "DATABASE_URL"}


class Pooler:
    """A PgBouncer in front of all databases of a server.

    `url` is of the server, `settings` are other ones than those of docker-compose.yml.
    """

    def __init__(self, url: URL | str, log: Path, **settings: object) -> None:
        if _PROGRAM is None:
            raise PoolerMissingError(_MISSING)
        self.port = free_port()
        self._program = _PROGRAM
        self._server = url if isinstance(url, URL) else parse(url)
        self._password = self._server.password or _PASSWORD
        self._settings = settings
        self._log = log
        self._folder = Path(tempfile.mkdtemp(prefix="pooler-"))
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._log.unlink(missing_ok=True)
        # As root it wants another user, who must be able to read the files.
        self._folder.chmod(0o755)
        (self._folder / "users.txt").write_text(
            f'"{self._server.username}" "{self._password}"\n', encoding="utf-8"
        )
        settings = {
            **compose_settings(),
            "listen_addr": HOST,
            "listen_port": self.port,
            "auth_file": self._folder / "users.txt",
            "unix_socket_dir": "",
            **self._settings,
        }
        lines = [
            "[databases]",
            f"* = host={self._server.host} port={self._server.port or 5432}",
            "[pgbouncer]",
            *[f"{name} = {value}" for name, value in settings.items()],
        ]
        (self._folder / "pgbouncer.ini").write_text("\n".join(lines) + "\n", encoding="utf-8")
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

    def url(self, database: str | None) -> URL:
        """Lead to a database of the server through the pooler."""
        return self._server.set(
            host=HOST, port=self.port, password=self._password, database=database
        )

    def start(self) -> None:
        """Start it and wait until it listens."""
        account = ["-u", "nobody"] if os.geteuid() == 0 else []
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [self._program, "-q", *account, self._folder / "pgbouncer.ini"],
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + TIME_LIMIT_S
        while True:
            try:
                socket.create_connection((HOST, self.port), timeout=1).close()
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
            else:
                return

    def kill(self) -> None:
        """Kill -9 it."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait(TIME_LIMIT_S)
            self._process = None
