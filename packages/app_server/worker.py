"""A worker process: granian's HTTP in front of the app, on a socket that it shares with others."""

import asyncio
import atexit
import ctypes
import os
import pickle
import resource
import signal
import socket
import sys
import threading
from contextlib import suppress
from typing import Any, NoReturn

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.net import SocketHolder  # type: ignore[attr-defined]  # typed for macOS only
from granian.server.embed import Server
from typing_extensions import override

from app_server.front import Front
from app_server.listener import QUEUE
from app_server.observability import logs
from app_server.settings import ServerSettings
from app_server.target import load, traits_of
from plain_commands.errors import PlainError

LAST_S = 3
"""How long before the end of the grace those who wait for the database are told to give up."""

LARGEST_HEAD = 64 * 1024
"""Bytes of a request's head; beyond that the answer is 431."""

_M_MMAP_THRESHOLD = -3
"""As in glibc's malloc.h."""

BEAT = b"."
BEAT_S = 0.5
"""How often a worker gives its supervisor a sign of life; the first one says that it is ready."""


class _Granian(Server):
    """Granian on a socket that is there already.

    Its own would be one per worker (SO_REUSEPORT); who waits in the queue of a worker that ends is
    lost then, unless the kernel's net.ipv4.tcp_migrate_req is on.
    """

    def __init__(self, front: Front, listener: socket.socket, settings: ServerSettings) -> None:
        self._listener = listener
        super().__init__(
            target=front,
            interface=Interfaces.ASGINL,
            http=HTTPModes.http1,
            http1_settings=HTTP1Settings(
                header_read_timeout=settings.header_timeout_s * 1000, max_buffer_size=LARGEST_HEAD
            ),
            websockets=False,
            backlog=QUEUE,
            backpressure=settings.max_connections,
            log_enabled=False,
        )

    @override
    def _init_shared_socket(self) -> None:
        holder: Any = SocketHolder
        is_unix = self._listener.family == socket.AF_UNIX
        self._shd = holder(self._listener.fileno(), is_unix, QUEUE)


async def _serve(
    app: Any, settings: ServerSettings, listener: socket.socket, channel: socket.socket
) -> None:
    loop = asyncio.get_running_loop()
    traits = traits_of(app)
    front = Front(app, settings, traits)
    server = _Granian(front, listener, settings)
    is_stopping = False

    def stop() -> None:
        nonlocal is_stopping
        if is_stopping:
            return
        is_stopping = True
        loop.remove_reader(channel)
        # Clients leave by themselves when an answer tells them to; a connection that is closed
        # under a client just as it sends its next request is a failed request.
        front.is_draining = True
        loop.call_later(settings.drain_s, server.stop)
        for stop_waiting in traits.stop_waiting:
            loop.call_later(max(0, settings.grace_s - LAST_S), stop_waiting)
        # In a thread of its own: it must come even if the loop does not go on.
        timer = threading.Timer(settings.grace_s, os._exit, (1,))
        timer.daemon = True
        timer.start()

    def beat() -> None:
        with suppress(OSError):  # It has gone, or does not listen for now.
            channel.send(BEAT)
        loop.call_later(BEAT_S, beat)

    loop.add_signal_handler(signal.SIGTERM, stop)
    # The other end is closed when the supervisor has gone, however it went.
    channel.setblocking(False)  # noqa: FBT003  has no keyword
    loop.add_reader(channel, stop)
    serving = asyncio.create_task(server.serve())
    # Granian accepts in a moment; who connects until then waits in the queue.
    listener.listen(QUEUE)
    beat()
    await serving
    for end in traits.at_end:
        end()


def main() -> None:
    """Serve on the socket that was passed on, until SIGTERM or the end of the supervisor."""
    listener, channel = (socket.socket(fileno=int(number)) for number in sys.argv[1:])
    for ignored in (signal.SIGINT, signal.SIGHUP):
        # Ctrl-C in a terminal reaches all processes; the supervisor answers for all.
        signal.signal(ignored, signal.SIG_IGN)
    _allow_files()
    _give_memory_back()
    try:
        name, settings = _told(channel)
        logs.configure(settings)
        app = load(name)
    except PlainError as error:
        sys.exit(f"Error: {error}")
    asyncio.run(_serve(app, settings, listener, channel))
    _end()


def _told(channel: socket.socket) -> tuple[str, ServerSettings]:
    """Read from the supervisor what to serve, and the settings or the function that reads them."""
    size = int.from_bytes(channel.recv(4, socket.MSG_WAITALL))
    # From the process that started this one, over a socket that nobody else has.
    name, given = pickle.loads(channel.recv(size, socket.MSG_WAITALL))  # noqa: S301  as said above
    return name, given() if callable(given) else given


def _end() -> NoReturn:
    """End the process, and leave the interpreter as it is.

    Granian's threads live on. One that asks for the GIL while the interpreter is taken down is
    ended by it (before Python 3.14), which Rust answers with SIGABRT.
    """
    atexit._run_exitfuncs()  # noqa: SLF001  what the interpreter's own end begins with
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(0)


def _allow_files() -> None:
    """Allow as many connections as the system lets this process have."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _give_memory_back() -> None:
    """Have what is large given back to the system as soon as it is freed.

    Glibc stops doing so once it has freed something large: from then on large blocks come from the
    heaps of its threads, where they leave holes (mallopt(3), M_MMAP_THRESHOLD). Other C libraries
    have no such call, or one that does nothing.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, 256 * 1024)


if __name__ == "__main__":
    main()
