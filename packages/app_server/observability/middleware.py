"""The outermost layer of the service: it sees each request come and its answer go."""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from app_server.observability.exchange import Exchange, enter
from app_server.observability.places import Places

logger = logging.getLogger(__name__)

Headers = list[tuple[str, str]]
WSGIApp = Callable[[dict[str, Any], Any], Iterable[bytes]]
Listener = Callable[[Exchange], None]

REQUEST_ID = "X-Request-ID"
_FAILED = 500


class Observer:
    """A WSGI middleware that tells `begins` and `ends` of each exchange.

    It answers every request with an `X-Request-ID`. Hooks of Flask would cost more, and would not
    see what is answered outside of it.
    """

    def __init__(
        self,
        app: WSGIApp,
        places: Places,
        begins: Sequence[Listener],
        ends: Sequence[Listener],
    ) -> None:
        self._app = app
        self._places = places
        self._begins = begins
        self._ends = ends
        self._has_complained = False

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Pass a request on, and tell of it."""
        exchange = Exchange(environ, self._places)
        enter(exchange)
        self._tell(self._begins, exchange)

        def start(status: str, headers: Headers, *exc_info: Any) -> Any:
            exchange.answer(status, headers)
            headers.append((REQUEST_ID, exchange.request_id))
            return start_response(status, headers, *exc_info)

        try:
            body = self._app(environ, start)
        except BaseException:
            exchange.status = _FAILED
            self._end(exchange)
            raise
        if exchange.size is None:
            return _Streamed(body, exchange, self._end)
        # The whole answer is there; only its bytes have yet to be sent.
        self._end(exchange)
        return body

    def _end(self, exchange: Exchange) -> None:
        self._tell(self._ends, exchange)
        enter(None)

    def _tell(self, listeners: Sequence[Listener], exchange: Exchange) -> None:
        for listener in listeners:
            try:
                listener(exchange)
            except Exception:
                # Whoever watches must not break what is watched: the folder of the metrics, say,
                # may be cleared away. Once is enough for the log.
                if not self._has_complained:
                    self._has_complained = True
                    logger.exception(
                        "A request could not be logged or counted; later ones may not be either"
                    )


class _Streamed:
    """A body that is made while it is sent; its exchange ends with it."""

    def __init__(self, body: Iterable[bytes], exchange: Exchange, end: Listener) -> None:
        self._body = body
        self._exchange = exchange
        self._end = end

    def __iter__(self) -> Iterator[bytes]:
        """Make part after part; each may be asked for in another thread."""
        exchange = self._exchange
        exchange.size = 0
        parts = iter(self._body)
        while True:
            enter(exchange)
            try:
                part = next(parts, None)
            except Exception:
                # The head of the answer is gone; only the log can still tell.
                exchange.status = _FAILED
                raise
            finally:
                enter(None)
            if part is None:
                return
            exchange.size += len(part)
            yield part

    def close(self) -> None:
        """Close the body, as PEP 3333 wants it, also one that was given up."""
        enter(self._exchange)
        try:
            if hasattr(self._body, "close"):
                self._body.close()
        finally:
            self._end(self._exchange)
