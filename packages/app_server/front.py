"""What stands before the WSGI app: whole bodies only, no more requests than can be served.

Granian's own WSGI interface takes a thread for each request and lets it wait for the body, without
a time limit: as many slow bodies as there are threads stop it.
"""

import logging
import time
from contextlib import suppress
from functools import partial
from typing import Any

from app_server.bodies import Bodies, Body, Receive, address_of
from app_server.lane import Job, Lane
from app_server.refusal import REFUSAL, Refusals
from app_server.settings import ServerSettings
from app_server.streams import Streams
from app_server.target import Traits
from app_server.wsgi_call import Answered, answer, call, environ_of
from smorest_sqlmodel.errors import ApiError, BadRequestError, OverloadedError

logger = logging.getLogger(__name__)

_FAILED = b"The service failed on this request; see its log.\n"


class Front:
    """An ASGI application that runs a WSGI application.

    Of granian's interfaces, this is the one that tells the path as it was sent, header values that
    are not ASCII, and a body that broke off from one that is whole.
    """

    def __init__(self, app: Any, settings: ServerSettings, traits: Traits) -> None:
        """Take the app; one that does not word refusals itself never hears of them."""
        self._app = app if traits.words_refusals else Refusals(app)
        self._settings = settings
        self._traits = traits
        self._bodies = Bodies(largest=settings.max_body_bytes, patience_s=settings.body_timeout_s)
        self._streams = Streams(patience_s=settings.body_timeout_s)
        self._shed = _Shed()
        self.is_draining = False
        """Whether each answer asks its client to come back on another connection."""
        self._requests = Lane(
            self._answer,
            threads=settings.threads,
            waiting=settings.queue_size,
            wait_s=settings.queue_timeout_s,
        )
        self._apart = Lane(
            self._answer, threads=1, waiting=settings.queue_size, wait_s=settings.queue_timeout_s
        )

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Any) -> None:
        """Answer a request."""
        body = None
        try:
            body = await self._body_of(scope, receive)
            job = Job(scope, send, body.data() if body else b"")
            await self._carry_out(job)
            if job.rest:
                await self._streams.pass_on(job.rest, scope, receive, send)
        except ApiError as error:
            if isinstance(error, OverloadedError):
                self._shed.note()
            # Without the app's doing anything, in the event loop's thread.
            self._answer(Job(scope, send, b""), error)
        finally:
            if body:
                self._bodies.release(body)

    async def _body_of(self, scope: dict[str, Any], receive: Receive) -> Body | None:
        """Wait for the body, if there is one; the app refuses one that is too large unread."""
        announced = _length_of(scope["headers"])
        if announced is not None and not 0 < announced <= self._settings.max_body_bytes:
            return None
        for check in self._traits.check_head:
            check(scope["method"], scope["raw_path"], scope["headers"])
        address = partial(address_of, scope, self._settings.trusted_proxies)
        return await self._bodies.collect(receive, announced, address)

    async def _carry_out(self, job: Job) -> None:
        """Have a request carried out; raises OverloadedError when it can't be, or not in time."""
        path = job.scope["raw_path"]
        if path in self._traits.at_once:
            self._answer(job)
            return
        lane = self._apart if path in self._traits.apart else self._requests
        if not await lane.run(job):
            busy = "The service has too much to do."
            raise OverloadedError(busy)

    def _answer(self, job: Job, refusal: ApiError | None = None) -> None:
        """Run the app; in the event loop only to refuse a request, or what waits for nothing."""
        try:
            answered = self._call(job, refusal)
            if self.is_draining:
                answered.headers.append(("Connection", "close"))
            job.rest = answered.rest
            answer(job.send, answered)
        except BaseException:  # granian's own panics are no Exception, and the thread must go on
            logger.exception("A request failed outside of the app")
            # Of an answer that has begun, granian makes a 500 of its own.
            with suppress(RuntimeError):
                answer(job.send, Answered(500, [("Content-Type", "text/plain")], _FAILED))

    def _call(self, job: Job, refusal: ApiError | None) -> Answered:
        """Call the app; a long answer for which there is no place becomes a refusal."""
        environ = environ_of(job.scope, job.body)
        environ[REFUSAL] = refusal
        answered = call(self._app, environ)
        if not answered.rest:
            return answered
        try:
            self._streams.begin()
        except OverloadedError as error:
            self._shed.note()
            answered.rest.close()
            return self._call(job, error)
        return answered


def _length_of(headers: list[tuple[bytes, bytes]]) -> int | None:
    """Read how long a body is to be: 0 where there is none, None where only its end will tell.

    Granian has checked both headers, and taken the length away where a coding overrides it (RFC
    9112, 6.3). Raises BadRequestError for codings that nobody here would undo.
    """
    length, coding = 0, b""
    for name, value in headers:
        if name == b"content-length":
            length = int(value)
        elif name == b"transfer-encoding":
            coding += b"," + value if coding else value
    if not coding:
        return length
    if coding.strip().lower() != b"chunked":
        message = "The only Transfer-Encoding that is accepted is chunked."
        raise BadRequestError(message, headers={"Connection": "close"})
    return None


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
