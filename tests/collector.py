"""An OTLP/HTTP collector that keeps the traces that it is sent."""

import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.http_server import HttpServer

TIME_LIMIT_S = 30


class Collector(HttpServer):
    """Answers with `answer`, after `wait_s`; what it has refused it does not keep."""

    def __init__(self) -> None:
        self.answer = 200
        self.wait_s = 0.0
        self.requests: list[ExportTraceServiceRequest] = []
        super().__init__()

    def spans(self) -> list[Any]:
        """List the spans of all requests."""
        return [
            span
            for request in list(self.requests)
            for of_resource in request.resource_spans
            for of_scope in of_resource.scope_spans
            for span in of_scope.spans
        ]

    def await_spans(self, wanted: Callable[[Any], bool], count: int = 1) -> list[Any]:
        """Wait for spans of a kind."""
        deadline = time.monotonic() + TIME_LIMIT_S
        while len(found := list(filter(wanted, self.spans()))) < count:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        return found

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                time.sleep(collector.wait_s)
                if self.path == "/v1/traces" and collector.answer == 200:
                    collector.requests.append(ExportTraceServiceRequest.FromString(body))
                self.send_response(collector.answer)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        return Handler
