"""Ending a workflow with its plan makes an itinerary, once, in the same statement."""

import threading
from datetime import date
from uuid import UUID, uuid4

import pytest

from tests.behind_proxy import one_proxy, proxy, serve, url

__all__ = ["one_proxy", "proxy", "serve", "url"]

STOPS = [
    {
        "order": 1,
        "start_time": "22:30",
        "duration_minutes": 60,
        "location": {"name": "홍대 미술관", "category": "문화시설", "x": 126.9222, "y": 37.5511},
        "notes": "문화 활동",
        "travel_to_next": {"method": "도보", "duration_minutes": 12, "distance_meters": 850},
    },
    {
        "order": 2,
        "start_time": "00:00",
        "duration_minutes": 90,
        "location": {"name": "밤", "category": "술집"},
    },
]
ITEM = {"start_minute": 840, "duration_minutes": 90, "place": {"name": "홍대 미술관"}}


def plain(value):
    """A value as JSON has it."""
    return str(value) if isinstance(value, UUID | date) else value


@pytest.fixture
def sql(database):
    """Send SQL past the service."""

    def send(text, **values):
        with database.primary.engine.connect() as connection:
            cursor = connection.connection.cursor()
            cursor.execute(text, values)
            names = [name for name, *_ in cursor.description]
            return [dict(zip(names, map(plain, row), strict=True)) for row in cursor.fetchall()]

    return send


@pytest.fixture
def end(client, make):
    """End a new workflow with a body, and return what the answer says of it."""

    def send(body, how="complete", **values):
        workflow = make.workflow(**values)
        response = client.post(f"/v1/workflows/{workflow['id']}/{how}", json=body)
        assert response.status_code == 200, response.text
        return response.get_json()

    return send


def made(sql, itinerary_id):
    """The rows of an itinerary: itself, its members, versions and items."""
    (itinerary,) = sql("SELECT * FROM itineraries WHERE id = %(id)s", id=itinerary_id)
    members = sql(
        "SELECT user_id, role FROM itinerary_members WHERE itinerary_id = %(id)s", id=itinerary_id
    )
    versions = sql("SELECT * FROM itinerary_versions WHERE itinerary_id = %(id)s", id=itinerary_id)
    items = sql(
        """SELECT itinerary_items.* FROM itinerary_items
        JOIN itinerary_versions ON version_id = itinerary_versions.id
        WHERE itinerary_id = %(id)s ORDER BY position""",
        id=itinerary_id,
    )
    return itinerary, members, versions, items


def test_a_list_of_stops_makes_an_itinerary(end, client, sql):
    workflow = end({"final_itinerary": STOPS}, timezone="Europe/Berlin")
    itinerary, members, (version,), items = made(sql, workflow["itinerary_id"])
    assert (itinerary["workflow_id"], itinerary["created_via"]) == (workflow["id"], "agent")
    assert (itinerary["title"], itinerary["timezone"]) == (
        "홍대에서 데이트하고 싶어",
        "Europe/Berlin",
    )
    assert (itinerary["plan_date"], itinerary["current_version"]) == (None, 1)
    assert members == [{"user_id": workflow["user_id"], "role": "owner"}]
    assert (version["number"], version["item_count"], version["note"]) == (1, 2, None)
    assert (version["workflow_id"], version["title"]) == (workflow["id"], itinerary["title"])
    assert [(item["position"], item["start_minute"]) for item in items] == [(1, 1350), (2, 1440)]
    assert items[0]["place"]["latitude"] == 37.5511
    assert items[0]["leg"] == {
        "method": "walk",
        "minutes": 12,
        "distance_m": 850,
        "description": None,
    }
    assert (items[0]["category"], items[1]["category"]) == ("activity", "drinking")
    # As the agent gave it, besides.
    path = f"/v1/workflows/{workflow['id']}"
    assert client.get(path).json["final_itinerary"] == STOPS
    assert client.get(path).json["itinerary_id"] == workflow["itinerary_id"]
    (listed,) = client.get("/v1/workflows").json["items"]
    assert listed["itinerary_id"] == workflow["itinerary_id"]


def test_an_itinerary_of_its_own_comes_before_the_list_of_stops(end, sql):
    given = {"id": "0199c0de-0000-7000-8000-00000000aaaa", "title": "서울의 밤", "items": [ITEM]}
    given |= {"plan_date": "2026-12-24", "timezone": "Europe/Berlin"}
    workflow = end({"itinerary": given, "final_itinerary": STOPS}, name="이름")
    assert workflow["itinerary_id"] == given["id"]
    itinerary, _, (version,), items = made(sql, given["id"])
    assert (itinerary["title"], itinerary["plan_date"]) == ("서울의 밤", "2026-12-24")
    assert version["plan_date"] == "2026-12-24"
    assert [item["place"]["name"] for item in items] == ["홍대 미술관"]


def test_the_title_is_the_name_of_the_workflow_or_the_wish(end, sql):
    named = end({"final_itinerary": STOPS}, name="홍대 데이트")
    assert made(sql, named["itinerary_id"])[0]["title"] == "홍대 데이트"
    wish = "홍대에서\n\t데이트 " + "하" * 300
    wished = end({"final_itinerary": STOPS}, user_input=wish)
    assert made(sql, wished["itinerary_id"])[0]["title"] == ("홍대에서 데이트 " + "하" * 300)[:200]
    blank = end({"final_itinerary": STOPS}, user_input=" \n ")
    assert made(sql, blank["itinerary_id"])[0]["title"] == "Trip planning"


def test_repairs_are_told_as_of_an_import(end, client):
    way = {"method": "순간이동"}
    workflow = end({"final_itinerary": [{**STOPS[0], "travel_to_next": way}]})
    itinerary = client.get(f"/v1/itineraries/{workflow['itinerary_id']}").json
    assert itinerary["legacy_note"] == 'travel_to_next.method is unknown, now other: "순간이동"'
    given = {"items": [ITEM], "legacy_note": "x"}
    path = f"/v1/workflows/{workflow['id']}/complete"
    assert client.post(path, json={"itinerary": given}).status_code == 422


@pytest.mark.parametrize(
    "kept", [[], {"stops": STOPS}, [{"order": 1, "start_time": "14:00"}], ["홍대"]]
)
def test_a_plan_that_can_not_be_read_is_kept_as_it_is(kept, end, client, sql):
    workflow = end({"final_itinerary": kept})
    assert workflow["itinerary_id"] is None
    path = f"/v1/workflows/{workflow['id']}"
    assert client.get(path).json["final_itinerary"] == kept
    assert sql("SELECT id FROM itineraries") == []


def test_a_failed_workflow_makes_an_itinerary_of_what_there_is(end, sql):
    workflow = end({"error_message": "저녁이 없다", "final_itinerary": STOPS[:1]}, "fail")
    assert workflow["status"] == "failed"
    assert len(made(sql, workflow["itinerary_id"])[3]) == 1


def test_completing_again_makes_no_second_one(client, make, sql):
    path = f"/v1/workflows/{make.workflow()['id']}/complete"
    answers = []

    def send():
        answers.append(client.application.test_client().post(path, json={"final_itinerary": STOPS}))

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    send()
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json["itinerary_id"] for answer in answers}) == 1
    for table in ("itineraries", "itinerary_members", "itinerary_versions"):
        assert sql(f"SELECT count(*) FROM {table}") == [{"count": 1}]


@pytest.mark.parametrize("how", ["complete", "fail"])
def test_the_same_itinerary_again_changes_nothing_and_another_is_a_conflict(
    how, client, make, pointers
):
    path = f"/v1/workflows/{make.workflow()['id']}/{how}"
    body = {"error_message": "지쳤어요"} if how == "fail" else {}
    plan = {
        "title": "밤",
        "plan_date": "2026-12-24",
        "items": [ITEM, {**ITEM, "start_minute": 1470}],
    }
    first = client.post(path, json={**body, "itinerary": plan})
    again = client.post(path, json={**body, "itinerary": plan})
    assert (first.status_code, again.status_code) == (200, 200), again.text
    assert first.json["itinerary_id"] == again.json["itinerary_id"]
    for other in (
        {**plan, "title": "낮"},
        {**plan, "plan_date": "2026-12-25"},
        {**plan, "timezone": "Europe/Berlin"},
        {**plan, "items": [ITEM]},
        {**plan, "items": [ITEM, ITEM]},
        {**plan, "items": [ITEM, {**ITEM, "start_minute": 1470, "notes": "예약"}]},
    ):
        refused = client.post(path, json={**body, "itinerary": other})
        assert pointers(refused, 409) == ["/itinerary"]


def test_a_day_that_the_plan_did_not_have_is_a_conflict(client, make, pointers):
    path = f"/v1/workflows/{make.workflow()['id']}/complete"
    plan = {"items": [ITEM]}
    assert client.post(path, json={"itinerary": plan}).status_code == 200
    assert client.post(path, json={"itinerary": {**plan, "plan_date": None}}).status_code == 200
    later = client.post(path, json={"itinerary": {**plan, "plan_date": "2026-12-24"}})
    assert pointers(later, 409) == ["/itinerary"]


def test_a_plan_after_an_end_without_one_is_a_conflict(client, make, pointers):
    path = f"/v1/workflows/{make.workflow()['id']}/complete"
    assert client.post(path).status_code == 200
    refused = client.post(path, json={"itinerary": {"items": [ITEM]}})
    assert pointers(refused, 409) == ["/itinerary"]


@pytest.mark.parametrize(
    ("items", "wrong"),
    [
        ([{**ITEM, "position": 1}, {**ITEM, "position": 3}], ["/itinerary/items/1/position"]),
        ([{**ITEM, "position": 1}, {**ITEM, "position": 1}], ["/itinerary/items/1/position"]),
        ([{**ITEM, "position": 1}, ITEM], ["/itinerary/items/1/position"]),
        (
            [{**ITEM, "item_id": "0199c0de-0000-7000-8000-00000000bbbb"}] * 2,
            ["/itinerary/items/1/item_id"],
        ),
        ([{**ITEM, "place": {}}], ["/itinerary/items/0/place/name"]),
        ([{**ITEM, "duration_minutes": 0}], ["/itinerary/items/0/duration_minutes"]),
        ([ITEM] * 501, ["/itinerary/items"]),
    ],
)
def test_an_itinerary_that_is_none_is_refused_whole(items, wrong, client, make, pointers):
    path = f"/v1/workflows/{make.workflow()['id']}"
    response = client.post(f"{path}/complete", json={"itinerary": {"items": items}})
    assert pointers(response) == wrong
    assert client.get(path).json["status"] == "running"
    assert client.get(path).json["itinerary_id"] is None


def test_places_may_be_given_in_any_order(end, sql):
    items = [
        {**ITEM, "position": 2, "place": {"name": "둘"}},
        {**ITEM, "position": 1, "place": {"name": "하나"}},
    ]
    workflow = end({"itinerary": {"items": items}})
    found = made(sql, workflow["itinerary_id"])[3]
    assert [item["place"]["name"] for item in found] == ["하나", "둘"]


def test_an_id_that_is_taken_ends_nothing(client, make, end, pointers, sql):
    taken = end({"final_itinerary": STOPS})["itinerary_id"]
    workflow = make.workflow()["id"]
    body = {"itinerary": {"id": taken, "items": [ITEM]}}
    for how, more in (("complete", {}), ("fail", {"error_message": "x"})):
        refused = client.post(f"/v1/workflows/{workflow}/{how}", json={**body, **more})
        assert pointers(refused, 409) == ["/itinerary/id"]
    assert client.get(f"/v1/workflows/{workflow}").json["status"] == "running"
    assert sql("SELECT count(*) FROM itineraries") == [{"count": 1}]


def test_a_note_on_repairs_stays_short(end, client):
    workflow = end({"final_itinerary": [{**STOPS[0], "notes": "x" * 10_000}] * 100})
    (found,) = client.get(f"/v1/itineraries?workflow_id={workflow['id']}").json["items"]
    assert found["legacy_note"].startswith("order is missing or given twice")
    assert len(found["legacy_note"]) == 4000


def test_a_workflow_that_is_deleted_leaves_its_itinerary(client, end, sql):
    workflow = end({"final_itinerary": STOPS})
    assert client.delete(f"/v1/workflows/{workflow['id']}").status_code == 204
    itinerary, _, (version,), items = made(sql, workflow["itinerary_id"])
    assert (itinerary["workflow_id"], version["workflow_id"], len(items)) == (None, None, 2)


def test_a_lost_reply_makes_no_second_one(serve, proxy):
    app = serve()
    client = app.test_client()
    user = client.post("/v1/users", json={"username": uuid4().hex}).json["id"]
    wish = {"user_id": user, "user_input": "홍대"}
    path = f"/v1/workflows/{client.post('/v1/workflows', json=wish).json['id']}"
    lost = [True]
    retries: list[str] = []

    def listen(_):
        if lost:
            lost.pop()
            proxy.eat(every=0)

    app.extensions["database"].listeners.append(listen)
    app.extensions["database"].retry_listeners.append(retries.append)
    proxy.eat(every=1)
    done = client.post(f"{path}/complete", json={"final_itinerary": STOPS})
    assert (done.status_code, retries != []) == (200, True)
    (made,) = client.get(f"/v1/itineraries?user_id={user}").json["items"]
    assert made["id"] == done.json["itinerary_id"] == client.get(path).json["itinerary_id"]
