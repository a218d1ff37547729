"""The deliberate faults: each finds what it strikes in the SQL that the service sends today."""

from dataclasses import fields
from typing import Any
from uuid import uuid4

import pytest

from tests.faults.history.defects import DEFECTS
from tests.faults.history.laboratory import Plan, Summary, missed

IN_SQL = [defect for defect in DEFECTS.values() if defect.pattern]


@pytest.mark.parametrize("defect", IN_SQL, ids=lambda defect: defect.name)
def test_a_fault_finds_what_it_strikes(defect, client, make, database):
    asked: list[Any] = []
    database.listeners.append(asked.append)
    body = {"user_id": make.user()["id"], "user_input": "x", "id": str(uuid4())}
    answers = [client.post("/v1/workflows", json=body) for _ in range(2)]
    path = f"/v1/workflows/{body['id']}"
    make.node(body["id"])
    make.generation(body["id"])
    answers += [
        client.post(f"{path}/await-input", json={"question": "?"}),
        client.post(f"{path}/resume", json={"answer": "!"}),
        client.post(f"{path}/heartbeat", headers={"Idempotency-Key": "k"}),
        client.post(f"{path}/complete", json={}),
    ]
    database.listeners.remove(asked.append)
    assert [answer.status_code for answer in answers] == [201, *[200] * 5]
    assert any(defect.rewritten(sent.sql) != sent.sql for sent in asked)


def summary(**counts: int) -> Summary:
    nothing: dict[str, Any] = dict.fromkeys((field.name for field in fields(Summary)), 0)
    return Summary(**{**nothing, **counts})


def test_a_fault_that_proves_nothing_is_told():
    plan = Plan(operations=10, faults=2, minutes=1, seed=1, broken="no-lock")
    noticed = summary(operations=10, violations=3)
    assert missed(plan, noticed, has_struck=True) == []
    (never,) = missed(plan, noticed, has_struck=False)
    assert never.startswith("no-lock never struck")
    (unseen,) = missed(plan, summary(operations=10), has_struck=True)
    assert "takes no lock" in unseen
    (failing,) = missed(plan, summary(operations=10, violations=3, errors=2), has_struck=True)
    assert "fails by itself" in failing
