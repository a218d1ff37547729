"""A Postgres 18 of the laboratory's own, which can be stopped, started and killed."""

import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import closing, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg2

from serverless_postgres.embedded import binaries
from serverless_postgres.embedded_privileges import Privileges, is_root
from tests.ports import HOST, free_port

DATABASE = "trips"
USER = "trips"
TIME_LIMIT_S = 30

# Nothing may be lost when processes are killed, but the machine is not going to fail: what a commit
# has handed to the operating system is safe. Without synchronous_commit it would not be there yet.
SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "synchronous_commit": "on",
    "fsync": "off",
    "full_page_writes": "off",
    "max_wal_size": "2GB",
    "log_min_messages": "error",
    "log_min_error_statement": "error",
}


class Postgres:
    """A cluster in a temporary folder, and the server on it when it runs."""

    def __init__(self, logs: Path) -> None:
        self.port = free_port()
        self._log = logs / "postgres.log"
        self.password = secrets.token_hex(12)
        self._folder = Path(tempfile.mkdtemp(prefix="faults-postgres-"))
        self._binaries = binaries()
        self._privileges = Privileges(self._binaries, self._folder)
        self._server: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The URL past proxy and pooler."""
        return f"postgresql://{USER}:{self.password}@{HOST}:{self.port}/{DATABASE}"

    def __enter__(self) -> Self:
        self._log.unlink(missing_ok=True)
        self._initialise()
        self.start()
        with closing(self.connect("postgres")) as connection, connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {DATABASE}")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _initialise(self) -> None:
        self._folder.chmod(0o755)
        password = self._folder / "password"
        password.write_text(self.password, encoding="ascii")
        if is_root():
            for path in (self._folder, password):
                os.chown(path, *self._privileges.account())
        subprocess.run(
            [
                *self._privileges.command(),
                self._binaries / "initdb",
                *("--pgdata", self._folder / "pgdata", "--username", USER, "--pwfile", password),
                *("--auth=scram-sha-256", "--encoding=UTF8", "--no-sync", "--no-instructions"),
                *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"),
            ],
            cwd="/",
            env={"LC_ALL": "C", "PATH": os.defpath},
            stdout=subprocess.DEVNULL,
            timeout=TIME_LIMIT_S,
            check=True,
        )

    def connect(self, database: str = DATABASE) -> Any:
        """Connect past proxy and pooler, in autocommit."""
        connection = psycopg2.connect(
            self.url, dbname=database, connect_timeout=5, application_name="laboratory"
        )
        connection.autocommit = True
        return connection

    def start(self) -> None:
        """Start the server and wait until it takes connections."""
        deadline = time.monotonic() + TIME_LIMIT_S
        while not self._is_ready():
            if time.monotonic() > deadline:
                message = f"Postgres does not start; see {self._log}"
                raise RuntimeError(message)
            if self._server is None or self._server.poll() is not None:
                # After a kill -9 it does not start before its last orphan is gone.
                self._launch()
            time.sleep(0.02)

    def _launch(self) -> None:
        command = [str(self._binaries / "postgres"), "-D", str(self._folder / "pgdata")]
        options = [f"-c{name}={value}" for name, value in {**SETTINGS, "port": self.port}.items()]
        with self._log.open("ab") as log:
            self._server = subprocess.Popen(
                [*self._privileges.command(), *command, *options],
                cwd="/",
                env={"LC_ALL": "C", "PATH": os.defpath},
                stdout=log,
                stderr=log,
            )

    def _is_ready(self) -> bool:
        try:
            self.connect("postgres").close()
        except psycopg2.OperationalError:
            return False
        return True

    def stop(self) -> None:
        """Shut the server down as a restart does: orderly, without waiting for its clients."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """Kill -9 the postmaster; its backends notice by themselves."""
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        if self._server is None:
            return
        with suppress(ProcessLookupError):
            self._server.send_signal(how)
        self._server.wait(TIME_LIMIT_S)
        self._server = None

    def kill_backend(self) -> None:
        """Kill -9 a backend that serves a client; the server then ends all of them and recovers."""
        with closing(self.connect()) as connection, connection.cursor() as cursor:
            cursor.execute(
                "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend'"
                " AND application_name <> 'laboratory' ORDER BY state_change DESC LIMIT 1"
            )
            for (pid,) in cursor.fetchall():
                os.kill(pid, signal.SIGKILL)

    def terminate_backends(self) -> None:
        """End all client connections from inside, as an administrator does (57P01)."""
        with closing(self.connect()) as connection, connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE backend_type = 'client backend' AND application_name <> 'laboratory'"
            )
