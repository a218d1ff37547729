"""Itineraries as keys of several people find them, over HTTP."""

from typing import Any
from uuid import uuid4

import pytest

from tests.service.access.conftest import guarded, new_key

from .conftest import stop

__all__ = ["guarded", "new_key"]


@pytest.fixture
def people(make, new_key):
    """Three people, each with the headers of a key of their own."""
    found: dict[str, Any] = {}
    for name in ("하늘", "바다", "구름"):
        user = make.user(username=name)["id"]
        key = new_key("write", user_id=user)
        found[name] = {"id": user, "headers": dict(key)}
    return found


@pytest.fixture
def as_one(guarded, people):
    """Send a request as somebody: `as_one("하늘", "GET", "/v1/itineraries")`."""

    def send(name, method, path, body=None, **headers):
        sent = {**people[name]["headers"], **headers}
        return guarded.open(path, method=method, json=body, headers=sent)

    return send


ANY = {"If-Match": "*"}


def test_friends_plan_together(as_one, people):
    made = as_one("하늘", "POST", "/v1/itineraries", {"title": "홍대", "items": [stop()]})
    assert (made.status_code, made.json["user_id"]) == (201, people["하늘"]["id"])
    path = f"/v1/itineraries/{made.json['id']}"
    assert as_one("바다", "GET", path).status_code == 404
    invited = {"username": "바다", "role": "viewer"}
    assert as_one("하늘", "POST", f"{path}/members", invited).json["username"] == "바다"
    assert as_one("바다", "GET", path).json == made.json
    assert len(as_one("바다", "GET", "/v1/itineraries").json["items"]) == 1
    refused = as_one("바다", "PATCH", path, {"title": "연남"}, **ANY)
    assert (refused.status_code, refused.json["title"]) == (403, "Forbidden")
    role = f"{path}/members/{people['바다']['id']}"
    assert as_one("바다", "PATCH", role, {"role": "editor"}).status_code == 403
    assert as_one("하늘", "PATCH", role, {"role": "editor"}).status_code == 200
    assert as_one("바다", "PATCH", path, {"title": "연남"}, **ANY).status_code == 200
    versions = as_one("하늘", "GET", f"{path}/versions").json["items"]
    authors = [version["author_id"] for version in versions]
    assert authors == [people["바다"]["id"], people["하늘"]["id"]]
    for method, rest, body in (
        ("DELETE", "", None),
        ("POST", "/archive", None),
        ("POST", "/transfer", {"user_id": people["바다"]["id"]}),
        ("POST", "/members", {"username": "구름", "role": "viewer"}),
        ("DELETE", f"/members/{people['하늘']['id']}", None),
    ):
        assert as_one("바다", method, path + rest, body, **ANY).status_code == 403
    assert as_one("바다", "DELETE", role).status_code == 204
    assert as_one("바다", "GET", path).status_code == 404


def test_a_stranger_is_told_what_of_an_unknown_id_is_told(as_one):
    """As security 12 asks: in each status, header and body."""
    made = as_one("하늘", "POST", "/v1/itineraries", {"title": "비밀", "items": [stop()]}).json
    requests: tuple[tuple[str, str, Any], ...] = (
        ("GET", "", None),
        ("PATCH", "", {"title": "x"}),
        ("DELETE", "", None),
        ("PUT", "/items", {"items": []}),
        ("POST", "/items", stop(position=7)),
        ("PATCH", "/items/9", {"notes": "x"}),
        ("DELETE", "/items/1", None),
        ("POST", "/reorder", {"positions": []}),
        ("POST", "/shift", {"minutes": -9000}),
        ("POST", "/duplicate", {}),
        ("POST", "/archive", None),
        ("POST", "/unarchive", None),
        ("GET", "/versions", None),
        ("GET", "/versions/1", None),
        ("GET", "/versions/1/diff/9", None),
        ("POST", "/versions/9/restore", {}),
        ("GET", "/members", None),
        ("POST", "/members", {"username": "구름", "role": "viewer"}),
        ("PATCH", f"/members/{made['user_id']}", {"role": "viewer"}),
        ("DELETE", f"/members/{made['user_id']}", None),
    )
    for method, rest, body in requests:
        for more in (ANY, {"If-Match": '"9"'}, {**ANY, "Idempotency-Key": rest or "k"}):
            if method != "POST" and "Idempotency-Key" in more:
                continue
            answers = []
            for key in (made["id"], str(uuid4())):
                path = f"/v1/itineraries/{key}"
                answer = as_one(
                    "구름", method, path + rest, body, **more, **{"If-None-Match": '"1"'}
                )
                kept = sorted(
                    pair for pair in answer.headers if "-" not in pair[0] and pair[0] != "RateLimit"
                )
                answers.append((answer.status_code, answer.text.replace(key, ""), kept))
            assert answers[0] == answers[1], (method, rest)
            assert answers[0][0] == 404, (method, rest, answers[0])


def test_whose_it_is_a_bound_key_says(as_one, people):
    """As security 13 asks: another's id answers as that of nobody."""
    answers = []
    for user in (people["하늘"]["id"], str(uuid4())):
        body = {"title": "x", "user_id": user}
        answer = as_one("구름", "POST", "/v1/itineraries", body)
        answers.append((answer.status_code, answer.text.replace(user, "")))
    assert answers[0] == answers[1]
    assert answers[0][0] == 422


def test_what_a_key_may_not_do(guarded, new_key, make):
    plan = make.itinerary(stop())
    path = f"/v1/itineraries/{plan['id']}"
    read = guarded.patch(path, json={"title": "x"}, headers={**new_key("read"), **ANY})
    assert (read.status_code, "write" in read.json["detail"]) == (403, True)
    callers: tuple[dict[str, str], ...] = (new_key("ingest"), {})
    for headers in callers:
        assert guarded.get(path, headers=headers).status_code == (403 if headers else 401)
        body = {"title": "x", "user_id": plan["user_id"]}
        assert guarded.post("/v1/itineraries", json=body, headers=headers).status_code in {401, 403}
