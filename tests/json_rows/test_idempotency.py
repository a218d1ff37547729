"""Idempotency-Key: what is sent again is answered again, and done once."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from typing import Any

import pytest

from serverless_postgres.database import Database, Sent
from service.app import create_app
from service.settings import Settings

KEY = "Idempotency-Key"


def test_a_repeated_request_gets_the_first_answer_byte_for_byte(client):
    headers = {KEY: "첫 번째".encode().hex()}
    first = client.post("/v1/users", json={"username": "지민"}, headers=headers)
    again = client.post("/v1/users", json={"username": "지민"}, headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.data == first.data
    assert (again.headers["Location"], again.headers["ETag"]) == (
        first.headers["Location"],
        first.headers["ETag"],
    )
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(client.get("/v1/users").json["items"]) == 1


def test_the_first_answer_is_replayed_even_when_the_row_has_changed(client):
    headers = {KEY: "k"}
    first = client.post("/v1/users", json={"username": "kim"}, headers=headers)
    path = first.headers["Location"]
    client.patch(path, json={"phone": "010"}, headers={"If-Match": "*"})
    assert client.post("/v1/users", json={"username": "kim"}, headers=headers).data == first.data


def test_another_body_under_the_same_key_is_refused(client, pointers):
    headers = {KEY: "k"}
    client.post("/v1/users", json={"username": "kim"}, headers=headers)
    other = client.post("/v1/users", json={"username": "lee"}, headers=headers)
    assert pointers(other) == [f"/{KEY}"]
    assert [item["username"] for item in client.get("/v1/users").json["items"]] == ["kim"]


def test_a_key_counts_for_the_query_as_well(client, make, pointers):
    """It says what the answer shows: the one that was kept shows something else."""
    path = f"/v1/workflows/{make.workflow()['id']}/heartbeat"
    first = client.post(f"{path}?fields=version", headers={KEY: "k"})
    assert client.post(f"{path}?fields=version", headers={KEY: "k"}).data == first.data
    for query in ("", "?fields=name"):
        assert pointers(client.post(path + query, headers={KEY: "k"})) == [f"/{KEY}"]


def test_a_key_counts_for_its_path_only(client, make):
    workflow = make.workflow()
    headers = {KEY: "k"}
    for path in (
        f"/v1/workflows/{workflow['id']}/heartbeat",
        f"/v1/workflows/{workflow['id']}/cancel",
    ):
        response = client.post(path, headers=headers)
        assert response.status_code == 200
        assert "Idempotency-Replayed" not in response.headers


def test_an_error_is_not_kept(client, make, pointers):
    user = make.user(username="kim")
    headers = {KEY: "k"}
    taken = client.post("/v1/users", json={"username": "kim"}, headers=headers)
    assert pointers(taken, 409) == ["/username"]
    client.delete(f"/v1/users/{user['id']}", headers={"If-Match": "*"})
    now = client.post("/v1/users", json={"username": "kim"}, headers=headers)
    assert now.status_code == 201


@pytest.mark.parametrize("key", ["", "k" * 256, "a\tb"])
def test_a_key_that_can_not_be_is_refused(client, pointers, key):
    response = client.post("/v1/users", json={"username": "kim"}, headers={KEY: key})
    assert pointers(response) == [f"/{KEY}"]


def test_concurrent_requests_with_one_key_do_the_work_once(app, client, make):
    workflow = make.workflow()
    path = f"/v1/workflows/{workflow['id']}/nodes"

    def send(_: int) -> tuple[int, bytes]:
        # Too many at a time are told to try again.
        while True:
            response = app.test_client().post(path, json={"node_name": "x"}, headers={KEY: "k"})
            if response.status_code != 409:
                return response.status_code, response.data

    with ThreadPoolExecutor(12) as pool:
        answers = set(pool.map(send, range(36)))
    assert len(answers) == 1
    assert next(iter(answers))[0] == 201
    assert client.get(f"/v1/workflows/{workflow['id']}").json["node_count"] == 1


def test_an_expired_answer_is_forgotten(client, database, problem):
    headers = {KEY: "k"}
    client.post("/v1/users", json={"username": "k"}, headers=headers)
    with database.transaction() as connection:
        connection.exec_driver_sql("UPDATE idempotency_keys SET expires_at = now() - interval '1s'")
    problem(client.post("/v1/users", json={"username": "k"}, headers=headers), 409)
    assert client.post("/v1/users", json={"username": "new"}, headers=headers).status_code == 201
    with database.transaction() as connection:
        keys = connection.exec_driver_sql("SELECT key FROM idempotency_keys").scalars().all()
    assert keys == ["k"]
    again = client.post("/v1/users", json={"username": "new"}, headers=headers)
    assert again.headers["Idempotency-Replayed"] == "true"


def test_a_request_that_is_made_again_by_id_is_fine_under_a_key_too(client):
    body = {"id": "01890000-0000-7000-8000-000000000009", "username": "kim"}
    first = client.post("/v1/users", json=body)
    keyed = client.post("/v1/users", json=body, headers={KEY: "k"})
    assert (first.status_code, keyed.status_code) == (201, 200)
    assert keyed.json == first.json


@contextmanager
def held(database: Database, workflow: dict[str, Any]) -> Iterator[None]:
    """Hold a workflow's lock, so that who would change it has to wait."""
    with database.transaction() as connection:
        connection.exec_driver_sql(
            f"SELECT 1 FROM workflows WHERE id = '{workflow['id']}' FOR UPDATE"
        )
        yield


def wait_for(database: Database, condition: str) -> None:
    """Wait until a query about what the server does is true."""
    for _ in range(500):
        with database.transaction() as connection:
            if connection.exec_driver_sql(f"SELECT {condition}").scalar():
                return
        time.sleep(0.02)
    pytest.fail(f"never came: {condition}")


WAITS_FOR_THE_WORKFLOW = """EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()
    AND wait_event_type = 'Lock' AND query LIKE '%%FROM workflows%%')"""


def test_while_the_first_request_is_in_progress_the_second_is_told_so(
    client, database, make, problem, monkeypatch
):
    app = client.application
    monkeypatch.setattr("json_rows.idempotency.LOCK_TIMEOUT", "50ms")
    workflow = make.workflow()
    path = f"/v1/workflows/{workflow['id']}/complete"
    with ThreadPoolExecutor(1) as pool:
        with held(database, workflow):
            first = pool.submit(app.test_client().post, path, headers={KEY: "k"})
            wait_for(database, WAITS_FOR_THE_WORKFLOW)
            second = client.post(path, headers={KEY: "k"})
            problem(second, 409)
            assert second.headers["Retry-After"] == "1"
        assert first.result().status_code == 200
    assert client.post(path, headers={KEY: "k"}).headers["Idempotency-Replayed"] == "true"


def test_few_wait_for_the_first_request_and_the_others_are_told_at_once(
    settings, database, client, make
):
    app = create_app(replace(settings, threads=8))
    workflow = make.workflow()
    path = f"/v1/workflows/{workflow['id']}/complete"
    with ThreadPoolExecutor(8) as pool:
        with held(database, workflow):
            sent = [pool.submit(app.test_client().post, path, headers={KEY: "k"}) for _ in range(8)]
            # Nobody lets the first one go on until those who may not wait have their answers.
            told = [future.result() for future in islice(as_completed(sent), 5)]
            assert {response.status_code for response in told} == {409}
            assert client.get(f"/v1/workflows/{workflow['id']}").status_code == 200
        codes = sorted(future.result().status_code for future in sent)
    assert codes == [200] * 3 + [409] * 5
    assert app.test_client().post(path, headers={KEY: "k"}).status_code == 200
    app.extensions["database"].dispose()


def test_the_release_before_may_have_answered_meanwhile(app, database, make):
    workflow = make.workflow()
    path = f"/v1/workflows/{workflow['id']}/nodes"
    body = b'{"node_name": "x"}'
    send = {"data": body, "content_type": "application/json", "headers": {KEY: "k"}}
    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as connection:
            connection.exec_driver_sql(
                "INSERT INTO idempotency_keys (principal, method, path, key, fingerprint, status, "
                "headers, body, expires_at) VALUES ('anonymous', 'POST', %(path)s, 'k', "
                "sha256(%(body)s), 201, '{}', '{\"by\": \"it\"}', now() + interval '1 h')",
                {"path": path, "body": body},
            )
            sent = pool.submit(app.test_client().post, path, **send)
            wait_for(
                database,
                "EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() "
                "AND wait_event_type = 'Lock' AND query LIKE '%%INTO idempotency_keys%%')",
            )
        assert (sent.result().status_code, sent.result().json) == (201, {"by": "it"})
    assert app.test_client().get(f"/v1/workflows/{workflow['id']}").json["node_count"] == 0


@pytest.mark.parametrize(
    ("path", "options", "status"),
    [
        ("/v1/users", {"data": "{", "content_type": "application/json"}, 400),
        ("/v1/users", {"data": "{}", "content_type": "text/plain"}, 415),
        ("/v1/users", {"json": {"username": "x", "x": "x" * 5_000_000}}, 413),
        ("/v1/users", {"json": {"username": ""}}, 422),
        ("/v1/workflows/none/complete", {}, 422),
        ("/v1/workflows/00000000-0000-7000-8000-000000000000/complete?x=1", {}, 422),
    ],
)
def test_what_validation_refuses_does_not_reach_the_database(app, client, path, options, status):
    listeners = app.extensions["database"].listeners
    sent: list[Sent] = []
    client.get("/v1/users")
    listeners.append(sent.append)
    response = client.post(path, headers={KEY: "k"}, **options)
    listeners.remove(sent.append)
    assert (response.status_code, sent) == (status, [])


def test_what_the_database_refuses_writes_nothing(make_database, nowhere):
    url = make_database().render_as_string(hide_password=False)
    app = create_app(Settings(database_url=url))
    client: Any = app.test_client()
    user = client.post("/v1/users", json={"username": "kim"}).json
    workflow = client.post("/v1/workflows", json={"user_id": user["id"], "user_input": "x"}).json
    client.post(f"/v1/workflows/{workflow['id']}/complete")
    for path, body, status in (
        (f"/v1/workflows/{nowhere}/complete", {}, 404),
        (f"/v1/workflows/{workflow['id']}/cancel", {}, 409),
        ("/v1/users", {"username": "Kim"}, 409),
        ("/v1/workflows", {"user_id": str(nowhere), "user_input": "x"}, 422),
    ):
        assert client.post(path, json=body, headers={KEY: "k"}).status_code == status
    with app.extensions["database"].transaction() as connection:
        size = connection.exec_driver_sql("SELECT pg_relation_size('idempotency_keys')").scalar()
    assert size == 0
    app.extensions["database"].dispose()


def test_a_request_with_a_client_s_id_keeps_its_key(client, pointers):
    body = {"id": "01890000-0000-7000-8000-000000000010", "username": "kim"}
    client.post("/v1/users", json=body)
    first = client.post("/v1/users", json=body, headers={KEY: "k"})
    again = client.post("/v1/users", json=body, headers={KEY: "k"})
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.data == first.data
    other = client.post("/v1/users", json={"username": "lee"}, headers={KEY: "k"})
    assert pointers(other) == [f"/{KEY}"]


def test_a_key_is_the_same_however_the_path_is_spelt(client, make):
    workflow_id = make.workflow()["id"]
    first, again = (
        client.post(f"/v1/workflows/{spelling}/nodes", json={"node_name": "x"}, headers={KEY: "k"})
        for spelling in (workflow_id, workflow_id.upper())
    )
    assert again.data == first.data


@pytest.mark.parametrize("order", [("workflow", "user"), ("user",)])
def test_answers_go_with_what_they_are_about(client, database, order):
    kept = client.post("/v1/users", json={"username": "kept"}, headers={KEY: "k"}).json
    user = client.post("/v1/users", json={"username": "gone"}, headers={KEY: "u"}).json
    wish = {"user_id": user["id"], "user_input": "비밀"}
    workflow = client.post("/v1/workflows", json=wish, headers={KEY: "w"}).json
    path = f"/v1/workflows/{workflow['id']}"
    secret = {"model_name": "m", "user_prompt": "비밀"}
    client.post(f"{path}/generations", json=secret, headers={KEY: "g"})
    new = {"node_name": "n", "input": "비밀"}
    node = client.post(f"{path}/nodes", json=new, headers={KEY: "n"}).json
    client.post(f"{path}/heartbeat", headers={KEY: "h"})
    # Such answers don't say whose they are.
    client.post(f"{path}/heartbeat?fields=user_input", headers={KEY: "f"})
    client.post(f"/v1/nodes/{node['id']}/complete?fields=input", headers={KEY: "f"})
    if "workflow" in order:
        client.delete(path)
    client.delete(f"/v1/users/{user['id']}", headers={"If-Match": "*"})
    with database.transaction() as connection:
        rows = connection.exec_driver_sql("SELECT user_id::text FROM idempotency_keys").all()
    assert rows == [(kept["id"],)]


def test_a_delete_that_is_refused_forgets_no_answer(client, make, problem):
    wish = {"user_id": make.user()["id"], "user_input": "x"}
    first = client.post("/v1/workflows", json=wish, headers={KEY: "k"})
    problem(client.delete(f"/v1/users/{wish['user_id']}", headers={"If-Match": '"99"'}), 412)
    assert client.post("/v1/workflows", json=wish, headers={KEY: "k"}).data == first.data
