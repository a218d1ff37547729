"""A stranger's app serves rows: defined, wired and tried over HTTP on the embedded server."""

import importlib
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlmodel import SQLModel

from json_rows import Input, RowsSettings
from json_rows.kept_answer import AnswersTable
from json_rows.models import without

BOOK_ID = "01890000-0000-7000-8000-000000000001"
DUNE = {"id": BOOK_ID, "title": "Dune", "isbn": "9780441013593"}
KEY = "Idempotency-Key"


@pytest.fixture(scope="module")
def library() -> Iterator[Any]:
    """The stranger's module; its tables leave again with it, as they are nobody else's."""
    before = set(SQLModel.metadata.tables)
    yield importlib.import_module("tests.json_rows.library")
    for name in SQLModel.metadata.tables.keys() - before:
        SQLModel.metadata.remove(SQLModel.metadata.tables[name])


@pytest.fixture
def client(library, empty_database) -> Iterator[FlaskClient]:
    url = empty_database.render_as_string(hide_password=False)
    app = library.create_app(RowsSettings(database_url=url))
    yield app.test_client()
    app.extensions["database"].dispose()


def test_a_row_is_made_and_read(client):
    made = client.post("/books", json=DUNE)
    assert made.status_code == 201, made.text
    assert (made.status_code, made.headers["ETag"]) == (201, '"1"')
    assert made.json == {**made.json, **DUNE, "version": 1}
    assert client.get(f"/books/{BOOK_ID}").data == made.data
    again = client.post("/books", json=DUNE)
    assert (again.status_code, again.data) == (200, made.data)


def test_pages_lead_on(client):
    for number, title in enumerate(("Emma", "Dune", "Ulysses")):
        client.post("/books", json={"title": title, "isbn": str(number)})
    first = client.get("/books?limit=2&fields=title").json
    assert [book["title"] for book in first["items"]] == ["Dune", "Emma"]
    second = client.get(f"/books?limit=2&cursor={first['next_cursor']}").json
    assert ([book["title"] for book in second["items"]], second["next_cursor"]) == (
        ["Ulysses"],
        None,
    )
    assert len(client.get("/books").json["items"]) == 2
    assert client.get("/books?limit=4").status_code == 422


def test_a_change_is_of_the_version_that_its_client_has_seen(client):
    client.post("/books", json=DUNE)
    body = {"title": "Dune Messiah", "isbn": DUNE["isbn"]}
    changed = client.put(f"/books/{BOOK_ID}", json=body, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.json["title"]) == (200, "Dune Messiah")
    late = client.put(f"/books/{BOOK_ID}", json=body, headers={"If-Match": '"1"'})
    assert (late.status_code, late.headers["ETag"]) == (412, '"2"')


def test_a_row_goes_only_where_it_may(client):
    client.post("/books", json=DUNE)
    lost, again = (client.post(f"/books/{BOOK_ID}/lose") for _ in range(2))
    assert (lost.status_code, lost.json["status"]) == (200, "lost")
    assert (again.status_code, again.data) == (200, lost.data)
    with client.application.extensions["database"].transaction() as connection:
        connection.exec_driver_sql("UPDATE book SET status = 'lent'")
    refused = client.post(f"/books/{BOOK_ID}/lose")
    assert (refused.status_code, refused.json["allowed"]) == (409, ["here"])


def test_a_repeated_request_has_one_answer_which_goes_with_its_row(client):
    body = {"title": "Emma", "isbn": "1"}
    first = client.post("/books", json=body, headers={KEY: "k"})
    again = client.post("/books", json=body, headers={KEY: "k"})
    assert (again.status_code, again.data) == (201, first.data)
    assert again.headers["Idempotency-Replayed"] == "true"
    with client.application.extensions["database"].transaction() as connection:
        kept = "SELECT book_id FROM answer"
        assert connection.exec_driver_sql(kept).all() == [(UUID(first.json["id"]),)]
        connection.exec_driver_sql("DELETE FROM book")
        assert connection.exec_driver_sql(kept).all() == []


def test_what_the_database_refuses_names_the_column(client):
    client.post("/books", json=DUNE)
    taken = client.post("/books", json={"title": "Emma", "isbn": DUNE["isbn"]})
    assert taken.status_code == 409
    assert [error["pointer"] for error in taken.json["errors"]] == ["/isbn"]
    missing = client.get("/books/01890000-0000-7000-8000-000000000002")
    assert (missing.status_code, missing.json["detail"]) == (404, "There is no such book.")


def test_without_a_table_of_answers_no_key_is_taken(library, client):
    other = library.Flask("other")
    other.config.update(client.application.config)
    database = client.application.extensions["database"]
    library.json_rows.init_app(other, database, database.settings)
    library.Api(other).register_blueprint(library.blueprint)
    refused = other.test_client().post("/books", json=DUNE, headers={KEY: "k"})
    assert [error["pointer"] for error in refused.json["errors"]] == [f"/{KEY}"]
    assert other.test_client().post("/books", json=DUNE).status_code == 201
    documents = [app.test_client().get("/openapi.json") for app in (client.application, other)]
    assert [KEY in document.text for document in documents] == [True, False]


def test_what_can_not_work_is_told_when_it_is_declared(library):
    without_id = without("BookCreate", library.BookCreate, ("id",), base=Input)
    with pytest.raises(TypeError, match=r"book\.id needs a server default, or a value in `val"):
        library.New(library.books, without_id)
    with pytest.raises(TypeError, match="BookCreate has no id, by which a row is found again"):
        library.New(library.books, without_id, values={"id": "gen_random_uuid()"})
    with pytest.raises(TypeError, match="answer has no shelf_id, which answers are to go with"):
        AnswersTable(library.Answer).keep({"shelf_id": "%(about)s"})
