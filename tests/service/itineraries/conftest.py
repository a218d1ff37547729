"""What tests of itineraries share: items, and a client that changes one."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse


def stop(start_minute: int = 840, **values: Any) -> dict[str, Any]:
    """An item of an hour."""
    return {
        "start_minute": start_minute,
        "duration_minutes": 60,
        "place": {"name": "홍대 미술관"},
        **values,
    }


class Plan:
    """An itinerary under change: each request names the version that the last answer had."""

    def __init__(self, client: FlaskClient, itinerary: dict[str, Any]) -> None:
        self.client = client
        self.path = f"/v1/itineraries/{itinerary['id']}"
        self.now = itinerary

    def send(self, method: str, path: str = "", body: Any = None, **headers: str) -> TestResponse:
        """Send a change, and note how the itinerary has become."""
        headers = {"If-Match": f'"{self.now["version"]}"', **headers}
        response = self.client.open(self.path + path, method=method, json=body, headers=headers)
        answer: Any = response.json if response.status_code in {200, 201} else {}
        if "items" in answer:
            self.now = answer
        return response

    def look(self) -> None:
        """See how it is by now."""
        found: Any = self.client.get(self.path).json
        self.now = found

    def names(self) -> list[str]:
        return [item["place"]["name"] for item in self.now["items"]]

    def positions(self) -> list[int]:
        return [item["position"] for item in self.now["items"]]

    def version(self, number: int) -> Any:
        response = self.client.get(f"{self.path}/versions/{number}")
        assert response.status_code == 200, response.text
        return response.json


@pytest.fixture
def plan(client, make):
    """Make an itinerary with stops of these names, one hour after another from 10:00."""

    def made(*names: str, **values: Any) -> Plan:
        items = [stop(600 + 60 * at, place={"name": name}) for at, name in enumerate(names)]
        return Plan(client, make.itinerary(*items, **values))

    return made
