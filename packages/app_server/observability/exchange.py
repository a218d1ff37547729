"""One request and its answer, as logs, metrics and traces want to know them."""

import re
from collections.abc import Iterable
from contextvars import ContextVar
from time import perf_counter, time_ns
from typing import Any, Protocol

from werkzeug.routing import Map

from app_server.observability.places import Places
from app_server.observability.trace_context import new_id, read_traceparent
from smorest_sqlmodel.path import template_of

UNMATCHED = "unmatched"
"""The route of requests for what is not there; their paths are as many as people make up."""

OTHER_METHOD = "_OTHER"
"""As OpenTelemetry's conventions call a method that is none of the known ones."""

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"})
_SANE_ID = re.compile(r"[A-Za-z0-9._~:/+=@-]{1,128}")
_NOWHERE = Places(Map())


class Work(Protocol):
    """What a request does in the database: round trips, what was tried again, and the time."""

    round_trips: int
    retries: int
    database_s: float
    """Seconds spent waiting for the database; 0 as long as no connection was asked for."""


class Exchange:
    """A request from its arrival to its answer.

    `status` is 0 and `size`, the length of the body in bytes, None until they are known.
    """

    __slots__ = (
        "environ",
        "method",
        "parent",
        "places",
        "request_id",
        "rule",
        "size",
        "span",
        "started",
        "started_ns",
        "status",
        "trace_id",
        "work",
    )

    def __init__(self, environ: dict[str, Any], places: Places = _NOWHERE) -> None:
        self.environ = environ
        self.places = places
        self.method = _method_of(environ["REQUEST_METHOD"])
        self.request_id = _request_id_of(environ.get("HTTP_X_REQUEST_ID"))
        header = environ.get("HTTP_TRACEPARENT")
        self.parent = read_traceparent(header) if header else None
        self.trace_id = self.parent.trace_id if self.parent else new_id()
        self.status = 0
        self.size: int | None = None
        self.rule: Any = None
        """Werkzeug's route, once Flask has found it and is done with the request."""
        self.work: Work | None = None
        """What it does in the database, once it has begun to."""
        self.span: Any = None
        """OpenTelemetry's span, where it is traced."""
        self.started_ns = time_ns()
        self.started = perf_counter()

    def answer(self, status: str, headers: Iterable[tuple[str, str]]) -> None:
        """Note what the answer's head tells."""
        self.status = int(status[:3])
        for name, value in headers:
            if name == "Content-Length":
                self.size = 0 if self.method == "HEAD" else int(value)
                return
        if self.status in {204, 304}:
            self.size = 0

    @property
    def seconds(self) -> float:
        """How long it has taken until now."""
        return perf_counter() - self.started

    @property
    def route(self) -> str:
        """The template of its path: `/books/{title}`."""
        rule = self._rule
        return template_of(rule.rule) if rule is not None else UNMATCHED

    @property
    def path(self) -> str:
        """Its path, never the query, and no more of it than routes and ids."""
        return self.places.told(self.environ.get("PATH_INFO", ""), self._rule)

    @property
    def _rule(self) -> Any:
        if self.rule is not None:
            return self.rule
        # Werkzeug leaves its request here, and Flask in that the route; it takes both away in the
        # end.
        request = self.environ.get("werkzeug.request")
        return getattr(request, "url_rule", None)


def _method_of(given: str) -> str:
    """Name a method; there are only as many names as known methods, and one more."""
    return given if given in _METHODS else OTHER_METHOD


def _request_id_of(given: str | None) -> str:
    """Take the id that a client gave its request, or draw one."""
    return given if given and _SANE_ID.fullmatch(given) else new_id()


_current: ContextVar[Exchange | None] = ContextVar("exchange", default=None)

current = _current.get
"""Get the exchange of this thread; None outside of a request."""

enter = _current.set
"""Set the exchange of this thread."""
