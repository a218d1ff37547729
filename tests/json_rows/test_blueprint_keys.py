"""The bridge and Idempotency-Key: views that do more than return a query."""

from typing import Any

import pytest
from flask import Flask, Response
from pydantic import BaseModel

import json_rows
from json_rows import Blueprint
from json_rows.errors import translate
from json_rows.statement import Query
from json_rows.work import unit_of_work
from service.domain.workflows import NEW_WORKFLOW
from service.models.idempotency_key import IdempotencyKey
from service.models.user import UserRead
from service.models.workflow import WorkflowCreate, WorkflowRead
from smorest_sqlmodel import Api, problems

KEY = "Idempotency-Key"


class Wish(BaseModel):
    text: str


class Choice(BaseModel):
    style: str = "plain"


@pytest.fixture(scope="module")
def bridge(app) -> Any:
    """A service of its own on the same database."""
    own = Flask(__name__)
    own.config.update(API_TITLE="Wishes", API_VERSION="1", OPENAPI_VERSION="3.1.0")
    problems.init_app(own, translate, types="urn:trip-planner:problem:")
    database = app.extensions["database"]
    json_rows.init_app(own, database, database.settings, answers=IdempotencyKey)
    blueprint = Blueprint("wishes", __name__, url_prefix="/wishes")

    @blueprint.post("/styled")
    @blueprint.arguments(Choice, location="query")
    @blueprint.arguments(Wish)
    @blueprint.response(200, dict[str, Any])
    def style(choice: Choice, wish: Wish) -> dict[str, Any]:
        """Answer without the database."""
        return {"text": wish.text, "style": choice.style}

    @blueprint.post("/by-hand")
    @blueprint.response(201, content_type="text/csv")
    def by_hand() -> Response:
        """Work in the database by hand."""
        unit = unit_of_work()
        unit.execute("INSERT INTO users (id, username) VALUES (gen_random_uuid(), 'by hand')")
        count = unit.execute("SELECT count(*) FROM users")[0][0]
        return Response(f"{count}\n" + "x" * 5000, 201, content_type="text/csv")

    @blueprint.post("/refused")
    @blueprint.response(201, UserRead)
    @blueprint.alt_response(409)
    def refuse() -> tuple[dict[str, Any], int]:
        """Refuse by what is returned."""
        return {"type": "x", "title": "x", "status": 409, "detail": "x", "instance": "/"}, 409

    @blueprint.post("/first")
    @blueprint.response(201, WorkflowRead)
    def look_first() -> Query:
        """Look, then start a workflow."""
        ((user,),) = unit_of_work().execute("SELECT id FROM users")
        return NEW_WORKFLOW.query(WorkflowCreate(user_id=user, user_input="x" * 3000))

    @blueprint.post("/bare")
    def work_bare() -> dict[str, str]:
        """Work without a decorator of the bridge."""
        unit = unit_of_work()
        unit.begin()
        unit.execute("INSERT INTO users (id, username) VALUES (gen_random_uuid(), 'bare')")
        return {"done": "yes"}

    Api(own).register_blueprint(blueprint)
    return own.test_client()


@pytest.fixture
def wishes(bridge, database) -> Any:
    assert database
    return bridge


def send(wishes: Any, path: str, body: Any = None) -> Any:
    return wishes.post(f"/wishes/{path}", json=body, headers={KEY: "k"})


def kept(database: Any) -> list[Any]:
    with database.transaction() as connection:
        return list(connection.exec_driver_sql("SELECT path FROM idempotency_keys").scalars())


def test_the_query_is_part_of_what_a_key_stands_for(wishes, pointers):
    first = send(wishes, "styled?style=bold", {"text": "x"})
    assert send(wishes, "styled?style=bold", {"text": "x"}).data == first.data
    for other in ("styled", "styled?style=plain"):
        assert pointers(send(wishes, other, {"text": "x"})) == [f"/{KEY}"]


def test_work_by_hand_is_done_once_and_its_answer_kept_whole(wishes, database):
    first, again = (send(wishes, "by-hand") for _ in range(2))
    assert (first.status_code, first.data[:2]) == (201, b"1\n")
    assert "Idempotency-Replayed" not in first.headers
    assert (again.status_code, again.data, again.content_type) == (201, first.data, "text/csv")
    assert again.headers["Idempotency-Replayed"] == "true"
    assert kept(database) == ["/wishes/by-hand"]


def test_who_looks_first_has_the_key_claimed_before(wishes, make):
    make.user()
    first, again = (send(wishes, "first") for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.data == first.data


def test_an_error_that_is_returned_is_not_kept_either(wishes, database):
    assert [send(wishes, "refused").status_code for _ in range(2)] == [409, 409]
    assert kept(database) == []


def test_a_view_without_decorators_is_in_the_unit_of_work_as_well(wishes, database):
    assert wishes.post("/wishes/bare").json == {"done": "yes"}
    with database.transaction() as connection:
        assert connection.exec_driver_sql("DELETE FROM users").rowcount == 1
    first, again = (send(wishes, "bare") for _ in range(2))
    assert (first.json, again.data) == ({"done": "yes"}, first.data)
    assert again.headers["Idempotency-Replayed"] == "true"
