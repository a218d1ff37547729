"""Whoever only records reads nothing, whatever the method."""

import pytest

from json_rows import UnitOfWork

SEEN = {"id", "status", "seq"}


@pytest.fixture
def agent(new_key):
    return new_key("ingest")


@pytest.fixture
def post(guarded, agent):
    """Send what an agent records, and check that the answer shows nothing else."""

    def send(path, body=None, method="POST", **headers):
        answer = guarded.open(
            f"/v1/{path}", method=method, json=body or {}, headers={**agent, **headers}
        )
        assert answer.status_code < 300, answer.text
        rows = answer.get_json()
        for row in rows if isinstance(rows, list) else [rows]:
            assert "id" in row or path.endswith("/state")
            assert row.keys() <= SEEN, answer.text
        return rows

    return send


def test_security_11_an_ingest_key_records_all_and_is_shown_ids_and_states(post):
    user = post("users/by-username/지민", {"phone": "010-1"}, method="PUT")
    # The profile of who is there already is none of its business.
    assert post("users/by-username/지민", method="PUT") == user
    workflow = post("workflows", {"user_id": user["id"], "user_input": "비밀"})
    path = f"workflows/{workflow['id']}"
    node = post(f"{path}/nodes", {"node_name": "x", "input": {"secret": 1}})
    assert node["seq"] == 1
    post(f"{path}/generations", {"model_name": "x", "user_prompt": "비밀"})
    post(f"{path}/heartbeat?fields=user_input,final_itinerary")
    answer = post(f"nodes/{node['id']}/state", {"state": {"secret": 1}}, method="PUT")
    assert answer.keys() <= SEEN
    post(f"nodes/{node['id']}/complete?fields=input", {"output": {"secret": 1}})
    ended = post(f"{path}/complete?fields=user_input,status", {"final_itinerary": [{"secret": 1}]})
    assert ended["status"] == "completed"
    # Neither is what is there already shown again.
    post(f"{path}/complete?fields=final_itinerary", {"final_itinerary": [{"secret": 1}]})


def test_security_11_a_row_of_an_earlier_request_is_not_shown(post, guarded, new_key, make):
    row = make.workflow()
    body = {"id": row["id"], "user_id": row["user_id"], "user_input": row["user_input"]}
    assert post("workflows", body) == {"id": row["id"], "status": "running"}
    answer = guarded.post("/v1/workflows", json=body, headers=new_key("ingest"))
    assert "ETag" not in answer.headers or '"4"' not in answer.headers["ETag"]


def test_security_11_and_16_no_answer_to_a_wider_key_is_replayed_to_an_ingest_key(
    guarded, new_key, make, database
):
    wide, narrow = new_key("write"), new_key("ingest")
    with UnitOfWork(database) as work:
        work.execute(
            "UPDATE api_keys SET client_id = (SELECT client_id FROM api_keys WHERE id = %(id)s)",
            {"id": wide.id},
        )
    row = make.workflow()
    body = {"id": row["id"], "user_id": row["user_id"], "user_input": row["user_input"]}
    first = guarded.post("/v1/workflows", json=body, headers={**wide, "Idempotency-Key": "1"})
    assert first.get_json()["user_input"]
    for _ in range(2):
        answer = guarded.post(
            "/v1/workflows", json=body, headers={**narrow, "Idempotency-Key": "1"}
        )
        assert answer.get_json() == {"id": row["id"], "status": "running"}
    assert answer.headers["Idempotency-Replayed"] == "true"


def test_security_11_large_answers_are_cut_in_a_replay_too(guarded, agent, make):
    body = {"user_id": make.user()["id"], "user_input": "비" * 3000}
    headers = {**agent, "Idempotency-Key": "large"}
    answers = [guarded.post("/v1/workflows", json=body, headers=headers) for _ in range(2)]
    assert answers[1].headers["Idempotency-Replayed"] == "true"
    for answer in answers:
        assert answer.get_json().keys() == {"id", "status"}


def test_security_16_answers_are_kept_for_a_client_whose_key_is_replaced(guarded, new_key, make):
    admin, old = new_key("admin"), new_key("write")
    body = {"user_id": make.user()["id"], "user_input": "x"}
    first = guarded.post("/v1/workflows", json=body, headers={**old, "Idempotency-Key": "1"})
    rotated = guarded.post(f"/v1/keys/{old.id}/rotate", json={}, headers=admin).get_json()
    headers = {"Authorization": f"Bearer {rotated['key']}", "Idempotency-Key": "1"}
    again = guarded.post("/v1/workflows", json=body, headers=headers)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.get_data() == first.get_data()
    other = {**new_key("write"), "Idempotency-Key": "1"}
    fresh = guarded.post("/v1/workflows", json=body, headers=other)
    assert "Idempotency-Replayed" not in fresh.headers
    assert fresh.get_json()["id"] != first.get_json()["id"]


def test_security_16_authority_is_checked_again_at_a_replay(guarded, new_key, make):
    admin, key = new_key("admin"), new_key("write")
    body = {"user_id": make.user()["id"], "user_input": "x"}
    headers = {**key, "Idempotency-Key": "1"}
    assert guarded.post("/v1/workflows", json=body, headers=headers).status_code == 201
    assert guarded.delete(f"/v1/keys/{key.id}", headers=admin).status_code == 204
    assert guarded.post("/v1/keys", json={}, headers=key).status_code == 401
    assert guarded.post("/v1/workflows", json=body, headers=headers).status_code == 401


@pytest.mark.parametrize("path", ["workflows", "users", "generations", "model-prices", "keys"])
def test_security_11_an_ingest_key_lists_nothing(guarded, agent, path, problem):
    assert "read" in problem(guarded.get(f"/v1/{path}", headers=agent), 403)["detail"] or path in {
        "users",
        "keys",
    }
    assert guarded.head(f"/v1/{path}", headers=agent).status_code == 403
