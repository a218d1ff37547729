"""What can't be an itinerary is refused, with a pointer to what is wrong, and loses nothing."""

from typing import Any
from uuid import uuid4

import pytest

from service.models.itinerary_edit import MOST_VERSIONS

from .conftest import stop

SAME = str(uuid4())


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ([stop(position=1), stop(position=3)], ["/items/1/position"]),
        ([stop(position=1), stop(position=1)], ["/items/1/position"]),
        ([stop(position=2), stop()], ["/items/1/position"]),
        ([stop(), stop(item_id=SAME), stop(item_id=SAME)], ["/items/2/item_id"]),
        ([stop(position=0)], ["/items/0/position"]),
        ([stop(-1)], ["/items/0/start_minute"]),
        ([stop(20_160)], ["/items/0/start_minute"]),
        ([stop(duration_minutes=0)], ["/items/0/duration_minutes"]),
        ([stop(place={})], ["/items/0/place/name"]),
        ([stop(place={"name": ""})], ["/items/0/place/name"]),
        ([stop(place={"name": "x", "latitude": 91})], ["/items/0/place/latitude"]),
        ([stop(place={"name": "x", "url": "javascript:alert(1)"})], ["/items/0/place/url"]),
        ([stop(leg={"method": "fly"})], ["/items/0/leg/method"]),
        ([stop(color="red")], ["/items/0/color"]),
    ],
)
def test_items_that_can_not_be(make, plan, pointers, items, expected):
    body = {"user_id": make.user()["id"], "title": "x", "items": items}
    it = plan("미술관")
    assert pointers(it.client.post("/v1/itineraries", json=body)) == expected
    assert pointers(it.send("PUT", "/items", {"items": items})) == expected
    assert it.client.get(it.path).json == it.now


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"timezone": "Mars/Olympus"}, ["/timezone"]),
        ({"timezone": None}, ["/timezone"]),
        ({"timezone": "CET"}, ["/timezone"]),
        ({"title": ""}, ["/title"]),
        ({"title": "x" * 201}, ["/title"]),
        ({"plan_date": "2026-02-30"}, ["/plan_date"]),
        ({"plan_date": "9999-12-31"}, ["/plan_date"]),
        ({"plan_date": 20_000}, ["/plan_date"]),
        ({"created_via": "import"}, ["/created_via"]),
        ({"current_version": 7}, ["/current_version"]),
    ],
)
def test_plans_that_can_not_be(client, make, pointers, values, expected):
    body = {"user_id": make.user()["id"], "title": "x", **values}
    assert pointers(client.post("/v1/itineraries", json=body)) == expected


def test_somebody_owns_it(client, pointers, nowhere):
    assert pointers(client.post("/v1/itineraries", json={"title": "x"})) == ["/user_id"]
    body = {"title": "x", "user_id": str(nowhere)}
    assert pointers(client.post("/v1/itineraries", json=body)) == ["/user_id"]


def test_the_most_items_are_named(client, make, problem):
    owner = make.user()["id"]
    full = make.itinerary(*[stop(minute) for minute in range(500)], user_id=owner)
    assert len(full["items"]) == 500
    path = f"/v1/itineraries/{full['id']}/items"
    more = client.post(path, json=stop(), headers={"If-Match": "*"})
    assert "500" in problem(more, 409)["detail"]
    body = {"user_id": owner, "title": "x", "items": [stop()] * 501}
    refused = problem(client.post("/v1/itineraries", json=body), 422)
    assert (refused["errors"][0]["pointer"], "500" in str(refused["errors"])) == ("/items", True)
    body["items"] = [stop()] * 100_000
    response = client.post("/v1/itineraries", json=body)
    assert response.status_code in {413, 422}
    assert "500" in response.text or response.status_code == 413


def test_positions_that_are_not_there(plan, problem, pointers):
    it = plan("미술관", "카페")
    for position in (0, 3, 10**30):
        problem(it.send("PATCH", f"/items/{position}", {"notes": "x"}), 404)
        problem(it.send("DELETE", f"/items/{position}"), 404)
    problem(it.send("DELETE", "/items/-1"), 404)
    assert pointers(it.send("POST", "/items", stop(position=4))) == ["/position"]
    taken = stop(item_id=it.now["items"][0]["item_id"])
    assert pointers(it.send("POST", "/items", taken), 409) == ["/item_id"]
    for number in (0, 2, 10**30):
        problem(it.client.get(f"{it.path}/versions/{number}"), 404)
        problem(it.send("POST", f"/versions/{number}/restore"), 404)
    assert it.client.get(it.path).json == it.now


@pytest.mark.parametrize(
    "body",
    [
        {"positions": [1]},
        {"positions": [1, 1]},
        {"positions": [1, 2, 2]},
        {"positions": [0, 1]},
        {"positions": []},
        {"item_ids": [SAME, SAME]},
    ],
)
def test_an_order_names_each_item_once(plan, pointers, body):
    it = plan("미술관", "카페")
    assert pointers(it.send("POST", "/reorder", body)) == [f"/{next(iter(body))}"]


def test_an_order_is_said_in_one_way(plan, problem):
    it = plan("미술관", "카페")
    problem(it.send("POST", "/reorder", {}), 422)
    ids = [item["item_id"] for item in it.now["items"]]
    problem(it.send("POST", "/reorder", {"positions": [2, 1], "item_ids": ids}), 422)
    assert it.send("POST", "/reorder", {"item_ids": ids[::-1]}).status_code == 200
    assert it.names() == ["카페", "미술관"]


def test_the_most_versions_are_named(plan, problem, execute, worker_url):
    it = plan("미술관", "카페")
    execute(
        worker_url,
        f"UPDATE itineraries SET current_version = {MOST_VERSIONS}",
        f"UPDATE itinerary_versions SET number = {MOST_VERSIONS}",
    )
    assert str(MOST_VERSIONS) in problem(it.send("PATCH", body={"title": "x"}), 409)["detail"]


def test_a_repeated_itinerary_is_found_by_what_it_said_at_first(client, make, pointers):
    item = stop(item_id=SAME, notes="예약")
    body = {"id": str(uuid4()), "user_id": make.user()["id"], "title": "x", "items": [item]}
    made = client.post("/v1/itineraries", json=body)
    path = f"/v1/itineraries/{body['id']}"
    headers = {"If-Match": '"1"'}
    now = client.patch(path, json={"title": "later"}, headers=headers).json
    client.patch(path + "/items/1", json={"start_minute": 1}, headers={"If-Match": '"2"'})
    again = client.post("/v1/itineraries", json=body)
    assert (made.status_code, again.status_code) == (201, 200)
    assert (again.json["title"], again.json["current_version"]) == ("later", 3)
    assert now["current_version"] == 2
    short = {name: value for name, value in item.items() if name not in ("item_id", "notes")}
    assert client.post("/v1/itineraries", json={**body, "items": [short]}).status_code == 200
    others: tuple[dict[str, Any], ...] = (
        {"title": "later"},
        {"items": []},
        {"items": [stop(601, item_id=SAME)]},
        {"items": [stop(item_id=str(uuid4()))]},
        {"items": [stop(item_id=SAME, place={"name": "y"})]},
        {"items": [item, stop()]},
        {"plan_date": "2026-12-24"},
        {"timezone": "Asia/Tokyo"},
    )
    for other in others:
        changed = {**body, **other}
        assert pointers(client.post("/v1/itineraries", json=changed), 409) == ["/id"], other
