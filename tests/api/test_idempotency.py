"""Idempotency-Key: what is sent again is answered again, and done once."""

from concurrent.futures import ThreadPoolExecutor

import pytest

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
    run = make.workflow()
    headers = {KEY: "k"}
    for path in (f"/v1/workflows/{run['id']}/heartbeat", f"/v1/workflows/{run['id']}/cancel"):
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
    run = make.workflow()
    path = f"/v1/workflows/{run['id']}/nodes"

    def send(_: int) -> tuple[int, bytes]:
        response = app.test_client().post(path, json={"node_name": "x"}, headers={KEY: "k"})
        return response.status_code, response.data

    with ThreadPoolExecutor(12) as pool:
        answers = set(pool.map(send, range(36)))
    assert len(answers) == 1
    assert next(iter(answers))[0] == 201
    assert client.get(f"/v1/workflows/{run['id']}").json["node_count"] == 1


def test_an_expired_answer_is_forgotten(client, database, problem):
    headers = {KEY: "k"}
    for key in ("k", "other"):
        client.post("/v1/users", json={"username": key}, headers={KEY: key})
    with database.transaction() as connection:
        connection.exec_driver_sql("UPDATE idempotency_keys SET expires_at = now() - interval '1s'")
    problem(client.post("/v1/users", json={"username": "k"}, headers=headers), 409)
    assert client.post("/v1/users", json={"username": "new"}, headers=headers).status_code == 201
    with database.transaction() as connection:
        keys = connection.exec_driver_sql("SELECT key FROM idempotency_keys").scalars().all()
    assert keys == ["k"]


def test_a_request_that_is_made_again_by_id_is_fine_under_a_key_too(client):
    body = {"id": "01890000-0000-7000-8000-000000000009", "username": "kim"}
    first = client.post("/v1/users", json=body)
    keyed = client.post("/v1/users", json=body, headers={KEY: "k"})
    assert (first.status_code, keyed.status_code) == (201, 200)
    assert keyed.json == first.json


def test_while_the_first_request_is_in_progress_the_second_is_told_so(
    app, client, database, problem, monkeypatch
):
    monkeypatch.setattr("service.api.idempotency.LOCK_TIMEOUT", "50ms")
    with database.transaction() as connection:
        connection.exec_driver_sql(
            "INSERT INTO idempotency_keys (principal, method, path, key, fingerprint, expires_at) "
            "VALUES ('anonymous', 'POST', '/v1/users', 'k', '', now() + interval '1 h')"
        )
        response = client.post("/v1/users", json={"username": "kim"}, headers={KEY: "k"})
        problem(response, 409)
        assert response.headers["Retry-After"] == "1"
    assert client.get("/v1/users").json["items"] == []
    assert app.test_client().get("/healthz").status_code == 200


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
    path = f"/v1/workflows/{make.workflow()['id']}/nodes"
    first = client.post(path, json={"node_name": "x"}, headers={KEY: "k"})
    for spelling in (f"{path}/", path.replace("nodes", "nodes/")):
        again = client.post(spelling, json={"node_name": "x"}, headers={KEY: "k"})
        assert again.data == first.data


@pytest.mark.parametrize("order", [("workflow", "user"), ("user",)])
def test_answers_go_with_what_they_are_about(client, database, order):
    kept = client.post("/v1/users", json={"username": "kept"}, headers={KEY: "k"}).json
    user = client.post("/v1/users", json={"username": "gone"}, headers={KEY: "u"}).json
    wish = {"user_id": user["id"], "user_input": "비밀"}
    run = client.post("/v1/workflows", json=wish, headers={KEY: "w"}).json
    path = f"/v1/workflows/{run['id']}"
    secret = {"model_name": "m", "user_prompt": "비밀"}
    client.post(f"{path}/generations", json=secret, headers={KEY: "g"})
    step = {"node_name": "n", "input": "비밀"}
    node = client.post(f"{path}/nodes", json=step, headers={KEY: "n"}).json
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
