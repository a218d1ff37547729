"""What a blueprint says of all its views: who guards them, and where what they make is found."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

import pytest
from flask import Flask, redirect, request
from flask.views import MethodView
from openapi_spec_validator import validate
from pydantic import BaseModel

from smorest_sqlmodel import Api, Blueprint, Guard, NotFoundError, UnavailableError, UUIDConverter

BOOK = "0199c0de-0000-7000-8000-000000000001"
PAGE = "0199c0de-0000-7000-8000-000000000002"


class Book(BaseModel):
    id: UUID
    title: str


def make_app(*blueprints: Blueprint, **options: Any) -> Flask:
    app = Flask(__name__)
    app.config.update(API_TITLE="Library", API_VERSION="1", OPENAPI_VERSION="3.1.0")
    app.config.update(OPENAPI_URL_PREFIX="/", OPENAPI_JSON_PATH="openapi.json")
    app.url_map.converters["uuid"] = UUIDConverter
    api = Api(app)
    for blueprint in blueprints:
        api.register_blueprint(blueprint, **options)
    return app


def make_books(**options: Any) -> Blueprint:
    """Make books that are created and shown, and pages of them in a class of views."""
    books = Blueprint("books", __name__, url_prefix="/books", **options)

    @books.post("")
    @books.arguments(Book)
    @books.response(201, Book, etag=True, location="get_book")
    def add_book(new: Book) -> Any:
        """Add a book."""
        return [] if new.title == "no id" else new

    @books.get("/<uuid:book_id>")
    @books.response(200, Book, etag=True)
    def get_book(book_id: UUID) -> Book:
        """Get a book."""
        return Book(id=book_id, title="Emma")

    @books.post("/<uuid:book_id>/pages")
    @books.arguments(Book)
    @books.response(201, Book, location="Page")
    @books.alt_response(409)
    def add_page(new: Book, book_id: UUID) -> Any:
        """Add a page."""
        if new.title == "taken":
            told = {"type": "x", "title": "x", "status": 409, "detail": None, "instance": "/"}
            return told, 409
        return {"id": str(new.id), "title": str(book_id)}

    @books.route("/<uuid:book_id>/pages/<uuid:page_id>")
    class Page(MethodView):
        @books.response(200, Book)
        def get(self, book_id: UUID, page_id: UUID) -> Book:
            """Get a page."""
            return Book(id=page_id, title=str(book_id))

    return books


def responses(app: Flask, path: str) -> Any:
    document: Any = app.test_client().get("/openapi.json").json
    validate(document)
    return document["paths"][path]["post"]["responses"]


def test_what_is_made_is_found_at_its_location():
    client = make_app(make_books()).test_client()
    made = client.post("/books", json={"id": BOOK, "title": "Emma"})
    assert (made.status_code, made.headers["Location"]) == (201, f"/books/{BOOK}")
    assert client.get(made.headers["Location"]).data == made.data
    page = client.post(f"/books/{BOOK}/pages", json={"id": PAGE, "title": "x"})
    assert page.headers["Location"] == f"/books/{BOOK}/pages/{PAGE}"
    assert client.get(page.headers["Location"]).json == page.json


def test_the_location_goes_by_where_an_app_has_its_views():
    books = make_books()
    apps = [make_app(books, url_prefix=prefix) for prefix in ("/v1/books", "/library")]
    new = {"id": BOOK, "title": "Emma"}
    for app, prefix in zip(apps, ("/v1/books", "/library"), strict=True):
        made = app.test_client().post(prefix, json=new)
        assert made.headers["Location"] == f"{prefix}/{BOOK}"
    below = apps[0].test_client().post("/v1/books", json=new, base_url="http://localhost/below")
    assert below.headers["Location"] == f"/below/v1/books/{BOOK}"


def test_an_error_that_is_returned_has_no_location():
    client = make_app(make_books()).test_client()
    refused = client.post(f"/books/{BOOK}/pages", json={"id": PAGE, "title": "taken"})
    assert refused.status_code == 409
    assert "Location" not in refused.headers


def test_the_document_says_where_with_the_examples_that_there_are():
    without, with_some, with_all = (
        make_app(make_books(path_examples=examples))
        for examples in ({}, {"book_id": BOOK}, {"book_id": BOOK, "page_id": PAGE})
    )
    for app, paths in (
        (without, {"/books": None, "/books/{book_id}/pages": None}),
        (with_some, {"/books": f"/books/{BOOK}", "/books/{book_id}/pages": None}),
        (with_all, {"/books/{book_id}/pages": f"/books/{BOOK}/pages/{PAGE}"}),
    ):
        for path, example in paths.items():
            found = responses(app, path)
            schema = found["201"]["headers"]["Location"]["schema"]
            assert schema.get("examples") == ([example] if example else None)
            assert "headers" not in found.get("409", {})


def test_a_location_that_leads_nowhere_is_told_when_the_app_is_made():
    for view in ("nowhere", "list_books"):
        books = Blueprint("books", __name__, url_prefix="/books")

        @books.get("")
        def list_books() -> str:
            return ""

        @books.post("")
        @books.response(201, Book, location=view)
        def add_book() -> str:
            return ""

        with pytest.raises(
            TypeError, match=rf"'books' has no view '{view}' with an id in its path"
        ):
            make_app(books)


def test_a_value_without_an_id_is_a_fault_of_the_service(caplog):
    books = Blueprint("books", __name__, url_prefix="/books")

    @books.post("")
    @books.response(201, dict[str, str], location="get_book")
    def add_book() -> dict[str, str]:
        return {"title": "Emma"}

    @books.get("/<book_id>")
    def get_book(book_id: str) -> str:
        return book_id

    assert make_app(books).test_client().post("/books").status_code == 500
    assert "What books.add_book answers with has no id" in caplog.text


class Refusing:
    """A guard that notes what it is asked for, and refuses who is not let in."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.seen: list[str] = []

    def check(self) -> None:
        self.seen.append(f"{request.method} {request.path}")
        if "X-Key" not in request.headers:
            raise self.error


@pytest.fixture
def guarded() -> Any:
    """A client of guarded books, and of a blueprint without a guard; and the two guards."""
    schema = Refusing(UnavailableError("No schema."))
    key = Refusing(NotFoundError("No key."))
    schema_guard = Guard(schema.check, errors=(HTTPStatus.SERVICE_UNAVAILABLE,))
    adds: dict[str, Any] = {"security": [{"key": []}]}
    books = make_books(guards=(schema_guard, Guard(key.check, (HTTPStatus.FORBIDDEN,), adds)))
    health = Blueprint("health", __name__, url_prefix="/health")

    @health.get("")
    @health.response(200, dict[str, str])
    def get_health() -> dict[str, str]:
        """Tell that all is well."""
        return {"status": "ok"}

    app = make_app(books, health)
    return app.test_client(), schema, key


@pytest.mark.parametrize(
    ("method", "path", "options"),
    [
        ("POST", "/books", {"data": "{", "content_type": "application/json"}),
        ("POST", "/books", {"data": "x", "content_type": "text/plain"}),
        ("POST", "/books?what=ever", {"json": {}}),
        ("GET", "/books/no-uuid", {}),
        ("HEAD", f"/books/{BOOK}", {}),
        ("GET", f"/books/{BOOK}", {"headers": {"If-None-Match": "*"}}),
        ("GET", f"/books/{BOOK}/pages/no-uuid", {}),
        ("OPTIONS", "/books", {}),
    ],
)
def test_guards_go_before_all_that_is_read_and_checked(guarded, method, path, options):
    client, schema, key = guarded
    refused = client.open(path, method=method, **options)
    assert refused.status_code == 503, refused.text
    assert (len(schema.seen), key.seen) == (1, [])  # The first one that refuses is the last asked.
    schema.error = key.error
    assert client.open(path, method=method, **options).status_code == 404


def test_who_passes_all_guards_is_answered_as_without(guarded):
    client, schema, key = guarded
    assert client.get(f"/books/{BOOK}", headers={"X-Key": "k"}).json["title"] == "Emma"
    assert schema.seen == key.seen == [f"GET /books/{BOOK}"]
    assert client.get("/books/no-uuid", headers={"X-Key": "k"}).status_code == 422


def test_no_guard_stands_before_what_the_blueprint_does_not_serve(guarded):
    client, schema, _ = guarded
    answers = [client.get("/health"), client.get("/books/a/b"), client.patch("/books")]
    assert [answer.status_code for answer in answers] == [200, 404, 405]
    assert schema.seen == []


def test_static_files_and_blueprints_inside_are_guarded_too(tmp_path):
    (tmp_path / "cover.svg").write_text("<svg/>", encoding="utf-8")
    key = Refusing(NotFoundError("No key."))
    shelf = Blueprint(
        "shelf", __name__, url_prefix="/shelf", guards=(Guard(key.check),), static_folder=tmp_path
    )
    inside = Blueprint("inside", __name__, url_prefix="/inside")

    @inside.get("/<book_id>")
    def get_inside(book_id: str) -> str:
        return book_id

    @inside.post("")
    @inside.response(201, dict[str, str], location="get_inside")
    def add_inside() -> dict[str, str]:
        return {"id": "a b"}

    shelf.register_blueprint(inside)
    app = Flask(__name__)
    app.register_blueprint(shelf)
    Api(app, spec_kwargs={"title": "x", "version": "1", "openapi_version": "3.1.0"})
    client = app.test_client()
    for path in (f"/shelf/{tmp_path.name}/cover.svg", "/shelf/inside/1"):
        assert client.get(path).status_code == 404
        assert client.get(path, headers={"X-Key": "k"}, buffered=True).status_code == 200
    made = client.post("/shelf/inside", headers={"X-Key": "k"})
    assert made.headers["Location"] == "/shelf/inside/a%20b"
    assert client.get(made.headers["Location"], headers={"X-Key": "k"}).text == "a b"


def test_a_guard_may_answer_in_the_place_of_a_view():
    pages = Blueprint("pages", __name__, guards=(Guard(lambda: redirect("/login")),))

    @pages.get("/")
    def show() -> str:
        return "shown"

    answer = make_app(pages).test_client().get("/")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/login")


def test_what_a_guard_means_for_an_operation_is_in_the_document(guarded):
    client, _, _ = guarded
    document = client.get("/openapi.json").json
    for path, item in document["paths"].items():
        for operation in item.values():
            if isinstance(operation, dict):
                is_guarded = path != "/health"
                assert ({"403", "503"} <= operation["responses"].keys()) == is_guarded
                assert operation.get("security") == ([{"key": []}] if is_guarded else None)


@pytest.mark.parametrize(
    ("method", "path", "told"),
    [
        ("GET", f"/books/{BOOK}/none", "/books/…"),
        ("GET", "/books/no-uuid", "/books/…"),
        ("DELETE", f"/books/{BOOK}", "/books/…"),
        ("GET", f"/books//{BOOK}/", "/books/…"),
        ("GET", f"/Books/{BOOK}/none", "/Books/…"),
        ("DELETE", "/books", "/books"),
        ("GET", f"/bookshops/{BOOK}", f"/bookshops/{BOOK}"),
    ],
)
def test_a_path_that_lets_in_who_knows_it_is_in_no_problem(method, path, told):
    app = make_app(make_books(has_secret_paths=True))
    app.url_map.merge_slashes = False
    told_by: Any = app.test_client().open(path, method=method).json
    assert told_by["instance"] == told
    others: Any = make_app(make_books()).test_client().get("/books/no-uuid").json
    assert others["instance"] == "/books/no-uuid"
