"""A plan of somebody's, keys of those who may do something with it, and links to it."""

from typing import Any

import pytest

from json_rows import UnitOfWork
from serverless_postgres.database import Database
from tests.service.access.conftest import guarded, new_key  # noqa: F401  fixtures

PLACE = {
    "name": "홍대 미술관",
    "address": "서울 마포구 와우산로 94",
    "category": "문화,예술 > 미술관",
    "latitude": 37.5515,
    "longitude": 126.9256,
    "phone": "02-320-1114",
    "url": "https://place.example.com/1234",
    "provider": "kakao",
    "provider_id": "kakao-1234",
}
LEG = {"method": "walk", "minutes": 12, "distance_m": 850, "description": "홍익로를 따라 직진"}
NOTE = "비밀 메모"
ITEM = "0199c0de-0000-7000-8000-000000000069"


def stop(**values: Any) -> dict[str, Any]:
    """An item that says all that one can say."""
    usual = {"item_id": ITEM, "category": "activity", "start_minute": 840, "duration_minutes": 90}
    return {**usual, "place": PLACE, "notes": NOTE, "leg": LEG, **values}


def execute(database: Database, sql: str, **parameters: Any) -> list[tuple[Any, ...]]:
    """Do what no view does, such as letting time pass."""
    with UnitOfWork(database) as work:
        work.begin()
        rows = list(work.execute(sql, parameters))
        work.commit()
    return rows


@pytest.fixture
def owner(make):
    return make.user(username="하늘", email="haneul@example.com")["id"]


@pytest.fixture
def plan(make, owner):
    """An itinerary with one item."""
    return make.itinerary(stop(), user_id=owner, plan_date="2026-12-24")["id"]


@pytest.fixture
def edit(client, plan):
    """Make another version: `edit(title="x")`, or `edit(items=[...])`."""

    def changed(**values):
        path, send = f"/v1/itineraries/{plan}", client.patch
        if "items" in values:
            path, send = f"{path}/items", client.put
        answer = send(path, json=values, headers={"If-Match": "*"})
        assert answer.status_code == 200, answer.text
        return answer.json["current_version"]

    return changed


@pytest.fixture
def share(make, plan):
    """Make a link: `share(kind="ics")`."""
    return lambda **values: make.share(plan, **values)


def path_of(link):
    """The path of a link's URL."""
    return link["url"].removeprefix("http://localhost")


@pytest.fixture
def look(client):
    """Look at what a link leads to, without a key."""
    return lambda link: client.get(path_of(link))


@pytest.fixture
def keys(make, new_key, owner, plan):  # noqa: F811
    """Headers of who has to do with the plan, by what they are to it."""
    people = {"owner": owner}
    for role in ("editor", "viewer"):
        people[role] = make.user()["id"]
        make.member(plan, people[role], role)
    people["stranger"] = make.user()["id"]
    return {who: new_key("write", user_id=user) for who, user in people.items()} | {
        "ids": people,
        "plan": plan,
        "admin": new_key("admin"),
    }
