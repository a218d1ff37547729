"""Bodies that stand still hold up nobody, and a slow line is no reason to lose one."""

import asyncio
import json
import select
import socket
import time
from uuid import uuid4

import pytest

from app_server.bodies import LEAST_RATE, MOST_LARGE, SMALL, Bodies, address_of
from smorest_sqlmodel.errors import OverloadedError, RequestTimeoutError
from tests.app_server.conftest import await_that, read_all

LARGEST = 2 * SMALL
HEAD = "POST /v1/users HTTP/1.1\r\nHost: trips\r\nContent-Type: application/json\r\n"


@pytest.fixture(scope="module")
def patient(start):
    """Bodies that stand still are not given up for that: only for others."""
    server = start(MAX_BODY_BYTES=str(LARGEST), BODY_TIMEOUT_S="600")
    server.await_ready()
    return server


def body(size: int) -> str:
    text = json.dumps({"username": f"user-{uuid4().hex[:12]}"})
    return text + " " * (size - len(text))


@pytest.fixture
def stall(connect):
    """Send all but the last byte of a body of the largest size."""

    def stall(server, source: str) -> socket.socket:
        head = f"{HEAD}Connection: close\r\nContent-Length: {LARGEST}\r\n\r\n"
        return connect(server, head + body(LARGEST)[:-1], source)

    return stall


def answer_to(client: socket.socket) -> str:
    """Send the last byte, if it is still wanted, and tell the status."""
    try:
        client.sendall(b" ")
        return read_all(client)[9:12]
    except OSError:
        return "cut"


def has_answer(client: socket.socket) -> bool:
    return bool(select.select([client], [], [], 0)[0])


@pytest.mark.parametrize("addresses", [1, 100])
def test_who_stands_still_goes_first_and_nobody_else_waits(patient, stall, addresses):
    """There is room for 32, each of which counts for 64 KiB."""
    stalled = [stall(patient, f"127.0.1.{1 + turn % addresses}") for turn in range(100)]
    await_that(lambda: sum(map(has_answer, stalled)) >= 68)
    for size in (100, SMALL, LARGEST):
        assert patient.ask("/v1/users", "POST", body(size)).status == 201
    first, last = read_all(stalled[0]), stalled[-1]
    assert first.startswith("HTTP/1.1 503 ")
    assert "\r\nretry-after: 2\r\n" in first
    assert "\r\nconnection: close\r\n" in first
    assert '"urn:trip-planner:problem:overloaded"' in first
    assert answer_to(last) == "201"
    assert "Too much to do: requests turned away" in patient.said


def test_an_address_that_holds_more_than_its_share_loses_its_own(patient, stall):
    honest = stall(patient, "127.0.2.1")
    time.sleep(0.1)
    stalled = [stall(patient, "127.0.2.2") for _ in range(60)]
    await_that(lambda: sum(map(has_answer, stalled)) >= 28)
    assert answer_to(honest) == "201"


def test_a_slow_line_is_taken_for_longer_than_silence_is(start, connect):
    server = start(BODY_TIMEOUT_S="4", GRACE_S="60")
    server.await_ready()
    size = 16 * LEAST_RATE
    slow = connect(server, f"{HEAD}Connection: close\r\nContent-Length: {size}\r\n\r\n")
    drop_by_drop = connect(server, f"{HEAD}Content-Length: {size}\r\n\r\n")
    text, step = body(size), LEAST_RATE
    began = time.monotonic()
    for start_at in range(0, size, step):
        slow.sendall(text[start_at : start_at + step].encode())
        if not has_answer(drop_by_drop):
            drop_by_drop.sendall(b" ")
        time.sleep(0.4)
    assert time.monotonic() - began > 6
    assert read_all(slow).startswith("HTTP/1.1 201 ")
    assert read_all(drop_by_drop).startswith("HTTP/1.1 408 ")


@pytest.mark.parametrize(
    ("client", "proxies", "forwarded", "expected"),
    [
        ("192.0.2.1", 0, [], "192.0.2.1"),
        ("192.0.2.1", 0, ["203.0.113.9"], "192.0.2.1"),
        ("192.0.2.1", 1, ["10.9.9.9, 203.0.113.9"], "203.0.113.9"),
        ("192.0.2.1", 2, ["10.9.9.9, 203.0.113.9"], "10.9.9.9"),
        ("192.0.2.1", 2, ["10.9.9.9", "203.0.113.9"], "10.9.9.9"),
        ("192.0.2.1", 2, ["203.0.113.9"], "192.0.2.1"),
        ("192.0.2.1", 1, [], "192.0.2.1"),
        ("192.0.2.1", 1, ["203.0.113.9:4711"], "203.0.113.9"),
        ("192.0.2.1", 1, ["[2001:db8:0:1::2]:4711"], "2001:db8:0:1::/64"),
        ("192.0.2.1", 1, ["[2001:db8:0:1::2]"], "2001:db8:0:1::/64"),
        ("192.0.2.1", 1, ["gr\u00f6\u00dfe"], "gr\u00f6\u00dfe"),
        ("2001:db8:0:1::1", 0, [], "2001:db8:0:1::/64"),
        ("2001:db8:0:1:ffff::2", 0, [], "2001:db8:0:1::/64"),
        ("::ffff:192.0.2.1", 0, [], "192.0.2.1"),
        ("", 0, [], ""),
    ],
)
def test_one_client_is_an_address_or_a_network_of_ipv6(client, proxies, forwarded, expected):
    headers = [(b"x-forwarded-for", value.encode("latin-1")) for value in forwarded]
    assert address_of({"client": (client, "1"), "headers": headers}, proxies) == expected


def test_one_whose_time_runs_out_as_another_comes_makes_room():
    """In one turn of the loop, a time is up, and a part arrives before its task is awake."""

    async def scene() -> list[object]:
        loop = asyncio.get_running_loop()
        bodies = Bodies(largest=LARGEST, patience_s=1)

        def arriving(part: asyncio.Future[bytes]) -> asyncio.Task[object]:
            parts = iter([part, loop.create_future()])

            async def receive() -> dict[str, object]:
                body = await next(parts)
                return {"type": "http.request", "body": body, "more_body": len(body) < LARGEST}

            return loop.create_task(bodies.collect(receive, LARGEST, lambda: "127.0.0.1"))

        there: asyncio.Future[bytes] = loop.create_future()
        there.set_result(b" " * (LARGEST - 1))
        stalled = [arriving(there) for _ in range(2 * MOST_LARGE)]
        begun = loop.time()
        await asyncio.sleep(0.5)
        part: asyncio.Future[bytes] = loop.create_future()
        newcomer = arriving(part)
        loop.call_at(begun + 0.9, part.set_result, b" " * LARGEST)
        loop.call_at(begun + 0.8, time.sleep, 0.3)
        return list(await asyncio.gather(newcomer, *stalled, return_exceptions=True))

    body, *others = asyncio.run(scene())
    assert not isinstance(body, Exception), body
    assert all(isinstance(other, RequestTimeoutError | OverloadedError) for other in others)
