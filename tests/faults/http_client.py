"""A small HTTP/1.1 client that repeats what gets no answer, and says how often it did.

`http.client` parses headers as e-mail, at a price that the service under test would pay.
"""

import json
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.ports import HOST

TIME_LIMIT_S = 30.0
"""When a request has had no answer for so long, it hangs."""

_PAUSE_S = 0.05
_CHUNK = 65536


class NoAnswerError(Exception):
    """Nothing came back within the time limit, however often it was tried."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the service said, and how often it had to be asked."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    repeats: int

    def json(self) -> Any:
        """Parse the body."""
        return json.loads(self.body)


class HttpClient:
    """One connection that is kept alive, and made anew when it breaks."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket: socket.socket | None = None

    def send(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        may_repeat: bool = True,
    ) -> Answer:
        """Send a request until it is answered, or once, if it is none that may be repeated.

        A connection that breaks before the answer is the one reason to repeat: an answer is an
        answer, whatever it says. Raises NoAnswerError after the time limit.
        """
        content = b"" if body is None else json.dumps(body).encode()
        lines = [f"{method} {path} HTTP/1.1", f"Host: {HOST}"]
        if body is not None:
            lines += ["Content-Type: application/json", f"Content-Length: {len(content)}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        request = "\r\n".join([*lines, "", ""]).encode() + content
        deadline = time.monotonic() + TIME_LIMIT_S
        repeats = 0
        while True:
            try:
                status, fields, text = self._exchange(request, deadline)
            except OSError as error:
                self.close()
                if not may_repeat or time.monotonic() + _PAUSE_S > deadline:
                    seconds = time.monotonic() - deadline + TIME_LIMIT_S
                    message = f"no answer in {seconds:.0f} s ({type(error).__name__})"
                    raise NoAnswerError(message) from error
                repeats += 1
                time.sleep(_PAUSE_S)
            else:
                return Answer(status, fields, text, repeats)

    def close(self) -> None:
        """Close the connection."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _exchange(self, request: bytes, deadline: float) -> tuple[int, dict[str, str], bytes]:
        if self._socket is None:
            self._socket = socket.create_connection((HOST, self._port), timeout=TIME_LIMIT_S)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.settimeout(max(0.01, deadline - time.monotonic()))
        self._socket.sendall(request)
        received = self._receive()
        while (end := received.find(b"\r\n\r\n")) < 0:
            received += self._receive()
        first, *lines = received[:end].decode("latin-1").split("\r\n")
        fields = {}
        for line in lines:
            name, _, value = line.partition(":")
            fields[name.lower()] = value.strip()
        body = received[end + 4 :]
        missing = int(fields.get("content-length", "0")) - len(body)
        while missing > 0:
            part = self._receive()
            body += part
            missing -= len(part)
        if fields.get("connection", "").lower() == "close":
            self.close()
        return int(first.split(" ", 2)[1]), fields, body

    def _receive(self) -> bytes:
        assert self._socket is not None
        data = self._socket.recv(_CHUNK)
        if not data:
            message = "closed before the answer"
            raise ConnectionResetError(message)
        return data
