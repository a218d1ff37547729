"""What a resource can do beyond a row at a time, in a stranger's app, over HTTP."""

from uuid import uuid4

import pytest

from json_rows import Transition
from tests.json_rows.shelf_models import Ask
from tests.json_rows.shelves import shelves

KEY = "Idempotency-Key"


def books_of(count: int, title: str = "백석 시집") -> list[dict[str, object]]:
    return [
        {"id": str(uuid4()), "position": count - number, "title": f"{title} {number}"}
        for number in range(count)
    ]


def one_round_trip(library, act):
    """Act, and tell the answer; all of it took one round trip."""
    library.client().get("/readers")  # a connection waits in the pool
    library.sent.clear()
    answer = act()
    assert len(library.sent) == 1, library.sent
    return answer


def test_a_body_of_many_rows_is_one_round_trip_in_its_order(library):
    reader = library.reader()
    body = [
        {"id": str(uuid4()), "reader_id": reader, "name": name}
        for name in ("하", "가", "나 'x' %s")
    ]
    post = library.client().post
    made = one_round_trip(library, lambda: post("/shelves/many", json=body))
    assert made.status_code == 201, made.text
    assert [(row["id"], row["name"]) for row in made.json] == [
        (row["id"], row["name"]) for row in body
    ]
    assert all(row["books"] == [] for row in made.json)


def test_many_rows_of_a_parent_are_counted_by_it(library):
    shelf = library.shelf(library.reader())
    path = f"/shelves/{shelf['id']}"
    body = books_of(1000)
    post = library.client().post
    made = one_round_trip(library, lambda: post(f"{path}/books/many", json=body))
    assert made.status_code == 201, made.text
    assert [row["title"] for row in made.json] == [row["title"] for row in body]
    now = library.client().get(path).json
    assert (now["book_count"], now["version"]) == (1000, shelf["version"] + 1)
    # In the order of their position.
    assert [row["id"] for row in now["books"]] == [row["id"] for row in reversed(body)]


def test_none_of_many_is_an_empty_list(library, new_id):
    shelf = library.shelf(library.reader())
    post = library.client().post
    for path in ("/shelves/many", f"/shelves/{shelf['id']}/books/many"):
        made = post(path, json=[])
        assert (made.status_code, made.json) == (201, [])
    missing = post(f"/shelves/{new_id}/books/many", json=[])
    assert (missing.status_code, missing.json["detail"]) == (404, "There is no such shelf.")


def test_many_rows_that_are_sent_again_are_found_and_counted_once(library):
    shelf = library.shelf(library.reader())
    path = f"/shelves/{shelf['id']}/books/many"
    body = books_of(3)
    post = library.client().post
    first, again = post(path, json=body), post(path, json=body)
    assert (first.status_code, again.status_code, again.data) == (201, 200, first.data)
    others = [*body[:2], {**body[2], "title": "다른 책"}]
    fewer_known = [*body, *books_of(1)]
    twice = [*books_of(1) * 2]
    for refused in (others, fewer_known, twice):
        answer = post(path, json=refused)
        assert answer.status_code == 409, answer.text
        assert [error["pointer"] for error in answer.json["errors"]] == ["/id"]
    assert library.client().get(f"/shelves/{shelf['id']}").json["book_count"] == 3
    assert library.rows("SELECT count(*) FROM books") == [(3,)]


def test_many_rows_under_a_key_are_answered_again(library):
    shelf = library.shelf(library.reader())
    path = f"/shelves/{shelf['id']}/books/many"
    for count, key in ((2, "k"), (300, "large"), (0, "none")):
        body = books_of(count)
        first, again = (
            library.client().post(path, json=body, headers={KEY: key}) for _ in range(2)
        )
        assert (first.status_code, again.status_code) == (201, 201), again.text
        assert again.data == first.data
        assert again.headers["Idempotency-Replayed"] == "true"
    other = library.client().post(path, json=books_of(1), headers={KEY: "k"})
    assert other.status_code == 422


def test_a_row_is_made_with_its_children_in_one_statement(library):
    reader = library.reader()
    body = {"id": str(uuid4()), "reader_id": reader, "name": "시집", "books": books_of(3)}
    post = library.client().post
    made = one_round_trip(library, lambda: post("/shelves/filled", json=body))
    assert made.status_code == 201, made.text
    assert (made.json["book_count"], len(made.json["books"])) == (3, 3)
    assert library.client().get(f"/shelves/{body['id']}").data == made.data
    again = post("/shelves/filled", json=body)
    assert (again.status_code, again.data) == (200, made.data)
    bare = {**body, "id": str(uuid4()), "books": []}
    assert post("/shelves/filled", json=bare).json["books"] == []


def test_a_step_has_effects_on_other_tables_in_one_statement(library):
    shelf = library.shelf(library.reader())
    path = f"/shelves/{shelf['id']}"
    post = library.client().post
    question = {"question_id": str(uuid4()), "text": "어느 방향?"}
    paused = one_round_trip(library, lambda: post(f"{path}/pause", json=question))
    assert (paused.status_code, paused.json["status"]) == (200, "paused")
    reply = {"reply_id": str(uuid4()), "answer": "왼쪽"}
    resumed = one_round_trip(library, lambda: post(f"{path}/resume", json=reply))
    assert (resumed.json["status"], resumed.json["question_count"]) == ("open", 1)
    (asked,) = library.client().get(f"{path}/questions").json["items"]
    assert asked == {
        "id": question["question_id"],
        "shelf_id": shelf["id"],
        "text": "어느 방향?",
        "answer": "왼쪽",
    }


def test_nested_rows_are_in_lists_on_demand(library):
    reader = library.reader()
    shelf = library.shelf(reader)
    library.client().post(f"/shelves/{shelf['id']}/books/many", json=books_of(2))
    get = library.client().get
    plain = one_round_trip(library, lambda: get("/shelves"))
    assert "books" not in plain.json["items"][0]
    whole = one_round_trip(library, lambda: get("/shelves?include=books"))
    assert whole.json["items"] == [get(f"/shelves/{shelf['id']}").json]


def test_a_condition_of_a_list_is_that_of_a_statistic(library):
    mine, other = library.reader(), library.reader()
    for reader, name in ((mine, "시집"), (mine, "소설"), (other, "잡지")):
        shelf = library.shelf(reader, name)
        library.client().post(f"/shelves/{shelf['id']}/books", json=books_of(1, name)[0])
    get = library.client(mine).get
    counted = one_round_trip(library, lambda: get("/shelves/statistic?status=open"))
    assert counted.json == {"shelves": 2, "books": 2}
    assert get("/shelves/statistic?title=잡지 0").json == {"shelves": 0, "books": None}
    assert get("/shelves/statistic?title=시집 0").json == {"shelves": 1, "books": 1}
    assert library.client().get("/shelves/statistic").json == {"shelves": 3, "books": 3}


def test_a_step_to_a_state_that_can_come_again_says_whose_doing_it_was():
    with pytest.raises(TypeError, match="A shelf can be paused again: `done` must tell whose"):
        Transition(shelves, Ask, to="paused")
    Transition(shelves, to="closed")


@pytest.mark.parametrize("headers", [{}, {KEY: "k"}])
def test_a_step_that_is_repeated_is_found_though_others_went_on(library, headers):
    shelf = library.shelf(library.reader())
    path = f"/shelves/{shelf['id']}"
    post = library.client().post
    question = {"question_id": str(uuid4()), "text": "?"}
    assert post(f"{path}/pause", json=question, headers=headers).status_code == 200
    resumed = post(f"{path}/resume", json={"answer": "!"})
    again = post(f"{path}/pause", json=question)
    assert (again.status_code, again.data) == (200, resumed.data)
    assert library.rows("SELECT count(*) FROM questions") == [(1,)]
    # Another one's question is no repetition.
    other = post(f"{path}/pause", json={"text": "??"})
    assert (other.status_code, other.json["status"]) == (200, "paused")
    late = post(f"{path}/pause", json={"text": "???"})
    assert (late.status_code, late.json["allowed"]) == (409, ["closed", "open"])


def test_a_step_that_comes_again_with_other_values_is_a_conflict_that_points_to_them(library):
    shelf = library.shelf(library.reader())
    path = f"/shelves/{shelf['id']}"
    post = library.client().post
    question = {"question_id": str(uuid4()), "text": "?"}
    post(f"{path}/pause", json=question)
    for answered in (False, True):
        if answered:
            post(f"{path}/resume", json={"answer": "!"})
        again = one_round_trip(library, lambda: post(f"{path}/pause", json=question))
        assert again.status_code == 200
        other = post(f"{path}/pause", json={**question, "text": "??"})
        assert other.status_code == 409
        assert [error["pointer"] for error in other.json["errors"]] == ["/text"]
        assert other.json["current"] == again.json["status"]
        # What a conflict tells besides is only there where there is something to tell.
        assert other.json.get("question_id") == (None if answered else question["question_id"])
        assert ("question_id" in other.json) is not answered


def test_an_id_that_another_row_has_is_a_conflict_of_a_step_too(library):
    question = {"question_id": str(uuid4()), "text": "?"}
    for expected in (200, 409):
        shelf = library.shelf(library.reader())
        asked = library.client().post(f"/shelves/{shelf['id']}/pause", json=question)
        assert asked.status_code == expected
        if expected == 409:
            assert [error["pointer"] for error in asked.json["errors"]] == ["/id"]
            assert library.client().get(f"/shelves/{shelf['id']}").json["status"] == "open"
