"""Threads that carry out requests, and the requests that wait for one of them."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from app_server.wsgi_call import Rest

LOOK_EVERY_S = 0.25


class Job:
    """A request whose body is complete; `answered` is done when its answer is on its way.

    `rest` is what of the answer is still to be made, if it is made while it is sent.
    """

    __slots__ = ("_claims", "answered", "body", "deadline", "rest", "scope", "send")

    def __init__(self, scope: Any, send: Any, body: bytes) -> None:
        self.scope = scope
        self.send = send
        self.body = body
        self.answered: asyncio.Future[bool] | None = None
        self.rest: Rest | None = None
        self.deadline = 0.0
        self._claims = [None]

    @property
    def is_claimed(self) -> bool:
        """Whether somebody has made it his own."""
        return not self._claims

    def claim(self) -> bool:
        """Make it one's own; False when somebody else was faster."""
        try:
            self._claims.pop()
        except IndexError:
            return False
        return True


class Lane:
    """A fixed number of threads, and a queue before them that is limited in length and in time.

    All but `_work` runs in the event loop's thread, which therefore needs no locks.
    """

    def __init__(
        self, carry_out: Callable[[Job], None], *, threads: int, waiting: int, wait_s: float
    ) -> None:
        self._carry_out = carry_out
        self._loop = asyncio.get_running_loop()
        self._threads = threads
        self._most = threads + waiting
        self._wait_s = wait_s
        self._queue: SimpleQueue[Job] = SimpleQueue()
        self._waiting: deque[Job] = deque()
        self._finished: deque[Job] = deque()
        self._is_woken = False
        self._is_looking = False
        self.in_flight = 0
        for number in range(threads):
            Thread(target=self._work, name=f"request-{number}", daemon=True).start()

    async def run(self, job: Job) -> bool:
        """Have a job carried out; False when it can't be, or not soon enough."""
        if self.in_flight >= self._most:
            return False
        job.answered = self._loop.create_future()
        self.in_flight += 1
        if self.in_flight > self._threads:
            job.deadline = time.monotonic() + self._wait_s
            self._waiting.append(job)
            self._look_again()
        self._queue.put(job)
        return await job.answered

    def _work(self) -> None:
        while True:
            job = self._queue.get()
            if job.claim():
                self._carry_out(job)
            # It may stay in the list of those that wait for a moment, without its body.
            job.body, job.scope, job.send = b"", None, None
            self._finished.append(job)
            if not self._is_woken:
                self._is_woken = True
                self._loop.call_soon_threadsafe(self._finish)
            # Otherwise the last request would stay in memory until the next one comes.
            del job

    def _finish(self) -> None:
        # First: what is finished from here on wakes the loop again.
        self._is_woken = False
        while self._finished:
            self.in_flight -= 1
            answered = self._finished.popleft().answered
            if answered is not None and not answered.done():
                answered.set_result(True)

    def _look_again(self) -> None:
        if not self._is_looking and self._waiting:
            self._is_looking = True
            self._loop.call_later(LOOK_EVERY_S, self._look)

    def _look(self) -> None:
        """Give up on those that have waited too long."""
        self._is_looking = False
        now = time.monotonic()
        while self._waiting:
            job = self._waiting[0]
            if not job.is_claimed and job.deadline > now:
                break
            self._waiting.popleft()
            if job.claim() and job.answered is not None:
                job.answered.set_result(False)
        self._look_again()
