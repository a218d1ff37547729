"""Who may take a person's data out, and who may erase it (security 10, 12, 25)."""

import json

import pytest

ANY = {"If-Match": "*"}


@pytest.fixture
def people(make):
    """Two people with a workflow each."""
    return [make.workflow()["user_id"] for _ in range(2)]


def test_security_12_a_key_of_a_user_exports_and_erases_that_user_only(
    guarded, new_key, people, problem
):
    user, other = people
    key = new_key("write", user_id=user)
    unknown = "01890000-0000-7000-8000-00000000dead"
    for path in ("export", ""):
        send = guarded.get if path else guarded.delete
        answers = [
            problem(send(f"/v1/users/{each}/{path}".rstrip("/"), headers={**key, **ANY}), 404)
            for each in (other, unknown)
        ]
        assert {answer["detail"] for answer in answers} == {"There is no such user."}
    exported = guarded.get(f"/v1/users/{user}/export", headers=key)
    rows = [json.loads(line) for line in exported.data.splitlines()]
    assert rows[-1]["rows"] == {"users": 1, "api_keys": 1, "audit_events": 1, "workflows": 1}
    assert key.secret not in exported.text
    assert guarded.get(f"/v1/users/{other}/export", headers=new_key("read")).status_code == 200


def test_security_11_a_key_that_only_records_exports_nothing(guarded, new_key, people, problem):
    said = problem(guarded.get(f"/v1/users/{people[0]}/export", headers=new_key("ingest")), 403)
    assert "read" in said["detail"]
    problem(guarded.get(f"/v1/users/{people[0]}/export"), 401)
    for scope in ("ingest", "read"):
        headers = {**new_key(scope), **ANY}
        problem(guarded.delete(f"/v1/users/{people[0]}", headers=headers), 403)


def test_security_25_an_erasure_takes_the_keys_and_is_noted(guarded, new_key, people, database):
    user, other = people
    key = new_key("write", user_id=user)
    gone = guarded.delete(f"/v1/users/{user}", headers={**key, **ANY})
    assert gone.status_code == 200, gone.text
    assert gone.json["api_keys"] == 1
    with database.transaction() as connection:
        said = connection.exec_driver_sql(
            "SELECT principal, key_id, user_id, detail FROM audit_events"
            " WHERE action = 'user.erased'"
        )
        principal, *rest = said.one()
    assert principal != "anonymous"
    assert rest == [None, None, {"user_id": user, "rows": gone.json}]
    # For the seconds in which a process still knows the key it finds, and makes, nothing.
    for path in (f"/v1/users/{user}", f"/v1/users/{user}/export"):
        assert guarded.get(path, headers=key).status_code in {401, 404}
    wish = {"user_id": user, "user_input": "홍대"}
    assert guarded.post("/v1/workflows", json=wish, headers=key).status_code in {401, 422}
    listed = guarded.get("/v1/workflows", headers=key)
    assert listed.status_code == 401 or listed.json["items"] == []
    assert guarded.get(f"/v1/users/{other}", headers=new_key("read")).status_code == 200
