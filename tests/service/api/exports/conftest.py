"""Itineraries with items, who asks for them, and exports that are there."""

import json
from uuid import UUID

import pytest

from json_rows import UnitOfWork
from json_rows.work import Asker
from service.domain.itineraries import new_itinerary
from service.models.itinerary import ItineraryCreate


@pytest.fixture
def itinerary(database, make):
    """Make an itinerary of a person, and return its id."""

    def make_one(*items, owner=None, title="홍대 데이트", plan_date="2026-12-24", **values):
        user_id = owner or make.user()["id"]
        body = {"title": title, "plan_date": plan_date, "items": items, "user_id": user_id}
        new = ItineraryCreate.model_validate_json(json.dumps(body | values))
        with UnitOfWork(database) as work:
            return json.loads(work.run(new_itinerary(new)).json)["id"]

    return make_one


@pytest.fixture
def get(client):
    """Get an export that is there."""

    def get_one(path, **headers):
        answer = client.get(f"/v1/{path}", headers=headers)
        assert answer.status_code == 200, answer.text
        return answer

    return get_one


@pytest.fixture
def asking_as(app):
    """Let requests come from a person; from anybody after the test."""
    before = app.extensions["asker"]

    def ask(user_id):
        app.extensions["asker"] = lambda: Asker(user_id, UUID(user_id))

    yield ask
    app.extensions["asker"] = before
