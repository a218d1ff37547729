"""The parent of the workers: it starts them, replaces those that end, reloads and stops them.

It never imports the app, so that a reload serves the code as it is then.
"""

import asyncio
import logging
import os
import signal
import socket
import sys
import time
from asyncio.subprocess import Process
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from app_server.hosts import OF_LOOPBACK
from app_server.listener import Listeners
from app_server.settings import ServerSettings
from plain_commands.errors import ConfigurationError

logger = logging.getLogger(__name__)

START_S = 60
"""How long a worker may take until it is ready."""

STEADY_S = 10
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 30.0
"""A worker that ends sooner than STEADY_S after its start is replaced after a pause that grows."""

ALONE_PAUSE_S = 0.5
"""The longest pause while no worker serves."""

LOOK_EVERY_S = 0.1


@dataclass(frozen=True)
class Launch:
    """What each worker is told, and the folder that it runs in."""

    told: bytes
    folder: Path | None


@dataclass(eq=False)
class _Worker:
    process: Process
    channel: socket.socket
    started: float
    watching: asyncio.Task[None] | None = None

    def terminate(self) -> None:
        with suppress(ProcessLookupError):
            self.process.terminate()

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            self.process.kill()


class Supervisor:
    """A fixed number of workers on one port."""

    def __init__(self, settings: ServerSettings, listeners: Listeners, launch: Launch) -> None:
        self._settings = settings
        self._launch = launch
        self._listeners = listeners
        self._serving: list[_Worker | None] = []
        self._all: set[_Worker] = set()
        self._change = asyncio.Lock()
        self._stop = asyncio.Event()
        self._reload = asyncio.Event()

    async def run(self) -> int:
        """Serve until a signal says otherwise; return the exit code."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._on_stop)
        loop.add_signal_handler(signal.SIGHUP, self._reload.set)
        serving = asyncio.create_task(self._serve())
        stopping = asyncio.create_task(self._stop.wait())
        await asyncio.wait((serving, stopping), return_when=asyncio.FIRST_COMPLETED)
        has_failed = serving.done()
        for task in (serving, stopping):
            task.cancel()
        await asyncio.gather(serving, stopping, return_exceptions=True)
        # Whoever comes when the workers have ceased to accept is better off being refused.
        loop.call_later(self._settings.drain_s, self._listeners.close)
        await self._end(list(self._all))
        if has_failed:
            serving.result()
        return 1 if has_failed else 0

    def _on_stop(self) -> None:
        if self._stop.is_set():
            # Somebody is in a hurry.
            for worker in self._all:
                worker.kill()
        self._stop.set()

    async def _serve(self) -> None:
        """Start the workers and look after them; return only when they can't be started."""
        count = self._settings.workers
        # The first one alone: it answers sooner, or says once what is wrong.
        first = await self._start(0)
        rest = range(1, count) if first else ()
        others = await asyncio.gather(*(self._start(number) for number in rest))
        self._serving = [first, *others]
        if None in self._serving:
            logger.error("The service did not start; see above for the reason")
            return
        logger.info("Serving on %s with %d workers", self._listeners.address, count)
        if self._listeners.is_loopback and not self._settings.allowed_hosts:
            logger.info(OF_LOOPBACK)
        keepers = [self._keep(number) for number in range(count)]
        await asyncio.gather(self._reload_when_told(), *keepers)

    async def _start(self, number: int) -> _Worker | None:
        """Start a worker and wait until it is ready; None when it does not get there."""
        try:
            process, ours = await self._spawn(number)
        except (OSError, ConfigurationError) as error:
            # No memory or no descriptor left, perhaps for a moment: no reason to end the others.
            logger.error("A worker can't be started: %s", error)  # noqa: TRY400  that says it all
            return None
        worker = _Worker(process, ours, time.monotonic())
        self._all.add(worker)
        try:
            async with asyncio.timeout(START_S):
                is_ready = await asyncio.get_running_loop().sock_recv(ours, 1) != b""
                if not is_ready:
                    # It ends by itself, and may still be saying why.
                    await process.wait()
        except TimeoutError:
            is_ready = False
        if is_ready:
            worker.watching = asyncio.create_task(self._watch(worker))
            return worker
        worker.kill()
        await self._forget(worker)
        return None

    async def _watch(self, worker: _Worker) -> None:
        """Kill a worker whose event loop stands still, as it neither serves nor ends."""
        loop = asyncio.get_running_loop()
        silent_s = 0.0
        # In steps: when this process stood still itself, a worker has one more to say something.
        step_s = self._settings.worker_timeout_s / 2
        while silent_s < self._settings.worker_timeout_s:
            try:
                async with asyncio.timeout(step_s):
                    if not await loop.sock_recv(worker.channel, 4096):
                        return
                silent_s = 0.0
            except TimeoutError:
                silent_s += step_s
            except OSError:
                return
        logger.error("Worker %d gave no sign of life for %d s", worker.process.pid, silent_s)
        worker.kill()

    async def _spawn(self, number: int) -> tuple[Process, socket.socket]:
        listener = self._listeners.of(number)
        ours, its = socket.socketpair()
        # Neither a command line nor an environment is a place for secrets.
        ours.sendall(len(self._launch.told).to_bytes(4) + self._launch.told)
        ours.setblocking(False)  # noqa: FBT003  has no keyword
        descriptors = (listener.fileno(), its.fileno())
        try:
            with its:
                process = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-m", "app_server.worker", *map(str, descriptors)),
                    cwd=self._launch.folder,
                    pass_fds=descriptors,
                )
        except OSError:
            ours.close()
            raise
        return process, ours

    async def _forget(self, worker: _Worker) -> None:
        await worker.process.wait()
        if worker.watching is not None:
            worker.watching.cancel()
            await asyncio.wait((worker.watching,))
        worker.channel.close()
        self._all.discard(worker)

    async def _end(self, workers: list[_Worker]) -> None:
        """Stop workers: they finish what they do, within the grace."""
        for worker in workers:
            worker.terminate()
        try:
            # A moment longer than they give themselves.
            async with asyncio.timeout(self._settings.grace_s + 1):
                await asyncio.gather(*(worker.process.wait() for worker in workers))
        except TimeoutError:
            for worker in workers:
                worker.kill()
        for worker in workers:
            await self._forget(worker)
            if (code := worker.process.returncode) not in {0, -signal.SIGTERM}:
                logger.error(
                    "Worker %d was told to stop, and exited with %d", worker.process.pid, code
                )

    async def _keep(self, number: int) -> None:
        """Replace a worker whenever it ends by itself."""
        pause = 0.0
        while True:
            worker = self._serving[number]
            if worker is not None:
                code = await worker.process.wait()
                if self._serving[number] is not worker:
                    # A reload has replaced it.
                    continue
                logger.error("Worker %d exited with %d", worker.process.pid, code)
                self._serving[number] = None
                await self._forget(worker)
                if time.monotonic() - worker.started > STEADY_S:
                    pause = 0.0
            if any(self._serving):
                # Others answer sooner than one that has yet to start.
                self._listeners.give_up(number)
            await self._rest(pause)
            pause = min(LONGEST_PAUSE_S, max(FIRST_PAUSE_S, 2 * pause))
            async with self._change:
                if self._serving[number] is None:
                    if not any(self._serving):
                        self._listeners.inherit(number)
                    self._serving[number] = await self._start(number)

    async def _rest(self, pause: float) -> None:
        """Wait until a worker is to be replaced: not for long while there is no other one."""
        began = time.monotonic()
        while True:
            limit = pause if any(self._serving) else min(pause, ALONE_PAUSE_S)
            if time.monotonic() - began >= limit:
                return
            await asyncio.sleep(LOOK_EVERY_S)

    async def _reload_when_told(self) -> None:
        while True:
            await self._reload.wait()
            self._reload.clear()
            async with self._change:
                await self._replace_all()

    async def _replace_all(self) -> None:
        """Replace the workers one by one, each only when its successor is ready."""
        logger.info("Reloading")
        for number, old in enumerate(self._serving):
            new = await self._start(number)
            if new is None:
                logger.error(
                    "Not reloaded: the new worker did not start; the old ones keep serving"
                )
                return
            self._serving[number] = new
            if old is not None:
                await self._end([old])
        logger.info("Reloaded")


if os.name != "posix":
    sys.exit("Error: this server needs a POSIX system.")
