"""Workflows over REST: their life, their counters, their lists."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg2
import pytest

TERMINAL = {"complete": "completed", "fail": "failed", "cancel": "cancelled"}
BODIES = {"complete": {}, "fail": {"error_message": "no places found"}, "cancel": {}}


def test_a_workflow_starts_as_running(client, make):
    body = {
        "session_id": "s-1",
        "input_type": "region",
        "time_settings": {"enabled": True, "start_time": "14:00", "duration_hours": 6},
        "user_intent": {"location": "홍대", "keywords": ["문화", None, 1.5]},
        "tags": ["date", "데이트"],
        "metadata": {"a": {"b": []}},
    }
    made = make.workflow(**body)
    assert client.get(f"/v1/workflows/{made['id']}").json == made
    assert {name: made[name] for name in body} == body
    assert made["status"] == "running"
    assert made["completed_at"] is None
    assert made["started_at"] == made["created_at"]
    assert made["search_radius_m"] == 2000
    assert made["total_cost"] is None
    counters = ("node_count", "failed_node_count", "generation_count", "input_tokens")
    assert [made[name] for name in counters] == [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("values", "pointer"),
    [
        ({"user_input": ""}, "/user_input"),
        ({"user_input": "x" * 8001}, "/user_input"),
        ({"user_id": str(uuid4())}, "/user_id"),
        ({"parent_workflow_id": str(uuid4())}, "/parent_workflow_id"),
        ({"input_type": "country"}, "/input_type"),
        ({"search_radius_m": 99}, "/search_radius_m"),
        ({"search_radius_m": "2000"}, "/search_radius_m"),
        ({"search_radius_m": True}, "/search_radius_m"),
        ({"time_settings": {"start_time": "24:00"}}, "/time_settings/start_time"),
        ({"time_settings": {"duration_hours": 13}}, "/time_settings/duration_hours"),
        ({"time_settings": {"ends": 1}}, "/time_settings/ends"),
        ({"tags": ["a", ""]}, "/tags/1"),
        ({"tags": ["t"] * 21}, "/tags"),
        ({"tags": None}, "/tags"),
        ({"user_intent": []}, "/user_intent"),
        ({"user_intent": {"a": ["x", {"b": "\x00"}]}}, "/user_intent/a/1/b"),
        ({"metadata": {"a/b~": "\ud800"}}, "/metadata/a~1b~0"),
        ({"started_at": "2026-01-01T00:00:00"}, "/started_at"),
        ({"started_at": "0001-01-01T00:00:00Z"}, "/started_at"),
        ({"status": "completed"}, "/status"),
    ],
)
def test_a_workflow_that_can_not_be_is_refused_with_a_pointer(
    client, make, pointers, values, pointer
):
    body = {"user_id": make.user()["id"], "user_input": "홍대", **values}
    assert pointers(client.post("/v1/workflows", json=body)) == [pointer]
    assert client.get("/v1/workflows").json["items"] == []


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_numbers_that_json_does_not_know_are_refused(client, make, pointers, number):
    body = (
        f'{{"user_id": "{make.user()["id"]}", "user_input": "x", "user_intent": {{"n": {number}}}}}'
    )
    response = client.post("/v1/workflows", data=body, content_type="application/json")
    assert pointers(response) == ["/user_intent/n"]


def test_a_workflow_that_tries_another_again_outlives_it(client, make):
    first = make.workflow()
    second = make.workflow(user_id=first["user_id"], parent_workflow_id=first["id"])
    assert client.delete(f"/v1/workflows/{first['id']}").status_code == 204
    assert client.get(f"/v1/workflows/{second['id']}").json["parent_workflow_id"] is None


@pytest.mark.parametrize("end", TERMINAL)
def test_closing_sets_the_end_and_adds_up_the_times(client, make, end):
    started = datetime.fromisoformat("2026-01-11T04:22:27.521293+00:00")
    workflow = make.workflow(started_at=started.isoformat())
    completed = started + timedelta(seconds=90, microseconds=1999)
    closed = client.post(
        f"/v1/workflows/{workflow['id']}/{end}",
        json={**BODIES[end], "completed_at": completed.isoformat()},
    ).json
    assert closed["status"] == TERMINAL[end]
    assert datetime.fromisoformat(closed["completed_at"]) == completed
    assert (closed["active_ms"], closed["waiting_ms"]) == (90_001, 0)
    assert closed["version"] == workflow["version"] + 1


def test_completing_keeps_the_itinerary(client, make):
    workflow = make.workflow()
    plan = [{"order": 1, "location": {"name": "홍대 미술관", "x": 126.9222, "y": 37.5511}}]
    closed = client.post(f"/v1/workflows/{workflow['id']}/complete", json={"final_itinerary": plan})
    assert "final_itinerary" not in closed.json
    assert client.get(f"/v1/workflows/{workflow['id']}").json["final_itinerary"] == plan


@pytest.mark.parametrize("first", TERMINAL)
@pytest.mark.parametrize("second", TERMINAL)
def test_a_closed_workflow_stays_as_it_is(client, make, problem, first, second):
    path = f"/v1/workflows/{make.workflow()['id']}"
    closed = client.post(f"{path}/{first}", json=BODIES[first]).json
    before = client.get(path).json
    assert before.items() >= closed.items()
    again = client.post(f"{path}/{second}", json=BODIES[second])
    if first == second:
        assert (again.status_code, again.json) == (200, closed)
    else:
        told = problem(again, 409)
        assert (told["current"], told["allowed"]) == (TERMINAL[first], [])
    assert client.get(path).json == before


def test_a_workflow_that_waits_for_a_person_can_not_complete(client, make, problem, database):
    workflow = make.workflow()
    path = f"/v1/workflows/{workflow['id']}"
    with database.transaction() as connection:
        connection.exec_driver_sql(
            "UPDATE workflows SET status = 'awaiting_input', waiting_since = now(), "
            "started_at = now() - interval '10 s'"
        )
    told = problem(client.post(f"{path}/complete"), 409)
    assert (told["current"], told["allowed"]) == (
        "awaiting_input",
        ["cancelled", "failed", "running"],
    )
    failed = client.post(f"{path}/fail", json=BODIES["fail"]).json
    assert failed["waiting_since"] is None
    assert failed["active_ms"] >= 10_000
    length = datetime.fromisoformat(failed["completed_at"]) - datetime.fromisoformat(
        failed["started_at"]
    )
    assert failed["active_ms"] + failed["waiting_ms"] == length // timedelta(milliseconds=1)


def test_a_workflow_can_not_end_before_it_began(client, make, problem):
    workflow = make.workflow()
    end = {"completed_at": "2020-01-01T00:00:00Z"}
    problem(client.post(f"/v1/workflows/{workflow['id']}/complete", json=end), 422)
    assert client.get(f"/v1/workflows/{workflow['id']}").json["status"] == "running"


def test_a_workflow_that_begins_in_the_future_ends_when_it_begins(client, make):
    workflow = make.workflow(started_at="2900-01-01T00:00:00Z")
    closed = client.post(f"/v1/workflows/{workflow['id']}/cancel").json
    assert closed["completed_at"] == closed["started_at"]
    assert closed["active_ms"] == 0


def test_closing_cancels_the_open_nodes(client, make):
    workflow = make.workflow()
    running = make.node(workflow["id"])
    pending = make.node(workflow["id"], status="pending")
    done = make.node(workflow["id"])
    client.post(f"/v1/nodes/{done['id']}/complete")
    closed = client.post(f"/v1/workflows/{workflow['id']}/complete").json
    items = client.get(f"/v1/workflows/{workflow['id']}/nodes").json["items"]
    assert {item["id"]: item["status"] for item in items} == {
        running["id"]: "cancelled",
        pending["id"]: "cancelled",
        done["id"]: "completed",
    }
    ends = {item["completed_at"] for item in items if item["status"] == "cancelled"}
    assert ends == {closed["completed_at"]}


def test_an_unknown_workflow_is_a_404(client, problem, nowhere):
    path = f"/v1/workflows/{nowhere}"
    problem(client.get(path), 404)
    problem(client.patch(path, json={"name": "x"}), 404)
    problem(client.delete(path), 404)
    for end in TERMINAL:
        problem(client.post(f"{path}/{end}", json=BODIES[end]), 404)
    problem(client.post(f"{path}/heartbeat"), 404)
    problem(client.get(f"{path}/nodes"), 404)
    problem(client.post(f"{path}/nodes", json={"node_name": "x"}), 404)
    problem(client.get(f"{path}/generations"), 404)
    problem(client.post(f"{path}/generations", json={"model_name": "x"}), 404)
    problem(client.get(f"{path}/timeline"), 404)


def test_of_concurrent_ends_one_wins(app, client, make):
    for _ in range(5):
        workflow = make.workflow()
        nodes = [make.node(workflow["id"]) for _ in range(4)]
        path = f"/v1/workflows/{workflow['id']}"

        def end(name: str, path: str = path) -> tuple[str, int]:
            answer = app.test_client().post(f"{path}/{name}", json=BODIES[name])
            return name, answer.status_code

        with ThreadPoolExecutor(9) as pool:
            answers = list(pool.map(end, list(TERMINAL) * 3))
        closed = client.get(path).json
        winner = next(name for name, status in TERMINAL.items() if status == closed["status"])
        assert Counter(answers) == {(name, 200 if name == winner else 409): 3 for name in TERMINAL}
        states = {client.get(f"/v1/nodes/{node['id']}").json["status"] for node in nodes}
        assert states == {"cancelled"}


def test_no_node_stays_open_in_a_workflow_that_is_closed_meanwhile(app, client, make):
    for _ in range(5):
        workflow = make.workflow()
        path = f"/v1/workflows/{workflow['id']}"

        def act(number: int, path: str = path) -> int:
            client = app.test_client()
            if number == 6:
                return client.post(f"{path}/complete").status_code
            return client.post(f"{path}/nodes", json={"node_name": str(number)}).status_code

        with ThreadPoolExecutor(12) as pool:
            answers = Counter(pool.map(act, range(12)))
        items = client.get(f"{path}/nodes").json["items"]
        assert {item["status"] for item in items} <= {"cancelled"}
        assert client.get(path).json["node_count"] == len(items) == answers[201]
        assert answers[201] + answers[409] == 11


def test_a_heartbeat_tells_that_the_agent_lives(client, make, problem):
    workflow = make.workflow()
    path = f"/v1/workflows/{workflow['id']}"
    beat = client.post(f"{path}/heartbeat")
    assert beat.status_code == 200
    assert beat.json["heartbeat_at"] > workflow["started_at"]
    client.post(f"{path}/cancel")
    problem(client.post(f"{path}/heartbeat"), 409)


def test_some_of_a_workflow_can_be_changed_at_any_time(client, make, problem, pointers):
    workflow = make.workflow(tags=["a"], metadata={"a": 1})
    path = f"/v1/workflows/{workflow['id']}"
    client.post(f"{path}/cancel")
    chosen = f"{path}?fields=tags,metadata,name"
    changed = client.patch(chosen, json={"tags": ["b", "c"], "metadata": None, "name": "이름"})
    assert (changed.json["tags"], changed.json["metadata"], changed.json["name"]) == (
        ["b", "c"],
        None,
        "이름",
    )
    assert pointers(client.patch(path, json={"status": "running"})) == ["/status"]
    problem(client.patch(path, json={"name": "x"}, headers={"If-Match": '"1"'}), 412)


def test_deleting_takes_everything_along(client, make, problem):
    workflow = make.workflow()
    node = make.node(workflow["id"])
    generation = make.generation(workflow["id"])
    assert client.delete(f"/v1/workflows/{workflow['id']}").status_code == 204
    for path in ("workflows/" + workflow["id"], "nodes/" + node["id"]):
        problem(client.get(f"/v1/{path}"), 404)
    problem(client.get(f"/v1/generations/{generation['id']}"), 404)


def test_workflows_can_be_filtered(client, make):
    user = make.user()
    one = make.workflow(
        user_id=user["id"],
        session_id="s1",
        tags=["a", "b"],
        started_at="2026-01-01T00:00:00Z",
        user_input="홍대에서 보드게임",
    )
    make.node(one["id"], node_name="discover")
    make.generation(one["id"], model_name="gpt-5")
    end = {"error_message": "x", "completed_at": "2026-01-01T00:00:05Z"}
    client.post(f"/v1/workflows/{one['id']}/fail", json=end)
    two = make.workflow(tags=["a"], started_at="2026-02-01T00:00:00Z", parent_workflow_id=one["id"])
    both = sorted([one["id"], two["id"]])

    def found(query: str) -> list[str]:
        return sorted(item["id"] for item in client.get(f"/v1/workflows?{query}").json["items"])

    assert found("") == both
    assert found("status=failed") == [one["id"]]
    assert found("status=failed&status=running") == both
    assert found("status=completed") == []
    assert found(f"user_id={user['id']}") == [one["id"]]
    assert found("session_id=s1") == [one["id"]]
    assert found(f"parent_workflow_id={one['id']}") == [two["id"]]
    assert found("node_name=discover") == [one["id"]]
    assert found("model=gpt-5") == [one["id"]]
    assert found("has_error=true") == [one["id"]]
    assert found("has_error=false") == [two["id"]]
    assert found("min_duration_ms=5000") == [one["id"]]
    assert found("min_duration_ms=5001") == []
    assert found("max_duration_ms=5000") == [one["id"]]
    assert found("started_after=2026-02-01T00:00:00Z") == [two["id"]]
    assert found("started_before=2026-02-01T00:00:00Z") == [one["id"]]
    assert found("started_after=2026-02-01T09:00:00%2B09:00") == [two["id"]]
    assert found("tag=a") == both
    assert found("tag=a&tag=b") == [one["id"]]
    assert found("q=보드게임") == [one["id"]]
    assert found("q=보드게임&status=running") == []


def test_lists_leave_out_what_is_heavy_unless_asked(client, make):
    make.workflow(user_intent={"a": 1}, metadata={"b": 2})
    light = client.get("/v1/workflows").json["items"][0]
    assert not {"user_intent", "metadata", "final_itinerary"} & set(light)
    more = client.get("/v1/workflows?include=user_intent,metadata").json["items"][0]
    assert more == light | {"user_intent": {"a": 1}, "metadata": {"b": 2}}
    few = client.get("/v1/workflows?fields=metadata,status").json["items"][0]
    assert few == {"id": light["id"], "status": "running", "metadata": {"b": 2}}


def test_the_timeline_has_nodes_and_generations_in_order(client, make):
    workflow = make.workflow()
    late = make.node(workflow["id"], started_at="2026-01-01T00:00:03Z", node_name="late")
    early = make.node(workflow["id"], started_at="2026-01-01T00:00:01Z", node_name="early")
    generation = make.generation(workflow["id"], created_at="2026-01-01T00:00:02Z", output="…")
    make.node(make.workflow()["id"])

    path = f"/v1/workflows/{workflow['id']}/timeline"
    entries = client.get(path).json["items"]
    assert [(entry["kind"], entry["id"]) for entry in entries] == [
        ("node", early["id"]),
        ("generation", generation["id"]),
        ("node", late["id"]),
    ]
    assert entries[0]["generation"] is None
    assert entries[0]["node"]["node_name"] == "early"
    assert "output" not in entries[1]["generation"]
    first = client.get(f"{path}?limit=2").json
    second = client.get(f"{path}?limit=2&cursor={first['next_cursor']}").json
    assert first["items"] + second["items"] == entries


def test_a_page_of_the_timeline_writes_no_json_of_other_entries(client, make, database, worker_url):
    workflow = make.workflow()["id"]
    for number in range(20):
        make.generation(workflow, error_message="e" * 1000 * number)
    asked: list[Any] = []
    database.listeners.append(asked.append)
    assert len(client.get(f"/v1/workflows/{workflow}/timeline?limit=2").json["items"]) == 2
    database.listeners.remove(asked.append)
    before, query = asked[-1].sql.split(";\n")
    url = worker_url.set(drivername="postgresql").render_as_string(hide_password=False)
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(f"{before}; EXPLAIN (ANALYZE, FORMAT JSON) {query}", asked[-1].parameters)
        plans = [cursor.fetchall()[0][0][0]["Plan"]]
    written = []
    while plans:
        plan = plans.pop()
        plans += plan.get("Plans", [])
        if plan.get("Parent Relationship") == "SubPlan":
            written.append(plan["Actual Loops"])
    # Two that are asked for, and one to tell that they are not the last.
    assert written
    assert max(written) == 3


@pytest.mark.parametrize("offset", ["+16:00", "-16:00", "+23:59"])
def test_an_offset_that_postgres_does_not_know_is_pointed_to(client, make, pointers, offset):
    body = {
        "user_id": make.user()["id"],
        "user_input": "x",
        "started_at": f"2026-01-11T14:00:00{offset}",
    }
    assert pointers(client.post("/v1/workflows", json=body)) == ["/started_at"]
    body["started_at"] = "2026-01-11T14:00:00-15:59"
    assert client.post("/v1/workflows", json=body).status_code == 201
