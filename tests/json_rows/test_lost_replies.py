"""Replies that are lost while others act: what was done is recognised by its ids, and done once."""

from uuid import UUID, uuid4

import pytest

from json_rows import RowsSettings, UnitOfWork
from json_rows.statement import Query
from serverless_postgres.database import Database
from tests.json_rows.shelf_models import Ask, Reply
from tests.json_rows.shelves import PAUSE_SHELF, RESUME_SHELF

KEY = "Idempotency-Key"


@pytest.fixture
def others(empty_database):
    """What others do meanwhile, whose connections nobody cuts."""
    url = empty_database.render_as_string(hide_password=False)
    database = Database(RowsSettings(database_url=url))

    def act(*queries: Query) -> None:
        for query in queries:
            with UnitOfWork(database) as work:
                work.run(query)

    yield act
    database.dispose()


def lose_the_reply_of(library, proxy, text, meanwhile=lambda: None):
    """Have the reply to the next statement with a text lost; others act before it is sent anew."""
    waiting = [meanwhile]

    def listen(sent):
        if text in sent.sql and waiting:
            proxy.eat(every=0)
            waiting.pop()()

    library.client().get("/readers")
    library.database.listeners.append(listen)
    proxy.eat(every=1)


PAUSING = "status = 'paused'"


@pytest.mark.parametrize("headers", [{}, {KEY: "k"}])
def test_a_pause_is_taken_once_though_another_resumed_meanwhile(
    cut_library, proxy, others, headers
):
    library = cut_library
    shelf = library.shelf(library.reader())
    key = UUID(shelf["id"])
    resume = RESUME_SHELF.query(key, Reply(answer="!"))
    text = "COMMIT" if headers else PAUSING
    lose_the_reply_of(library, proxy, text, lambda: others(resume))
    path = f"/shelves/{key}/pause"
    paused = library.client().post(path, json={"text": "?"}, headers=headers)
    assert paused.status_code == 200, paused.text
    assert proxy.counts().eaten > 0
    now = library.client().get(f"/shelves/{key}").json
    assert (now["status"], now["question_count"]) == ("open", 1)
    assert library.rows("SELECT answer FROM questions") == [("!",)]


def test_a_pause_that_was_refused_is_not_taken_for_the_one_of_another(cut_library, proxy, others):
    library = cut_library
    shelf = library.shelf(library.reader())
    key = UUID(shelf["id"])
    # Its statement does not arrive; before it is sent again, another client has paused the shelf.
    pause = PAUSE_SHELF.query(key, Ask(text="another's"))
    library.client().get("/readers")
    retried: list[str] = []

    def listen(reason):
        if not retried:
            others(pause)
        retried.append(reason)

    library.database.retry_listeners.append(listen)
    proxy.reset()
    paused = library.client().post(f"/shelves/{key}/pause", json={"text": "mine"})
    assert retried == ["lost"]
    assert (paused.status_code, paused.json["allowed"]) == (409, ["closed", "open"])
    assert library.rows("SELECT text FROM questions") == [("another's",)]


def test_a_resume_is_not_taken_for_the_one_of_another(cut_library, proxy, others):
    library = cut_library
    shelf = library.shelf(library.reader())
    key = UUID(shelf["id"])
    library.client().post(f"/shelves/{key}/pause", json={"text": "first"})
    # The first answer is done, then another client asks and answers again.
    again = (
        PAUSE_SHELF.query(key, Ask(text="second")),
        RESUME_SHELF.query(key, Reply(answer="another's")),
        PAUSE_SHELF.query(key, Ask(text="third")),
    )
    lose_the_reply_of(library, proxy, "status = 'open'", lambda: others(*again))
    resumed = library.client().post(f"/shelves/{key}/resume", json={"answer": "mine"})
    # It was done; the shelf is shown as it is by now, and the third question is still open.
    assert (resumed.status_code, resumed.json["status"]) == (200, "paused")
    found = "SELECT text, answer FROM questions ORDER BY text"
    assert library.rows(found) == [("first", "mine"), ("second", "another's"), ("third", None)]


def test_many_rows_whose_reply_is_lost_are_there_once(cut_library, proxy):
    library = cut_library
    shelf = library.shelf(library.reader())
    lose_the_reply_of(library, proxy, "INSERT INTO books")
    body = [{"position": number, "title": str(number)} for number in range(3)]
    made = library.client().post(f"/shelves/{shelf['id']}/books/many", json=body)
    assert (made.status_code, [row["title"] for row in made.json]) == (201, ["0", "1", "2"])
    assert library.client().get(f"/shelves/{shelf['id']}").json["book_count"] == 3
    assert library.rows("SELECT count(*) FROM books") == [(3,)]


def test_a_row_with_children_whose_reply_is_lost_is_there_once(cut_library, proxy):
    library = cut_library
    reader = library.reader()
    lose_the_reply_of(library, proxy, "INSERT INTO shelves")
    books = [{"position": 1, "title": "백석"}]
    body = {"id": str(uuid4()), "reader_id": reader, "name": "시집", "books": books}
    made = library.client().post("/shelves/filled", json=body)
    assert (made.status_code, len(made.json["books"])) == (201, 1)
    assert library.rows("SELECT count(*) FROM books") == [(1,)]


def test_a_deletion_whose_reply_is_lost_tells_that_nobody_knows_the_counts(cut_library, proxy):
    library = cut_library
    reader = library.reader()
    library.shelf(reader)
    lose_the_reply_of(library, proxy, "DELETE FROM")
    gone = library.client().delete(f"/readers/{reader}")
    assert (gone.status_code, gone.json) == (200, {"readers": None})
    assert library.rows("SELECT count(*) FROM shelves") == [(0,)]


@pytest.mark.parametrize("headers", [{}, {KEY: "k"}])
def test_a_secret_whose_reply_is_lost_is_shown_by_the_next_attempt(cut_library, proxy, headers):
    library = cut_library
    text = "COMMIT" if headers else "INSERT INTO cards"
    body = {"id": str(uuid4()), "reader_id": library.reader(), "label": "현관"}
    lose_the_reply_of(library, proxy, text)
    answer = library.client().post("/cards", json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    if headers:
        # It was committed: of what is shown once no copy is kept, and the row is shown without it.
        assert answer.json == body
        return
    digest = "SELECT digest = encode(sha256('{}'), 'hex') FROM cards".format(answer.json["secret"])
    assert library.rows(digest) == [(True,)]
    # Another secret, of which no card knows, is not shown for the one that is there.
    assert library.client().post("/cards", json=body).status_code == 409
