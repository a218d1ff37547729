"""Answers without a length: made part after part, and no faster than their clients take them."""

import asyncio
import logging
import os
import socket
import stat
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any

from app_server.bodies import Receive
from app_server.wsgi_call import Rest
from smorest_sqlmodel.errors import ApiError, OverloadedError

logger = logging.getLogger(__name__)

MOST = 8
"""How many answers a process makes at a time while they are sent; of each it holds a page."""

THREADS = 2
"""How many threads make their parts: none of those that all other requests are for."""

PIECE = 64 * 1024
"""So many bytes at a time are passed on, in each of which its client has to show patience."""


class Streams:
    """The answers of a process that are being made while they are sent.

    No thread waits for a client: one makes a part, and the next part is made when this has gone. An
    answer that can't be finished does not look as if it were: its connection is closed before the
    chunk that says so (RFC 9112, 8), whichever the reason.
    """

    def __init__(self, *, patience_s: float) -> None:
        """`patience_s` is how long a client may take for a piece."""
        self._patience_s = patience_s
        self._places = BoundedSemaphore(MOST)
        self._threads = ThreadPoolExecutor(THREADS, "stream")

    def begin(self) -> None:
        """Take a place, which `pass_on` gives back; OverloadedError when there is none."""
        if not self._places.acquire(blocking=False):
            busy = "Too many long answers are being sent."
            raise OverloadedError(busy)

    async def pass_on(self, rest: Rest, scope: dict[str, Any], receive: Receive, send: Any) -> None:
        """Send the rest of an answer that has begun."""
        loop = asyncio.get_running_loop()
        left = asyncio.ensure_future(_leave(receive))
        try:
            while part := await loop.run_in_executor(self._threads, rest.next):
                for start in range(0, len(part), PIECE):
                    if left.done():
                        return
                    async with asyncio.timeout(self._patience_s):
                        await send(_body(part[start : start + PIECE], is_last=False))
            await send(_body(b"", is_last=True))
        except Exception as error:
            if isinstance(error, TimeoutError):
                logger.warning("A client has not taken any of an answer for too long")
            elif isinstance(error, ApiError) and error.status < HTTPStatus.INTERNAL_SERVER_ERROR:
                # Such as a key that was revoked meanwhile: nothing is wrong here.
                logger.warning("An answer was cut: %s", error)
            else:
                logger.exception("An answer was cut, as it could not be finished")
            if not hang_up(scope):
                # By a Unix socket, say, whose other end has no name: it must give up by itself.
                await left
        finally:
            left.cancel()
            await loop.run_in_executor(self._threads, rest.close)
            self._places.release()


async def _leave(receive: Receive) -> None:
    """Wait until the client has left."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _body(part: bytes, *, is_last: bool) -> dict[str, Any]:
    return {"type": "http.response.body", "body": part, "more_body": not is_last}


def hang_up(scope: dict[str, Any]) -> bool:
    """Close the connection of a request; False where it can't be told from others.

    Granian has no call for it, and ends each body properly when nobody holds it any more.
    """
    client = tuple(scope["client"])
    of_linux = Path("/proc/self/fd")
    files = of_linux if of_linux.is_dir() else Path("/dev/fd")
    for number in [int(file.name) for file in files.iterdir()]:
        # Some may be closed meanwhile, or have nobody at their other end.
        with suppress(OSError):
            if not stat.S_ISSOCK(os.fstat(number).st_mode):
                continue
            with socket.socket(fileno=os.dup(number)) as connection:
                if _name(connection.getpeername()) == client:
                    connection.shutdown(socket.SHUT_RDWR)
                    return True
    return False


def _name(address: Any) -> tuple[str, str]:
    """Name an address as granian does; that of a Unix socket says nothing."""
    if not isinstance(address, tuple):
        return "", ""
    return str(address[0]), str(address[1])
