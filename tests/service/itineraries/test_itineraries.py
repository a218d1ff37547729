"""What itineraries, versions and members look like, and how they are listed and repeated."""

import json
from uuid import uuid4

import pytest

from json_rows.statement import json_names
from service.models.itinerary import ItineraryRead, ItinerarySummary
from service.models.itinerary_diff import Difference
from service.models.itinerary_item import ItemRead, Leg, Place
from service.models.itinerary_member import MemberRead
from service.models.itinerary_version import VersionRead, VersionSummary

from .conftest import stop

PLACE = {
    "name": '홍대 "미술관"\n',
    "address": "서울 마포구",
    "latitude": 37.5515,
    "longitude": -126.9256,
    "url": "https://place.example.com/1?a=b&c=%ED",
}


def test_answers_have_all_members_that_the_document_names(plan):
    it = plan("미술관", "카페", plan_date="2026-12-24")
    change = {"place": PLACE, "leg": {"method": "walk"}, "notes": "줄\n바꿈 😀"}
    answers = [it.send("PATCH", "/items/1", change).text]
    answers.append(it.client.get(it.path).text)
    assert answers[0] == answers[1]
    get = it.client.get
    version, listed = get(f"{it.path}/versions/2"), get(f"{it.path}/versions").json["items"][0]
    member = get(f"{it.path}/members").json["items"][0]
    difference = get(f"{it.path}/versions/1/diff/2")
    for text, model in (
        (answers[0], ItineraryRead),
        (version.text, VersionRead),
        (json.dumps(listed), VersionSummary),
        (json.dumps(member), MemberRead),
        (difference.text, Difference),
        (json.dumps(get("/v1/itineraries").json["items"][0]), ItinerarySummary),
    ):
        assert model.model_validate_json(text)
        assert set(json.loads(text)) == set(json_names(model))
    item = json.loads(answers[0])["items"][0]
    assert set(item) == set(json_names(ItemRead))
    assert item["place"] == {name: PLACE.get(name) for name in json_names(Place)}
    assert item["leg"] == {name: {"method": "walk"}.get(name) for name in json_names(Leg)}
    assert item["notes"] == change["notes"]
    again = get(f"{it.path}/versions/2", headers={"If-None-Match": version.headers["ETag"]})
    assert again.status_code == 304


@pytest.mark.parametrize("bad", ["\x00", "a\x00b", "\ud800"])
def test_texts_that_no_database_holds_are_pointed_to(plan, pointers, bad):
    it = plan("미술관")
    for method, path, body, pointer in (
        ("PATCH", "", {"title": bad}, "/title"),
        ("PATCH", "", {"note": bad}, "/note"),
        ("PATCH", "/items/1", {"place": {"name": bad}}, "/place/name"),
        ("PUT", "/items", {"items": [stop(notes=bad)]}, "/items/0/notes"),
        ("POST", "/members", {"username": bad, "role": "viewer"}, "/username"),
    ):
        assert pointers(it.send(method, path, body)) == [pointer], (method, path)


def test_itineraries_are_listed_and_found(client, make):
    user = make.user()["id"]
    workflow = make.workflow(user_id=user)["id"]
    own = [
        make.itinerary(stop(), user_id=user, title="홍대", plan_date="2026-12-24")["id"],
        make.itinerary(user_id=user, title="연남", workflow_id=workflow, created_via="agent")["id"],
        make.itinerary(user_id=user, title="서울숲", plan_date="2027-01-01")["id"],
    ]
    make.itinerary(title="그들의 홍대")

    def found(query):
        items = client.get(f"/v1/itineraries?user_id={user}&{query}").json["items"]
        return [own.index(item["id"]) for item in items]

    assert found("") == [2, 1, 0]
    assert found("q=홍") == [0]
    assert found("plan_after=2026-12-25") == [2]
    assert found("plan_before=2026-12-25") == [0]
    assert found(f"workflow_id={workflow}") == found("created_via=agent") == [1]
    assert found("archived=true") == []
    assert found("sort=plan_date") == [0, 2, 1]
    assert found("limit=2&sort=created_at") == [0, 1]
    listed = client.get(f"/v1/itineraries?user_id={user}&include=items,warnings").json["items"]
    assert [len(item["items"]) for item in listed] == [0, 0, 1]
    for day in ("x", "0", "2026-12-24T00:00:00", "20261224", "2026-02-30", ""):
        assert client.get(f"/v1/itineraries?plan_after={day}").status_code == 422, day
    # A workflow that is deleted leaves its itinerary.
    assert client.delete(f"/v1/workflows/{workflow}").status_code == 204
    left = client.get(f"/v1/itineraries/{own[1]}").json
    assert left["workflow_id"] is None
    version = client.get(f"/v1/itineraries/{own[1]}/versions/1").json
    assert version["workflow_id"] is None


def test_a_repeated_change_under_a_key_is_made_once(plan):
    it = plan("미술관", "카페")
    headers = {"Idempotency-Key": str(uuid4()), "If-Match": "*"}
    path = f"{it.path}/items"
    first, again = (it.client.post(path, json=stop(780), headers=headers) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (again.json, again.headers["ETag"]) == (first.json, first.headers["ETag"])
    assert it.client.get(it.path).json == first.json
    # What is large is shown as it is by then.
    large = {"items": [stop(minute) for minute in range(30)]}
    it.look()
    it.send("PUT", "/items", large)
    shift = {"Idempotency-Key": str(uuid4()), "If-Match": "*"}
    for _ in range(2):
        shifted = it.client.post(f"{it.path}/shift", json={"minutes": 5}, headers=shift)
    assert shifted.headers["Idempotency-Replayed"] == "true"
    assert shifted.json == it.client.get(it.path).json
    assert shifted.json["items"][0]["start_minute"] == 5


def test_an_itinerary_goes_with_all_that_hangs_on_it(plan, database):
    it = plan("미술관")
    key = {"Idempotency-Key": "k", "If-Match": "*"}
    it.client.post(f"{it.path}/shift", json={"minutes": 5}, headers=key)
    assert it.send("DELETE", **{"If-Match": "*"}).status_code == 204
    assert it.client.get(it.path).status_code == 404
    assert it.client.get(f"{it.path}/versions").status_code == 404
    assert it.client.get(f"{it.path}/members").status_code == 404
    tables = ("itinerary_versions", "itinerary_items", "itinerary_members", "idempotency_keys")
    counts = ", ".join(f"(SELECT count(*) FROM {table})" for table in tables)
    with database.transaction() as connection:
        assert connection.exec_driver_sql(f"SELECT {counts}").one() == (0, 0, 0, 0)
