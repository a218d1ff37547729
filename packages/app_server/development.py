"""Serves an app on the machine of who writes it, and again after each change of its code."""

import errno
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

from plain_commands.errors import ConfigurationError

LOOK_EVERY_S = 0.5
HIGHEST_PORT = 65535
Snapshot = set[tuple[str, int]]


@contextmanager
def listening(host: str, port: int, command: str) -> Iterator[socket.socket]:
    """Take a port, to keep it from one server process to the next.

    Raises ConfigurationError when it can't be taken; `command` is what was called, to be called
    with another PORT.
    """
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.create_server((host, port), family=family, backlog=128)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            other = port + 1 if port < HIGHEST_PORT else port - 1
            message = (
                f"Port {port} on {host} is already in use; stop the other program or choose "
                f"another port: PORT={other} {command}"
            )
        else:
            message = f"Port {port} on {host} can't be used: {error.strerror}."
        raise ConfigurationError(message) from error
    with listener:
        yield listener


def url_of(listener: socket.socket) -> str:
    """Write the address of a socket as a browser on this machine takes it."""
    host, port = listener.getsockname()[:2]
    if host in {"0.0.0.0", "::"}:  # noqa: S104  not bound here, but made fit for a browser
        host = "localhost"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class Restartable:
    """The process that answers the requests, with the code as it was at its start.

    `app` names a WSGI app as for `serve`; the process runs in `folder`. It loads the code at once,
    answers every request with the reason when that fails, and does not answer at all before
    `answer` is called.
    """

    def __init__(self, app: str, listener: socket.socket, folder: Path) -> None:
        self._app = app
        self._listener = listener
        self._folder = folder
        # The process answers when the writing end is closed.
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
        arguments = (self._app, host, self._listener.fileno(), self._gate, os.getpid())
        # Ctrl-C reaches both processes; this one answers for both, so the other is born deaf to it.
        answer = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            self._process = subprocess.Popen(  # noqa: S603  our own interpreter and module
                [sys.executable, "-m", "app_server.development_worker", *map(str, arguments)],
                cwd=self._folder,
                close_fds=False,
            )
        finally:
            signal.signal(signal.SIGINT, answer)

    def _stop(self) -> None:
        self._process.terminate()
        self._process.wait()


class Watch:
    """Looks for changes of files: of `files`, and of all Python files below `folders`."""

    def __init__(self, root: Path, folders: Iterable[str], files: Iterable[str] = ()) -> None:
        """Begin to watch; `folders` and `files` are relative to `root`."""
        self._root = root
        self._folders = tuple(folders)
        self._files = tuple(files)
        self._before = self._snapshot()

    def changes(self, parent: int | None = None) -> Iterator[str]:
        """Tell of each change until there is nobody left to serve.

        That is when the process `parent` has ended, or the terminal has gone.
        """
        has_terminal = os.isatty(0)
        while parent in {None, os.getppid()}:
            # A make that is alone in a terminal keeps the hang-up of it to itself.
            if has_terminal and not os.isatty(0):
                return
            now = self._snapshot()
            if changes := sorted({path for path, _ in now ^ self._before}):
                more = f" and {len(changes) - 1} more" if len(changes) > 1 else ""
                yield changes[0] + more
            self._before = now
            time.sleep(LOOK_EVERY_S)

    def _snapshot(self) -> Snapshot:
        """Return the files that there are, each with its time of change in ns."""
        found = [self._root / name for name in self._files]
        for top in self._folders:
            for folder, _, names in os.walk(self._root / top):
                found += [Path(folder, name) for name in names if name.endswith(".py")]
        times = set()
        for file in found:
            with suppress(FileNotFoundError):
                times.add((str(file.relative_to(self._root)), file.stat().st_mtime_ns))
        return times
