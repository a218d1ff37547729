"""Keeps code from reading and writing what is none of its business while it is only looked at."""

import builtins
import io
import os
import signal
import sys
import threading
import time
import zoneinfo
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from errno import EPERM
from functools import cache
from pathlib import Path
from typing import Any

import psycopg2

Tell = Callable[[str], None]
_watching: dict[int, tuple[Tell, tuple[str, ...]]] = {}
"""Per thread: who is told, and the folders that may be read."""

_AGAIN = "; nothing rolls that back, and each try does it again"
_KEPT = "It is kept from it while it is only looked at"
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_BLOCKED = {
    **dict.fromkeys(("socket.connect", "socket.sendto", "socket.sendmsg"), "uses the network"),
    **dict.fromkeys(("socket.bind", "socket.getaddrinfo"), "uses the network"),
    **dict.fromkeys(("socket.gethostbyname", "socket.gethostbyaddr"), "uses the network"),
    **dict.fromkeys(("subprocess.Popen", "os.system", "os.exec"), "starts a program"),
    **dict.fromkeys(("os.posix_spawn", "os.spawn", "pty.spawn"), "starts a program"),
    **dict.fromkeys(("os.fork", "os.forkpty"), "starts a process"),
    **dict.fromkeys(("os.kill", "os.killpg", "signal.pthread_kill"), "sends a signal"),
    **dict.fromkeys(("os.mkdir", "os.rmdir", "os.chdir", "os.fchdir"), "changes folders"),
    **dict.fromkeys(("os.remove", "os.rename", "os.truncate", "os.link"), "changes files"),
    **dict.fromkeys(("os.symlink", "os.chmod", "os.chown", "os.utime"), "changes files"),
    "builtins.input": "asks who runs it",
    "sqlite3.connect": "opens another database",
}
"""Python's audit events of what is not to happen (https://docs.python.org/3/library/audit_events.html)."""


class BlockedError(OSError):
    """What code wanted to do is kept from it: to it, as if the machine could not."""


class EndsProcessError(BaseException):
    """Code wanted to end the process."""


@contextmanager
def guarded(tell: Tell, folder: Path) -> Iterator[None]:
    """Keep what runs inside from writing, the network, other programs, and ending the process.

    Each attempt is told, so that nobody who catches the error hides it. What is written to a file
    opened by `open` goes nowhere. Files may be read; those that belong neither to the folder nor
    the project nor Python are told.
    """
    _install()
    me = threading.get_ident()
    before = _watching.get(me)
    _watching[me] = (tell, (*_readable(), str(folder.resolve())))
    try:
        with ExitStack() as stack:
            for replaced in () if before else _replaced():
                stack.enter_context(replaced)
            yield
    finally:
        if before:
            _watching[me] = before
        else:
            del _watching[me]


@cache
def _install() -> None:
    sys.addaudithook(_hook)  # It stays for ever, and does nothing while nobody watches.


@cache
def _readable() -> tuple[str, ...]:
    places = {str(Path.cwd()), sys.prefix, sys.base_prefix, "/dev", "/proc/self", *zoneinfo.TZPATH}
    return tuple(os.path.realpath(place) for place in (*places, *filter(None, sys.path)))


def _hook(event: str, args: tuple[Any, ...]) -> None:
    if not _watching or (watched := _watching.get(threading.get_ident())) is None:
        return
    tell, readable = watched
    if event == "open":
        _opened(tell, readable, *args)
    elif (what := _BLOCKED.get(event)) and not _is_of_imports(args):
        if event == "sqlite3.connect" and args[0] == ":memory:":
            return
        about = _about(event, args)
        tell(f"it {what}{about}{_AGAIN}")
        raise BlockedError(EPERM, _KEPT)


def _opened(tell: Tell, readable: tuple[str, ...], path: Any, _mode: Any, flags: int) -> None:
    if not isinstance(path, str | bytes | os.PathLike) or _is_of_imports((path,)):
        return
    name = os.fsdecode(path)
    if (flags or 0) & _WRITES and name != os.devnull:
        tell(f"it writes {name}{_AGAIN}")
        raise BlockedError(EPERM, _KEPT, name)
    if not os.path.realpath(name).startswith(readable) and Path(name).is_file():
        tell(f"it reads {name}, which is not of the project: another machine may hold another one")


def _is_of_imports(args: tuple[Any, ...]) -> bool:
    """Tell whether it is what Python compiles, which it keeps beside the code."""
    return bool(args) and isinstance(args[0], str) and "__pycache__" in args[0]


def _about(event: str, args: tuple[Any, ...]) -> str:
    if event == "socket.connect" and isinstance(args[1], tuple):
        return f": {args[1][0]}"
    shown = args[0] if args else None
    if event.startswith("socket.get"):
        shown = args[0]
    return f": {shown}" if isinstance(shown, str) and shown else ""


def _replaced() -> list[Any]:
    """Make what Python tells no auditor of do nothing but tell."""
    return [
        _swapped(builtins, "open", _open(builtins.open)),
        _swapped(io, "open", _open(io.open)),
        _swapped(os, "_exit", _ending(os._exit, "os._exit")),
        _swapped(os, "abort", _ending(os.abort, "os.abort")),
        _swapped(signal, "raise_signal", _ending(signal.raise_signal, "signal.raise_signal")),
        _swapped(time, "sleep", _sleep(time.sleep)),
        _swapped(threading.Thread, "start", _start(threading.Thread.start)),
        _swapped(psycopg2, "_connect", _connect(vars(psycopg2)["_connect"])),
    ]


@contextmanager
def _swapped(owner: Any, name: str, value: Any) -> Iterator[None]:
    before = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)


def _told(what: str) -> bool:
    """Tell who watches this thread; whoever kept a replaced function may call it at any time."""
    watched = _watching.get(threading.get_ident())
    if watched:
        watched[0](what)
    return bool(watched)


def _open(original: Any) -> Any:
    def open_(file: Any, mode: str = "r", *args: Any, **options: Any) -> Any:
        is_path = isinstance(file, str | bytes | os.PathLike)
        if set(mode) & set("wxa+") and is_path and threading.get_ident() in _watching:
            name = os.fsdecode(file)
            if name != os.devnull and "__pycache__" not in name:
                _told(f"it writes {name}{_AGAIN}")
                file, mode = os.devnull, mode.replace("x", "w")
        return original(file, mode, *args, **options)

    return open_


def _ending(original: Any, name: str) -> Any:
    def end(*args: Any) -> Any:
        if _told(f"it ends the process with {name}()"):
            raise EndsProcessError
        return original(*args)

    return end


def _start(original: Any) -> Any:
    def start(thread: threading.Thread) -> None:
        if _told(f"it starts a thread{_AGAIN}"):
            raise BlockedError(EPERM, _KEPT)
        original(thread)

    return start


def _sleep(original: Any) -> Any:
    def sleep(seconds: float) -> None:
        if threading.get_ident() not in _watching:
            original(seconds)

    return sleep


def _connect(original: Any) -> Any:
    def connect(*args: Any, **options: Any) -> Any:
        if _told(f"it connects to a database of its own{_AGAIN}"):
            message = "nobody connects here"
            raise psycopg2.OperationalError(message)
        return original(*args, **options)

    return connect
