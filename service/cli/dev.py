"""`flask dev`: the database, its schema and the server, with nothing to set up before."""

import errno
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from ipaddress import ip_address
from pathlib import Path
from typing import Self

import click
from dotenv import dotenv_values

from plain_commands.errors import ConfigurationError
from plain_commands.waiting import at_terminal, waiting
from service.schema import project
from service.settings import ROOT, Settings

LOOK_EVERY_S = 0.5
HIGHEST_PORT = 65535
Snapshot = set[tuple[str, int]]


@click.command()
@click.option("--host", help="Address to serve on; else HOST, else 127.0.0.1.")
@click.option("--port", type=click.IntRange(1, HIGHEST_PORT), help="Port; else PORT, else 8000.")
@click.option("--parent", type=int, hidden=True, help="Stop when this parent process ends.")
def dev(host: str | None, port: int | None, parent: int | None) -> None:
    """Serve on this machine, and again after every change of the code.

    Without DATABASE_URL it brings its own Postgres, which stops together with it. The schema is
    upgraded first.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        settings = Settings.load()
        _forget_dotenv()
        with _listening(host or settings.host, port or settings.port) as listener:
            before = _snapshot()
            with _Server(listener) as server:
                with waiting("Preparing the database") if at_terminal() else nullcontext():
                    database = _prepare_database(settings)
                _say_where(listener, database)
                _warn_of_others(listener, settings)
                server.answer()
                for changed in _changes(before, parent):
                    click.echo(f"Reloading after a change of {changed}")
                    server.restart()
    except ConfigurationError as error:
        raise click.ClickException(error.detail) from error
    except (KeyboardInterrupt, click.Abort):
        click.echo()


def _forget_dotenv() -> None:
    """Take back out of the environment what Flask has copied there from `.env`.

    It would hide what `.env` says after a change.
    """
    for name, value in dotenv_values(ROOT / ".env").items():
        # nosemgrep: environment-outside-settings  Flask has put it there
        if os.environ.get(name) == value:
            # nosemgrep: environment-outside-settings  Flask has put it there
            del os.environ[name]


@contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    """Take the port before anything else, and keep it from one server process to the next."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.create_server((host, port), family=family, backlog=128)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            other = port + 1 if port < HIGHEST_PORT else port - 1
            message = (
                f"Port {port} on {host} is already in use; stop the other program or choose "
                f"another port: PORT={other} make run"
            )
        else:
            message = f"Port {port} on {host} can't be used: {error.strerror}."
        raise ConfigurationError(message) from error
    with listener:
        yield listener


def _prepare_database(settings: Settings) -> str:
    """Start or find the database, upgrade its schema and return its URL without the password."""
    # SQLAlchemy and Alembic take long to import; a port in use is told of without them.
    from safe_migrations.runner import upgrade  # noqa: PLC0415
    from serverless_postgres.url import masked, resolve  # noqa: PLC0415

    upgrade(project(settings), resolve(settings, direct=True).render_as_string(hide_password=False))
    return masked(resolve(settings))


def _say_where(listener: socket.socket, database: str) -> None:
    host, port = listener.getsockname()[:2]
    if host in {"0.0.0.0", "::"}:  # noqa: S104  not bound here, but made fit for a browser
        host = "localhost"
    url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    click.echo(f"API       {url}\nDocs      {url}/docs\nDatabase  {database}\nStop      Ctrl-C")


def _warn_of_others(listener: socket.socket, settings: Settings) -> None:
    """Say who else can use a server that is not for this machine alone."""
    if ip_address(listener.getsockname()[0]).is_loopback:
        return
    names = "" if settings.allowed_hosts else " To call it by a name, set ALLOWED_HOSTS."
    click.echo(
        "Warning   Everybody who reaches this machine over the network can read, change and erase\n"
        "          all data here: there are no keys yet. Unless that is meant, serve without HOST\n"
        f"          and --host.{names}"
    )


class _Server:
    """The process that answers the requests, with the code as it was at its start."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        # The process loads its code at once and answers when the writing end is closed.
        self._gate, self._opener = os.pipe()
        for descriptor in (listener.fileno(), self._gate):
            os.set_inheritable(descriptor, True)  # noqa: FBT003  has no keyword

    def __enter__(self) -> Self:
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def answer(self) -> None:
        """Let this process and all later ones answer."""
        os.close(self._opener)

    def restart(self) -> None:
        """Go on with the code as it is now; requests wait meanwhile."""
        self._stop()
        self._start()

    def _start(self) -> None:
        host = self._listener.getsockname()[0]
        arguments = (host, self._listener.fileno(), self._gate, os.getpid())
        # Ctrl-C reaches both processes; this one answers for both, so the other is born deaf to it.
        answer = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            self._process = subprocess.Popen(  # noqa: S603  our own interpreter and module
                [sys.executable, "-m", "service.cli.serve", *map(str, arguments)],
                cwd=ROOT,
                close_fds=False,
            )
        finally:
            signal.signal(signal.SIGINT, answer)

    def _stop(self) -> None:
        self._process.terminate()
        self._process.wait()


def _changes(before: Snapshot, parent: int | None) -> Iterator[str]:
    """Tell of each change of the code, until there is nobody left to serve."""
    has_terminal = os.isatty(0)
    while parent in {None, os.getppid()}:
        # A make that is alone in a terminal keeps the hang-up of it to itself.
        if has_terminal and not os.isatty(0):
            return
        now = _snapshot()
        if changes := sorted({path for path, _ in now ^ before}):
            more = f" and {len(changes) - 1} more" if len(changes) > 1 else ""
            yield changes[0] + more
        before = now
        time.sleep(LOOK_EVERY_S)


def _snapshot() -> Snapshot:
    """Return the files whose change calls for a new server, each with its time of change in ns."""
    files = [ROOT / ".env"]
    # A new revision is one of the code, too: the schema that it makes is what the code knows.
    for top in ("service", "migrations"):
        for folder, _, names in os.walk(ROOT / top):
            files += [Path(folder, name) for name in names if name.endswith(".py")]
    times = set()
    for file in files:
        with suppress(FileNotFoundError):
            times.add((str(file.relative_to(ROOT)), file.stat().st_mtime_ns))
    return times
