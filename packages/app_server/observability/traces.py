"""OpenTelemetry: a span for each request and one for each round trip to the database.

Attributes after the semantic conventions for HTTP and for databases (both stable). Values never
leave the service: no query string, no parameters of a statement.
"""

from functools import lru_cache
from multiprocessing.util import Finalize
from threading import Thread
from time import time_ns

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    StatusCode,
    TraceFlags,
    format_trace_id,
    set_span_in_context,
)

from app_server.observability.exchange import OTHER_METHOD, UNMATCHED, Exchange, current
from serverless_postgres.database import Database, Sent

CLOSE_S = 2.0
"""How long the end of a process may be held up by an endpoint that does not answer."""

_SERVER_ERROR = 500
_FIRST = ("BEGIN; ", "SAVEPOINT before_insert; ")


class Traces:
    """Sends spans to an OTLP/HTTP endpoint, from a thread of its own."""

    def __init__(self, endpoint: str, service_name: str, database: Database | None = None) -> None:
        provider = TracerProvider(
            resource=Resource.create({SERVICE_NAME: service_name}), shutdown_on_exit=False
        )
        exporter = OTLPSpanExporter(endpoint=endpoint.rstrip("/") + "/v1/traces")
        provider.add_span_processor(BatchSpanProcessor(exporter))
        self._provider = provider
        self._tracer = provider.get_tracer(service_name)
        if database is not None:
            self._database = database
            database.listeners.append(self.sent)
        self._place: dict[str, str | int] | None = None
        # Worker processes that multiprocessing starts, such as granian's, end without `atexit`.
        Finalize(None, self.close, exitpriority=0)

    def begin(self, exchange: Exchange) -> None:
        """Start the span of a request, as a part of what its `traceparent` names."""
        parent = None
        if given := exchange.parent:
            remote = SpanContext(
                int(given.trace_id, 16),
                int(given.span_id, 16),
                is_remote=True,
                trace_flags=TraceFlags(given.flags),
            )
            parent = set_span_in_context(NonRecordingSpan(remote))
        span = self._tracer.start_span(
            _name(exchange), parent, SpanKind.SERVER, start_time=exchange.started_ns
        )
        exchange.span = span
        exchange.trace_id = format_trace_id(span.get_span_context().trace_id)

    def end(self, exchange: Exchange) -> None:
        """End the span of a request."""
        span = exchange.span
        if span.is_recording():
            environ, route = exchange.environ, exchange.route
            span.set_attributes(
                {
                    "http.request.method": exchange.method,
                    "url.scheme": environ.get("wsgi.url_scheme", "http"),
                    "url.path": exchange.path,
                    "server.address": environ.get("SERVER_NAME", ""),
                    "server.port": int(environ.get("SERVER_PORT") or 0),
                    "http.response.status_code": exchange.status,
                }
            )
            if route != UNMATCHED:
                span.update_name(f"{_name(exchange)} {route}")
                span.set_attribute("http.route", route)
            if exchange.status >= _SERVER_ERROR:
                span.set_attribute("error.type", str(exchange.status))
                span.set_status(StatusCode.ERROR)
        span.end()

    def sent(self, sent: Sent) -> None:
        """Tell of a round trip that has just ended, as a part of the request of this thread."""
        exchange = current()
        if exchange is None or exchange.span is None or not exchange.span.is_recording():
            return
        ended = time_ns()
        operation = _operation(sent.sql)
        place = self._place or self._find_place()
        span = self._tracer.start_span(
            f"{operation} {place['db.namespace']}",
            set_span_in_context(exchange.span),
            SpanKind.CLIENT,
            attributes={**place, "db.operation.name": operation, "db.query.text": sent.sql},
            start_time=ended - int(sent.seconds * 1e9),
        )
        if sent.error is not None:
            code = getattr(sent.error, "pgcode", None)
            span.set_attribute("error.type", code or type(sent.error).__qualname__)
            if code:
                span.set_attribute("db.response.status_code", code)
            span.set_status(StatusCode.ERROR)
        span.end(ended)

    def close(self) -> None:
        """Send what is left, if that is soon done, and stop."""
        closing = Thread(target=self._provider.shutdown, name="traces", daemon=True)
        closing.start()
        closing.join(CLOSE_S)

    def _find_place(self) -> dict[str, str | int]:
        url = self._database.primary.engine.url
        self._place = {"db.system.name": "postgresql", "db.namespace": url.database or ""}
        if url.host:
            self._place |= {"server.address": url.host, "server.port": url.port or 5432}
        return self._place


def _name(exchange: Exchange) -> str:
    return "HTTP" if exchange.method == OTHER_METHOD else exchange.method


@lru_cache(maxsize=1024)
def _operation(sql: str) -> str:
    """Name what a batch does by the first word of its first statement that does something."""
    for first in _FIRST:
        sql = sql.removeprefix(first)
    words = sql.split(maxsplit=1)
    return words[0].rstrip(";").upper() if words else "EMPTY"
