"""Keys before a real server of several processes: refused early, revoked everywhere, never told."""

import json
import socket
import time

import pytest

from api_access.key_format import KeyFormat
from api_access.key_models import KeyCreate
from json_rows import UnitOfWork
from service.domain.keys import KEYS
from service.models.examples import USER

FORMAT = KeyFormat("tps", is_production=False)


@pytest.fixture
def new_key(database):
    def make(*scopes):
        body = KeyCreate.model_validate_json(json.dumps({"name": "test", "scopes": scopes}))
        with UnitOfWork(database) as work:
            return json.loads(work.run(KEYS.create(FORMAT.make(), body, None)).json)

    return make


def head(method, path, *authorization, length=0):
    lines = [f"{method} {path} HTTP/1.1", "Host: trips", "Content-Type: application/json"]
    lines += [f"Authorization: {each}" for each in authorization]
    lines += [f"Content-Length: {length}"] if length else []
    return "\r\n".join([*lines, "", ""])


def answered(client: socket.socket) -> str:
    data = b""
    while b"\r\n\r\n" not in data:
        part = client.recv(65536)
        assert part
        data += part
    return data.decode()


def test_security_8_what_can_not_be_right_is_refused_before_its_body(start, connect, new_key):
    server = start(AUTH="on", WORKERS="1")
    server.await_ready()
    key = new_key("write")["key"]
    wrong = key[:-1] + ("a" if key[-1] != "a" else "b")
    good = f"Bearer {key}"
    for given in ((), (f"Bearer {wrong}",), (good, good), ("Basic YTpi",), (good + "\xe9",)):
        # The body never comes.
        text = head("POST", "/v1/workflows", *given, length=1000)
        client = connect(server, "")
        client.sendall(text.encode("latin-1"))
        answer = answered(client)
        assert answer.startswith("HTTP/1.1 401 "), answer
        assert "www-authenticate: bearer realm=" in answer.lower()
    # And one that may be right is waited for.
    client = connect(server, head("POST", "/v1/workflows", good, length=2))
    client.settimeout(0.5)
    with pytest.raises(TimeoutError):
        client.recv(1)
    client.settimeout(60)
    client.sendall(b"{}")
    assert answered(client).startswith("HTTP/1.1 422 ")


def statuses(server, connect, key, count=12):
    """Ask on as many connections, so that each process is asked."""
    found = []
    for _ in range(count):
        text = head("GET", "/v1/workflows?limit=1", f"Bearer {key}")
        found.append(answered(connect(server, text)).split()[1])
    return found


def test_a_revoked_key_is_refused_by_all_processes_within_30_s(start, connect, new_key):
    server = start(AUTH="on", WORKERS="3")
    server.await_ready()
    key, admin = new_key("read"), new_key("admin")
    assert set(statuses(server, connect, key["key"])) == {"200"}
    revoke = head("DELETE", f"/v1/keys/{key['id']}", f"Bearer {admin['key']}")
    assert answered(connect(server, revoke)).startswith("HTTP/1.1 204 ")
    revoked = time.monotonic()
    while set(statuses(server, connect, key["key"])) != {"401"}:
        assert time.monotonic() - revoked < 35
        time.sleep(1)


def test_security_2_and_3_a_secret_is_in_no_log_metric_answer_or_row(
    start, connect, new_key, database
):
    server = start(
        AUTH="on", LOG_LEVEL="DEBUG", SLOW_QUERY_MS="1", SLOW_QUERY_PLAN="on", LOG_FORMAT="json"
    )
    server.await_ready()
    admin = new_key("admin")["key"]
    body = json.dumps({"name": "x", "scopes": ["read"]})
    made = head("POST", "/v1/keys", f"Bearer {admin}", length=len(body)) + body
    client = connect(server, made)
    key = json.loads(answered(client).partition("\r\n\r\n")[2])["key"]
    said = ""
    for sent in (
        head("GET", "/v1/workflows", f"Bearer {key}"),
        head("GET", "/v1/keys", f"Bearer {admin}"),
        head("DELETE", f"/v1/users/{USER}", f"Bearer {key}"),
        head("GET", "/v1/workflows", f"Bearer {key}x"),
        head("GET", "/metrics"),
    ):
        said += answered(connect(server, sent))
    with UnitOfWork(database) as work:
        rows = work.execute(
            "SELECT api_keys::text FROM api_keys UNION ALL SELECT audit_events::text "
            "FROM audit_events UNION ALL SELECT idempotency_keys::text FROM idempotency_keys"
        )
    server.stop()
    everything = said + server.said + str(rows)
    assert "/v1/keys" in server.said
    for secret in (admin, key):
        assert secret[12:] not in everything
        assert secret[12:].encode().hex() not in everything


def test_security_20_where_nobody_is_asked_each_start_says_so(start):
    open_to_all = start(AUTH="off")
    open_to_all.await_ready()
    assert "AUTH is off: whoever reaches this service" in open_to_all.said
    guarded = start(AUTH="on")
    guarded.await_ready()
    assert "AUTH is off" not in guarded.said


def test_security_20_it_does_not_start_for_others_before_it_is_said(start):
    for environment in ({"APP_ENV": "production"}, {"HOST": "0.0.0.0"}):  # noqa: S104
        server = start(AUTH="", **environment)
        assert server.process.wait(60) == 1
        assert server.said.startswith("Error: AUTH is not set: say AUTH=on")


def test_security_22_whatever_somebody_brings_besides_a_link_is_not_looked_at(
    start, connect, database
):
    """Also with a body, which waits in front until it is known who sends it."""
    server = start(AUTH="on", WORKERS="1")
    server.await_ready()
    assert database
    for given in ((), ("Basic YTpi",), ("Bearer a", "Bearer b"), ("Bearer tps_test_x",)):
        for method, path, status in (
            ("GET", "/v1/shared/unknown", 404),
            ("GET", "/v1/feeds/unknown.ics", 404),
            ("OPTIONS", "/v1/shared/unknown", 200),
            ("POST", "/v1/shared/unknown", 401),
            ("GET", "/v1/shared/unknown/more", 401),
        ):
            for body in ("", "{}"):
                text = head(method, path, *given, length=len(body)) + body
                answer = answered(connect(server, text))
                assert answer.startswith(f"HTTP/1.1 {status} "), (text, answer)
