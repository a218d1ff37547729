"""A TCP proxy in front of Postgres that fails as Neon and a network do, on command.

It is a process of its own, so that it neither slows the load generator down nor waits for it.
`Proxy` is the laboratory's side; `_Listener` and `_Link` are inside the process.
"""

import asyncio
import ctypes
import multiprocessing
import socket
import struct
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, Self

from tests.ports import HOST, free_port

from .protocol import (
    ERROR_RESPONSE,
    IDLE,
    QUERY,
    READY_FOR_QUERY,
    Messages,
    commits,
    is_encryption_request,
)

ANSWER_LIMIT_S = 10
"""How long the laboratory waits for the proxy to confirm a command."""

# socket(7); Python has no names for them. The numbers are those of Linux on x86 and ARM.
_SO_ATTACH_FILTER = 26
_SO_DETACH_FILTER = 27
_KEEPALIVE = {socket.TCP_KEEPIDLE: 1, socket.TCP_KEEPINTVL: 1, socket.TCP_KEEPCNT: 20}
"""Seconds, seconds and probes: more than any silence lasts."""

_RETURN_CONSTANT = 0x06
"""The instruction BPF_RET | BPF_K: keep so many bytes of the packet."""


class Action(StrEnum):
    """What the proxy can be told to do; its arguments are those of the method of the same name."""

    RESET = "reset"
    SUSPEND = "suspend"
    REFUSE = "refuse"
    ACCEPT = "accept"
    SILENCE = "silence"
    SPEAK = "speak"
    DELAY = "delay"
    EAT = "eat"
    COUNT = "count"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Counts:
    """What the proxy has done so far."""

    connections: int
    eaten: int


class Proxy:
    """The laboratory's hold on a proxy."""

    def __init__(self, upstream_port: int) -> None:
        self.port = free_port()
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(
            target=_serve, args=(self.port, upstream_port, theirs), daemon=True, name="proxy"
        )

    def __enter__(self) -> Self:
        self._process.start()
        self._answer()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._process.is_alive():
            self._pipe.send((Action.STOP, {}))
            self._process.join(ANSWER_LIMIT_S)
        self._process.kill()

    def reset(self) -> None:
        """Reset all connections (RST)."""
        self._tell(Action.RESET)

    def suspend(self, *, refused_s: float, wake_s: float) -> None:
        """Put the compute to sleep: all connections end, and connects are refused for a moment.

        The first connect after that wakes it, which takes `wake_s`; connects wait for that.
        """
        self._tell(Action.SUSPEND, refused_s=refused_s, wake_s=wake_s)

    def refuse(self) -> None:
        """Reset all connections and refuse new ones until `accept`."""
        self._tell(Action.REFUSE)

    def accept(self) -> None:
        """Accept connections again."""
        self._tell(Action.ACCEPT)

    def silence(self) -> None:
        """Drop every packet, in both directions, until `speak`; connections stay open.

        The kernel drops them, before it would acknowledge: for the clients the host is gone.
        """
        self._tell(Action.SILENCE)

    def speak(self, *, stranded: bool = False) -> None:
        """End the silence; `stranded`: for new connections only, as a moved host does."""
        self._tell(Action.SPEAK, stranded=stranded)

    def delay(self, seconds: float) -> None:
        """Hold back what arrives, in each direction, for so long."""
        self._tell(Action.DELAY, seconds=seconds)

    def eat(self, *, every: int) -> None:
        """Swallow the answer to each `every`-th commit and reset its connection; 0: none."""
        self._tell(Action.EAT, every=every)

    def counts(self) -> Counts:
        """Ask what it has done so far."""
        return self._tell(Action.COUNT)

    def _tell(self, action: Action, **arguments: Any) -> Counts:
        self._pipe.send((action, arguments))
        return self._answer()

    def _answer(self) -> Counts:
        if not self._pipe.poll(ANSWER_LIMIT_S):
            message = "the proxy does not answer"
            raise RuntimeError(message)
        counts: Counts = self._pipe.recv()
        return counts


def drop_packets(target: Any, *, drop: bool) -> None:
    """Let the kernel drop all that arrives for a socket, acknowledgements included, or stop that.

    A classic BPF filter that keeps 0 bytes; TCP asks it before it processes a segment.
    """
    if not drop:
        with suppress(FileNotFoundError):  # There was no silence.
            target.setsockopt(socket.SOL_SOCKET, _SO_DETACH_FILTER, 0)
        return
    code = ctypes.create_string_buffer(struct.pack("HBBI", _RETURN_CONSTANT, 0, 0, 0))
    program = struct.pack("HP", 1, ctypes.addressof(code))
    target.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)


def _serve(port: int, upstream_port: int, pipe: Connection) -> None:
    # Ctrl-C reaches the whole group; the laboratory clears up.
    with suppress(KeyboardInterrupt):
        asyncio.run(_Listener(port, upstream_port).run(pipe))


class _Listener:
    """The listening socket, and what is wrong with the world at the moment."""

    def __init__(self, port: int, upstream_port: int) -> None:
        self._port = port
        self._upstream_port = upstream_port
        self._server: asyncio.Server | None = None
        self._stopped = asyncio.Event()
        self._links: set[_Link] = set()
        self._wake_s: float | None = None
        self._awake = asyncio.Event()
        self._awake.set()
        self.is_silent = False
        self.delay_s = 0.0
        self._eat_every = 0
        self._commits = 0
        self._connections = 0
        self.eaten = 0

    async def run(self, pipe: Connection) -> None:
        """Serve until told to stop."""
        await self._open()
        loop = asyncio.get_running_loop()
        tasks: set[asyncio.Task[None]] = set()

        def read_command() -> None:
            try:
                action, arguments = pipe.recv()
            except EOFError:
                self._stopped.set()
                return
            task = loop.create_task(self._obey(pipe, action, arguments))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

        loop.add_reader(pipe.fileno(), read_command)
        self._confirm(pipe)
        await self._stopped.wait()

    async def _obey(  # noqa: C901  one case an action
        self, pipe: Connection, action: Action, arguments: dict[str, Any]
    ) -> None:
        match action:
            case Action.RESET:
                self._end_links()
            case Action.SUSPEND:
                await self._suspend(**arguments)
            case Action.REFUSE:
                self._close()
                self._end_links()
            case Action.ACCEPT:
                await self._open()
            case Action.SILENCE:
                self._silence()
            case Action.SPEAK:
                self._speak(**arguments)
            case Action.DELAY:
                self.delay_s = arguments["seconds"]
            case Action.EAT:
                self._eat_every, self._commits = arguments["every"], 0
            case Action.COUNT:
                pass  # The confirmation says it.
            case Action.STOP:
                self._stopped.set()
        self._confirm(pipe)

    def _confirm(self, pipe: Connection) -> None:
        pipe.send(Counts(self._connections, self.eaten))

    async def _open(self) -> None:
        if self._server is None:
            self._server = await asyncio.get_running_loop().create_server(
                lambda: _Link(self), HOST, self._port, backlog=256, reuse_address=True
            )

    def _close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    def _end_links(self, *, orderly: bool = False) -> None:
        for link in list(self._links):
            link.end(orderly=orderly)

    async def _suspend(self, *, refused_s: float, wake_s: float) -> None:
        self._close()
        self._end_links(orderly=True)
        self._awake.clear()
        self._wake_s = wake_s
        await asyncio.sleep(refused_s)
        await self._open()

    def _silence(self) -> None:
        self.is_silent = True
        if self._server is not None:
            for listening in self._server.sockets:
                drop_packets(listening, drop=True)
        for link in self._links:
            link.silence()

    def _speak(self, *, stranded: bool) -> None:
        self.is_silent = False
        if self._server is not None:
            for listening in self._server.sockets:
                drop_packets(listening, drop=False)
        for link in list(self._links):
            if stranded:
                link.strand()
            else:
                link.speak()

    async def connect(self, link: "_Link") -> None:
        """Connect a link to Postgres once the compute is awake."""
        self._links.add(link)
        self._connections += 1
        loop = asyncio.get_running_loop()
        if self._wake_s is not None:
            loop.call_later(self._wake_s, self._awake.set)
            self._wake_s = None
        await self._awake.wait()
        try:
            await loop.create_connection(lambda: _Upstream(link), HOST, self._upstream_port)
        except OSError:
            link.end()

    def forget(self, link: "_Link") -> None:
        """Take note that a link has ended."""
        self._links.discard(link)

    def is_to_be_eaten(self) -> bool:
        """Count a commit, and tell whether its answer is one to swallow."""
        if not self._eat_every:
            return False
        self._commits += 1
        return self._commits % self._eat_every == 0


class _Link(asyncio.Protocol):
    """One client's connection, with its twin to the server."""

    def __init__(self, listener: _Listener) -> None:
        self._listener = listener
        self._client: Any = None
        self._server: Any = None
        self._waiting = bytearray()
        self._requests = Messages(from_client=True)
        self._answers = Messages(from_client=False)
        self._in_transaction = False
        self._is_eating = False
        self._is_stranded = False
        self._swallowed = bytearray()
        self._delayed: dict[bool, deque[bytes]] = {True: deque(), False: deque()}
        self._connecting: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to connect to the server."""
        self._client = transport
        # A client that gave up during a silence is to be noticed: it may have left a transaction.
        for option, value in _KEEPALIVE.items():
            self._socket().setsockopt(socket.IPPROTO_TCP, option, value)
        self._socket().setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self._connecting = asyncio.ensure_future(self._listener.connect(self))

    def data_received(self, data: bytes) -> None:
        """Pass on what the client sends."""
        for kind, payload in self._requests.feed(data):
            self._note_request(kind, payload)
        self._pass_on(data, to_server=True)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  asyncio's name
        """End the other side, too."""
        self.end(orderly=True)

    def connected(self, transport: Any) -> None:
        """Pass on what has waited for the server."""
        if self._client is None or self._client.is_closing():
            transport.abort()
            return
        self._server = transport
        if self._waiting:
            transport.write(bytes(self._waiting))
            self._waiting.clear()
        if self._listener.is_silent:
            self.silence()

    def answered(self, data: bytes) -> None:
        """Pass on what the server answers, unless it is to be swallowed."""
        is_over = False
        is_done = True
        for kind, payload in self._answers.feed(data):
            if kind == READY_FOR_QUERY:
                self._in_transaction = payload != IDLE
                is_over = True
            elif kind == ERROR_RESPONSE:
                is_done = False
        if not self._is_eating:
            self._pass_on(data, to_server=False)
            return
        self._swallowed += data
        if not is_done:
            # Nothing was committed, so there is no answer to lose.
            self._is_eating = False
            self._pass_on(bytes(self._swallowed), to_server=False)
            self._swallowed.clear()
        elif is_over:
            self._listener.eaten += 1
            self.end()

    def server_lost(self) -> None:
        """End the client's side, too, unless it is to be left alone."""
        if not self._is_stranded:
            self.end(orderly=True)

    def end(self, *, orderly: bool = False) -> None:
        """Close both sides; the client's with an RST unless `orderly`."""
        if self._client is not None:
            if not orderly:
                # socket(7): no lingering means that close() resets the connection.
                self._socket().setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
                )
            self._client.abort()
            self._client = None
        if self._server is not None:
            self._server.abort()
            self._server = None
        if self._connecting is not None:
            self._connecting.cancel()
        self._listener.forget(self)

    def silence(self) -> None:
        """Neither hear the client nor speak to it."""
        if self._client is not None:
            self._client.pause_reading()
            drop_packets(self._socket(), drop=True)
        if self._server is not None:
            self._server.pause_reading()

    def speak(self) -> None:
        """Go on as if nothing had been."""
        if self._client is not None:
            drop_packets(self._socket(), drop=False)
            self._client.resume_reading()
        if self._server is not None:
            self._server.resume_reading()

    def strand(self) -> None:
        """Leave the client alone in the silence: its server is somewhere else now."""
        self._is_stranded = True
        if self._server is not None:
            self._server.abort()
            self._server = None

    def _socket(self) -> socket.socket:
        found: socket.socket = self._client.get_extra_info("socket")
        return found

    def _note_request(self, kind: bytes, payload: bytes) -> None:
        if kind == QUERY:
            if commits(payload, in_transaction=self._in_transaction):
                self._is_eating = self._listener.is_to_be_eaten()
        elif not kind and is_encryption_request(payload):
            self._answers.bare_bytes_due += 1

    def _pass_on(self, data: bytes, *, to_server: bool) -> None:
        delayed = self._delayed[to_server]
        # When the delay ends, nothing may overtake what is still held back.
        if not self._listener.delay_s and not delayed:
            self._write(data, to_server=to_server)
            return
        delayed.append(data)
        asyncio.get_running_loop().call_later(
            self._listener.delay_s, self._write_delayed, delayed, to_server
        )

    def _write_delayed(self, delayed: deque[bytes], to_server: bool) -> None:  # noqa: FBT001  call_later takes no keywords
        self._write(delayed.popleft(), to_server=to_server)

    def _write(self, data: bytes, *, to_server: bool) -> None:
        if to_server and self._server is None:
            self._waiting += data
            return
        transport = self._server if to_server else self._client
        if transport is not None:
            transport.write(data)


class _Upstream(asyncio.Protocol):
    """A link's connection to the server."""

    def __init__(self, link: _Link) -> None:
        self._link = link

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._link.connected(transport)

    def data_received(self, data: bytes) -> None:
        self._link.answered(data)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  asyncio's name
        self._link.server_lost()
