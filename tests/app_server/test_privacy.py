"""What the production server itself refuses is told without anything that the request held."""

import json
import socket
import time
from contextlib import closing
from urllib.parse import quote

import pytest

from tests.app_server.conftest import await_that
from tests.collector import Collector

NAME = "geheim비밀"
PATH = "/v1/user/by-name/" + quote(NAME)
FORMS = ("geheim", "비밀", quote("비밀"), "ë¹")

RAW = [
    # Broken off, late, cut in chunks that are none, too large, of another host, of no host.
    f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{NAME}",
    f"POST {PATH} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{NAME}\r\n",
    f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n",
    f"GET {PATH} HTTP/1.1\r\nHost: geheim, geheim\r\nConnection: close\r\n\r\n",
    f"GET {PATH} HTTP/1.1\r\nConnection: close\r\n\r\n",
    # No HTTP, or as good as none.
    f"{NAME}\r\n\r\n",
    f"GET /{NAME} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    f"GET {PATH} HTTP/7.geheim\r\n\r\n",
    f"GEHEIM {PATH} HTTP/1.1\r\nHost: x\r\ngeheim: {NAME}\r\nConnection: close\r\n\r\n",
    f"GET {PATH} HTTP/1.1\r\nHost: x\r\n{'geheim: 1' * 9000}\r\n\r\n",
    f"GET /{'geheim/' * 2000} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
]


@pytest.fixture
def collector():
    with Collector() as collector:
        yield collector


def send(port: int, text: str) -> bytes:
    """Send something, and read until the server has had enough of it."""
    with closing(socket.create_connection(("127.0.0.1", port), timeout=30)) as client:
        client.sendall(text.encode())
        answer = b""
        try:
            while part := client.recv(65536):
                answer += part
                if b"408" in answer[:12]:
                    break
        except (ConnectionError, TimeoutError):
            pass
        return answer


@pytest.mark.usefixtures("database")
def test_nothing_of_a_request_is_told_by_the_server(start, collector, later, locked_users):
    server = start(
        LOG_FORMAT="json",
        LOG_LEVEL="DEBUG",
        SLOW_QUERY_MS="50",
        SLOW_QUERY_PLAN="on",
        OTEL_EXPORTER_OTLP_ENDPOINT=collector.url,
        OTEL_BSP_SCHEDULE_DELAY="50",
        BODY_TIMEOUT_S="1",
        THREADS="1",
        QUEUE_SIZE="1",
    )
    server.await_ready()
    answers = [send(server.port, text) for text in RAW]
    assert answers[0].startswith(b"HTTP/1.1 408")
    with locked_users():
        # One is served and waits for the lock, one waits for a thread, the rest is turned away.
        path = f"/v1/users/by-username/{quote(NAME)}"
        waiting = [later(server.ask, path, "PUT") for _ in range(6)]
        await_that(lambda: any(answer.done() for answer in waiting))
        time.sleep(0.2)  # longer than SLOW_QUERY_MS
    statuses = {answer.result().status for answer in waiting}
    assert 503 in statuses
    assert server.ask(f"/v1/users?q={quote(NAME)}").status == 200
    await_that(lambda: "slow query" in server.said)
    metrics = server.ask("/metrics").body.decode()
    assert server.stop() == 0
    lines = [json.loads(line) for line in server.said.splitlines()]
    paths = {line["path"] for line in lines if line["logger"] == "service.access"}
    assert "/v1/…" in paths
    told = [item.value.string_value for span in collector.spans() for item in span.attributes]
    assert "/v1/…" in told
    for text in (server.said, "\n".join(told), str(collector.requests), metrics):
        assert not [form for form in FORMS if form in text]
