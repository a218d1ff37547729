"""Who may ask a person, who may answer, and what they get to see of it."""

import json
from uuid import uuid4

import pytest

QUESTION = {"question": "예산이 얼마예요?", "step": "ask_budget", "choices": ["3만원"]}
ANSWER = "5만원, 비밀"


@pytest.fixture
def workflow(make):
    return make.workflow()


@pytest.fixture
def path(workflow):
    return f"/v1/workflows/{workflow['id']}"


def test_security_11_who_only_records_asks_and_reads_nothing_of_it(
    guarded, new_key, workflow, path
):
    agent, person = new_key("ingest"), new_key("read", "write")
    body = {**QUESTION, "id": str(uuid4())}
    keyed = {**agent, "Idempotency-Key": "k"}
    asked = guarded.post(f"{path}/await-input", json=body, headers=keyed)
    seen = {"id": workflow["id"], "status": "awaiting_input"}
    assert (asked.status_code, asked.json) == (200, seen)
    # Sent again, with other values, and another one; by its key and without.
    for again in (keyed, agent):
        told = guarded.post(f"{path}/await-input", json=body, headers=again)
        assert (told.status_code, told.json) == (200, seen)
    for other in ({**body, "question": "?"}, {"question": "?"}):
        told = guarded.post(f"{path}/await-input", json=other, headers=agent)
        assert told.status_code == 409
        assert QUESTION["question"] not in told.text
    assert guarded.get(f"{path}/interactions", headers=agent).status_code == 403
    # Who only records answers for nobody.
    refused = guarded.post(f"{path}/resume", json={"answer": "x"}, headers=agent)
    assert (refused.status_code, "write" in refused.text) == (403, True)
    answered = guarded.post(f"{path}/resume", json={"answer": ANSWER}, headers=person)
    assert answered.json["status"] == "running"
    late = guarded.post(f"{path}/await-input", json=body, headers=agent)
    assert (late.status_code, late.json["status"]) == (200, "running")
    assert set(late.json) == {"id", "status"}


def test_security_12_a_question_of_others_is_as_one_that_is_not_there(
    guarded, new_key, make, workflow, nowhere
):
    """In the path, by the node that asks and by the question that is answered."""
    question = make.question(workflow["id"])
    their_node = make.node(workflow["id"])["id"]
    me = make.user()["id"]
    mine = new_key("write", user_id=me)
    their, unknown = (f"/v1/workflows/{each}" for each in (workflow["id"], nowhere))
    for verb, body in (("await-input", QUESTION), ("resume", {"answer": "x"})):
        told = [
            guarded.post(f"{each}/{verb}", json=body, headers=mine) for each in (their, unknown)
        ]
        assert [each.status_code for each in told] == [404, 404]
        assert told[0].json | {"instance": ""} == told[1].json | {"instance": ""}
    told = [guarded.get(f"{each}/interactions", headers=mine) for each in (their, unknown)]
    assert [each.status_code for each in told] == [404, 404]

    own = f"/v1/workflows/{make.workflow(user_id=me)['id']}"
    for node in (their_node, str(nowhere)):
        told = guarded.post(f"{own}/await-input", json={**QUESTION, "node_id": node}, headers=mine)
        assert told.status_code == 422
        assert [error["pointer"] for error in told.json["errors"]] == ["/node_id"]
    guarded.post(f"{own}/await-input", json=QUESTION, headers=mine)
    answers = []
    for about in (question["id"], str(nowhere)):
        body = {"answer": "x", "interaction_id": about}
        answers.append(guarded.post(f"{own}/resume", json=body, headers=mine))
    assert [each.status_code for each in answers] == [409, 409]
    assert json.loads(answers[0].data) == json.loads(answers[1].data)


def test_security_14_that_an_id_is_taken_is_told_and_no_more(guarded, new_key, make, workflow):
    question = make.question(workflow["id"])
    me = make.user()["id"]
    mine = new_key("write", user_id=me)
    own = make.workflow(user_id=me)["id"]
    body = {**QUESTION, "id": question["id"]}
    told = guarded.post(f"/v1/workflows/{own}/await-input", json=body, headers=mine)
    assert told.status_code == 409
    assert [error["pointer"] for error in told.json["errors"]] == ["/id"]
    for secret in (workflow["id"], workflow["user_id"], question["question"] + " "):
        assert secret not in told.text
    assert guarded.get(f"/v1/workflows/{own}", headers=mine).json["status"] == "running"
