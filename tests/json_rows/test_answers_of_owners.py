"""Kept answers: whose they are, what they go with, and which are never kept."""

import json
from uuid import UUID, uuid4

import pytest

from json_rows import Asker, OwnershipError, RowsSettings, UnitOfWork
from tests.json_rows import shelves_app
from tests.json_rows.shelves import shelves

KEY = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
KEPT = "SELECT reader_id, shelf_id, shown_id, convert_from(body, 'UTF8') FROM reader_answers"


@pytest.mark.parametrize("asks", ["owner", "nobody"])
def test_what_is_shown_once_is_never_kept(library, asks):
    reader = library.reader()
    client = library.client(reader if asks == "owner" else None)
    body = {"id": str(uuid4()), "reader_id": reader, "label": "현관"}
    first = client.post("/cards", json=body, headers={KEY: "k"})
    secret = first.get_json()["secret"]
    assert (first.status_code, secret[:7]) == (201, "secret-")
    # Neither in a kept answer, nor in the row, nor in what was sent to the database.
    ((kept_reader, kept_shelf, shown, kept),) = library.rows(KEPT)
    assert (str(kept_reader), kept_shelf, str(shown)) == (reader, None, body["id"])
    assert kept == f'{{"id":"{body["id"]}"}}'
    assert library.rows(f"SELECT * FROM cards WHERE cards::text LIKE '%%{secret}%%'") == []
    replayed = client.post("/cards", json=body, headers={KEY: "k"})
    assert (replayed.status_code, replayed.headers[REPLAYED]) == (201, "true")
    assert replayed.get_json() == client.get(f"/cards/{body['id']}").get_json() == body


def test_an_answer_with_a_person_and_no_other_parent_goes_with_the_person(library):
    reader, other = library.reader(), library.reader()
    for each in (reader, other):
        card = {"reader_id": each, "label": "x"}
        assert library.client().post("/cards", json=card, headers={KEY: each}).status_code == 201
    rows = library.rows("SELECT reader_id::text, shelf_id FROM reader_answers")
    assert set(rows) == {(reader, None), (other, None)}
    gone = library.client().delete(f"/readers/{reader}")
    assert (gone.json["cards"], gone.json["reader_answers"]) == (1, 1)
    assert library.rows("SELECT reader_id::text, shelf_id FROM reader_answers") == [(other, None)]


def test_answers_name_all_that_they_go_with(library):
    reader = library.reader()
    client = library.client()

    def keyed(path, body, key):
        answer = client.post(path, json=body, headers={KEY: key})
        assert answer.status_code in {200, 201}, answer.text
        return answer.get_json()

    shelf = keyed("/shelves", {"reader_id": reader, "name": "x"}, "shelf")
    path = f"/shelves/{shelf['id']}"
    book = {"position": 1, "title": "x"}
    keyed(f"{path}/books", book, "book")
    keyed(f"{path}/books/many", [book, book], "books")
    keyed(f"{path}/pause", {"text": "?"}, "pause")
    keyed(f"{path}/resume", {"answer": "!"}, "resume")
    keyed("/shelves/filled", {"reader_id": reader, "name": "y", "books": [book]}, "filled")
    rows = library.rows("SELECT key, reader_id::text, shelf_id::text FROM reader_answers")
    assert {(key, row_reader) for key, row_reader, _ in rows} == {
        (key, reader) for key in ("shelf", "book", "books", "pause", "resume", "filled")
    }
    assert {key for key, _, row_shelf in rows if row_shelf == shelf["id"]} == {
        *("shelf", "book", "books", "pause", "resume")
    }
    # With the shelf its answers go, with the reader all.
    gone = client.delete(path)
    assert gone.get_json()["reader_answers"] == 5
    assert client.delete(f"/readers/{reader}").get_json()["reader_answers"] == 1
    assert library.rows("SELECT count(*) FROM reader_answers") == [(0,)]


@pytest.mark.parametrize("count", [0, 1, 3])
def test_of_many_rows_without_a_parent_only_their_ids_are_kept(library, count):
    people = [library.reader() for _ in range(count)]
    body = [{"reader_id": reader, "name": "비밀"} for reader in people]
    client = library.client()
    first = client.post("/shelves/many", json=body, headers={KEY: "k"})
    again = client.post("/shelves/many", json=body, headers={KEY: "k"})
    assert (again.status_code, again.headers[REPLAYED]) == (201, "true")
    assert again.data == first.data
    ((_, _, _, kept),) = library.rows(KEPT)
    assert json.loads(kept) == [shelf["id"] for shelf in first.get_json()]
    if count:
        client.delete(f"/readers/{people[-1]}")
        gone = client.post("/shelves/many", json=body, headers={KEY: "k"})
        assert (gone.status_code, "deleted since" in gone.text) == (409, True)


def test_what_is_shown_once_is_not_kept_either_if_the_view_looks_first(library):
    body = {"reader_id": library.reader(), "label": "x"}
    first = library.client().post("/cards/after-a-look", json=body, headers={KEY: "k"})
    assert first.get_json()["secret"].startswith("secret-")
    ((_, _, _, kept),) = library.rows(KEPT)
    assert json.loads(kept) == {"id": first.get_json()["id"]}
    again = library.client().post("/cards/after-a-look", json=body, headers={KEY: "k"})
    assert (again.status_code, again.get_json()) == (201, {"id": first.get_json()["id"]})


@pytest.fixture
def moving(empty_database):
    """Clients of one principal, who asks for one owner or another."""
    url = empty_database.render_as_string(hide_password=False)
    owners: list[UUID | None] = [None]
    app = shelves_app.create_app(RowsSettings(database_url=url), lambda: Asker("a key", owners[-1]))
    yield app.test_client(), owners
    app.extensions["database"].dispose()


def test_a_principal_for_another_owner_is_not_shown_what_the_one_before_was(moving):
    client, owners = moving
    readers = [client.post("/readers", json={"name": name}).json["id"] for name in "가나"]
    owners.append(UUID(readers[0]))
    made = client.post("/shelves", json={"reader_id": readers[0], "name": "비밀"})
    path = f"/shelves/{made.json['id']}"
    first = client.post(f"{path}/close", headers={KEY: "k"})
    assert first.status_code == 200
    owners.append(UUID(readers[1]))
    refused = client.post(f"{path}/close", headers={KEY: "k"})
    assert (refused.status_code, "비밀" in refused.text) == (422, False)
    owners.append(UUID(readers[0]))
    assert client.post(f"{path}/close", headers={KEY: "k"}).data == first.data


def test_who_does_not_see_a_member_is_not_shown_it_by_a_repetition_either(empty_database):
    url = empty_database.render_as_string(hide_password=False)
    asks = [Asker("a reader")]
    app = shelves_app.create_app(RowsSettings(database_url=url), lambda: asks[-1])
    client = app.test_client()
    reader = client.post("/readers", json={"name": "가"}).get_json()["id"]
    asks.append(Asker("a scanner", sees=frozenset({"id", "status"})))
    body = {"id": str(uuid4()), "reader_id": reader, "name": "비밀"}
    path = f"/shelves/{body['id']}"
    # The second key finds the row there already: its answer is not kept, but shown again.
    for key in "1122":
        answer = client.post("/shelves", json=body, headers={KEY: key})
        assert answer.status_code in {200, 201}, answer.text
        assert answer.get_json().keys() == {"id", "status"}
    assert answer.headers["Idempotency-Replayed"] == "true"
    assert client.get(path).json == answer.json
    assert client.get(path).headers.get("ETag") != '"1"'
    asks.pop()
    assert client.get(path).get_json()["name"]
    app.extensions["database"].dispose()


def test_a_statement_by_itself_is_bound_to_who_asks(library):
    mine, other = library.reader(), library.reader()
    shelf = library.shelf(other)
    for owner, expected in ((None, 1), (UUID(other), 1), (UUID(mine), 0)):
        with UnitOfWork(library.database, owner=owner) as work:
            query = shelves.get(UUID(str(shelf["id"])))
            assert len(work.fetch(query)) == expected


def test_sql_by_hand_keeps_to_the_rows_of_who_asks_or_is_refused(library):
    mine, other = library.reader(), library.reader()
    library.shelf(mine, "내 책")
    library.shelf(other, "100%")
    every = "SELECT name FROM shelves ORDER BY name"
    owned = f"SELECT name FROM shelves WHERE {shelves.owned} AND name LIKE %(name)s ORDER BY name"
    with UnitOfWork(library.database) as work:
        assert work.execute(every) == [("100%",), ("내 책",)]
        assert work.execute(owned, {"name": "%"}) == [("100%",), ("내 책",)]
    with UnitOfWork(library.database, owner=UUID(mine)) as work:
        assert work.execute(owned, {"name": "%"}) == [("내 책",)]
        with pytest.raises(OwnershipError):
            work.execute(every)
