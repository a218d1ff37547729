"""The keeper of an embedded server: the parent of postgres, which stops it after its last user.

`serverless_postgres.embedded` starts it as a program of its own; there it says how the two work
together.
"""

import fcntl
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import closing, suppress
from pathlib import Path

import psycopg2

from plain_commands.errors import ConfigurationError
from serverless_postgres.embedded import (
    MAJOR_VERSION,
    READY,
    TIME_LIMIT_S,
    binaries,
    not_started,
    open_lock,
    opened_lock,
    unusable,
    url_of,
)
from serverless_postgres.embedded_privileges import Privileges, is_root
from serverless_postgres.private_log import PRIVATE_LOG

# LC_ALL: the server's messages in English. Nothing else, or PGPORT and its like would reach it.
SERVER_ENVIRONMENT = {"LC_ALL": "C", "PATH": os.defpath}


class Cluster:
    """The files of a data folder with the postgres that serves them."""

    def __init__(self, data_dir: Path, *, durable: bool) -> None:
        self._data_dir = data_dir
        self._pgdata = data_dir / "pgdata"
        self._durable = durable
        self._binaries = binaries()
        self._privileges = Privileges(self._binaries, data_dir)
        self._deadline = time.monotonic() + TIME_LIMIT_S

    def start(self) -> subprocess.Popen[bytes]:
        """Return postgres when it accepts connections.

        Raises ConfigurationError or OSError; then no postgres is left.
        """
        with opened_lock(self._data_dir / "postgres.lock") as lock:
            self._await_end_of_the_last(lock)
            self._privileges.own_files()
            try:
                version = (self._pgdata / "PG_VERSION").read_text(encoding="ascii").strip()
            except FileNotFoundError:
                self._initialise(lock)
            else:
                self._check_version(version)
            self._remove_foreign_pid_file()
            while True:
                port = self._choose_port()
                server = self._launch(port, lock)
                try:
                    self._await_ready(server)
                except psycopg2.Error as error:
                    _stop(server)
                    if server.returncode != 0 and not _is_free(port) and not self._is_late():
                        continue  # Somebody took the port after we had looked.
                    raise ConfigurationError(not_started(self._data_dir, error)) from error
                else:
                    return server

    def _check_version(self, version: str) -> None:
        if version != MAJOR_VERSION:
            message = (
                f"{self._pgdata} was written by PostgreSQL {version}, the embedded one is "
                f"{MAJOR_VERSION}: move {self._data_dir} away to begin with an empty database, or "
                "dump the data with the old version first."
            )
            raise ConfigurationError(message)

    def _is_late(self) -> bool:
        return time.monotonic() > self._deadline

    def _await_end_of_the_last(self, lock: int) -> None:
        """Wait until no process of a postgres whose keeper was killed is left."""
        interrupted = False
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if self._is_late():
                    raise ConfigurationError(not_started(self._data_dir)) from None
                if not interrupted:
                    # The kernel has told it, where setpriv could arrange that. The pid can be
                    # trusted here: the lock shows that its owner lives.
                    with suppress(OSError, ValueError):
                        os.kill(self._recorded_pid(), signal.SIGINT)
                interrupted = True
                time.sleep(0.02)
            else:
                return

    def _recorded_pid(self) -> int:
        text = (self._pgdata / "postmaster.pid").read_text(encoding="utf-8", errors="replace")
        return int(text.partition("\n")[0])

    def _remove_foreign_pid_file(self) -> None:
        """Remove a stale postmaster.pid whose number some other program has by now.

        Postgres takes no notice of a dead pid, but would stop at this one. The working folder
        tells: postgres works in its data folder. Without /proc the judgement is left to postgres.
        """
        with suppress(OSError, ValueError):
            if Path(f"/proc/{self._recorded_pid()}/cwd").readlink() != self._pgdata:
                (self._pgdata / "postmaster.pid").unlink()

    def _initialise(self, lock: int) -> None:
        """Create the cluster beside its place, so that there is a whole one or none."""
        staging = self._data_dir / "pgdata.new"
        if staging.exists():
            shutil.rmtree(staging)
        staging.mkdir(mode=0o700)
        password = secrets.token_hex(24)
        for folder in (self._data_dir, staging):
            _write_private(folder / "password", password)
        pgdata = staging / "pgdata"
        pgdata.mkdir(mode=0o700)
        if is_root():
            for path in (staging, staging / "password", pgdata):
                os.chown(path, *self._privileges.account())
        here = self._privileges.path_of(pgdata)
        command: list[str | Path] = [
            self._binaries / "initdb",
            *("--pgdata", here),
            *("--username", "postgres"),
            *("--pwfile", here / ".." / "password"),
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            # Sorts by code point, which is the order of Hangul, and knows the letters of all
            # scripts, whatever locales the machine has.
            *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"),
            *("--set", "timezone=UTC", "--set", "log_timezone=UTC"),
            *("--no-sync", "--no-clean", "--no-instructions"),
        ]
        initdb = self._run(command, pgdata, lock)
        try:
            initdb.wait(max(0, self._deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            _stop(initdb)
        if initdb.returncode != 0:
            raise ConfigurationError(not_started(self._data_dir))
        pgdata.rename(self._pgdata)
        shutil.rmtree(staging)

    def _choose_port(self) -> int:
        """Return the port of the last time if it is free, else any."""
        file = self._data_dir / "port"
        with suppress(FileNotFoundError, ValueError):
            port = int(file.read_text(encoding="ascii"))
            if _is_free(port):
                return port
        with closing(socket.socket()) as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        _write_private(file, f"{port}\n")
        return port

    def _launch(self, port: int, lock: int) -> subprocess.Popen[bytes]:
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": port,
            # TCP only: the path of a socket may have no more than 107 bytes.
            "unix_socket_directories": "",
            **PRIVATE_LOG,
        }
        if not self._durable:
            settings |= dict.fromkeys(("fsync", "synchronous_commit", "full_page_writes"), "off")
        command: list[str | Path] = [
            *(self._binaries / "postgres", "-D", self._privileges.path_of(self._pgdata))
        ]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        return self._run(command, self._pgdata, lock)

    def _run(self, command: list[str | Path], folder: Path, lock: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603  programs of the wheel
            [*self._privileges.command(), *command],
            cwd=folder,
            env=SERVER_ENVIRONMENT,
            pass_fds=(lock,),
        )

    def _await_ready(self, server: subprocess.Popen[bytes]) -> None:
        """Wait for a real connection.

        Raises psycopg2.Error when there is no hope left.
        """
        while True:
            try:
                psycopg2.connect(url_of(self._data_dir), connect_timeout=TIME_LIMIT_S).close()
            except psycopg2.OperationalError:
                if server.poll() is not None or self._is_late():
                    raise
                time.sleep(0.01)
            else:
                return


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)


def _is_free(port: int) -> bool:
    with closing(socket.socket()) as probe:
        # As postgres does: connections of the last run that the kernel still remembers don't count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _stop(server: subprocess.Popen[bytes]) -> None:
    """Shut postgres down: fast, which means orderly but without waiting for its clients."""
    with suppress(ProcessLookupError):
        server.send_signal(signal.SIGINT)
    server.wait()


def keep(data_dir: Path, keeper_lock: int, pipe: int, *, durable: bool) -> None:
    """Start postgres, tell so or why not through the pipe, and stop it after its last user."""
    try:
        server = Cluster(data_dir, durable=durable).start()
        outcome = READY
    except ConfigurationError as error:
        outcome = error.detail
    except OSError as error:
        outcome = unusable(data_dir, error)
    # Whoever waited for the answer may be dead by now: then nobody uses the server, see below.
    with suppress(BrokenPipeError):
        os.write(pipe, outcome.encode(errors="replace"))
    os.close(pipe)
    if outcome != READY:
        return

    def stop_after_last_user() -> None:
        users = open_lock(data_dir / "users.lock")
        fcntl.flock(users, fcntl.LOCK_EX)
        _stop(server)

    signal.signal(signal.SIGTERM, lambda *_: server.send_signal(signal.SIGINT))
    threading.Thread(target=stop_after_last_user, daemon=True).start()
    server.wait()
    # Before users.lock, which the end of the process releases: the next user then finds no keeper.
    os.close(keeper_lock)


def main() -> None:
    """Detach from the user that starts this, and keep the server for all of them."""
    data_dir, keeper_lock, pipe, *options = sys.argv[1:]
    if os.fork() != 0:
        # The keeper is nobody's child, so that it can't become a zombie of its first user.
        os._exit(0)
    keep(Path(data_dir), int(keeper_lock), int(pipe), durable="--not-durable" not in options)


if __name__ == "__main__":
    main()
