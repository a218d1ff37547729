"""A stranger's app stands on the bridge: over HTTP, in its document, with marshmallow beside it."""

import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import Any

import flask_smorest
import marshmallow as ma
import pytest
from flask import Flask
from flask.views import MethodView
from openapi_spec_validator import validate
from pydantic import BaseModel

from smorest_sqlmodel import Api, Blueprint, UUIDConverter

LIBRARY = Path(__file__).with_name("library.py")
BOOK = {"id": "0199c0de-0000-7000-8000-000000000001", "title": "Emma"}


@pytest.fixture
def problem_types() -> str:
    return "urn:problem:"


@pytest.fixture
def client() -> Any:
    specification = importlib.util.spec_from_file_location("library", LIBRARY)
    assert specification
    assert specification.loader
    library = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(library)
    return library.app.test_client()


class Reader(BaseModel):
    name: str


class Search(BaseModel):
    q: str = ""


class Shelf(ma.Schema):
    name = ma.fields.String(required=True, validate=ma.validate.Length(max=5))


Place = ma.Schema.from_dict({"floor": ma.fields.Integer()})


def serve(*blueprints: Blueprint, **config: str) -> Any:
    app = Flask(__name__)
    app.config.update(API_TITLE="Library", API_VERSION="1", OPENAPI_VERSION="3.1.0")
    app.config.update(OPENAPI_URL_PREFIX="/", OPENAPI_JSON_PATH="openapi.json", **config)
    app.url_map.converters["uuid"] = UUIDConverter
    api = Api(app)
    for blueprint in blueprints:
        api.register_blueprint(blueprint)
    return app.test_client()


def operations(client: Any) -> dict[str, Any]:
    document = client.get("/openapi.json").json
    validate(document)
    return {
        f"{method} {path}": operation
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method != "parameters"
    }


def test_models_come_in_and_go_out(client, pointers):
    added = client.post("/books", json=BOOK)
    assert (added.status_code, added.json) == (201, BOOK)
    assert pointers(client.post("/books", json={"title": ""})) == ["/title"]
    assert pointers(client.post("/books?titel=x", json=BOOK)) == ["/titel"]
    assert pointers(client.post("/books", json={"title": "a\0b"})) == ["/title"]


def test_errors_and_versions_are_those_of_http(client, problem):
    path = f"/books/{BOOK['id']}/loan"
    lent = client.put(path, json={"reader": "Ada"})
    assert (lent.status_code, lent.json) == (200, {"reader": "Ada", "days": 14})
    assert client.put(path, json={"reader": "Ada"}).headers["ETag"] == lent.headers["ETag"]
    told = problem(client.put(path, json={"reader": "Bob"}), 409)
    assert (told["type"], told["detail"]) == ("urn:problem:conflict", "Ada has it for 14 days.")
    problem(client.put(path, data="x", content_type="text/plain"), 415)
    problem(client.put("/books/1/loan", json={"reader": "Bob"}), 404)
    problem(client.get("/nowhere"), 404)


def test_the_document_says_what_the_app_does(client):
    found = operations(client)
    add = found["post /books"]
    assert (add["operationId"], add["summary"]) == ("add_book", "Add a book.")
    assert set(add["responses"]) == {"201", "400", "413", "415", "422", "default"}
    assert "parameters" not in add
    lend = found["put /books/{book_id}/loan"]
    assert lend["responses"]["409"]["description"] == "Somebody has it."
    assert "ETag" in lend["responses"]["200"]["headers"]
    schemas = client.get("/openapi.json").json["components"]["schemas"]
    assert schemas["Book"]["properties"]["title"]["description"] == "As it is printed."
    assert {"Loan", "Problem"} <= set(schemas)


def test_no_database_is_loaded():
    others = "'json_rows', 'serverless_postgres', 'psycopg2', 'plain_commands', 'service'"
    code = f"import sys, library; assert not {{{others}}} & set(sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=LIBRARY.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_marshmallow_views_are_left_as_they_were(pointers, problem):
    shelves = Blueprint("shelves", __name__, url_prefix="/shelves")

    @shelves.post("")
    @shelves.arguments(Place(unknown=ma.EXCLUDE), location="query")
    @shelves.arguments(Shelf)
    @shelves.response(201, Shelf)
    def add(place: dict[str, int], shelf: dict[str, str]) -> dict[str, str]:
        """Add a shelf."""
        return {"name": f"{shelf['name']}{place['floor']}"}

    @shelves.get("")
    @shelves.response(200, Shelf(many=True))
    @shelves.paginate(flask_smorest.Page)
    def list_all() -> list[dict[str, str]]:
        """List the shelves."""
        return [{"name": str(number)} for number in range(25)]

    @shelves.delete("")
    @shelves.response(204)
    def remove() -> None:
        """Remove all."""
        flask_smorest.abort(409, message="They are full.", errors={"name": ["is full"]})

    client = serve(shelves)
    assert client.post("/shelves?floor=2&x=1", json={"name": "A"}).json == {"name": "A2"}
    assert pointers(client.post("/shelves?floor=x", json={"name": "A"})) == ["/floor"]
    told = problem(client.post("/shelves?floor=2", json={"name": "ABCDEF"}), 422)
    assert [(e["location"], e["pointer"]) for e in told["errors"]] == [("body", "/name")]
    page = client.get("/shelves?page=3&page_size=10")
    assert [shelf["name"] for shelf in page.json] == ["20", "21", "22", "23", "24"]
    assert '"total": 25' in page.headers["X-Pagination"]
    assert problem(client.delete("/shelves"), 409)["detail"] == "They are full."
    found = operations(client)
    assert "operationId" not in found["post /shelves"]
    assert set(found["get /shelves"]["responses"]) == {"200", "422", "default"}


def test_pages_and_etags_of_flask_smorest_take_models(pointers):
    readers = Blueprint("readers", __name__, url_prefix="/readers")

    @readers.get("")
    @readers.etag
    @readers.arguments(Search, location="query")
    @readers.response(200, list[Reader])
    @readers.paginate(flask_smorest.Page)
    def list_all(search: Search) -> list[Reader]:
        """List the readers."""
        return [Reader(name=f"{search.q}{number}") for number in range(25)]

    client = serve(readers)
    page = client.get("/readers?q=a&page=3&page_size=11")
    assert page.json == [{"name": "a22"}, {"name": "a23"}, {"name": "a24"}]
    known = {"If-None-Match": page.headers["ETag"]}
    assert client.get("/readers?q=a&page=3&page_size=11", headers=known).status_code == 304
    assert pointers(client.get("/readers?page=0")) == ["/page"]
    parameters = {item.get("name") for item in operations(client)["get /readers"]["parameters"]}
    assert {"q", "page", "page_size"} <= parameters


def test_classes_of_methods_and_names_that_meet_are_told_apart(problem):
    first = Blueprint("first", __name__, url_prefix="/first")
    second = Blueprint("second", __name__, url_prefix="/second")

    class Readers(MethodView):
        @first.response(200, list[Reader])
        def get(self) -> list[Reader]:
            """List."""
            return [Reader(name="Ada")]

        @first.arguments(Reader)
        @first.response(201, Reader)
        def post(self, new: Reader, shelf: Any) -> Reader:
            """Add."""
            return Reader(name=f"{new.name} at {shelf}")

    first.route("", methods=["GET"])(Readers)
    first.route("/<uuid:shelf>", methods=["POST"])(Readers)
    for blueprint in (first, second):

        @blueprint.get("/all")
        @blueprint.response(200, list[Reader])
        def list_all() -> list[Reader]:
            """List all."""
            return []

    client = serve(first, second)
    assert client.get("/first").json == [{"name": "Ada"}]
    problem(client.get("/first?x=1"), 422)
    shelf = BOOK["id"]
    assert client.post(f"/first/{shelf}", json={"name": "Bob"}).json["name"] == f"Bob at {shelf}"
    told = problem(client.post("/first/x", json={"name": "Bob"}), 422)
    assert told["detail"] == "The path has an id that is not a UUID."
    ids = [operation["operationId"] for operation in operations(client).values()]
    assert sorted(ids) == ["get_Readers", "get_list_all", "list_all", "post_Readers"]


def test_classes_of_one_name_are_components_of_their_own():
    first = Blueprint("first", __name__, url_prefix="/first")
    shapes = [type("Item", (BaseModel,), {"__annotations__": {name: int}}) for name in "abc"]
    for number, shape in enumerate(shapes):
        view = first.response(200, shape)(lambda: {"a": 1, "b": 1, "c": 1})
        first.get(f"/{number}")(view)
    client = serve(first)
    operations(client)
    schemas = client.get("/openapi.json").json["components"]["schemas"]
    found = [schemas[name]["required"] for name in ("Item", "ItemOutput", "ItemOutput2")]
    assert found == [["a"], ["b"], ["c"]]


def test_an_older_openapi_is_refused_for_models_only():
    shelves = Blueprint("shelves", __name__, url_prefix="/shelves")
    view = shelves.response(200, Shelf)(lambda: {"name": "A"})
    shelves.get("")(view)
    assert serve(shelves, OPENAPI_VERSION="3.0.2").get("/shelves").json == {"name": "A"}
    readers = Blueprint("readers", __name__, url_prefix="/readers")
    readers.get("")(readers.response(200, Reader)(lambda: {"name": "Ada"}))
    with pytest.raises(TypeError, match=r'set OPENAPI_VERSION to "3\.1\.0", not "3\.0\.2"\.$'):
        serve(readers, OPENAPI_VERSION="3.0.2")
