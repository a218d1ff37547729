"""Ends that come again: with the same values nothing happens, with others it is a conflict."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

PLAN = [{"order": 1, "start_time": "14:00", "location": {"name": "홍대 미술관", "x": 126.9}}]
LATER, EARLIER = "2999-01-01T00:00:00Z", "2998-01-01T00:00:00Z"
FAILED = {"error_message": "no places", "error_type": "TimeoutError"}

WORKFLOW_ENDS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "complete": ({"final_itinerary": PLAN, "completed_at": LATER}, {}),
    "fail": (
        {**FAILED, "final_itinerary": PLAN, "completed_at": LATER},
        {"error_message": "no places"},
    ),
    "cancel": ({"completed_at": LATER}, {}),
}
"""What each end is given in full, and as little as it may be given."""

NODE_ENDS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "complete": ({"output": {"a": 1}, "completed_at": LATER}, {}),
    "fail": ({"error_message": "x", "error_traceback": "y"}, {"error_message": "x"}),
    "skip": ({"skip_reason": "x"}, {}),
}

OTHERS = [
    ("complete", {"final_itinerary": [*PLAN, *PLAN]}, ["/final_itinerary"]),
    ("complete", {"final_itinerary": {}}, ["/final_itinerary"]),
    ("complete", {"completed_at": EARLIER}, ["/completed_at"]),
    (
        "complete",
        {"final_itinerary": [], "completed_at": EARLIER},
        ["/final_itinerary", "/completed_at"],
    ),
    ("fail", {"error_message": "x"}, ["/error_message"]),
    (
        "fail",
        {"error_message": "no places", "error_type": "KeyError", "final_itinerary": [1]},
        ["/final_itinerary", "/error_type"],
    ),
    ("cancel", {"completed_at": EARLIER}, ["/completed_at"]),
]


@pytest.mark.parametrize("verb", WORKFLOW_ENDS)
def test_an_end_of_a_workflow_that_comes_again_changes_nothing(client, make, verb):
    path = f"/v1/workflows/{make.workflow()['id']}"
    whole, least = WORKFLOW_ENDS[verb]
    first = client.post(f"{path}/{verb}", json=whole)
    assert first.status_code == 200, first.text
    # What is left out may have any value.
    for body in (whole, least):
        again = client.post(f"{path}/{verb}", json=body)
        assert (again.status_code, again.data) == (200, first.data)


@pytest.mark.parametrize("verb", NODE_ENDS)
def test_an_end_of_a_node_that_comes_again_changes_nothing(client, make, pointers, verb):
    path = f"/v1/nodes/{make.node(make.workflow()['id'])['id']}"
    whole, least = NODE_ENDS[verb]
    first = client.post(f"{path}/{verb}", json=whole)
    for body in (whole, least):
        again = client.post(f"{path}/{verb}", json=body)
        assert (again.status_code, again.data) == (200, first.data)
    name, *_ = whole
    other = client.post(f"{path}/{verb}", json={**whole, name: "something else"})
    assert pointers(other, 409) == [f"/{name}"]
    assert client.get(path).json[name] == whole[name]


@pytest.mark.parametrize(("verb", "body", "expected"), OTHERS)
def test_an_end_with_other_values_is_a_conflict_that_points_to_them(
    talk, problem, verb, body, expected
):
    talk.end(verb, **WORKFLOW_ENDS[verb][0])
    before = talk.now()
    told = problem(talk.end(verb, **body), 409)
    assert [error["pointer"] for error in told["errors"]] == expected
    assert (told["current"], told["allowed"]) == (before["status"], [])
    assert talk.now() == before


def test_a_plan_is_the_same_however_it_is_written(client, make):
    path = f"/v1/workflows/{make.workflow()['id']}"
    client.post(f"{path}/complete", json={"final_itinerary": {"a": 1, "b": [2.50]}})
    again = client.post(
        f"{path}/complete",
        data='{"final_itinerary": {"b": [2.5], "a": 1.0}}',
        content_type="application/json",
    )
    assert again.status_code == 200


def test_a_plan_that_comes_after_an_end_without_one_is_not_lost_in_silence(client, make, pointers):
    path = f"/v1/workflows/{make.workflow()['id']}"
    client.post(f"{path}/complete")
    late = client.post(f"{path}/complete", json={"final_itinerary": PLAN})
    assert pointers(late, 409) == ["/final_itinerary"]


def test_of_concurrent_plans_one_is_kept_and_the_others_are_told(app, client, make):
    for _ in range(5):
        path = f"/v1/workflows/{make.workflow()['id']}"

        def end(number: int, path: str = path) -> int:
            body = {"final_itinerary": {"plan": number}}
            return app.test_client().post(f"{path}/complete", json=body).status_code

        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(end, range(8)))
        assert sorted(answers) == [200] + [409] * 7
        kept = client.get(path).json["final_itinerary"]["plan"]
        assert answers[kept] == 200


def test_a_failed_workflow_keeps_what_there_is_of_its_plan(client, make):
    path = f"/v1/workflows/{make.workflow()['id']}"
    failed = client.post(f"{path}/fail", json={**FAILED, "final_itinerary": PLAN})
    assert failed.json["status"] == "failed"
    found = client.get(path).json
    assert (found["final_itinerary"], found["error_type"]) == (PLAN, "TimeoutError")
