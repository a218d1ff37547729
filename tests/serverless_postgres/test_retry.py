"""While the database is away: waited for, given up in time, and not asked in vain."""

import socketserver
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event

import pytest

from serverless_postgres import retry
from serverless_postgres.retry import Patience
from tests.faults.protocol import is_encryption_request
from tests.ports import HOST


@contextmanager
def refusing(message: str) -> Iterator[tuple[int, list[str]]]:
    """A server that lets nobody in, as Neon's proxy does: its port, and who came."""
    came: list[str] = []

    class Door(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            while True:
                (length,) = struct.unpack("!I", self.request.recv(4))
                if not is_encryption_request(self.request.recv(length - 4)):
                    break
                self.request.sendall(b"N")
            came.append(message)
            fields = b"SFATAL\0" + b"C28000\0" + b"M" + message.encode() + b"\0\0"
            self.request.sendall(b"E" + struct.pack("!I", len(fields) + 4) + fields)

    with socketserver.ThreadingTCPServer((HOST, 0), Door) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server.server_address[1], came
        server.shutdown()


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("endpoint is disabled. Enable it using Neon API and retry.", "is disabled"),
        ("The requested endpoint could not be found", "does not exist"),
        ("Your account or project has exceeded the compute time quota.", "used up its quota"),
        ("This IP address 1.2.3.4 is not allowed to connect", "does not allow this machine's IP"),
        ("password authentication failed for user 'me'", "refuses the user name or password"),
        ('database "trips" does not exist', "does not exist"),
    ],
)
def test_what_waiting_does_not_mend_is_told_at_once(serve, problem, message, said):
    with refusing(message) as (port, came):
        url = f"postgresql://me:secret@{HOST}:{port}/trips"
        response = serve(database_url=url).test_client().get("/v1/users")
    told = problem(response, 503)
    assert said in told["detail"]
    assert "secret" not in response.text
    assert len(came) == 1


@pytest.mark.parametrize(
    "message",
    [
        "Couldn't connect to compute node",
        "the database system is starting up",
        "sorry, too many clients already",
    ],
)
def test_what_passes_is_tried_until_the_time_is_up(serve, problem, message):
    with refusing(message) as (port, came):
        url = f"postgresql://me:secret@{HOST}:{port}/trips"
        response = serve(database_url=url, retry_budget_s=1).test_client().get("/v1/users")
    problem(response, 503)
    assert int(response.headers["Retry-After"]) > 0
    assert len(came) > 1


def test_a_database_that_comes_back_in_time_is_waited_for(serve, proxy):
    client = serve().test_client()
    assert client.get("/v1/users").status_code == 200
    proxy.refuse()
    back = threading.Timer(0.5, proxy.accept)
    back.start()
    assert client.post("/v1/users", json={"username": "kim"}).status_code == 201
    back.join()


def test_without_time_the_first_failure_is_told(serve, proxy, problem):
    client = serve(retry_budget_s=0).test_client()
    proxy.refuse()
    response = client.get("/v1/users")
    assert "refuses connections" in problem(response, 503)["detail"]
    assert int(response.headers["Retry-After"]) > 0
    proxy.accept()
    assert client.get("/v1/users").status_code == 200


@pytest.fixture
def soon_hopeless(monkeypatch):
    """Outages are hopeless after 0.2 s, and nobody finds out whether they are over."""
    monkeypatch.setattr(retry, "LEAST_OUTAGE_S", 0.2)
    monkeypatch.setattr(retry, "PROBE_EVERY_S", 3600)
    monkeypatch.setattr(retry, "STALE_S", 7200)


@pytest.mark.usefixtures("soon_hopeless")
def test_when_there_is_no_hope_nobody_tries(serve, problem):
    with refusing("the database system is starting up") as (port, came):
        url = f"postgresql://me:secret@{HOST}:{port}/trips"
        client = serve(database_url=url, retry_budget_s=0).test_client()
        assert client.get("/v1/users").status_code == 503
        time.sleep(0.25)
        came.clear()
        for _ in range(20):
            response = client.get("/v1/users")
            assert "starting up" in problem(response, 503)["detail"]
            assert int(response.headers["Retry-After"]) > 0
        assert came == []


@pytest.mark.usefixtures("soon_hopeless")
def test_from_time_to_time_one_finds_out_whether_there_is_hope(serve, proxy, monkeypatch):
    client = serve(retry_budget_s=0).test_client()
    assert client.get("/v1/users").status_code == 200
    proxy.refuse()
    assert client.get("/v1/users").status_code == 503
    time.sleep(0.25)
    proxy.accept()
    assert client.get("/v1/users").status_code == 503
    monkeypatch.setattr(retry, "PROBE_EVERY_S", 0)
    assert client.get("/v1/users").status_code == 200
    monkeypatch.setattr(retry, "PROBE_EVERY_S", 3600)
    assert client.get("/v1/users").status_code == 200


def test_while_one_finds_out_the_others_are_told_at_once(monkeypatch):
    monkeypatch.setattr(retry, "PROBE_EVERY_S", 0)
    monkeypatch.setattr(retry, "LEAST_OUTAGE_S", 0)
    outage = retry.Outage(budget_s=0, probe_limit_s=60)
    outage.failed("away")
    assert [outage.is_hopeless() for _ in range(3)] == [False, True, True]
    outage.failed("away")
    assert [outage.is_hopeless() for _ in range(3)] == [False, True, True]
    outage.succeeded()
    assert [outage.is_hopeless() for _ in range(3)] == [False, False, False]


def test_after_a_silence_nobody_is_turned_away(monkeypatch):
    monkeypatch.setattr(retry, "PROBE_EVERY_S", 0)
    monkeypatch.setattr(retry, "LEAST_OUTAGE_S", 0)
    monkeypatch.setattr(retry, "STALE_S", 0)
    outage = retry.Outage(budget_s=0, probe_limit_s=60)
    outage.failed("away")
    assert [outage.is_hopeless() for _ in range(3)] == [False, False, False]


def test_a_process_that_stops_waits_no_longer():
    ended = Event()
    patience = Patience(60, ended)
    assert patience.wait()
    ended.set()
    assert not patience.wait()


def test_health_is_told_while_the_database_is_away(serve, proxy, problem):
    client = serve(retry_budget_s=1).test_client()
    proxy.refuse()
    assert client.get("/healthz").status_code == 200
    assert "refuses connections" in problem(client.get("/readyz"), 503)["detail"]
