"""What belongs to others is answered exactly as what is not there, on every way to it."""

import threading
from uuid import uuid4

import pytest

KEY = "Idempotency-Key"
UNKNOWN = "01890000-0000-7000-8000-00000000dead"


@pytest.fixture
def theirs(library):
    """Rows of another reader, on each of which the asker tries everything."""
    reader = library.reader()
    shelf = library.shelf(reader, "그들의 책")
    client = library.client()
    book = client.post(f"/shelves/{shelf['id']}/books", json={"position": 1, "title": "비밀"})
    closed = library.shelf(reader, "closed")
    client.post(f"/shelves/{closed['id']}/close")
    card = client.post("/cards", json={"reader_id": reader, "label": "비밀"})
    return {
        "reader": reader,
        "shelf": shelf["id"],
        "closed": closed["id"],
        "book": book.get_json()["id"],
        "card": card.get_json()["id"],
        "etag": f'"{shelf["version"] + 1}"',
    }


@pytest.fixture
def me(library):
    """The asker, who has a shelf of their own."""
    reader = library.reader()
    library.shelf(reader, "mine")
    client = library.client(reader)
    client.reader_id = reader
    return client


def said(answer, key):
    """All that an answer says, but for the id that was asked for."""
    headers = {name: value for name, value in answer.headers.items() if name != "Date"}
    return answer.status_code, answer.text.replace(key, "…"), headers


REQUESTS = {
    "reader": ("GET", "/readers/{reader}", None, {}),
    "reader known": ("GET", "/readers/{reader}", None, {"If-None-Match": '"1"'}),
    "reader gone": ("DELETE", "/readers/{reader}", None, {}),
    "shelf": ("GET", "/shelves/{shelf}", None, {}),
    "shelf known": ("GET", "/shelves/{shelf}", None, {"If-None-Match": '"2"'}),
    "shelf known, any": ("GET", "/shelves/{shelf}", None, {"If-None-Match": "*"}),
    "changed": ("PATCH", "/shelves/{shelf}", {"name": "x"}, {"If-Match": '"2"'}),
    "changed, unseen": ("PATCH", "/shelves/{shelf}", {"name": "x"}, {"If-Match": '"1"'}),
    "changed, any": ("PATCH", "/shelves/{shelf}", {"name": "x"}, {"If-Match": "*"}),
    "changed, nothing": ("PATCH", "/shelves/{shelf}", {}, {"If-Match": "*"}),
    "deleted": ("DELETE", "/shelves/{shelf}", None, {}),
    "deleted, seen": ("DELETE", "/shelves/{shelf}", None, {"If-Match": '"2"'}),
    "deleted, unseen": ("DELETE", "/shelves/{shelf}", None, {"If-Match": '"1"'}),
    "paused": ("POST", "/shelves/{shelf}/pause", {"text": "?"}, {}),
    "paused, closed": ("POST", "/shelves/{closed}/pause", {"text": "?"}, {}),
    "resumed from open": ("POST", "/shelves/{shelf}/resume", {"answer": "?"}, {}),
    "closed": ("POST", "/shelves/{shelf}/close", None, {}),
    "closed again": ("POST", "/shelves/{closed}/close", None, {}),
    "closed under a key": ("POST", "/shelves/{shelf}/close", None, {KEY: "k"}),
    "note": ("PUT", "/shelves/{shelf}/note", {"text": "x"}, {}),
    "books": ("GET", "/shelves/{shelf}/books", None, {}),
    "questions": ("GET", "/shelves/{shelf}/questions", None, {}),
    "book": ("GET", "/books/{book}", None, {}),
    "new book": ("POST", "/shelves/{shelf}/books", {"position": 1, "title": "x"}, {}),
    "new book, closed": ("POST", "/shelves/{closed}/books", {"position": 1, "title": "x"}, {}),
    "new books": ("POST", "/shelves/{shelf}/books/many", [{"position": 1, "title": "x"}], {}),
    "no new books": ("POST", "/shelves/{shelf}/books/many", [], {}),
    "card": ("GET", "/cards/{card}", None, {}),
    "filtered": ("GET", "/shelves?reader_id={reader}", None, {}),
    "counted": ("GET", "/shelves/statistic?reader_id={reader}", None, {}),
}  # fmt: skip


@pytest.mark.parametrize("name", REQUESTS)
def test_a_row_of_others_is_as_one_that_is_not_there(name, library, me, theirs):
    method, path, body, headers = REQUESTS[name]
    before = library.rows("SELECT id, version FROM shelves ORDER BY id")
    answers = []
    for keys in (theirs, dict.fromkeys(theirs, UNKNOWN)):
        answer = me.open(path.format(**keys), method=method, json=body, headers=headers)
        (asked,) = [keys[key] for key in theirs if f"{{{key}}}" in path]
        answers.append(said(answer, asked))
    assert answers[0] == answers[1]
    assert library.rows("SELECT id, version FROM shelves ORDER BY id") == before
    assert library.rows("SELECT count(*) FROM questions") == [(0,)]
    assert library.rows("SELECT count(*) FROM notes") == [(0,)]


REFERENCES = {
    "new shelf of theirs": ("POST", "/shelves", {"reader_id": "{reader}", "name": "x"}),
    "new shelf beside": ("POST", "/shelves", {"beside_id": "{shelf}", "name": "x"}),
    "many, one of theirs": ("POST", "/shelves/many", [{"beside_id": "{shelf}", "name": "x"}]),
    "filled": ("POST", "/shelves/filled", {"beside_id": "{shelf}", "name": "x", "books": []}),
    "card of theirs": ("POST", "/cards", {"reader_id": "{reader}", "label": "x"}),
    "book beside": (
        "POST",
        "/shelves/{mine}/books",
        {"position": 1, "title": "x", "beside_id": "{book}"},
    ),
    "filled, a book beside": (
        "POST",
        "/shelves/filled",
        {"name": "x", "books": [{"position": 1, "title": "x", "beside_id": "{book}"}]},
    ),
    "changed to beside": ("PATCH", "/shelves/{mine}", {"beside_id": "{shelf}"}),
}


def filled_in(body, keys, reader):
    if isinstance(body, list):
        return [filled_in(each, keys, reader) for each in body]
    filled = {
        name: value.format(**keys) if isinstance(value, str) else
        [filled_in(each, keys, None) for each in value] if isinstance(value, list) else value
        for name, value in body.items()
    }  # fmt: skip
    return filled if reader is None else {"reader_id": reader, **filled}


@pytest.mark.parametrize("name", REFERENCES)
def test_a_reference_to_a_row_of_others_is_refused_as_one_to_nothing(name, me, theirs):
    method, path, body = REFERENCES[name]
    mine = me.get("/shelves").get_json()["items"][0]["id"]
    answers = []
    for keys in (theirs, dict.fromkeys(theirs, UNKNOWN)):
        has_reader = "reader_id" not in str(body) and "{mine}" not in path
        sent = filled_in(body, keys, me.reader_id if has_reader else None)
        answer = me.open(
            path.format(mine=mine), method=method, json=sent, headers={"If-Match": "*"}
        )
        answers.append(said(answer, UNKNOWN))
    assert answers[0] == answers[1]
    assert answers[0][0] == 422


def test_lists_have_the_rows_of_the_asker(library, me, theirs):
    assert [row["name"] for row in me.get("/shelves").get_json()["items"]] == ["mine"]
    assert [row["id"] for row in me.get("/readers").get_json()["items"]] == [me.reader_id]
    assert me.get("/shelves?title=비밀").get_json()["items"] == []
    everybody = library.client()
    assert len(everybody.get("/shelves?limit=9").get_json()["items"]) == 3
    assert everybody.get(f"/shelves/{theirs['shelf']}").status_code == 200


def test_a_cursor_of_others_is_refused(library, me, theirs):
    them = library.client(theirs["reader"])
    for whose in (them, library.client()):
        cursor = whose.get("/shelves?limit=1").get_json()["next_cursor"]
        assert whose.get(f"/shelves?limit=1&cursor={cursor}").status_code == 200
        answer = me.get(f"/shelves?limit=5&cursor={cursor}")
        assert answer.status_code == 422
        assert [error["pointer"] for error in answer.json["errors"]] == ["/cursor"]


def test_an_id_of_others_is_taken_and_tells_nothing_of_its_row(library, me, theirs):
    body = {"reader_id": me.reader_id, "name": "x"}
    for path, sent in (
        ("/shelves", {**body, "id": theirs["shelf"]}),
        ("/shelves/filled", {**body, "id": theirs["shelf"], "books": []}),
        ("/cards", {"id": theirs["card"], "reader_id": me.reader_id, "label": "x"}),
    ):
        answer = me.post(path, json=sent)
        assert answer.status_code == 409, answer.text
        assert [error["pointer"] for error in answer.json["errors"]] == ["/id"]
        assert "그들의" not in answer.text
    # Even with exactly what is there.
    there = library.client().get(f"/shelves/{theirs['shelf']}").get_json()
    same = {name: there[name] for name in ("id", "reader_id", "name")}
    assert me.post("/shelves", json=same).status_code in {409, 422}
    many = me.post("/shelves/many", json=[{**body, "id": theirs["shelf"]}, body])
    assert many.status_code == 409
    assert len(me.get("/shelves").get_json()["items"]) == 1


def test_a_key_is_one_of_its_principal(library, me, theirs):
    them = library.client(theirs["reader"])
    body = {"name": "x"}
    headers = {KEY: "same"}
    first = them.post("/shelves", json={**body, "reader_id": theirs["reader"]}, headers=headers)
    mine = me.post("/shelves", json={**body, "reader_id": me.reader_id}, headers=headers)
    assert (first.status_code, mine.status_code) == (201, 201)
    assert "Idempotency-Replayed" not in mine.headers
    assert mine.get_json()["reader_id"] == me.reader_id
    principals = library.rows("SELECT principal FROM reader_answers WHERE key = 'same'")
    assert {principal for (principal,) in principals} == {theirs["reader"], me.reader_id}


def test_a_row_of_others_is_not_locked(library, me, theirs):
    """Whoever tries to change it neither waits for those who do, nor lets them wait."""
    done: list[int] = []
    with library.database.transaction() as connection:
        lock = f"SELECT FROM shelves WHERE id = '{theirs['shelf']}' FOR UPDATE"
        connection.exec_driver_sql(lock)

        def act():
            book = {"position": 1, "title": "x"}
            path = f"/shelves/{theirs['shelf']}"
            done.extend(
                (
                    me.post(f"{path}/close").status_code,
                    me.post(f"{path}/books", json=book).status_code,
                    me.patch(path, json={"name": "x"}, headers={"If-Match": "*"}).status_code,
                    me.delete(path).status_code,
                )
            )

        thread = threading.Thread(target=act)
        thread.start()
        thread.join(20)
        assert done == [404] * 4


def test_a_reader_makes_themselves_and_nobody_else(library):
    new, other = str(uuid4()), str(uuid4())
    client = library.client(new)
    assert client.post("/readers", json={"id": new, "name": "나"}).status_code == 201
    assert client.post("/readers", json={"id": other, "name": "남"}).status_code == 404
    assert library.rows("SELECT name FROM readers") == [("나",)]
