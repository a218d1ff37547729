"""What is kept for Idempotency-Keys: how much of an answer, for how long, and for whom."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from json_rows import kept_answers
from service.app import create_app
from service.settings import Settings

KEY = "Idempotency-Key"
LARGE = [{"order": 1, "note": "x" * 3000}]
REPLAYED = "Idempotency-Replayed"


@pytest.fixture
def start(settings, database) -> Iterator[Callable[..., Flask]]:
    """Start the service as another process, with settings of its own."""
    assert database
    apps: list[Flask] = []

    def make(**changes: Any) -> Flask:
        apps.append(create_app(replace(settings, **changes)))
        return apps[-1]

    yield make
    for app in apps:
        app.extensions["database"].dispose()


@pytest.fixture
def kept(database) -> Callable[[str], list[Any]]:
    """Ask the database about the answers that are kept."""

    def ask(columns: str) -> list[Any]:
        with database.transaction() as connection:
            return list(connection.exec_driver_sql(f"SELECT {columns} FROM idempotency_keys").all())

    return ask


def test_many_keys_for_a_large_answer_take_little(client, make, kept):
    path = f"/v1/workflows/{make.workflow()['id']}/complete?fields=final_itinerary"
    first = client.post(path, json={"final_itinerary": LARGE * 300}, headers={KEY: "k"})
    assert len(first.data) > 900_000
    for number in range(10):
        again = client.post(path, headers={KEY: f"k{number}"})
        assert (again.status_code, again.data) == (200, first.data)
    ((rows, size),) = kept("count(*), sum(octet_length(body))")
    assert rows == 11
    assert size < 11 * 100
    replayed = client.post(path, json={"final_itinerary": LARGE * 300}, headers={KEY: "k"})
    assert replayed.data == first.data
    assert replayed.headers["ETag"] == first.headers["ETag"]
    assert replayed.headers[REPLAYED] == "true"


def test_a_large_answer_is_replayed_with_the_row_as_it_is_now(client, make):
    workflow = make.workflow()
    path = f"/v1/workflows/{workflow['id']}"
    shown = "fields=name,final_itinerary"
    request = {"json": {"final_itinerary": LARGE}, "headers": {KEY: "k"}}
    first = client.post(f"{path}/complete?{shown}", **request)
    client.patch(path, json={"name": "new"})
    again = client.post(f"{path}/complete?{shown}", **request)
    assert (again.status_code, again.headers[REPLAYED]) == (200, "true")
    now = client.get(f"{path}?{shown}")
    assert again.data == now.data != first.data
    assert again.headers["ETag"] == now.headers["ETag"] != first.headers["ETag"]


def test_a_large_create_is_found_again_though_the_service_made_its_id(client, make):
    body = {"user_id": make.user()["id"], "user_input": "x", "metadata": {"note": "x" * 3000}}
    first = client.post("/v1/workflows", json=body, headers={KEY: "k"})
    again = client.post("/v1/workflows", json=body, headers={KEY: "k"})
    assert (again.status_code, again.data, again.headers[REPLAYED]) == (201, first.data, "true")
    for name in ("Location", "ETag"):
        assert again.headers[name] == first.headers[name]


def test_what_changed_nothing_is_kept_as_a_reference_however_small(client, make, kept):
    path = f"/v1/workflows/{make.workflow()['id']}"
    client.post(f"{path}/cancel")
    for name in ("a", "b"):
        client.patch(path, json={"name": name})
        again = client.post(f"{path}/cancel", headers={KEY: "k"})
        assert again.json["name"] == name
        # What lists show, as without a key.
        assert "final_itinerary" not in again.json
        assert again.headers["ETag"] == client.get(path).headers["ETag"]
    assert len(kept("shown_id")) == 1


def test_what_was_deleted_since_can_not_be_shown_again(client, make, problem):
    price = make.price()
    body = {name: price[name] for name in ("id", "provider", "model", "valid_from")}
    body |= {"input_per_million": 1.25, "output_per_million": 10}
    assert client.post("/v1/model-prices", json=body, headers={KEY: "k"}).status_code == 200
    client.delete(f"/v1/model-prices/{price['id']}")
    gone = problem(client.post("/v1/model-prices", json=body, headers={KEY: "k"}), 409)
    assert "deleted" in gone["detail"]


def test_nodes_go_with_their_workflow(client, make, kept):
    workflow = make.workflow()
    node = make.node(workflow["id"])
    for change in ("start", "complete"):
        client.post(f"/v1/nodes/{node['id']}/{change}", headers={KEY: "k"})
    assert [str(row[0]) for row in kept("workflow_id")] == [workflow["id"]]
    client.delete(f"/v1/workflows/{workflow['id']}")
    assert kept("1") == []


def heartbeats(client: FlaskClient, path: str, address: str, most: int = 100) -> Any:
    """Send keyed heartbeats from an address until one is refused; returns that answer."""
    for number in range(most):
        response = client.post(
            f"{path}/heartbeat",
            headers={KEY: f"{address}-{number}"},
            environ_overrides={"REMOTE_ADDR": address},
        )
        if response.status_code != 200:
            return response
    return response


def test_an_address_has_so_much_kept_and_no_more(start, make, problem):
    path = f"/v1/workflows/{make.workflow()['id']}"
    limited = start(idempotency_max_bytes=20_000).test_client()
    refused = heartbeats(limited, path, "192.0.2.1")
    told = problem(refused, 429)
    assert "if you choose its `id`" in told["detail"]
    assert 60 <= int(refused.headers["Retry-After"]) <= 3600
    # What was done is told again, what has no key is done, and others have their own.
    first = {KEY: "192.0.2.1-0"}
    from_there = {"REMOTE_ADDR": "192.0.2.1"}
    again = limited.post(f"{path}/heartbeat", headers=first, environ_overrides=from_there)
    assert again.headers[REPLAYED] == "true"
    assert limited.post(f"{path}/heartbeat", environ_overrides=from_there).status_code == 200
    assert heartbeats(limited, path, "192.0.2.2", 3).status_code == 200


def test_who_has_too_much_kept_is_known_to_others_and_has_room_again(
    start, database, make, monkeypatch
):
    path = f"/v1/workflows/{make.workflow()['id']}"
    one, other = (start(idempotency_max_bytes=20_000).test_client() for _ in range(2))
    assert heartbeats(one, path, "192.0.2.1").status_code == 429
    assert heartbeats(other, path, "192.0.2.1", 1).headers[REPLAYED] == "true"
    send = {"headers": {KEY: "new"}, "environ_overrides": {"REMOTE_ADDR": "192.0.2.1"}}
    assert other.post(f"{path}/heartbeat", **send).status_code == 429
    with database.transaction() as connection:
        connection.exec_driver_sql("UPDATE idempotency_keys SET expires_at = now()")
    assert one.post(f"{path}/heartbeat", **send).status_code == 429
    monkeypatch.setattr(kept_answers, "LOOK_EVERY_S", 0)
    assert one.post(f"{path}/heartbeat", **send).status_code == 200


def test_many_small_keys_count_as_well(start, client, make):
    assert client
    path = f"/v1/workflows/{make.workflow()['id']}"
    limited = start(idempotency_max_bytes=10_000).test_client()
    limited.post(f"{path}/cancel")
    codes = [
        limited.post(f"{path}/cancel", headers={KEY: "k" * 250 + str(number)}).status_code
        for number in range(20)
    ]
    assert codes == [200] * codes.index(429) + [429] * (20 - codes.index(429))


def test_processes_together_keep_little_more_than_one(start, client, make, kept):
    assert client
    path = f"/v1/workflows/{make.workflow()['id']}"
    most = 40_000
    clients = [start(idempotency_max_bytes=most).test_client() for _ in range(3)]
    for number in range(150):
        clients[number % 3].post(f"{path}/heartbeat", headers={KEY: f"k{number}"})
    ((size,),) = kept("sum(300 + 2 * (octet_length(path) + octet_length(key)) + length(body))")
    assert most <= size <= most * (1 + 3 / 4)


@pytest.mark.parametrize(
    ("one", "other", "are_same"),
    [
        ("2001:db8::1", "2001:db8::2:3:4:5", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1:4711", "192.0.2.1:4712", True),
        ("[2001:db8::1]:4711", "2001:db8::2", True),
        ("192.0.2.1", "192.0.2.2", False),
    ],
)
def test_a_caller_is_an_address_or_what_one_site_has(client, kept, one, other, are_same):
    for number, address in enumerate((one, other)):
        client.post(
            "/v1/users",
            json={"username": f"u{number}"},
            headers={KEY: "k" + str(number)},
            environ_overrides={"REMOTE_ADDR": address},
        )
    assert len(set(kept("caller"))) == (1 if are_same else 2)
    assert address not in str(kept("*"))


def wait_until(condition: Callable[[], bool]) -> None:
    for _ in range(1000):
        if condition():
            return
        time.sleep(0.02)
    pytest.fail("it never came")


def sweepers() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name == "sweeper"}


def test_what_has_expired_is_swept_though_nobody_comes(start, client, make, kept, monkeypatch):
    monkeypatch.setattr("json_rows.sweeping.EVERY_S", 1)
    monkeypatch.setattr("json_rows.sweeping.BATCH", 2)
    before = sweepers()
    path = f"/v1/workflows/{make.workflow()['id']}"
    heartbeats(client, path, "192.0.2.1", 5)
    with client.application.extensions["database"].transaction() as connection:
        connection.exec_driver_sql("UPDATE idempotency_keys SET expires_at = now() + interval '1s'")
    app = start()
    # Its own answer goes with what it is about.
    user = app.test_client().post("/v1/users", json={"username": "x"}, headers={KEY: "k"}).json
    app.test_client().delete(f"/v1/users/{user['id']}", headers={"If-Match": "*"})
    wait_until(lambda: not kept("1"))
    assert len(sweepers() - before) <= 2


def test_a_sweep_that_fails_is_tried_again(make_database, execute, caplog, monkeypatch):
    monkeypatch.setattr("json_rows.sweeping.EVERY_S", 1)
    url = make_database()
    app = create_app(Settings(database_url=url.render_as_string(hide_password=False)))
    app.test_client().post("/v1/users", json={"username": "x"}, headers={KEY: "k"})
    execute(
        url,
        "UPDATE idempotency_keys SET expires_at = now()",
        "ALTER TABLE idempotency_keys RENAME TO away",
    )
    app.extensions["kept_answers"].sweeper.expect(time.time())
    wait_until(lambda: "could not be deleted" in caplog.text)
    execute(url, "ALTER TABLE away RENAME TO idempotency_keys")

    def is_empty() -> bool:
        with app.extensions["database"].transaction() as connection:
            return not connection.exec_driver_sql("SELECT 1 FROM idempotency_keys").all()

    wait_until(is_empty)
    app.extensions["database"].dispose()


def test_nothing_is_asked_while_nothing_is_kept(start, client, make):
    path = f"/v1/workflows/{make.workflow()['id']}"
    assert client
    before = sweepers()
    app = start()
    sent: list[str] = []
    app.extensions["database"].listeners.append(lambda said: sent.append(said.sql))
    other = app.test_client()
    other.post(f"{path}/heartbeat")
    other.post(f"{path}/complete", json={"x": 1}, headers={KEY: "k"})
    other.post(f"{path}/fail", json={"error_message": "x"})
    refused = other.post(f"{path}/complete", headers={KEY: "k"})
    assert refused.status_code == 409
    assert sweepers() == before
    assert not [sql for sql in sent if "DELETE" in sql]
