"""Answers that are made while they are sent, of an app that knows nothing of its server."""

import socket
from contextlib import closing
from http.client import HTTPConnection, IncompleteRead

import pytest

from app_server.streams import MOST
from tests.app_server.conftest import TIME_LIMIT_S, await_that, read_all

PROGRAM = """
import threading, time
import app_server
from smorest_sqlmodel.errors import ConflictError

closed = []
gate = threading.Event()

def parts(path):
    made = 0
    try:
        if path == "/three":
            yield from (b"one ", b"", b"two ", b"three")
        elif path == "/none":
            return
        elif path == "/fails":
            yield b"x" * 100_000
            raise ValueError("in the middle")
        elif path == "/refused":
            yield b"x" * 100_000
            raise ConflictError("No longer.")
        elif path == "/fails-at-once":
            raise ValueError("at the beginning")
        elif path == "/gate":
            yield b"before "
            gate.wait()
            yield b"after"
        elif path == "/endless":
            while True:
                made += 1
                yield b"x" * 65536
    finally:
        closed.append(path)
        print("closed", path, "after", made, flush=True)

def app(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/open":
        gate.set()
    headers = [("Content-Type", "text/plain")]
    start_response("200 OK", headers)
    return parts(path)

if __name__ == "__main__":
    settings = app_server.ServerSettings(
        port=PORT, workers=1, body_timeout_s=2, drain_s=0, threads=1, queue_size=4
    )
    raise SystemExit(app_server.serve("app:app", settings))
"""


FLASK = """
from flask import Flask, Response, request, stream_with_context
import app_server
from smorest_sqlmodel.errors import ConflictError

settings = app_server.ServerSettings(port=PORT, workers=1, threads=1, drain_s=0)
app = Flask(__name__)
app_server.init_app(app, settings)

@app.get("/books/<title>")
def get_book(title):
    def parts():
        for number in range(5):
            yield f"{request.path} {number} "
    return Response(stream_with_context(parts()))

app_server.observe(app, settings)

if __name__ == "__main__":
    raise SystemExit(app_server.serve("app:app", settings))
"""


@pytest.fixture
def server(serve):
    server = serve(PROGRAM)
    await_that(lambda: "Serving on" in server.said or server.process.poll() is not None)
    return server


def begin(server, path):
    """Ask, and read the head of the answer only."""
    connection = HTTPConnection("127.0.0.1", server.port, timeout=TIME_LIMIT_S)
    connection.request("GET", path)
    return connection, connection.getresponse()


def test_parts_are_sent_as_they_are_made_and_hold_no_thread(server):
    # The one thread is free again, though this answer is not finished.
    connection, answer = begin(server, "/gate")
    with closing(connection):
        assert answer.headers["Transfer-Encoding"] == "chunked"
        assert answer.read(7) == b"before "
        assert server.ask("/three").body == b"one two three"
        assert server.ask("/open").status == 200
        assert answer.read() == b"after"
    assert server.ask("/none").body == b""
    assert server.ask("/three", "HEAD").body == b""
    assert server.stop() == 0
    assert "Traceback" not in server.said


def test_an_answer_that_fails_midway_does_not_end_as_if_it_were_whole(server, connect):
    connection, answer = begin(server, "/fails")
    with closing(connection), pytest.raises(IncompleteRead) as cut:
        answer.read()
    assert len(cut.value.partial) == 100_000
    raw = connect(server, "GET /fails HTTP/1.1\r\nHost: x\r\n\r\n")
    assert not read_all(raw).endswith("0\r\n\r\n")
    assert "An answer was cut, as it could not be finished" in server.said
    # Nothing has been sent of this one, so that it can be told.
    assert server.ask("/fails-at-once").status == 500
    assert server.ask("/three").body == b"one two three"


def test_an_answer_that_is_refused_midway_is_cut_and_no_failure(server):
    connection, answer = begin(server, "/refused")
    with closing(connection), pytest.raises(IncompleteRead):
        answer.read()
    assert server.stop() == 0
    assert "An answer was cut: No longer." in server.said
    assert "Traceback" not in server.said


def test_a_client_that_leaves_ends_its_answer(server):
    connection, answer = begin(server, "/endless")
    assert answer.read(10) == b"x" * 10
    answer.close()
    connection.close()
    await_that(lambda: "closed /endless" in server.said)
    assert server.ask("/three").body == b"one two three"


def test_a_client_that_takes_nothing_is_given_up_and_no_more_is_made_than_it_takes(server):
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.settimeout(TIME_LIMIT_S)
        client.connect(("127.0.0.1", server.port))
        client.sendall(b"GET /endless HTTP/1.1\r\nHost: x\r\n\r\n")
        await_that(lambda: "closed /endless" in server.said)
    assert "A client has not taken any of an answer for too long" in server.said
    # What the kernel and the channel hold, and not a gigabyte.
    made = int(server.said.partition("closed /endless after ")[2].split()[0])
    assert made < 500


def test_there_are_no_more_long_answers_at_a_time_than_there_are_places(server):
    begun = [begin(server, "/gate") for _ in range(MOST)]
    refused = server.ask("/three")
    assert (refused.status, refused.headers["content-type"]) == (503, "application/problem+json")
    assert "retry-after" in refused.headers
    assert server.ask("/open", "HEAD").status == 200
    assert [answer.read() for _, answer in begun] == [b"before after"] * MOST
    for connection, _ in begun:
        connection.close()
    await_that(lambda: server.ask("/three").status == 200)


def test_a_stream_of_flask_keeps_its_request_whichever_thread_makes_a_part(serve):
    server = serve(FLASK)
    await_that(lambda: "Serving on" in server.said or server.process.poll() is not None)
    whole = "".join(f"/books/Momo {number} " for number in range(5))
    assert [server.ask("/books/Momo").body.decode() for _ in range(3)] == [whole] * 3
    # It is logged once, when it is over, with its size.
    await_that(lambda: server.said.count(f"bytes={len(whole)}") == 3)
    assert server.stop() == 0
    assert "Traceback" not in server.said
