"""The bridge by itself: a small service of its own, with every place that values come from."""

import io
from enum import StrEnum
from typing import Annotated, Any, Literal

import marshmallow as ma
import pytest
from flask import Flask
from flask.testing import FlaskClient
from openapi_spec_validator import validate
from pydantic import BaseModel, Field
from sqlalchemy import MetaData
from sqlmodel import Field as SQLField
from sqlmodel import SQLModel

from smorest_sqlmodel import COMMA_SEPARATED, Api, Blueprint, UploadedFile


class Size(StrEnum):
    SMALL = "small"
    LARGE = "large"


class Owner(SQLModel):
    name: str = SQLField(min_length=1)


class Pet(SQLModel, table=True):
    __tablename__ = "test_blueprint_pets"
    metadata = MetaData()  # Not the service's: its migrations know nothing of pets.

    id: int | None = SQLField(default=None, primary_key=True)
    name: str
    size: str = "small"


class PetCreate(SQLModel):
    name: str = SQLField(min_length=1, description="As it is called.")
    size: Size = Size.SMALL
    owner: Owner | None = None


class PetRead(SQLModel):
    id: int | None
    name: str
    size: Size


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int = 9


class Dog(BaseModel):
    kind: Literal["dog"]
    tricks: list[str]


Animal = Annotated[Cat | Dog, Field(discriminator="kind")]


class Search(BaseModel):
    size: list[Size] = []
    names: Annotated[list[str], COMMA_SEPARATED] = []
    limit: int = Field(default=10, ge=1)


class Place(BaseModel):
    shelf: int = Field(ge=1)


class Trace(BaseModel):
    request_id: str = Field(alias="X-Request-Id", min_length=3)


class Login(BaseModel):
    name: str
    times: int = 1


class Upload(BaseModel):
    title: str
    photo: UploadedFile


class Missing(BaseModel):
    message: str


class Old(ma.Schema):
    name = ma.fields.String(required=True)


@pytest.fixture
def problem_types() -> str:
    return "urn:problem:"


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    app = Flask(__name__)
    app.config.update(API_TITLE="Pets", API_VERSION="1", OPENAPI_VERSION="3.1.0")
    app.config.update(OPENAPI_URL_PREFIX="/")
    blueprint = Blueprint("pets", __name__, url_prefix="/pets")

    @blueprint.post("")
    @blueprint.arguments(PetCreate, example={"name": "나비"}, description="The pet.")
    @blueprint.response(201, PetRead, example={"id": 1, "name": "나비", "size": "small"})
    @blueprint.alt_response(409, description="The name is taken.", schema=PetRead)
    def add(new: PetCreate) -> Pet:
        """Add a pet.

        With all that belongs to it.
        """
        return Pet(id=1, **new.model_dump(exclude={"owner"}))

    @blueprint.post("/many")
    @blueprint.arguments(list[PetCreate])
    @blueprint.response(200, list[PetRead])
    def add_many(new: list[PetCreate]) -> list[Pet]:
        """Add pets."""
        return [Pet(id=number, name=pet.name, size=pet.size) for number, pet in enumerate(new)]

    @blueprint.post("/animals")
    @blueprint.arguments(Animal)
    @blueprint.response(200, Animal)
    def add_animal(new: Cat | Dog) -> Cat | Dog:
        """Add an animal."""
        return new

    @blueprint.get("/<shelf>/search")
    @blueprint.arguments(Place, location="path")
    @blueprint.arguments(Search, location="query")
    @blueprint.arguments(Trace, location="headers")
    @blueprint.response(200, dict[str, Any], headers={"X-Found": {"schema": {"type": "integer"}}})
    def search(place: Place, query: Search, trace: Trace) -> Any:
        """Search."""
        found = {"shelf": place.shelf, **query.model_dump(), "trace": trace.request_id}
        return found, 202, {"X-Found": "1"}

    @blueprint.post("/login")
    @blueprint.arguments(Login, location="form")
    @blueprint.response(200, Login)
    def log_in(login: Login) -> Login:
        """Log in."""
        return login

    @blueprint.post("/photos")
    @blueprint.arguments(Upload, location="files")
    @blueprint.response(200, dict[str, Any])
    def upload(upload: Upload) -> dict[str, Any]:
        """Upload a photo."""
        return {"title": upload.title, "size": len(upload.photo.read())}

    @blueprint.get("/named/<name>")
    @blueprint.alt_response(409)
    @blueprint.response(200, Login, etag=True)
    @blueprint.alt_response(404, schema=Missing)
    @blueprint.alt_response(410, schema=Old)
    @blueprint.alt_response(503, "SERVICE_UNAVAILABLE")
    def get_named(name: str) -> Any:
        """Get what has a name."""
        problem = {"type": "about:blank", "title": "Taken", "status": 409, "detail": None}
        answers = {
            "missing": ({"message": "Nobody is called that."}, 404),
            "wrong": ({"title": "has no message"}, 404),
            "gone": ({"name": "old", "more": "not in the schema"}, 410),
            "taken": ({**problem, "instance": "/pets"}, 409, {"X-More": "1"}),
            "no-problem": ({"message": "no problem details"}, 503),
        }
        return answers.get(name, {"name": name, "times": 2})

    @blueprint.get("/text")
    @blueprint.response(200, str, content_type="text/csv")
    def get_text() -> str:
        """Get a text."""
        return "name\n나비\n"

    @blueprint.post("/old")
    @blueprint.arguments(Old)
    @blueprint.response(200, Old)
    def old(values: dict[str, str]) -> dict[str, str]:
        """Speak marshmallow."""
        return values

    Api(app).register_blueprint(blueprint)
    return app.test_client()


@pytest.fixture(scope="module")
def document(client) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/openapi.json").json
    return found


def test_a_model_comes_in_and_a_row_goes_out(client, problem):
    added = client.post("/pets", json={"name": "나비", "owner": {"name": "지민"}})
    assert (added.status_code, added.json) == (201, {"id": 1, "name": "나비", "size": "small"})
    told = problem(client.post("/pets", json={"name": "", "owner": {"name": ""}}), 422)
    assert [error["pointer"] for error in told["errors"]] == ["/name", "/owner/name"]


def test_lists_come_in_and_go_out(client, problem):
    added = client.post("/pets/many", json=[{"name": "a"}, {"name": "b", "size": "large"}])
    assert [pet["size"] for pet in added.json] == ["small", "large"]
    told = problem(client.post("/pets/many", json=[{"name": "a"}, {"size": "tiny"}]), 422)
    assert [error["pointer"] for error in told["errors"]] == ["/1/name", "/1/size"]


def test_unions_come_in_by_their_discriminator(client, problem):
    assert client.post("/pets/animals", json={"kind": "cat"}).json == {"kind": "cat", "lives": 9}
    told = problem(client.post("/pets/animals", json={"kind": "dog", "tricks": [1]}), 422)
    assert [error["pointer"] for error in told["errors"]] == ["/tricks/0"]


def test_path_query_and_headers_are_read(client, pointers):
    headers = {"X-Request-Id": "abc"}
    found = client.get("/pets/3/search?size=small&size=large&names=a,b", headers=headers)
    assert found.status_code == 202
    assert found.headers["X-Found"] == "1"
    assert found.json == {
        "shelf": 3,
        "size": ["small", "large"],
        "names": ["a", "b"],
        "limit": 10,
        "trace": "abc",
    }
    assert pointers(client.get("/pets/0/search", headers=headers)) == ["/shelf"]
    assert pointers(client.get("/pets/1/search")) == ["/X-Request-Id"]
    assert pointers(client.get("/pets/1/search?limit=0", headers=headers)) == ["/limit"]


def test_forms_are_read(client, pointers):
    assert client.post("/pets/login", data={"name": "김", "times": "2"}).json == {
        "name": "김",
        "times": 2,
    }
    assert pointers(client.post("/pets/login", data={"times": "x"})) == ["/name", "/times"]
    assert pointers(client.post("/pets/login", data={"name": "김", "age": "5"})) == ["/age"]


def test_files_are_read_with_the_fields_beside_them(client, pointers):
    data = {"title": "나비", "photo": (io.BytesIO(b"\x89PNG" * 100), "cat.png")}
    assert client.post("/pets/photos", data=data).json == {"title": "나비", "size": 400}
    without = client.post("/pets/photos", data={"title": "x"}, content_type="multipart/form-data")
    assert pointers(without) == ["/photo"]


def test_marshmallow_works_as_ever(client):
    assert client.post("/pets/old", json={"name": "a"}).json == {"name": "a"}
    assert client.post("/pets/old", json={}).status_code == 422


def test_another_answer_is_held_to_its_own_schema(client, problem):
    missing = client.get("/pets/named/missing")
    assert (missing.status_code, missing.json) == (404, {"message": "Nobody is called that."})
    problem(client.get("/pets/named/wrong"), 500)
    gone = client.get("/pets/named/gone")
    assert (gone.status_code, gone.json) == (410, {"name": "old"})


def test_another_answer_of_problem_details_is_sent_as_such(client, problem):
    taken = client.get("/pets/named/taken")
    assert (taken.status_code, taken.content_type) == (409, "application/problem+json")
    assert (taken.json["title"], taken.headers["X-More"]) == ("Taken", "1")
    problem(client.get("/pets/named/no-problem"), 500)


def test_an_etag_is_sent_wherever_it_is_documented(client, document):
    first = client.get("/pets/named/나비")
    assert first.status_code == 200
    tag = first.headers["ETag"]
    again = client.get("/pets/named/나비", headers={"If-None-Match": tag})
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", tag)
    other = client.get("/pets/named/초코", headers={"If-None-Match": tag})
    assert other.status_code == 200
    assert other.headers["ETag"] != tag
    assert "ETag" not in client.get("/pets/named/missing").headers
    documented = document["paths"]["/pets/named/{name}"]["get"]["responses"]
    assert "ETag" in documented["200"]["headers"]
    assert "ETag" in documented["304"]["headers"]


def test_an_answer_has_the_media_type_that_is_documented(client, document):
    text = client.get("/pets/text")
    assert (text.content_type, text.text) == ("text/csv", "name\n나비\n")
    assert "text/csv" in document["paths"]["/pets/text"]["get"]["responses"]["200"]["content"]


def test_the_document_is_valid(document):
    validate(document)


def test_models_become_components(document):
    schemas = document["components"]["schemas"]
    assert {"PetCreate", "PetRead", "Owner", "Size", "Cat", "Dog", "Old", "Problem"} <= set(schemas)
    assert schemas["PetCreate"]["properties"]["owner"] == {
        "anyOf": [{"$ref": "#/components/schemas/Owner"}, {"type": "null"}]
    }


def test_bodies_and_answers_are_documented(document):
    operation = document["paths"]["/pets"]["post"]
    assert (operation["summary"], operation["description"]) == (
        "Add a pet.",
        "With all that belongs to it.",
    )
    body = operation["requestBody"]
    assert (body["required"], body["description"]) == (True, "The pet.")
    assert body["content"]["application/json"] == {
        "schema": {"$ref": "#/components/schemas/PetCreate"},
        "example": {"name": "나비"},
    }
    created = operation["responses"]["201"]["content"]["application/json"]
    assert created["example"]["name"] == "나비"
    assert operation["responses"]["409"]["description"] == "The name is taken."
    many = document["paths"]["/pets/many"]["post"]["requestBody"]["content"]["application/json"]
    assert many["schema"] == {"type": "array", "items": {"$ref": "#/components/schemas/PetCreate"}}
    animal = document["paths"]["/pets/animals"]["post"]["requestBody"]["content"]
    assert animal["application/json"]["schema"]["discriminator"]["propertyName"] == "kind"


def test_parameters_are_documented(document):
    item = document["paths"]["/pets/{shelf}/search"]
    parameters = {
        (parameter["in"], parameter["name"]): parameter for parameter in item["get"]["parameters"]
    }
    assert set(parameters) == {
        ("path", "shelf"),
        ("query", "size"),
        ("query", "names"),
        ("query", "limit"),
        ("header", "X-Request-Id"),
    }
    assert parameters["path", "shelf"]["required"]
    assert parameters["header", "X-Request-Id"]["required"]
    assert not parameters["query", "size"]["required"]
    assert parameters["query", "names"]["explode"] is False
    assert "X-Found" in item["get"]["responses"]["200"]["headers"]


def test_forms_and_files_are_documented(document):
    form = document["paths"]["/pets/login"]["post"]["requestBody"]["content"]
    assert list(form) == ["application/x-www-form-urlencoded"]
    files = document["paths"]["/pets/photos"]["post"]["requestBody"]["content"]
    assert files["multipart/form-data"]["schema"] == {"$ref": "#/components/schemas/Upload"}
    photo = document["components"]["schemas"]["Upload"]["properties"]["photo"]
    assert photo == {"type": "string", "format": "binary"}
