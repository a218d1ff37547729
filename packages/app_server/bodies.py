"""The bodies that are arriving: how slow one may be, and how much all may hold together."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

from smorest_sqlmodel.caller import network_of
from smorest_sqlmodel.errors import BadRequestError, OverloadedError, RequestTimeoutError

Receive = Callable[[], Awaitable[dict[str, Any]]]

SMALL = 64 * 1024
"""So many bytes of each body don't count: HTTP itself keeps as many for the head of each request.

Nearly all requests have less, and get through whatever others hold.
"""

MOST_LARGE = 16
"""How many bodies of the largest size a process holds beyond that, until threads take them."""

SHARE = 4
"""How many of them one address may hold without being the first to lose one."""

LEAST_RATE = 16 * 1024
"""Bytes a second, a third of what slow 3G has (400 kbit/s): so much has to come in the long run."""

_CLOSE = {"Connection": "close"}


class Body:
    """A body, of which `data` is there once it is complete."""

    __slots__ = ("_parts", "address", "counted", "is_given_up", "limit", "paid_until", "size")

    def __init__(self, paid_until: float) -> None:
        self._parts: list[bytes] = []
        self.size = 0
        self.counted = 0
        self.address = ""
        self.paid_until = paid_until
        """Until when it may stand still: what arrives pays for more."""
        self.limit = asyncio.timeout_at(paid_until)
        self.is_given_up = False

    def add(self, part: bytes) -> None:
        """Add what has arrived."""
        self._parts.append(part)
        self.size += len(part)

    def data(self) -> bytes:
        """Take all of it out."""
        data = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        self._parts.clear()
        return data

    def give_up(self) -> None:
        """Forget what has arrived, and wake whoever waits for the rest."""
        self.is_given_up = True
        self._parts.clear()
        # Its time may have run out just now, with its task not yet awake.
        if not self.limit.expired():
            self.limit.reschedule(0)


class Bodies:
    """Collects bodies in the event loop's thread, which therefore needs no locks.

    When they have no more room, the one goes that has been standing still the longest: first of an
    address that holds more than its share, then of all. Where all clients have one address, that of
    a proxy, this is no less fair to them.
    """

    def __init__(self, *, largest: int, patience_s: float) -> None:
        """Take the largest size; `patience_s` is for how long a body may stand still."""
        self._largest = largest
        self._patience_s = patience_s
        self._held = 0
        self._of_address: Counter[str] = Counter()
        self._arriving: set[Body] = set()
        self._loop = asyncio.get_running_loop()

    async def collect(
        self, receive: Receive, announced: int | None, address: Callable[[], str]
    ) -> Body:
        """Wait for a body of a length that was announced, or None; it is to be released.

        Of one that is too large only as much is waited for as shows that. Raises BadRequestError
        when it breaks off, RequestTimeoutError when it is too slow, and OverloadedError when there
        is no room and it is the slowest.
        """
        body = Body(self._loop.time() + self._patience_s)
        try:
            async with body.limit:
                while body.size != announced and body.size <= self._largest:
                    message = await receive()
                    _check_whole(message, body.size, announced)
                    self._take(body, message["body"], announced, address)
                    if not message["more_body"]:
                        break
        except BaseException as error:
            self.release(body)
            if not isinstance(error, TimeoutError):
                raise
            if body.is_given_up:
                raise _no_room() from error
            late = f"No data of the body came for {self._patience_s} s, or it came too slowly."
            raise RequestTimeoutError(late) from error
        self._arriving.discard(body)
        return body

    def release(self, body: Body) -> None:
        """Let others have the room of a body."""
        self._arriving.discard(body)
        if not body.counted:
            return
        self._held -= body.counted
        self._of_address[body.address] -= body.counted
        if not self._of_address[body.address]:
            del self._of_address[body.address]
        body.counted = 0

    def _take(
        self, body: Body, part: bytes, announced: int | None, address: Callable[[], str]
    ) -> None:
        if body.is_given_up:
            raise TimeoutError
        body.add(part)
        if body.size != announced:
            most = self._loop.time() + self._patience_s
            body.paid_until = min(body.paid_until + len(part) / LEAST_RATE, most)
            body.limit.reschedule(body.paid_until)
        more = body.size - SMALL - body.counted
        if more <= 0:
            return
        if not body.counted:
            body.address = address()
            self._arriving.add(body)
        body.counted += more
        self._held += more
        self._of_address[body.address] += more
        while self._held > MOST_LARGE * self._largest:
            slowest = self._slowest()
            if slowest is body:
                raise _no_room()
            self.release(slowest)
            slowest.give_up()

    def _slowest(self) -> Body:
        share = SHARE * self._largest
        greedy = [body for body in self._arriving if self._of_address[body.address] > share]
        return min(greedy or self._arriving, key=lambda body: body.paid_until)


def _check_whole(message: dict[str, Any], size: int, announced: int | None) -> None:
    """Raise BadRequestError where the rest won't come: its client left, or sent no chunk."""
    is_part = message["type"] == "http.request"
    if is_part and (message["more_body"] or announced in {None, size + len(message["body"])}):
        return
    broken = "The body ended too early."
    raise BadRequestError(broken, headers=_CLOSE)


def _no_room() -> OverloadedError:
    error = OverloadedError("Too many bodies are arriving, and this one was the slowest.")
    error.headers.update(_CLOSE)
    return error


def address_of(scope: dict[str, Any], trusted_proxies: int) -> str:
    """Name whose address a request came from; with proxies, what the outermost trusted one says."""
    address: str = scope["client"][0]
    if trusted_proxies:
        given = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
        said = b",".join(given).split(b",") if given else []
        if len(said) >= trusted_proxies:
            address = said[-trusted_proxies].decode("latin-1").strip()
    return network_of(address)
