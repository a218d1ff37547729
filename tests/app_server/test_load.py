"""Slow clients and too many of them: who behaves is served, who can't be is told so at once."""

import json
import socket
import statistics
import time
from uuid import uuid4

import pytest

from tests.app_server.conftest import TIME_LIMIT_S, await_that, read_all

ORIGIN = "https://trips.example.com"
HEAD = "POST /v1/users HTTP/1.1\r\nHost: trips\r\nContent-Type: application/json\r\n"


@pytest.fixture(scope="module")
def impatient(start):
    """One thread, two places to wait in, and little patience."""
    server = start(
        THREADS="1",
        QUEUE_SIZE="2",
        QUEUE_TIMEOUT_S="4",
        BODY_TIMEOUT_S="2",
        HEADER_TIMEOUT_S="2",
        CORS_ORIGINS=ORIGIN,
    )
    server.await_ready()
    return server


def test_200_slow_clients_hold_up_nobody(start, connect):
    server = start(THREADS="4", MAX_CONNECTIONS="300")
    server.await_ready()

    def seconds_of_one() -> float:
        began = time.perf_counter()
        assert server.ask("/v1/users?limit=1").status == 200
        return time.perf_counter() - began

    # 100 ms, unless the machine is so busy that it takes about as long without them.
    alone = statistics.median(seconds_of_one() for _ in range(20))
    heads = [connect(server, "GET /v1/users HTTP/1.1\r\nHost: t") for _ in range(60)]
    bodies = [connect(server, HEAD + "Content-Length: 50\r\n\r\n{") for _ in range(80)]
    readers = [
        connect(server, "GET /openapi.json HTTP/1.1\r\nHost: trips\r\n\r\n" * 9) for _ in range(60)
    ]

    # Until the answers to those who don't read have been made.
    await_that(lambda: seconds_of_one() < max(0.05, 2 * alone))
    seconds = []
    for turn in range(20):
        for client in heads:
            client.sendall(b"r")
        if turn % 2:
            for client in bodies:
                client.sendall(b" ")
        seconds.append(seconds_of_one())
    assert len(heads) + len(bodies) + len(readers) == 200
    assert statistics.median(seconds) < max(0.1, 2 * alone)


def test_a_body_that_takes_too_long_is_answered_with_408(impatient, connect):
    more = f"X-Request-ID: slow-1\r\nOrigin: {ORIGIN}\r\nContent-Length: 50\r\n\r\n{{"
    client = connect(impatient, HEAD + more)
    head, _, body = read_all(client).partition("\r\n\r\n")
    status, *headers = head.lower().split("\r\n")
    assert status.startswith("http/1.1 408 ")
    assert {
        "content-type: application/problem+json",
        "x-request-id: slow-1",
        # Also what the app has never seen is for the pages that may read its answers.
        f"access-control-allow-origin: {ORIGIN}",
        "x-content-type-options: nosniff",
        "cache-control: no-store",
        "connection: close",
    } <= set(headers)
    problem = json.loads(body)
    assert problem["type"] == "urn:trip-planner:problem:request-timeout"
    assert problem["instance"] == "/v1/users"
    (line,) = [line for line in impatient.said.splitlines() if "request_id=slow-1" in line]
    assert "POST /v1/users 408" in line


def test_a_head_that_takes_too_long_ends_the_connection(impatient, connect):
    client = connect(impatient, "GET /healthz HTTP/1.1\r\nHost: t")
    began = time.monotonic()
    assert " 200 " not in read_all(client)
    assert time.monotonic() - began < 20


def test_a_body_of_unknown_length_is_taken_up_to_the_limit(impatient, connect):
    chunked = HEAD + "Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    text = json.dumps({"username": f"user-{uuid4().hex[:8]}"})
    created = connect(impatient, f"{chunked}{len(text):x}\r\n{text}\r\n0\r\n\r\n")
    assert read_all(created).startswith("HTTP/1.1 201 ")
    large = " " * 65536
    client = connect(impatient, chunked)
    part = f"{len(large):x}\r\n{large}\r\n".encode()
    with pytest.raises(OSError, match=r"Broken pipe|reset"):
        client.sendall(part * 1000)


@pytest.mark.parametrize("more", ["", "Trailer: X-Sum\r\n", "TE: trailers\r\n"])
@pytest.mark.parametrize(
    "sent",
    ["", "2\r\n{}\r\n", "zz\r\n", "2\r\n{}\r\nzz\r\n", "2\r\n{}\r\n0\r\nX-Sum: 7"],
)
def test_a_body_that_breaks_off_is_not_taken_for_a_whole_one(impatient, connect, sent, more):
    user = json.loads(impatient.ask("/v1/users", "POST", f'{{"username": "{uuid4().hex}"}}').body)
    workflow = json.dumps({"user_id": user["id"], "user_input": "A week in Jeju"})
    path = (
        f"/v1/workflows/{json.loads(impatient.ask('/v1/workflows', 'POST', workflow).body)['id']}"
    )
    head = f"POST {path}/complete HTTP/1.1\r\nHost: trips\r\nContent-Type: application/json\r\n"
    client = connect(impatient, f"{head}Transfer-Encoding: chunked\r\n{more}\r\n{sent}")
    client.shutdown(socket.SHUT_WR)
    answer = read_all(client)
    assert answer.startswith("HTTP/1.1 400 ")
    assert "connection: close" in answer
    assert json.loads(impatient.ask(path).body)["status"] == "running"


def test_trailers_that_are_announced_belong_to_a_whole_body(impatient, connect):
    text = json.dumps({"username": f"user-{uuid4().hex[:8]}"})
    head = f"{HEAD}Connection: close\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
    client = connect(impatient, f"{head}{len(text):x}\r\n{text}\r\n0\r\nX-Sum: 7\r\n\r\n")
    assert read_all(client).startswith("HTTP/1.1 201 ")


@pytest.mark.parametrize(
    ("headers", "sent", "status"),
    [
        ("Content-Length: {more}", "{text}", 400),
        ("Content-Length: {size}\r\nContent-Length: {size}", "{text}", 201),
        ("Content-Length: {size}\r\nContent-Length: {more}", "{text}", 400),
        ("Content-Length: {size}, {size}", "{text}", 400),
        ("Content-Length: +{size}", "{text}", 400),
        # RFC 9112, 6.3: the coding counts, and the length is as if it were not there.
        ("Content-Length: 2\r\nTransfer-Encoding: chunked", "{chunk}", 201),
        ("Transfer-Encoding: chunked\r\nContent-Length: 2", "{chunk}", 201),
        ("Transfer-Encoding: identity\r\nContent-Length: {size}", "{text}", 400),
        ("Transfer-Encoding: identity", "{text}", 400),
        ("Transfer-Encoding: gzip, chunked", "{chunk}", 400),
        ("Transfer-Encoding: chunked, gzip", "{chunk}", 400),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "{chunk}", 400),
        ("Transfer-Encoding: xchunked", "{chunk}", 400),
        ("Expect: 100-continue\r\nContent-Length: {size}", "{text}", 201),
        ("", "{text}", 400),
    ],
)
def test_a_body_has_one_length(impatient, connect, headers, sent, status):
    text = json.dumps({"username": f"user-{uuid4().hex[:8]}"})
    size = len(text)
    values = {
        "text": text,
        "size": size,
        "more": size + 1,
        "chunk": f"{size:x}\r\n{text}\r\n0\r\n\r\n",
    }
    lines = f"{HEAD}Connection: close\r\n{headers.format(**values)}\r\n\r\n".replace(
        "\r\n\r\n\r\n", "\r\n\r\n"
    )
    client = connect(impatient, lines + sent.format(**values))
    if "{more}" in headers:
        client.shutdown(socket.SHUT_WR)
    answer = read_all(client).removeprefix("HTTP/1.1 100 Continue\r\n\r\n")
    assert answer.startswith(f"HTTP/1.1 {status} ")
    found = json.loads(impatient.ask(f"/v1/users?username={json.loads(text)['username']}").body)
    assert len(found["items"]) == (status == 201)


def test_a_get_may_have_a_body_which_does_nothing(impatient, connect):
    head = "GET /v1/users?limit=1 HTTP/1.1\r\nHost: t\r\nConnection: close\r\n"
    assert read_all(connect(impatient, head + "Content-Length: 2\r\n\r\n{}")).startswith(
        "HTTP/1.1 200 "
    )


@pytest.mark.parametrize(
    ("header", "status"),
    [("Idempotency-Key: größe", 422), ("Content-Encoding: größe", 415), ("User-Agent: größe", 201)],
)
def test_a_header_that_is_not_ascii_is_not_as_if_it_were_not_there(
    impatient, connect, header, status
):
    text = json.dumps({"username": f"user-{uuid4().hex[:8]}"})
    head = f"{HEAD}Connection: close\r\n{header}\r\nContent-Length: {len(text)}\r\n\r\n"
    assert read_all(connect(impatient, head + text)).startswith(f"HTTP/1.1 {status} ")


def test_a_query_may_have_letters_that_are_not_encoded(impatient, connect):
    head = "GET /v1/users?username=größe€ HTTP/1.1\r\nHost: trips\r\nConnection: close\r\n\r\n"
    answer = read_all(connect(impatient, head))
    assert answer.startswith("HTTP/1.1 200 ")
    assert '"items":[]' in answer


def test_a_body_that_is_announced_as_too_large_is_not_waited_for(impatient, connect):
    client = connect(impatient, HEAD + "Content-Length: 99999999\r\n\r\n{")
    assert read_all(client).startswith("HTTP/1.1 413 ")


def test_a_header_that_looks_like_another_one_is_not_taken_for_it(impatient, connect):
    head = "GET /healthz HTTP/1.1\r\nHost: trips\r\nConnection: close\r\n"
    assert "x-request-id: mine\r\n" in read_all(
        connect(impatient, f"{head}X-Request-ID: mine\r\n\r\n")
    )
    assert ": mine\r\n" not in read_all(connect(impatient, f"{head}X_Request_ID: mine\r\n\r\n"))


@pytest.mark.parametrize(
    ("request_line_and_hosts", "status"),
    [
        ("GET /v1/users?limit=1 HTTP/1.1", 400),
        ("GET /v1/users?limit=1 HTTP/1.1\r\nHost: trips\r\nHost: evil", 400),
        ("GET /v1/users?limit=1 HTTP/1.1\r\nHost: trips", 200),
        ("GET /v1/users?limit=1 HTTP/1.0", 200),
    ],
)
def test_a_request_names_one_host(impatient, connect, request_line_and_hosts, status):
    client = connect(impatient, f"{request_line_and_hosts}\r\nConnection: close\r\n\r\n")
    assert read_all(client).split()[1] == str(status)


def test_a_client_that_leaves_in_its_body_leaves_nothing_behind(impatient, connect):
    client = connect(impatient, HEAD + "Content-Length: 50\r\n\r\n{")
    client.close()
    assert impatient.ask("/v1/users?limit=1").status == 200


def test_more_requests_than_can_wait_are_turned_away_at_once(impatient, later, locked_users):
    with locked_users():
        path = "/v1/users/by-username/many"
        requests = [later(impatient.ask, path, "PUT") for _ in range(8)]
        began = time.monotonic()
        await_that(lambda: sum(request.done() for request in requests) >= 5)
        refused = [request.result() for request in requests if request.done()]
        # At once: those who may wait still do.
        assert len(refused) == 5
        assert {answer.status for answer in refused} == {503}
        assert {answer.headers["retry-after"] for answer in refused} == {"2"}
        assert json.loads(refused[0].body)["type"] == "urn:trip-planner:problem:overloaded"
        assert impatient.ask("/healthz").status == 200
        assert impatient.ask("/metrics").status == 200
        # Those who wait are not kept waiting for longer than QUEUE_TIMEOUT_S.
        await_that(lambda: sum(request.done() for request in requests) >= 7)
        assert time.monotonic() - began < 8
        # The log tells of them together.
        assert f"PUT {path} 503" not in impatient.said
        assert "Too much to do: requests turned away" in impatient.said
        # Alerts count them, though the service itself has never seen them.
        counted = 'http_requests_total{method="PUT",route="unmatched",status="503"} 7.0'
        assert counted in impatient.ask("/metrics").body.decode()
    began = time.monotonic()
    assert min(request.result(TIME_LIMIT_S).status for request in requests) < 300
    assert impatient.ask("/v1/users?limit=1").status == 200
    assert time.monotonic() - began < 5
