"""What stands before the WSGI app: whole bodies only, no more requests than can be served.

Granian's own WSGI interface takes a thread for each request and lets it wait for the body, without
a time limit: as many slow bodies as there are threads stop it.
"""

import asyncio
import logging
import time
from typing import Any

from service.api.refusal import REFUSAL
from service.errors import BadRequestError, OverloadedError, RequestTimeoutError, ServiceError
from service.server.lane import Job, Lane
from service.server.wsgi_call import call, environ_of
from service.settings import Settings

logger = logging.getLogger(__name__)

_OF_OPERATORS = frozenset({"/healthz", "/metrics"})
"""They touch no database, and must be answered when nothing else is."""

MOST_BODIES = 16
"""How many bodies of the largest size a process holds before their threads take them."""


_FAILED = b"The fault is in the service's log.\n"


class Front:
    """An RSGI application that runs a WSGI application."""

    def __init__(self, app: Any, settings: Settings) -> None:
        """Take the app, which also words what is refused: see service/api/refusal.py."""
        self._app = app
        self._settings = settings
        self._most_held = MOST_BODIES * settings.max_body_bytes
        self._held = 0
        self._shed = _Shed()
        self.is_draining = False
        """Whether each answer asks its client to come back on another connection."""
        self._requests = Lane(
            self._answer,
            threads=settings.threads,
            waiting=settings.queue_size,
            wait_s=settings.queue_timeout_s,
        )
        self._operators = Lane(self._answer, threads=1, waiting=16, wait_s=1)

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        """Answer a request."""
        held = 0
        try:
            body = b""
            headers = scope.headers
            if "content-length" in headers or "transfer-encoding" in headers:
                body = await self._collect(headers, protocol)
                held = len(body)
                self._held += held
            lane = self._operators if scope.path in _OF_OPERATORS else self._requests
            if not await lane.run(Job(scope, protocol, body)):
                self._shed.note()
                self._refuse(scope, protocol, OverloadedError("The service has too much to do."))
        except TimeoutError:
            limit = self._settings.body_timeout_s
            late = RequestTimeoutError(f"The body did not arrive within {limit} s.")
            self._refuse(scope, protocol, late)
        except _BrokenOffError:
            broken = BadRequestError("The body broke off.", headers={"Connection": "close"})
            self._refuse(scope, protocol, broken)
        except _NoRoomError:
            self._shed.note()
            self._refuse(scope, protocol, OverloadedError("Too many bodies are arriving."))
        finally:
            self._held -= held

    async def _collect(self, headers: Any, protocol: Any) -> bytes:
        """Wait for the body; of one that is too large, only as much as shows that.

        Raises _BrokenOffError for one of unknown length whose end never came: what is there could
        pass for all of it.
        """
        most = self._settings.max_body_bytes
        if int(headers.get("content-length") or 0) > most:
            # The app refuses it for its length alone.
            return b""
        parts: list[bytes] = []
        size = 0
        has_ended = False
        try:
            async with asyncio.timeout(self._settings.body_timeout_s):
                async for part in protocol:
                    if has_ended:
                        raise _BrokenOffError
                    # Granian has an empty part for the end, and another one before it in place of
                    # an error, but also of trailers.
                    has_ended = not part and "trailer" not in headers
                    parts.append(part)
                    size += len(part)
                    self._held += len(part)
                    if size > most:
                        break
                    if self._held > self._most_held:
                        raise _NoRoomError
        finally:
            self._held -= size
        return b"".join(parts)

    def _refuse(self, scope: Any, protocol: Any, error: ServiceError) -> None:
        """Answer without the app's doing anything, in the event loop's thread."""
        self._answer(Job(scope, protocol, b""), error)

    def _answer(self, job: Job, refusal: ServiceError | None = None) -> None:
        """Run the app; unless it is to refuse the request, in a thread of a lane."""
        try:
            environ = environ_of(job.scope, job.body)
            environ[REFUSAL] = refusal
            status, headers, body = call(self._app, environ)
            if self.is_draining:
                headers = [*headers, ("Connection", "close")]
            job.protocol.response_bytes(status, headers, body)
        except BaseException:  # granian's own panics are no Exception, and the thread must go on
            logger.exception("A request failed outside of the app")
            job.protocol.response_bytes(500, [("Content-Type", "text/plain")], _FAILED)


class _BrokenOffError(Exception):
    """The body has no end: its client left, or sent what is no chunk."""


class _NoRoomError(Exception):
    """The bodies that have arrived take all the memory that they may."""


class _Shed:
    """Tells the log of requests that were turned away, once a second at most."""

    def __init__(self) -> None:
        self._count = 0
        self._said = 0.0

    def note(self) -> None:
        self._count += 1
        now = time.monotonic()
        if now - self._said >= 1:
            logger.warning(
                "Too much to do: requests turned away", extra={"fields": {"count": self._count}}
            )
            self._count, self._said = 0, now
