"""What is written behind the requests, and never in their statements."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from json_rows import UnitOfWork


@pytest.fixture
def flush(guarded):
    return guarded.application.extensions["access"].notes.flush


@pytest.fixture
def last_used(database):
    def find(key):
        with UnitOfWork(database) as work:
            ((at,),) = work.execute(
                "SELECT last_used_at FROM api_keys WHERE id = %(id)s", {"id": key.id}
            )
        return at

    return find


def test_security_4_when_a_key_was_used_is_written_once_a_minute_at_most(
    guarded, new_key, flush, last_used, database
):
    key = new_key("read")
    assert guarded.get("/v1/workflows", headers=key).status_code == 200
    assert last_used(key) is None
    flush()
    at = last_used(key)
    assert abs(datetime.now(UTC) - at) < timedelta(seconds=30)
    assert guarded.get("/v1/workflows", headers=key).status_code == 200
    flush()
    assert last_used(key) == at
    with UnitOfWork(database) as work:
        work.execute("UPDATE api_keys SET last_used_at = now() - interval '2 minutes'")
    assert guarded.get("/v1/workflows", headers=key).status_code == 200
    flush()
    assert last_used(key) > at


def test_security_4_a_row_that_others_hold_is_left_for_later(
    guarded, new_key, flush, last_used, database
):
    held, free = new_key("read"), new_key("read")
    for key in (held, free):
        assert guarded.get("/v1/workflows", headers=key).status_code == 200
    with UnitOfWork(database) as work:
        work.begin()
        work.execute("SELECT FROM api_keys WHERE id = %(id)s FOR UPDATE", {"id": held.id})
        flush()
        assert last_used(held) is None
        assert last_used(free) is not None
        work.rollback()


def test_security_9_what_is_denied_is_noted_with_the_key_and_what_it_lacks(
    guarded, new_key, flush, database, make
):
    narrow, expired = new_key("read"), new_key("read", expires_at="2020-01-01T00:00:00Z")
    workflow = make.workflow()["id"]
    for _ in range(2):
        assert guarded.delete(f"/v1/workflows/{workflow}", headers=narrow).status_code == 403
    assert guarded.get("/v1/workflows", headers=expired).status_code == 401
    flush()
    with UnitOfWork(database) as work:
        rows = work.execute(
            "SELECT key_id, detail->>'why', detail->>'operation', detail->>'times' "
            "FROM audit_events WHERE action = 'access.denied' "
            "AND key_id = ANY(%(ids)s::uuid[]) ORDER BY 2",
            {"ids": [narrow.id, expired.id]},
        )
    assert [(str(key), *rest) for key, *rest in rows] == [
        (narrow.id, "lacks write", "DELETE /v1/workflows/{workflow_id}", "2"),
        (expired.id, "refused", "GET /v1/workflows", "1"),
    ]


def test_security_16_answers_for_anybody_go_when_callers_are_asked(
    client, client_with, new_key, make, database
):
    body = {"user_id": make.user()["id"], "user_input": "x"}
    for number in range(3):
        headers = {"Idempotency-Key": str(number)}
        assert client.post("/v1/workflows", json=body, headers=headers).status_code == 201
    asking = client_with(auth="on")
    headers = {**new_key("write"), "Idempotency-Key": "1"}
    assert asking.post("/v1/workflows", json=body, headers=headers).status_code == 201
    # In the background, when a process first sees a key.
    deadline = time.monotonic() + 60
    principals = {"anonymous"}
    while "anonymous" in principals:
        assert time.monotonic() < deadline
        with UnitOfWork(database) as work:
            rows = work.execute("SELECT principal FROM idempotency_keys")
        principals = {principal for (principal,) in rows}
    assert len(principals) == 1
