"""Editors at once, and replies that are lost: versions have no gaps, and nothing is lost."""

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.behind_proxy import one_proxy, proxy, serve, url

from .conftest import Plan, stop
from .test_edits import CHANGES

__all__ = ["one_proxy", "proxy", "serve", "url"]

EDITS = int(os.environ.get("EDITS", "60"))
"""How many changes each writer makes; 1,000 take some minutes."""


class Writer:
    """Makes changes of one itinerary, each in the version that it has seen last."""

    def __init__(self, app, itinerary, name):
        self.it = Plan(app.test_client(), itinerary)
        self.name = name
        self.refused = 0

    def write(self, how_many):
        for number in range(how_many):
            title = {"title": f"{self.name} {number}"}
            while (response := self.it.send("PATCH", body=title)).status_code == 412:
                self.refused += 1
                self.it.look()
            assert response.status_code == 200, response.text
            assert self.it.now["title"] == title["title"]


def test_of_two_writers_one_is_told_and_nothing_is_lost(app, client, make):
    itinerary = make.itinerary(stop(), stop(900))
    writers = [Writer(app, itinerary, name) for name in ("하나", "둘")]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda writer: writer.write(EDITS), writers))
    path = f"/v1/itineraries/{itinerary['id']}"
    found = client.get(path).json
    assert found["version"] == found["current_version"] == 1 + 2 * EDITS
    versions, cursor = [], ""
    while cursor is not None:
        page = client.get(f"{path}/versions?sort=number&limit=200{cursor}").json
        versions += page["items"]
        cursor = page["next_cursor"] and f"&cursor={page['next_cursor']}"
    assert [version["number"] for version in versions] == list(range(1, 2 + 2 * EDITS))
    assert {version["item_count"] for version in versions} == {2}
    titles = [version["title"] for version in versions]
    for writer in writers:
        own = [title for title in titles if title.startswith(writer.name)]
        assert own == [f"{writer.name} {number}" for number in range(EDITS)]
    assert sum(writer.refused for writer in writers) > 0


def test_changes_in_any_version_wait_for_each_other(app, client, make):
    itinerary = make.itinerary()
    path = f"/v1/itineraries/{itinerary['id']}/items"

    def add(number):
        return app.test_client().post(path, json=stop(number), headers={"If-Match": "*"})

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(add, range(30)))
    assert {answer.status_code for answer in answers} == {201}
    assert sorted(answer.json["version"] for answer in answers) == list(range(2, 32))
    found = client.get(f"/v1/itineraries/{itinerary['id']}").json["items"]
    assert sorted(item["start_minute"] for item in found) == list(range(30))
    assert [item["position"] for item in found] == list(range(1, 31))


def lose_next_reply(app, proxy):
    """Have the answer to the next statement eaten, so that it is sent again."""
    waiting = [0]

    def listen(_):
        if waiting:
            waiting.pop()
            proxy.eat(every=0)

    app.extensions["database"].listeners.append(listen)
    proxy.eat(every=1)


@pytest.fixture
def fragile(serve, proxy):
    """A service whose next reply can be lost: `fragile.lose()`."""
    return Fragile(serve(), proxy)


class Fragile:
    """A service behind a proxy, and what it tries again."""

    def __init__(self, app, proxy):
        self.app, self.proxy = app, proxy
        self.client = app.test_client()
        self.retries: list[str] = []
        app.extensions["database"].retry_listeners.append(self.retries.append)

    def lose(self):
        self.retries.clear()
        lose_next_reply(self.app, self.proxy)

    def user(self, name):
        return self.client.post("/v1/users", json={"username": name}).json["id"]

    def plan(self, user):
        new = {"user_id": user, "title": "홍대", "items": [stop(), stop(900)]}
        return Plan(self.client, self.client.post("/v1/itineraries", json=new).json)


@pytest.mark.parametrize("headers", [{}, {"If-Match": "*"}], ids=["seen", "any"])
def test_a_change_whose_reply_is_lost_is_made_once(fragile, headers):
    user = fragile.user("지민")
    for method, path, body in CHANGES:
        it = fragile.plan(user)
        it.send("PATCH", body={"title": "연남", "plan_date": "2026-12-24"})
        fragile.lose()
        response = it.send(method, path, body, **headers)
        assert response.status_code in {200, 201, 204}, response.text
        assert fragile.retries == ["lost"]
        if response.status_code != 204:
            assert it.now["version"] == it.now["current_version"] == 3, (method, path)
            assert fragile.client.get(it.path).json == it.now


def test_members_whose_reply_is_lost_are_in_or_out(fragile):
    it, friend = fragile.plan(fragile.user("지민")), fragile.user("하늘")
    for method, path, body in (
        ("POST", "/members", {"user_id": friend, "role": "viewer"}),
        ("PATCH", f"/members/{friend}", {"role": "editor"}),
        ("POST", "/archive", None),
        ("POST", "/transfer", {"user_id": friend}),
        ("POST", "/transfer", {"user_id": it.now["user_id"]}),
        ("DELETE", f"/members/{friend}", None),
    ):
        fragile.lose()
        response = fragile.client.open(it.path + path, method=method, json=body)
        assert response.status_code in {200, 201, 204}, response.text
        assert fragile.retries == ["lost"]
    assert fragile.client.get(it.path).json["version"] == 4
    assert len(fragile.client.get(it.path + "/members").json["items"]) == 1


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "k"}], ids=["by id", "by key"])
def test_a_new_itinerary_whose_reply_is_lost_is_there_once(fragile, headers):
    user = fragile.user("지민")
    first = fragile.plan(user).now
    fragile.lose()
    new = {"user_id": user, "title": "홍대", "items": [stop(), stop(900)]}
    made = fragile.client.post("/v1/itineraries", json=new, headers=headers)
    assert (made.status_code, len(made.json["items"])) == (201, 2)
    fragile.lose()
    path = f"/v1/itineraries/{first['id']}/duplicate"
    copy = fragile.client.post(path, json={"user_id": user}, headers=headers)
    assert copy.status_code == 201, copy.text
    found = fragile.client.get("/v1/itineraries").json["items"]
    assert [each["id"] for each in found] == [copy.json["id"], made.json["id"], first["id"]]
