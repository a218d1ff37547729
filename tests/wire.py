"""A recorder between the service and a server: what goes over the wire, message by message."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from types import TracebackType
from typing import Self

from tests.faults.protocol import Messages, is_encryption_request
from tests.ports import HOST

_BUFFER_BYTES = 65536


class Recorder:
    """Passes everything on to a port, and keeps what the clients sent."""

    def __init__(self, upstream_port: int) -> None:
        self._upstream_port = upstream_port
        self._listening = socket.create_server((HOST, 0))
        self.port: int = self._listening.getsockname()[1]
        self.messages: list[tuple[bytes, bytes]] = []

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # Closing alone does not wake the thread that waits in accept().
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def startups(self) -> Iterator[dict[str, str]]:
        """Give the parameters with which each connection began (PostgreSQL 18, 54.7)."""
        for kind, payload in self.messages:
            if not kind and not is_encryption_request(payload):
                words = payload[4:].rstrip(b"\0").decode().split("\0")
                yield dict(zip(words[::2], words[1::2], strict=True))

    def queries(self) -> list[str]:
        """Give what was sent as SQL."""
        return [text.rstrip(b"\0").decode() for kind, text in self.messages if kind == b"Q"]

    def kinds(self) -> set[bytes]:
        """Give the types of messages that were sent after the startup."""
        return {kind for kind, _ in self.messages if kind}

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                server = socket.create_connection((HOST, self._upstream_port))
                threading.Thread(target=self._forward, args=(client, server), daemon=True).start()
                threading.Thread(target=_copy, args=(server, client), daemon=True).start()

    def _forward(self, client: socket.socket, server: socket.socket) -> None:
        messages = Messages(from_client=True)
        with closing(server), suppress(OSError):
            while data := client.recv(_BUFFER_BYTES):
                self.messages.extend(messages.feed(data))
                server.sendall(data)
            server.shutdown(socket.SHUT_RDWR)


def _copy(source: socket.socket, target: socket.socket) -> None:
    with closing(target), suppress(OSError):
        while data := source.recv(_BUFFER_BYTES):
            target.sendall(data)
        target.shutdown(socket.SHUT_RDWR)
