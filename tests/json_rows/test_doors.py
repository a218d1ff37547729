"""Blueprints without a transaction or a replica: pages, feeds and streams beside the books."""

import importlib
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from openapi_spec_validator import validate
from sqlmodel import SQLModel

from json_rows import Blueprint, Query, RowsSettings, init_app
from json_rows.statement import table_of
from serverless_postgres.database import Database
from smorest_sqlmodel import Api, Guard
from tests.json_rows.doors import closed, make_feed, make_fresh, make_pages

BOOK_ID = "01890000-0000-7000-8000-000000000001"
DUNE = {"id": BOOK_ID, "title": "Dune", "isbn": "9780441013593"}
KEY = {"Idempotency-Key": "k"}


@pytest.fixture(scope="module")
def library() -> Iterator[Any]:
    """A stranger's module; its tables leave again with it, as they are nobody else's."""
    before = set(SQLModel.metadata.tables)
    yield importlib.import_module("tests.json_rows.library")
    for name in SQLModel.metadata.tables.keys() - before:
        SQLModel.metadata.remove(SQLModel.metadata.tables[name])


@pytest.fixture
def app(library: Any, empty_database: Any) -> Iterator[Flask]:
    """The library's books with a page, a feed and a door that never opens."""
    url = empty_database.render_as_string(hide_password=False)
    # A replica that is none: it is asked about by those who would read from it.
    settings = RowsSettings(database_url=url, database_read_url=url)
    database = Database(settings)
    tables = [table_of(library.Book), table_of(library.Answer)]
    SQLModel.metadata.create_all(database.primary.engine, tables=tables)
    shut = Blueprint("shut", __name__, url_prefix="/shut", guards=(Guard(closed),))

    @shut.post("")
    @shut.arguments(library.BookCreate)
    @shut.response(201, library.BookRead)
    def get_shut(new: SQLModel) -> Query:
        """Never answer."""
        return library.NEW_BOOK.query(new)

    app = Flask(__name__)
    app.config.update(API_TITLE="Library", API_VERSION="1", OPENAPI_VERSION="3.1.0")
    app.config["OPENAPI_URL_PREFIX"] = "/"
    init_app(app, database, settings, answers=library.Answer)
    api = Api(app)
    api.register_blueprint(library.blueprint, url_prefix="/v2/books")
    api.register_blueprint(make_feed(library))
    api.register_blueprint(shut)
    api.register_blueprint(make_fresh(library))
    app.register_blueprint(make_pages(library))
    yield app
    database.dispose()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def asked(app: Flask) -> list[Any]:
    """What has become of each read that the replica was considered for."""
    asked: list[Any] = []
    app.extensions["database"].read_listeners.append(asked.append)
    return asked


def titles(client: FlaskClient) -> list[str]:
    found: Any = client.get("/v2/books?limit=3").json
    return [book["title"] for book in found["items"]]


def test_a_page_is_served_beside_the_api(client):
    client.post("/v2/books", json=DUNE)
    page = client.get("/?utm_source=a-letter")
    assert (page.status_code, page.text) == (200, "<ul><li>Dune</li></ul>")
    assert page.content_type == "text/html; charset=utf-8"
    assert client.get("/lines", headers={"Read-After": "no number"}).text == "0\n1\n2\n"


def test_a_page_commits_what_it_means_to(client):
    assert client.post("/books.html").status_code == 303
    assert titles(client) == ["Emma"]


def test_a_stream_reads_on_while_it_is_taken(client, app):
    for number, title in enumerate(("Emma", "Dune", "Ulysses")):
        client.post("/v2/books", json={"title": title, "isbn": str(number)})
    pool = app.extensions["database"].primary.engine.pool
    assert client.get("/titles").text == "Dune\nEmma\nUlysses\n"
    assert pool.checkedout() == 0
    left = client.get("/titles", buffered=False)
    assert next(left.iter_encoded()) == b"Dune\n"
    assert pool.checkedout() == 1
    left.close()  # The client has gone away.
    assert pool.checkedout() == 0
    assert titles(client) == ["Dune", "Emma", "Ulysses"]


def test_a_page_tells_of_an_error_as_it_likes(client):
    lost = client.get("/lost")
    assert (lost.status_code, lost.text) == (404, "<p>The library is closed.</p>")
    assert lost.content_type == "text/html; charset=utf-8"


def test_a_page_is_in_the_document_only_if_it_is_wanted_there(client):
    document = client.get("/openapi.json").json
    validate(document)
    paths = "/v2/books", "/v2/books/{book_id}", "/v2/books/{book_id}/lose"
    assert {*document["paths"]} == {
        *paths,
        "/feed",
        "/feed/{book_id}/lose",
        "/shut",
        "/fresh/{book_id}",
    }


def test_a_feed_is_paged_and_its_rows_are_as_the_api_writes_them(client):
    for number, title in enumerate(("Emma", "Dune", "Ulysses")):
        client.post("/v2/books", json={"title": title, "isbn": str(number)})
    feed, books = client.get("/feed"), client.get("/v2/books")
    assert feed.data == books.data
    assert feed.headers["Link"] == books.headers["Link"].replace("/v2/books", "/feed")
    assert titles(client) == ["Dune", "Emma", "Ulysses"]


def test_the_next_page_is_below_where_the_app_is_mounted(client):
    for number in range(3):
        client.post("/v2/books", json={"title": str(number), "isbn": str(number)})
    link = client.get("/feed", base_url="http://localhost/below").headers["Link"]
    assert link.startswith("</below/feed?")


def test_without_a_transaction_a_query_is_still_done_once(client):
    client.post("/v2/books", json=DUNE)
    lost = client.post(f"/feed/{BOOK_ID}/lose")
    assert (lost.status_code, lost.json["status"], lost.headers["ETag"]) == (200, "lost", '"2"')
    assert client.get(f"/v2/books/{BOOK_ID}").data == lost.data


@pytest.mark.parametrize("path", [f"/feed/{BOOK_ID}/lose", "/books.html"])
def test_a_key_that_would_be_in_vain_is_refused(client, path):
    client.post("/v2/books", json=DUNE)
    refused = client.post(path, headers=KEY)
    assert (refused.status_code, [e["pointer"] for e in refused.json["errors"]]) == (
        422,
        ["/Idempotency-Key"],
    )
    assert client.get(f"/v2/books/{BOOK_ID}").json["status"] == "here"
    assert titles(client) == ["Dune"]


def test_only_who_says_so_reads_from_a_replica(client, asked):
    client.post("/v2/books", json=DUNE)
    fresh = f"/fresh/{BOOK_ID}"
    for path, number in (("/", 0), ("/lines", 0), (fresh, 0), ("/v2/books", 1), ("/feed", 2)):
        assert client.get(path).status_code == 200
        assert len(asked) == number, path
    for path in "/v2/books", "/feed":
        wrong = client.get(path, headers={"Read-After": "no number"})
        assert [error["pointer"] for error in wrong.json["errors"]] == ["/Read-After"]


def test_the_document_says_what_a_blueprint_does_without(client):
    def headers(path: str, method: str) -> set[str]:
        operation = client.get("/openapi.json").json["paths"][path][method]
        return {each["name"] for each in operation.get("parameters", []) if each["in"] == "header"}

    assert headers("/v2/books", "post") == {"Idempotency-Key"}
    assert headers("/feed/{book_id}/lose", "post") == set()
    assert headers("/feed", "get") == headers("/v2/books", "get") == {"Read-After"}
    assert headers("/fresh/{book_id}", "get") == set()
    fresh = client.get("/openapi.json").json["paths"]["/fresh/{book_id}"]["get"]
    assert "headers" not in fresh["responses"]["200"]


def test_a_guard_goes_before_key_and_body(app, client):
    sent: list[Any] = []
    app.extensions["database"].listeners.append(sent.append)
    for body in ({}, DUNE):
        refused = client.post("/shut", json=body, headers=KEY)
        assert (refused.status_code, refused.json["detail"]) == (404, "The library is closed.")
    assert sent == []


def test_a_location_is_replayed_with_its_answer(client):
    first, again = (client.post("/v2/books", json=DUNE, headers=KEY) for _ in range(2))
    assert first.headers["Location"] == again.headers["Location"] == f"/v2/books/{BOOK_ID}"
    assert again.headers["Idempotency-Replayed"] == "true"
    there = client.post("/v2/books", json=DUNE)
    assert (there.status_code, there.headers["Location"]) == (200, f"/v2/books/{BOOK_ID}")
