"""A person in the loop over REST: a workflow asks and waits, the person answers, it goes on."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest

from tests.service.api.talk import QUESTION


def test_a_workflow_waits_for_a_person_and_goes_on(client, talk, make):
    node = make.node(talk.workflow_id, node_name="ask_budget")
    before = talk.now()
    waiting = talk.ask(node_id=node["id"])
    assert waiting.status_code == 200, waiting.text
    assert (waiting.json["status"], waiting.json["pending_step"]) == (
        "awaiting_input",
        "ask_budget",
    )
    assert waiting.json["version"] == before["version"] + 1
    assert waiting.headers["ETag"] == client.get(talk.path).headers["ETag"]
    (question,) = talk.asked()
    assert question.items() >= {**QUESTION, "seq": 1, "node_id": node["id"]}.items()
    assert (question["answer"], question["answered_at"]) == (None, None)
    assert question["requested_at"] == waiting.json["waiting_since"]
    assert [item["id"] for item in client.get("/v1/workflows?status=awaiting_input").json["items"]]

    running = talk.answer()
    assert (running.status_code, running.json["status"]) == (200, "running")
    assert (running.json["pending_step"], running.json["waiting_since"]) == (None, None)
    (answered,) = talk.asked()
    assert answered == question | {"answer": "5만원", "answered_at": answered["answered_at"]}
    assert talk.end().json["status"] == "completed"


def test_an_answer_may_be_none_of_the_choices_and_a_question_may_have_none(client, talk):
    assert client.post(f"{talk.path}/await-input", json={"question": "언제?"}).status_code == 200
    assert client.post(f"{talk.path}/resume", json={"answer": "내일 저녁 🌙"}).status_code == 200
    (found,) = talk.asked()
    assert (found["choices"], found["step"], found["answer"]) == ([], None, "내일 저녁 🌙")


def test_a_workflow_has_one_open_question_which_the_conflict_names(talk, problem):
    talk.ask()
    open_id = talk.asked()[0]["id"]
    told = problem(talk.ask(question="언제?"), 409)
    assert told["interaction_id"] == open_id
    assert told["current"] == "awaiting_input"
    assert told["allowed"] == ["cancelled", "failed", "running"]
    # It is named, not told: who may only record reads nothing.
    assert QUESTION["question"] not in str(told)
    told = problem(talk.end(), 409)
    assert told["interaction_id"] == open_id
    talk.answer()
    talk.ask(question="언제?")
    assert [item["seq"] for item in talk.asked()] == [1, 2]
    assert [item["question"] for item in talk.asked("?answered=false")] == ["언제?"]
    assert [item["seq"] for item in talk.asked("?answered=true&fields=seq")] == [1]


def test_a_question_that_comes_again_is_asked_once(talk, pointers):
    own = str(uuid4())
    first = talk.ask(id=own)
    again = talk.ask(id=own)
    assert (again.status_code, again.data) == (200, first.data)
    talk.answer()
    ended = talk.end()
    for _ in range(2):
        late = talk.ask(id=own)
        assert (late.status_code, late.data) == (200, ended.data)
    assert [item["id"] for item in talk.asked()] == [own]
    assert pointers(talk.ask(id=own, question="언제?", choices=[]), 409) == [
        "/question",
        "/choices",
    ]


def test_an_answer_that_comes_again_does_not_answer_a_later_question(talk, pointers, problem):
    own = str(uuid4())
    talk.ask()
    first = talk.answer(id=own)
    assert talk.answer(id=own).data == first.data
    talk.ask(question="언제?")
    late = talk.answer(id=own)
    assert (late.status_code, late.json["status"]) == (200, "awaiting_input")
    assert talk.asked()[1]["answer"] is None
    assert pointers(talk.answer("3만원", id=own), 409) == ["/answer"]
    first, second = (item["id"] for item in talk.asked())
    assert pointers(talk.answer(id=own, interaction_id=second), 409) == ["/interaction_id"]
    assert talk.answer(id=own, interaction_id=first).status_code == 200
    assert [item["answer"] for item in talk.asked()] == ["5만원", None]
    talk.answer("내일")
    told = problem(talk.answer("모레"), 409)
    assert (told["current"], "interaction_id" in told) == ("running", False)


def test_an_answer_may_name_its_question_and_answers_no_other_one(talk, problem):
    talk.ask()
    first = talk.asked()[0]["id"]
    talk.answer(interaction_id=first)
    talk.ask(question="언제?")
    second = talk.asked()[1]["id"]
    told = problem(talk.answer("늦은 답", interaction_id=first), 409)
    assert told["interaction_id"] == second
    assert "not as this request takes it to be" in told["detail"]
    assert talk.asked()[1]["answer"] is None
    assert talk.answer("내일", interaction_id=second).status_code == 200


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "k"}])
def test_both_directions_take_a_key(client, talk, headers):
    for verb, body in (("await-input", QUESTION), ("resume", {"answer": "!"})):
        first = client.post(f"{talk.path}/{verb}", json=body, headers=headers)
        again = client.post(f"{talk.path}/{verb}", json=body, headers=headers)
        assert again.status_code == (200 if headers else 409)
        if headers:
            assert again.data == first.data
    assert len(talk.asked()) == 1


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"question": ""}, ["/question"]),
        ({"question": None}, ["/question"]),
        ({"question": "\x00"}, ["/question"]),
        ({"question": "x" * 8001}, ["/question"]),
        ({"step": ""}, ["/step"]),
        ({"choices": ["a", ""]}, ["/choices/1"]),
        ({"choices": ["a"] * 51}, ["/choices"]),
        ({"choices": ["a" * 201]}, ["/choices/0"]),
        ({"choices": None}, ["/choices"]),
        ({"node_id": str(uuid4())}, ["/node_id"]),
        ({"id": "1"}, ["/id"]),
        ({"answer": "x"}, ["/answer"]),
        ({"status": "running"}, ["/status"]),
    ],
)
def test_a_question_that_can_not_be_is_refused_with_a_pointer(talk, pointers, body, expected):
    assert pointers(talk.ask(**body)) == expected
    assert talk.asked() == []
    assert talk.now()["status"] == "running"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, ["/answer"]),
        ({"answer": ""}, ["/answer"]),
        ({"answer": "x" * 8001}, ["/answer"]),
        ({"answer": "\ud800"}, ["/answer"]),
        ({"answer": "x", "id": None}, ["/id"]),
        ({"answer": "x", "interaction_id": "1"}, ["/interaction_id"]),
        ({"answer": "x", "question": "?"}, ["/question"]),
    ],
)
def test_an_answer_that_can_not_be_is_refused_with_a_pointer(
    client, talk, pointers, body, expected
):
    talk.ask()
    assert pointers(client.post(f"{talk.path}/resume", json=body)) == expected
    assert talk.asked()[0]["answer"] is None


def test_ids_of_other_workflows_are_no_ones(client, talk, make, pointers, problem):
    other = make.workflow()["id"]
    node, question = make.node(other)["id"], str(uuid4())
    client.post(f"/v1/workflows/{other}/await-input", json={**QUESTION, "id": question})
    assert pointers(talk.ask(node_id=node)) == ["/node_id"]
    # Security 14: that an id of another's exists is told, and no more.
    told = problem(talk.ask(id=question), 409)
    assert [error["pointer"] for error in told["errors"]] == ["/id"]
    assert QUESTION["question"] not in str(told)
    assert talk.now()["status"] == "running"
    talk.ask()
    resumed = client.post(f"{talk.path}/resume", json={"answer": "x", "interaction_id": question})
    assert problem(resumed, 409)["interaction_id"] == talk.asked()[0]["id"]


def test_unknown_and_closed_workflows_neither_ask_nor_go_on(client, talk, problem, nowhere):
    for verb, body in (("await-input", QUESTION), ("resume", {"answer": "x"})):
        problem(client.post(f"/v1/workflows/{nowhere}/{verb}", json=body), 404)
    problem(client.get(f"/v1/workflows/{nowhere}/interactions"), 404)
    assert problem(talk.answer(), 409)["current"] == "running"
    talk.end("cancel")
    for refused in (talk.ask(), talk.answer()):
        told = problem(refused, 409)
        assert (told["current"], told["allowed"]) == ("cancelled", [])


def test_of_many_who_ask_or_answer_at_once_one_is_heard(app, talk):
    def send(verb: str, body: dict[str, Any]) -> int:
        return app.test_client().post(f"{talk.path}/{verb}", json=body).status_code

    for number in range(1, 6):
        with ThreadPoolExecutor(8) as pool:
            questions = [{"question": str(each)} for each in range(8)]
            told = Counter(pool.map(lambda body: send("await-input", body), questions))
            assert told == {200: 1, 409: 7}
            answers = [{"answer": str(each)} for each in range(8)]
            told = Counter(pool.map(lambda body: send("resume", body), answers))
            assert told == {200: 1, 409: 7}
        assert [item["seq"] for item in talk.asked()] == [*range(1, number + 1)]
        assert all(item["answer"] for item in talk.asked())


def test_questions_are_in_the_timeline(client, talk, make):
    workflow_id = talk.workflow_id
    node = make.node(workflow_id)
    talk.ask()
    talk.answer()
    make.generation(workflow_id)
    entries = client.get(f"{talk.path}/timeline").json["items"]
    assert [entry["kind"] for entry in entries] == ["node", "interaction", "generation"]
    assert entries[1]["interaction"] == talk.asked()[0]
    assert entries[1]["at"] == talk.asked()[0]["requested_at"]
    assert (entries[1]["node"], entries[1]["generation"]) == (None, None)
    assert entries[0]["id"] == node["id"]
    assert entries[0]["interaction"] is None


def test_questions_go_with_their_workflow(client, talk, database):
    talk.ask()
    assert client.delete(talk.path).status_code == 204
    with database.transaction() as connection:
        left = connection.exec_driver_sql("SELECT count(*) FROM interactions").scalar_one()
    assert left == 0
