"""Each change of an itinerary makes a version; who changes what they have not seen is told."""

from uuid import uuid4

import pytest

from .conftest import stop


def seen(plan):
    return plan.now["version"], plan.now["current_version"]


def test_a_new_itinerary_is_its_first_version(client, make):
    user = make.user()
    made = make.itinerary(stop(840), stop(1470, notes="야식"), user_id=user["id"], title="홍대")
    assert (made["version"], made["current_version"]) == (1, 1)
    assert [item["position"] for item in made["items"]] == [1, 2]
    assert made["items"][1]["start_minute"] == 1470
    found = client.get(f"/v1/itineraries/{made['id']}")
    assert found.json == made
    assert found.headers["ETag"] == '"1"'
    version = client.get(f"/v1/itineraries/{made['id']}/versions/1").json
    assert version["items"] == made["items"]
    assert (version["number"], version["title"], version["item_count"]) == (1, "홍대", 2)
    members = client.get(f"/v1/itineraries/{made['id']}/members").json["items"]
    assert [(each["user_id"], each["role"]) for each in members] == [(user["id"], "owner")]


def test_changes_make_versions_and_those_before_stay(plan):
    it = plan("미술관", "카페", "식당")
    ids = [item["item_id"] for item in it.now["items"]]
    assert it.send("PATCH", body={"title": "연남", "note": "다른 동네"}).status_code == 200
    assert it.now["title"] == "연남"
    assert it.send("PATCH", "/items/2", {"start_minute": 700}).status_code == 200
    assert it.now["items"][1]["start_minute"] == 700
    added = it.send("POST", "/items", stop(780, place={"name": "서점"}, position=2))
    assert added.status_code == 201
    assert added.headers["ETag"] == '"4"'
    assert it.names() == ["미술관", "서점", "카페", "식당"]
    assert it.send("DELETE", "/items/1").status_code == 200
    assert it.names() == ["서점", "카페", "식당"]
    assert it.send("POST", "/reorder", {"positions": [3, 1, 2]}).status_code == 200
    assert it.names() == ["식당", "서점", "카페"]
    assert it.positions() == [1, 2, 3]
    assert seen(it) == (6, 6)
    kept = [it.version(number) for number in range(1, 7)]
    assert [version["item_count"] for version in kept] == [3, 3, 3, 4, 3, 3]
    assert kept[0]["title"] == "홍대 데이트"
    assert kept[1]["note"] == "다른 동네"
    assert [item["item_id"] for item in kept[2]["items"]] == ids
    assert [item["start_minute"] for item in kept[1]["items"]] == [600, 660, 720]
    listed = it.client.get(it.path + "/versions").json["items"]
    assert [version["number"] for version in listed] == [6, 5, 4, 3, 2, 1]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", "", {"title": "홍대 데이트"}),
        ("PATCH", "", {}),
        ("PATCH", "", {"note": "nothing"}),
        ("PATCH", "/items/1", {"start_minute": 600}),
        ("POST", "/reorder", {"positions": [1, 2]}),
        ("POST", "/shift", {}),
        ("POST", "/versions/1/restore", None),
    ],
)
def test_what_changes_nothing_makes_no_version(plan, method, path, body):
    it = plan("미술관", "카페")
    before = it.now
    response = it.send(method, path, body)
    assert response.status_code == 200
    assert response.json == before
    assert response.headers["ETag"] == '"1"'


CHANGES = [
    ("PATCH", "", {"title": "x"}),
    ("PUT", "/items", {"items": []}),
    ("POST", "/items", stop()),
    ("PATCH", "/items/1", {"notes": "x"}),
    ("DELETE", "/items/1", None),
    ("POST", "/reorder", {"positions": [2, 1]}),
    ("POST", "/shift", {"minutes": 5}),
    ("POST", "/versions/1/restore", {}),
    ("DELETE", "", None),
]


@pytest.mark.parametrize(("method", "path", "body"), CHANGES)
def test_changes_want_the_version_that_was_seen(plan, problem, method, path, body):
    it = plan("미술관", "카페")
    assert it.send("PATCH", body={"title": "연남"}).status_code == 200
    late = it.send(method, path, body, **{"If-Match": '"1"'})
    assert "its version is now 2" in problem(late, 412)["detail"]
    assert late.headers["ETag"] == '"2"'
    unseen = it.client.open(it.path + path, method=method, json=body)
    problem(unseen, 428)
    assert it.client.get(it.path).json == it.now
    assert it.send(method, path, body, **{"If-Match": "*"}).status_code in (200, 201, 204)


def test_a_whole_plan_is_replaced_and_items_keep_their_ids(plan):
    it = plan("미술관", "카페", "식당")
    first, second, _ = it.now["items"]
    kept = {name: value for name, value in second.items() if name not in ("starts_at", "ends_at")}
    body = {"items": [{**kept, "position": 1}, stop(900, position=2)]}
    assert it.send("PUT", "/items", body).status_code == 200
    assert it.now["items"][0]["item_id"] == second["item_id"]
    assert first["item_id"] not in str(it.now)
    assert it.send("PUT", "/items", {"items": []}).status_code == 200
    assert it.now["items"] == []


def test_a_leg_goes_when_it_leads_elsewhere(plan):
    it = plan("미술관", "카페", "식당", "술집")
    for position in (1, 2, 3):
        leg = {"leg": {"method": "walk", "minutes": position}}
        assert it.send("PATCH", f"/items/{position}", leg).status_code == 200

    def legs():
        return [(item["leg"] or {}).get("minutes") for item in it.now["items"]]

    assert it.send("POST", "/items", stop(position=2)).status_code == 201
    assert legs() == [None, None, 2, 3, None]
    assert it.send("DELETE", "/items/4").status_code == 200
    assert legs() == [None, None, None, None]
    assert it.send("POST", "/versions/4/restore").status_code == 200
    assert legs() == [1, 2, 3, None]
    assert it.send("POST", "/reorder", {"positions": [3, 4, 1, 2]}).status_code == 200
    assert legs() == [3, None, 1, None]


def test_shifts_move_clock_times_and_days(plan, pointers):
    it = plan("미술관", "카페", "식당", plan_date="2026-12-24")
    assert it.send("POST", "/shift", {"minutes": 45, "from_position": 2}).status_code == 200
    assert [item["start_minute"] for item in it.now["items"]] == [600, 705, 765]
    assert it.send("POST", "/shift", {"days": 8, "minutes": -600}).status_code == 200
    assert it.now["plan_date"] == "2027-01-01"
    assert [item["start_minute"] for item in it.now["items"]] == [0, 105, 165]
    assert it.now["items"][0]["starts_at"] == "2027-01-01T00:00:00+09:00"
    for body, pointer in (
        ({"minutes": -1}, "/minutes"),
        ({"minutes": 20_000}, "/minutes"),
        ({"minutes": 20_161}, "/minutes"),
        ({"minutes": 1, "from_position": 4}, "/from_position"),
        ({"days": 36_600 * 2}, "/days"),
        ({"days": -36_500}, "/days"),
    ):
        assert pointers(it.send("POST", "/shift", body)) == [pointer]
    assert it.send("PATCH", body={"plan_date": None}).status_code == 200
    assert pointers(it.send("POST", "/shift", {"days": 1})) == ["/days"]
    assert seen(it) == (4, 4)


def test_a_version_is_restored_as_a_new_one(plan, problem):
    it = plan("미술관", "카페", plan_date="2026-12-24", timezone="Asia/Tokyo")
    it.send("PATCH", body={"title": "연남", "timezone": "Asia/Seoul", "plan_date": None})
    it.send("PUT", "/items", {"items": [stop()]})
    assert it.send("POST", "/versions/1/restore", {"note": "다시"}).status_code == 200
    assert (it.now["title"], it.now["timezone"]) == ("홍대 데이트", "Asia/Tokyo")
    assert it.now["plan_date"] == "2026-12-24"
    assert it.names() == ["미술관", "카페"]
    last = it.version(4)
    assert (last["restored_from"], last["note"]) == (1, "다시")
    assert last["items"] == it.version(1)["items"]
    problem(it.send("POST", "/versions/9/restore"), 404)


def test_two_versions_are_compared(plan, problem):
    it = plan("미술관", "카페", "식당", "술집")
    ids = [item["item_id"] for item in it.now["items"]]
    it.send("DELETE", "/items/2")
    it.send("POST", "/reorder", {"positions": [3, 1, 2]})
    it.send("POST", "/items", stop(position=1, place={"name": "서점"}))
    it.send("PATCH", "/items/4", {"notes": "예약", "duration_minutes": 90})
    it.send("PATCH", body={"title": "연남"})
    diff = it.client.get(it.path + "/versions/1/diff/6").json
    assert diff["plan"] == [{"field": "title", "before": "홍대 데이트", "after": "연남"}]
    assert [item["place"]["name"] for item in diff["added"]] == ["서점"]
    assert [item["place"]["name"] for item in diff["removed"]] == ["카페"]
    # The one that was moved, and none of those that were only pushed.
    assert diff["moved"] == [{"item_id": ids[3], "from_position": 4, "to_position": 2}]
    (changed,) = diff["changed"]
    assert (changed["item_id"], changed["position"]) == (ids[2], 4)
    assert {field["field"] for field in changed["fields"]} == {"notes", "duration_minutes"}
    back = it.client.get(it.path + "/versions/6/diff/1").json
    assert back["added"] == diff["removed"]
    same = it.client.get(it.path + "/versions/2/diff/2").json
    assert not any(same[name] for name in ("plan", "added", "removed", "moved", "changed"))
    for unknown in ("/versions/1/diff/7", "/versions/9/diff/1", "/versions/7", "/versions/0"):
        problem(it.client.get(it.path + unknown), 404)


def test_a_duplicate_is_ones_own(plan, make, client):
    it = plan("미술관", "카페", plan_date="2026-12-24")
    it.send("PATCH", body={"title": "연남"})
    other = make.user()
    body = {"user_id": other["id"], "id": str(uuid4())}
    made = client.post(it.path + "/duplicate", json=body)
    assert made.status_code == 201
    copy = made.json
    assert (copy["user_id"], copy["title"], copy["version"]) == (other["id"], "연남", 1)
    assert [item["place"] for item in copy["items"]] == [item["place"] for item in it.now["items"]]
    ids = {item["item_id"] for item in [*copy["items"], *it.now["items"]]}
    assert len(ids) == 4
    again = client.post(it.path + "/duplicate", json=body)
    assert (again.status_code, again.json) == (200, copy)
    assert it.send("DELETE").status_code == 204
    assert client.get(f"/v1/itineraries/{copy['id']}").json == copy


def test_a_duplicate_of_something_else_has_another_id(plan, make, client, pointers):
    it, other = plan("미술관", "카페"), plan("미술관", "서점")
    body = {"user_id": make.user()["id"], "id": str(uuid4()), "title": "내 것"}
    made = client.post(it.path + "/duplicate", json=body)
    assert made.status_code == 201
    assert pointers(client.post(other.path + "/duplicate", json=body), 409) == ["/id"]
    renamed = {**body, "title": "다른 것"}
    assert pointers(client.post(it.path + "/duplicate", json=renamed), 409) == ["/id"]
    # Whatever the original and the copy have become since then.
    it.send("DELETE", "/items/1")
    copy = client.patch(
        f"/v1/itineraries/{body['id']}", json={"title": "x"}, headers={"If-Match": "*"}
    )
    again = client.post(it.path + "/duplicate", json=body)
    assert (again.status_code, again.json) == (200, copy.json)


def test_archived_itineraries_can_be_told_apart(plan, client):
    it = plan("미술관")
    away = it.send("POST", "/archive")
    assert away.json["archived_at"]
    assert (away.json["version"], away.json["current_version"]) == (2, 1)
    again = client.post(it.path + "/archive")
    assert again.json == away.json
    for archived, count in (("true", 1), ("false", 0)):
        found = client.get(f"/v1/itineraries?archived={archived}").json["items"]
        assert len(found) == count
    assert it.send("POST", "/unarchive").status_code == 412
    back = client.post(it.path + "/unarchive", headers={"If-Match": '"2"'})
    assert back.json["archived_at"] is None
