"""The HTTP side of the stand-in: calls, what goes wrong with them, and the contract."""

import json
import re
import threading
from abc import abstractmethod
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from io import BufferedIOBase
from types import TracebackType
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.http_server import HttpServer
from tests.neon_api.answers import Reply, problem
from tests.neon_api.contract import CONTRACT

_PREFIX = "/api/v2"


@dataclass
class Fault:
    """What goes wrong with a call: an HTTP status, or what happens to the connection.

    `lost` does the work and hangs up, `silent` never answers, `dripping` answers letter by letter.
    """

    method: str
    path: str
    kind: int | str
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Call:
    method: str
    path: str
    query: dict[str, str]
    body: Any
    headers: dict[str, str]


class ApiServer(HttpServer):
    """Answers over HTTP; a call or an answer that breaks the contract fails the test at its end."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.calls: list[Call] = []
        self.faults: list[Fault] = []
        self.violations: list[str] = []
        self.says = "made to fail"
        """What the answers of `fail` say."""
        self.code = ""
        """Which code they have."""
        self.silent_after: int | None = None
        """After so many calls, all others get no answer."""
        self.gives_request_id = True
        super().__init__()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        super().__exit__(kind, error, traceback)
        if self.violations:
            raise AssertionError("\n".join(self.violations))

    @property
    def url(self) -> str:
        return f"{super().url}{_PREFIX}"

    def fail(self, method: str, path: str, *kinds: int | str, **headers: str) -> None:
        """Let the next calls of a method and path (a regular expression) go wrong, in order."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.faults += [Fault(method, path, kind, named) for kind in kinds]

    def called(self, method: str, path: str) -> list[Call]:
        """The calls of a method and path, in order."""
        return [call for call in self.calls if call.method == method and re.search(path, call.path)]

    def reply(self, call: Call) -> Reply:
        """Carry a call out, between the contract's two sides."""
        found = CONTRACT.find(call.method, call.path.removeprefix(_PREFIX))
        if found is None:
            self.violations.append(f"{call.method} {call.path}: no such operation")
            return problem(404, "this route does not exist")
        operation, ids = found
        faults = operation.faults_of_call(ids, call.query, call.body)
        if faults:
            self.violations += [f"call {call.method} {call.path}: {fault}" for fault in faults]
            return problem(400, "; ".join(faults))
        with self.lock:
            status, body = self.answer(call, ids)
        faults = operation.faults_of_answer(status, body)
        self.violations += [f"answer {status} to {call.path}: {fault}" for fault in faults]
        return status, body

    @abstractmethod
    def answer(self, call: Call, ids: dict[str, str]) -> Reply:
        """Carry a call out; `ids` are those of its path."""

    def next_fault(self, call: Call) -> Fault | None:
        with self.lock:
            if self.silent_after is not None and len(self.calls) > self.silent_after:
                return Fault(call.method, call.path, "silent")
            for fault in self.faults:
                if fault.method == call.method and re.search(fault.path, call.path):
                    self.faults.remove(fault)
                    return fault
        return None

    def name_request(self, body: Any, request_id: str | None) -> None:
        """Name the request in an error, by what the client sent as X-Request-ID (contract)."""
        if body and "request_id" in body:
            body["request_id"] = request_id or body["request_id"]
            if not self.gives_request_id:
                del body["request_id"]

    def drip(self, stream: BufferedIOBase) -> None:
        """Answer letter by letter, for as long as the client reads."""
        with suppress(BrokenPipeError, ConnectionResetError):
            stream.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
            while not self.ended.wait(0.02):
                stream.write(b".")

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                parts = urlsplit(self.path)
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length)) if length else None
                headers = {name.lower(): value for name, value in self.headers.items()}
                query = dict(parse_qsl(parts.query))
                call = Call(self.command, unquote(parts.path), query, body, headers)
                api.calls.append(call)
                fault = api.next_fault(call)
                if fault is None:
                    self._send(*api.reply(call))
                elif fault.kind == "dripping":
                    self.close_connection = True
                    api.drip(self.wfile)
                elif fault.kind == "silent":
                    api.ended.wait()
                    self.close_connection = True
                elif fault.kind == "lost":
                    api.reply(call)
                    self.close_connection = True
                else:
                    self._send(*problem(int(fault.kind), api.says, api.code), fault.headers)

            do_GET = do_POST = do_PATCH = do_DELETE = handle_any  # noqa: N815  http.server's names

            def _send(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
                api.name_request(body, self.headers.get("X-Request-ID"))
                data = b"" if body is None else json.dumps(body).encode()
                self.send_response(status)
                for name, value in (headers or {}).items():
                    self.send_header(name, value)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                # A client that was ended does not read its answer.
                with suppress(BrokenPipeError, ConnectionResetError):
                    self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                pass

        return Handler
