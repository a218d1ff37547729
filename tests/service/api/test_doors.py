"""Who is asked before a request is looked at: all resources are guarded, and nothing else is."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from service.app import API_PREFIX, BLUEPRINTS, create_app
from service.settings import Settings

ID = "0199c0de-0000-7000-8000-000000000001"


@pytest.fixture
def unready(empty_database: Any) -> Iterator[Flask]:
    """A service whose database has no schema, and what has been sent there."""
    app = create_app(Settings(database_url=empty_database.render_as_string(hide_password=False)))
    yield app
    app.extensions["database"].dispose()


@pytest.fixture
def sent(unready: Flask) -> list[Any]:
    sent: list[Any] = []
    unready.extensions["database"].listeners.append(sent.append)
    return sent


def routes(app: Flask) -> Iterator[tuple[str, str]]:
    """List the methods and paths of all resources, with ids in the paths."""
    for rule in app.url_map.iter_rules():
        if rule.endpoint.rpartition(".")[0] in {blueprint.name for blueprint in BLUEPRINTS}:
            assert rule.rule.startswith(f"{API_PREFIX}/")
            for method in (rule.methods or set()) - {"OPTIONS"}:
                yield method, re.sub("<[^>]+>", ID, re.sub("<int:[^>]+>", "1", rule.rule))


def test_every_resource_asks_for_the_schema_before_it_reads_anything(unready):
    client = unready.test_client()
    wrong: dict[str, Any] = {
        "query_string": "what=ever",
        "data": "{",
        "content_type": "text/plain",
        "headers": {"Read-After": "x", "If-Match": "x", "Idempotency-Key": "\x7f"},
    }
    asked = list(routes(unready))
    for method, path in asked:
        answer = client.open(path.replace(ID, "no-uuid"), method=method, **wrong)
        assert answer.status_code == 503, (method, path)
        assert "flask db upgrade" in answer.text or method == "HEAD", (method, path)
    assert len(asked) > len(BLUEPRINTS) * 5


def test_what_no_resource_serves_asks_nobody(unready, sent):
    client = unready.test_client()
    for method, path, status in (
        ("GET", "/v1/nowhere", 404),
        ("GET", "/v1", 404),
        ("DELETE", "/v1/users", 405),
        ("OPTIONS", "/healthz", 200),
        ("GET", "/healthz", 200),
        ("GET", "/openapi.json", 200),
        ("GET", "/docs/", 200),
        ("GET", "/", 302),
        ("GET", "/docs", 302),
    ):
        assert client.open(path, method=method).status_code == status, path
    assert sent == []


def test_the_document_says_so(client):
    paths = client.get("/openapi.json").json["paths"]
    served = {path for path in paths if path.startswith(f"{API_PREFIX}/")}
    assert {*paths} - served == {"/healthz", "/readyz"}
    for path in served:
        for operation in paths[path].values():
            if isinstance(operation, dict):
                assert "503" in operation["responses"]


# The answer is the itinerary itself, or a member: an itinerary and a person.
NOT_BY_ITSELF = {"/v1/itineraries/{itinerary_id}/items", "/v1/itineraries/{itinerary_id}/members"}


def test_what_is_made_is_found_at_the_location_that_the_document_shows(client, make):
    paths = client.get("/openapi.json").json["paths"]
    for path, item in paths.items():
        created = item.get("post", {}).get("responses", {}).get("201")
        if created and path in NOT_BY_ITSELF:
            assert "Location" not in created["headers"]
        elif created:
            (example,) = created["headers"]["Location"]["schema"]["examples"]
            assert re.sub(ID[:9] + "[-0-9a-f]+", "{}", example) in {
                re.sub("{[^}]+}", "{}", other) for other in paths
            }, path
    workflow = make.workflow(user_id=make.user()["id"])["id"]
    for path, body in (
        ("/v1/users", {"username": "door"}),
        (
            "/v1/model-prices",
            {"provider": "p", "model": "m", "input_per_million": 1, "output_per_million": 1},
        ),
        (f"/v1/itineraries/{make.itinerary()['id']}/shares", {}),
        (f"/v1/workflows/{workflow}/nodes", {"node_name": "n", "node_type": "search"}),
        (f"/v1/workflows/{workflow}/generations", {"model_name": "m"}),
        ("/v1/workflows", {"user_id": make.user()["id"], "user_input": "x"}),
    ):
        made = client.post(path, json=body)
        assert made.status_code == 201, made.text
        assert client.get(made.headers["Location"]).json["id"] == made.json["id"]
