"""The load generator: processes of many clients each, apart from the laboratory."""

import multiprocessing
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from ctypes import c_uint64
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, Generic, Protocol, TypeVar

from .http_client import TIME_LIMIT_S

PROCESSES = 2
CLIENTS = 8
"""Per process, each with a connection of its own."""

_CONTEXT = multiprocessing.get_context("spawn")


Book_co = TypeVar("Book_co", covariant=True)


class Client(Protocol[Book_co]):
    """Who does one thing after another, and keeps a book of it."""

    @property
    def ledger(self) -> Book_co:
        """What it did, and what it was told."""

    def begin(self) -> None:
        """Make what it needs."""

    def act(self) -> None:
        """Do one operation, and note it."""


Crew = Callable[[int, int, range], Sequence[Client[Book_co]]]
"""Makes the clients of one process, of the service's port, a seed and their numbers."""


@dataclass(frozen=True, slots=True)
class Load(Generic[Book_co]):
    """A load that runs."""

    _counters: Any
    _stop: Any
    _pipes: list[Connection]
    _processes: list[Any]

    def operations(self) -> int:
        """Count the operations so far."""
        return sum(self._counters)

    def await_operations(self, count: int, limit_s: float) -> bool:
        """Wait until so many are done in all, if that does not take too long."""
        deadline = time.monotonic() + limit_s
        while self.operations() < count:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    def await_everybody(self, limit_s: float) -> None:
        """Wait until no client is still at what it was doing, if that does not take too long."""
        before = list(self._counters)
        deadline = time.monotonic() + limit_s
        while any(now < was + 1 for now, was in zip(self._counters, before, strict=True)):
            if time.monotonic() > deadline:
                return
            time.sleep(0.02)

    def end(self) -> list[Book_co]:
        """Let each client finish what it is doing, and collect the books."""
        self._stop.set()
        books: list[Book_co] = []
        for pipe in self._pipes:
            if not pipe.poll(2 * TIME_LIMIT_S):
                message = "a load process does not end"
                raise RuntimeError(message)
            books += pipe.recv()
        return books


@contextmanager
def running(port: int, seed: int, crew: Crew[Book_co]) -> Iterator[Load[Book_co]]:
    """Put a service under the load of such clients until the end of the block, or until `end`."""
    counters = _CONTEXT.RawArray(c_uint64, PROCESSES * CLIENTS)
    begun = _CONTEXT.Semaphore(0)
    stop = _CONTEXT.Event()
    pipes, processes = [], []
    for number in range(PROCESSES):
        ours, theirs = _CONTEXT.Pipe()
        process = _CONTEXT.Process(
            target=_generate,
            args=(crew, port, seed, number * CLIENTS, counters, begun, stop, theirs),
            daemon=True,
            name=f"load-{number}",
        )
        process.start()
        pipes.append(ours)
        processes.append(process)
    try:
        load: Load[Book_co] = Load(counters, stop, pipes, processes)
        for _ in range(PROCESSES * CLIENTS):
            if not begun.acquire(timeout=TIME_LIMIT_S):
                message = "a client of the load can't begin"
                raise RuntimeError(message)
        yield load
    finally:
        stop.set()
        for process in processes:
            process.join(1)
            process.kill()


def _generate(  # noqa: PLR0917  what Process passes
    crew: Crew[Any],
    port: int,
    seed: int,
    first: int,
    counters: Any,
    begun: Any,
    stop: Any,
    pipe: Connection,
) -> None:
    """Run the clients of one process and send their books."""
    clients = crew(port, seed, range(first, first + CLIENTS))

    def work(number: int) -> None:
        client = clients[number - first]
        client.begin()
        begun.release()
        while not stop.is_set():
            client.act()
            counters[number] += 1

    try:
        threads = [threading.Thread(target=work, args=(first + n,)) for n in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        pipe.send([client.ledger for client in clients])
    except KeyboardInterrupt:
        pass  # Ctrl-C reaches the whole group; the laboratory clears up.
