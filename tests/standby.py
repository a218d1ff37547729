"""A streaming replica of a Postgres: what DATABASE_READ_URL leads to."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Self

import psycopg2

from serverless_postgres.embedded_privileges import is_root
from tests.faults.postgres import TIME_LIMIT_S, Postgres

# Queries that are in the way of replay are cancelled soon, not after 30 s.
SETTINGS = "max_standby_streaming_delay = 50ms\n"


class Standby(Postgres):
    """A hot standby, which can be stopped, promoted, and kept from replaying."""

    def __init__(self, primary: Postgres, logs: Path) -> None:
        super().__init__(logs)
        self.password = primary.password
        self._primary = primary

    def __enter__(self) -> Self:
        self._initialise()
        self.start()
        return self

    def _initialise(self) -> None:
        self._folder.chmod(0o755)
        if is_root():
            os.chown(self._folder, *self._privileges.account())
        pgdata = self._folder / "pgdata"
        subprocess.run(
            [
                *self._privileges.command(),
                self._binaries / "pg_basebackup",
                *("--pgdata", pgdata, "--dbname", self._primary.url),
                *("--checkpoint=fast", "--wal-method=stream", "--no-sync", "--write-recovery-conf"),
            ],
            cwd="/",
            env={"LC_ALL": "C", "PATH": os.defpath},
            timeout=TIME_LIMIT_S,
            check=True,
        )
        with (pgdata / "postgresql.auto.conf").open("a", encoding="utf-8") as settings:
            settings.write(SETTINGS)

    def catch_up(self) -> None:
        """Wait until it shows all that the primary has."""
        # What is not flushed is not sent.
        flush = "SELECT pg_logical_emit_message(false, 'flush', '', true)"
        position = ask(self._primary, flush)
        deadline = time.monotonic() + TIME_LIMIT_S
        while not ask(self, f"SELECT pg_last_wal_replay_lsn() >= '{position}'"):
            assert time.monotonic() < deadline, "the replica does not catch up"
            time.sleep(0.01)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Keep the connections for a while, but answer nothing."""
        assert self._server is not None
        backends = ask(self, "SELECT array_agg(pid) FROM pg_stat_activity")
        processes = [self._server.pid, *backends]
        _signal(processes, signal.SIGSTOP)
        try:
            yield
        finally:
            _signal(processes, signal.SIGCONT)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Show for a while what the primary had before."""
        self.catch_up()
        ask(self, "SELECT pg_wal_replay_pause()")
        while ask(self, "SELECT pg_get_wal_replay_pause_state()") != "paused":
            time.sleep(0.01)
        try:
            yield
        finally:
            ask(self, "SELECT pg_wal_replay_resume()")
            self.catch_up()


def _signal(processes: list[int], number: signal.Signals) -> None:
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process, number)


def ask(server: Postgres, sql: str) -> Any:
    """Get the one value of a query, past the service; again when it was in the way of replay."""
    while True:
        with closing(server.connect()) as connection, connection.cursor() as cursor:
            try:
                cursor.execute(sql)
            except psycopg2.errors.SerializationFailure:
                continue
            return cursor.fetchone()[0] if cursor.description else None
