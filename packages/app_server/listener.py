"""The sockets on which workers accept; the supervisor keeps them, whatever becomes of a worker."""

import errno
import os
import socket
from types import TracebackType
from typing import Self

from app_server.hosts import is_loopback
from app_server.settings import ServerSettings
from plain_commands.errors import ConfigurationError

QUEUE = 2048
"""Connections that may wait to be accepted; the kernel's net.core.somaxconn caps it."""

DEAD_AFTER_MS = 30_000
"""How long what was sent may go unacknowledged, or unread, until the connection is cut."""

_FIRST_PASSED = 3
"""Where systemd puts the first socket that it passes on (sd_listen_fds(3))."""


class Listeners:
    """A socket for each worker, all on one port (SO_REUSEPORT), or those that were passed on.

    With one socket for all, whichever worker is awake takes nearly all connections. With a socket
    that is the worker's own, as granian has it, who waits in its queue is lost when it ends, unless
    the kernel's net.ipv4.tcp_migrate_req is on.
    """

    def __init__(self, settings: ServerSettings) -> None:
        """Take the port; raises ConfigurationError when it can't be taken."""
        self._passed_on = _passed_on()
        self._of_workers: dict[int, socket.socket] = {}
        if self._passed_on:
            self.address = self._passed_on[0].getsockname()
            return
        # Alone first: with SO_REUSEPORT, another server of the same user would not be noticed.
        with _bind((settings.host, settings.port), is_shared=False) as probe:
            self.address = probe.getsockname()[:2]
        self.of(0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def is_loopback(self) -> bool:
        """Whether one of them is on an address that only this machine reaches."""
        listeners = (*self._passed_on, *self._of_workers.values())
        return any(
            listener.family != socket.AF_UNIX and is_loopback(listener.getsockname()[0])
            for listener in listeners
        )

    def close(self) -> None:
        """Let nobody wait here any more; workers that accept still do."""
        for listener in (*self._passed_on, *self._of_workers.values()):
            listener.close()

    def of(self, number: int) -> socket.socket:
        """Get the socket of a worker.

        Its first worker makes it listen; from then on, who connects waits for a worker to accept.
        """
        if self._passed_on:
            return self._passed_on[number % len(self._passed_on)]
        if number not in self._of_workers:
            self._of_workers[number] = _bind(self.address)
        return self._of_workers[number]

    def inherit(self, number: int) -> None:
        """Let a worker that has no socket have the one that is left, and who waits there."""
        if self._of_workers and number not in self._of_workers:
            _, self._of_workers[number] = self._of_workers.popitem()

    def give_up(self, number: int) -> None:
        """Let other workers have the connections of one that is not to come soon.

        The last socket is kept: who waits there waits for whichever worker comes first.
        """
        if len(self._of_workers) > 1 and number in self._of_workers:
            self._of_workers.pop(number).close()


def _passed_on() -> list[socket.socket]:
    """Take the sockets that systemd, or an earlier server, has passed on."""
    # nosemgrep: environment-outside-settings  sd_listen_fds(3) takes it out
    process, count = os.environ.pop("LISTEN_PID", None), os.environ.pop("LISTEN_FDS", "0")
    if process != str(os.getpid()):
        return []
    listeners = [socket.socket(fileno=_FIRST_PASSED + number) for number in range(int(count))]
    for listener in listeners:
        if listener.family != socket.AF_UNIX:
            _set_up(listener)
    return listeners


def _bind(address: tuple[str, int], *, is_shared: bool = True) -> socket.socket:
    host, port = address
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if is_shared:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if host == "::":
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        listener.bind(address)
    except (OSError, TypeError) as error:
        listener.close()
        if isinstance(error, TypeError):  # What Python says to a name that IDNA can't encode.
            message = f"HOST must be an address or a name, not {host!r}."
        elif error.errno == errno.EADDRINUSE:
            message = f"Port {port} on {host} is already in use; PORT sets another one."
        else:
            message = f"Port {port} on {host} can't be used: {error.strerror}."
        raise ConfigurationError(message) from error
    _set_up(listener)
    return listener


def _set_up(listener: socket.socket) -> None:
    # Accepted connections inherit these (tcp(7)); hyper itself would wait for a reader forever.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, DEAD_AFTER_MS)
