"""Nodes of workflows over REST, and the agent's state after each."""

from concurrent.futures import ThreadPoolExecutor

import pytest

BODIES = {"start": {}, "complete": {}, "fail": {"error_message": "boom"}, "skip": {}}
TARGETS = {"start": "running", "complete": "completed", "fail": "failed", "skip": "skipped"}
ALLOWED = {
    "pending": {"start", "skip"},
    "running": {"complete", "fail", "skip"},
    "completed": set(),
    "failed": set(),
    "skipped": set(),
    "cancelled": set(),
}


def shown(node):
    """Leave out what lists don't show of a node, and changes don't answer with."""
    heavy = {"input", "output", "error_traceback"}
    return {name: value for name, value in node.items() if name not in heavy}


def test_a_node_starts_as_running_and_gets_the_next_seq(client, make):
    workflow = make.workflow()
    first = make.node(workflow["id"], input={"q": "홍대"}, node_type="search", attempt=2)
    second = make.node(workflow["id"])
    assert (first["seq"], second["seq"]) == (1, 2)
    assert (first["status"], first["node_type"], first["attempt"]) == ("running", "search", 2)
    assert first["started_at"] == first["created_at"]
    assert first["completed_at"] is None
    assert client.get(f"/v1/nodes/{first['id']}").json == first
    assert client.get(f"/v1/workflows/{workflow['id']}").json["node_count"] == 2


def test_a_client_may_bring_the_seq(make, client, pointers):
    workflow = make.workflow()
    assert make.node(workflow["id"], seq=5)["seq"] == 5
    assert make.node(workflow["id"])["seq"] == 6
    assert make.node(workflow["id"], seq=2)["seq"] == 2
    assert make.node(workflow["id"])["seq"] == 7
    taken = client.post(f"/v1/workflows/{workflow['id']}/nodes", json={"node_name": "x", "seq": 5})
    assert pointers(taken, 409) == ["/seq"]
    assert client.get(f"/v1/workflows/{workflow['id']}").json["node_count"] == 4


def test_concurrent_nodes_get_distinct_seqs(app, make, client):
    workflow = make.workflow()
    path = f"/v1/workflows/{workflow['id']}/nodes"

    def add(number: int) -> int:
        return app.test_client().post(path, json={"node_name": f"n{number}"}).json["seq"]

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(add, range(40))) == list(range(1, 41))
    assert client.get(f"/v1/workflows/{workflow['id']}").json["node_count"] == 40


@pytest.mark.parametrize(
    ("values", "pointer"),
    [
        ({"node_name": ""}, "/node_name"),
        ({"node_type": "test"}, "/node_type"),
        ({"status": "completed"}, "/status"),
        ({"seq": 0}, "/seq"),
        ({"seq": 2**31}, "/seq"),
        ({"attempt": 0}, "/attempt"),
        ({"seq": 2_000_000_000}, "/seq"),
        ({"started_at": 1700000000}, "/started_at"),
        ({"started_at": "1700000000"}, "/started_at"),
        ({"parent_node_id": "00000000-0000-7000-8000-000000000000"}, "/parent_node_id"),
        ({"input": {"text": "\x00"}}, "/input/text"),
    ],
)
def test_a_node_that_can_not_be_is_refused_with_a_pointer(client, make, pointers, values, pointer):
    workflow = make.workflow()
    path = f"/v1/workflows/{workflow['id']}/nodes"
    assert pointers(client.post(path, json={"node_name": "x", **values})) == [pointer]
    assert client.get(path).json["items"] == []
    assert client.get(f"/v1/workflows/{workflow['id']}").json["node_count"] == 0


def test_a_parent_is_a_node_of_the_same_workflow(client, make, pointers):
    workflow, other = make.workflow(), make.workflow()
    parent = make.node(workflow["id"])
    assert make.node(workflow["id"], parent_node_id=parent["id"])["parent_node_id"] == parent["id"]
    foreign = {"node_name": "x", "parent_node_id": parent["id"]}
    path = f"/v1/workflows/{other['id']}/nodes"
    assert pointers(client.post(path, json=foreign)) == ["/parent_node_id"]


def test_a_skipped_node_is_over_at_once(make):
    workflow = make.workflow()
    skipped = make.node(workflow["id"], status="skipped", skip_reason="식사 불필요")
    assert skipped["completed_at"] is not None
    assert (skipped["started_at"], skipped["duration_ms"]) == (None, None)
    assert skipped["skip_reason"] == "식사 불필요"


def _in_state(client, make, workflow_id: str, state: str) -> str:
    first = "pending" if state == "pending" else "running"
    node_id: str = make.node(workflow_id, status=first)["id"]
    if state in TARGETS.values() and state != "running":
        action = next(name for name, target in TARGETS.items() if target == state)
        client.post(f"/v1/nodes/{node_id}/{action}", json=BODIES[action])
    if state == "cancelled":
        client.post(f"/v1/workflows/{workflow_id}/cancel")
    return node_id


@pytest.mark.parametrize("action", TARGETS)
@pytest.mark.parametrize("state", ALLOWED)
def test_a_node_goes_only_where_it_may(client, make, problem, state, action):
    workflow = make.workflow()
    node_id = _in_state(client, make, workflow["id"], state)
    before = client.get(f"/v1/nodes/{node_id}").json
    assert before["status"] == state
    response = client.post(f"/v1/nodes/{node_id}/{action}", json=BODIES[action])
    if action in ALLOWED[state]:
        assert (response.status_code, response.json["status"]) == (200, TARGETS[action])
    elif TARGETS[action] == state and state != "running":
        assert (response.status_code, response.json) == (200, shown(before))
    else:
        told = problem(response, 409)
        assert told["current"] == state
        assert set(told["allowed"]) == {TARGETS[name] for name in ALLOWED[state]} | (
            {"cancelled"} if ALLOWED[state] else set()
        )
        assert client.get(f"/v1/nodes/{node_id}").json == before


def test_the_end_of_a_node_has_its_duration(client, make):
    workflow = make.workflow()
    node = make.node(workflow["id"], started_at="2026-01-01T00:00:00.000500Z")
    end = {"completed_at": "2026-01-01T00:00:00.108700Z", "output": ["미술관", 1, None]}
    done = client.post(f"/v1/nodes/{node['id']}/complete?fields=duration_ms,output", json=end).json
    assert (done["duration_ms"], done["output"]) == (108, ["미술관", 1, None])


def test_failing_is_counted_once(client, make):
    workflow = make.workflow()
    node = make.node(workflow["id"])
    for _ in range(2):
        fail = {"error_message": "x", "error_traceback": "Traceback …", "output": {"partial": 1}}
        failed = client.post(f"/v1/nodes/{node['id']}/fail?fields=output", json=fail)
        assert failed.json["output"] == {"partial": 1}
    assert client.get(f"/v1/workflows/{workflow['id']}").json["failed_node_count"] == 1


def test_of_concurrent_ends_of_a_node_one_wins(app, client, make):
    workflow = make.workflow()
    node = make.node(workflow["id"])

    def act(action: str) -> int:
        path = f"/v1/nodes/{node['id']}/{action}"
        return app.test_client().post(path, json=BODIES[action]).status_code

    with ThreadPoolExecutor(9) as pool:
        answers = list(pool.map(act, ["complete", "fail", "skip"] * 3))
    assert sorted(answers) == [200] * 3 + [409] * 6
    status = client.get(f"/v1/nodes/{node['id']}").json["status"]
    counted = client.get(f"/v1/workflows/{workflow['id']}").json["failed_node_count"]
    assert counted == (1 if status == "failed" else 0)


def test_a_closed_workflow_takes_no_more_nodes(client, make, problem):
    workflow = make.workflow()
    client.post(f"/v1/workflows/{workflow['id']}/cancel")
    path = f"/v1/workflows/{workflow['id']}/nodes"
    told = problem(client.post(path, json={"node_name": "late"}), 409)
    assert told["current"] == "cancelled"


def test_the_same_request_with_an_id_finds_the_node_it_made(client, make, pointers):
    workflow, other = make.workflow(), make.workflow()
    body = {"id": "01890000-0000-7000-8000-000000000001", "node_name": "x", "input": {"a": 1}}
    path = f"/v1/workflows/{workflow['id']}/nodes"
    first = client.post(path, json=body)
    done = client.post(f"/v1/nodes/{body['id']}/complete").json
    again = client.post(path, json=body)
    assert (first.status_code, again.status_code) == (201, 200)
    assert shown(again.json) == done
    assert pointers(client.post(path, json={**body, "node_name": "y"}), 409) == ["/id"]
    elsewhere = client.post(f"/v1/workflows/{other['id']}/nodes", json=body)
    assert pointers(elsewhere, 409) == ["/id"]
    assert client.get(f"/v1/workflows/{workflow['id']}").json["node_count"] == 1


def test_the_state_after_a_node_is_kept_and_replaced(client, make, problem, pointers, nowhere):
    node = make.node(make.workflow()["id"])
    path = f"/v1/nodes/{node['id']}/state"
    problem(client.get(path), 404)
    big = {"places": [{"name": f"장소 {number}", "x": 126.9} for number in range(2000)]}
    kept = client.put(path, json={"state": big})
    assert kept.status_code == 200
    assert client.get(path).json == {**kept.json, "state": big}
    assert client.put(f"{path}?fields=state", json={"state": [1]}).json == {
        "node_id": node["id"],
        "state": [1],
    }
    assert client.get(path).json["created_at"] == kept.json["created_at"]
    assert pointers(client.put(path, json={})) == ["/state"]
    assert set(pointers(client.put(path, json={"state": None}))) == {"/state"}
    problem(client.put(f"/v1/nodes/{nowhere}/state", json={"state": {}}), 404)


def test_nodes_are_listed_in_their_order_and_filtered(client, make):
    workflow = make.workflow()
    make.node(make.workflow()["id"])
    search = make.node(workflow["id"], node_type="search", node_name="discover", seq=2)
    analysis = make.node(workflow["id"], seq=1, started_at="2026-01-01T00:00:00Z")
    client.post(
        f"/v1/nodes/{analysis['id']}/fail",
        json={"error_message": "x", "completed_at": "2026-01-01T00:00:01Z"},
    )
    path = f"/v1/workflows/{workflow['id']}/nodes"

    def found(query: str) -> list[int]:
        return [item["seq"] for item in client.get(f"{path}?{query}").json["items"]]

    assert found("") == [1, 2]
    assert found("sort=-seq") == [2, 1]
    assert found("status=running&status=pending") == [2]
    assert found("node_name=discover") == [2]
    assert found("node_type=search&node_type=analysis") == [1, 2]
    assert found("has_error=true") == [1]
    assert found("min_duration_ms=1000") == [1]
    assert found("max_duration_ms=999") == []
    assert found("started_after=2026-01-02T00:00:00Z") == [2]
    assert found("started_before=2026-01-02T00:00:00Z") == [1]
    client.put(f"/v1/nodes/{search['id']}/state", json={"state": {"a": 1}})
    items = client.get(f"{path}?include=state,input").json["items"]
    assert [item["state"] for item in items] == [None, {"a": 1}]
    assert "output" not in items[0]


def test_a_node_that_was_recorded_is_found_again_in_a_closed_workflow(client, make):
    workflow = make.workflow()
    body = {"id": "01890000-0000-7000-8000-000000000003", "node_name": "x"}
    path = f"/v1/workflows/{workflow['id']}/nodes"
    assert client.post(path, json=body).status_code == 201
    client.post(f"/v1/workflows/{workflow['id']}/complete")
    again = client.post(path, json=body)
    assert (again.status_code, again.json["status"]) == (200, "cancelled")


def test_a_pending_node_has_not_started_and_none_is_its_own_parent(client, make, problem):
    workflow = make.workflow()
    path = f"/v1/workflows/{workflow['id']}/nodes"
    early = {"node_name": "x", "status": "pending", "started_at": "2026-01-01T00:00:00Z"}
    assert "pending not started" in problem(client.post(path, json=early), 422)["detail"]
    own = "01890000-0000-7000-8000-000000000004"
    problem(client.post(path, json={"id": own, "node_name": "x", "parent_node_id": own}), 422)


def test_a_node_can_not_end_before_it_began(client, make, problem):
    node = make.node(make.workflow()["id"])
    end = {"completed_at": "2020-01-01T00:00:00Z"}
    told = problem(client.post(f"/v1/nodes/{node['id']}/complete", json=end), 422)
    assert "completed after start" in told["detail"]
    assert "/completed_at" in [error["pointer"] for error in told["errors"]]


def test_skipping_without_a_reason_keeps_the_one_before(client, make):
    node = make.node(make.workflow()["id"], status="pending", skip_reason="닫힘")
    skipped = client.post(f"/v1/nodes/{node['id']}/skip")
    assert skipped.json["skip_reason"] == "닫힘"


def test_whatever_a_node_does_is_a_sign_of_life(client, make):
    workflow = make.workflow()
    node = make.node(workflow["id"], status="pending")
    before = client.get(f"/v1/workflows/{workflow['id']}").json["heartbeat_at"]
    client.post(f"/v1/nodes/{node['id']}/start")
    assert client.get(f"/v1/workflows/{workflow['id']}").json["heartbeat_at"] > before
