"""Who gets in, and what a stranger is told."""

import time
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import psycopg2
import pytest

from api_access.key_format import KeyFormat, checksum_of
from json_rows import UnitOfWork
from smorest_sqlmodel.errors import ApiError

FORMAT = KeyFormat("tps", is_production=False)


def test_a_key_opens_and_a_stranger_is_told_how(guarded, new_key, problem):
    answer = guarded.get("/v1/workflows")
    assert "Authorization: Bearer" in problem(answer, 401)["detail"]
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="api"'
    assert guarded.get("/v1/workflows", headers=new_key("read")).status_code == 200


def test_what_is_missing_is_named(guarded, new_key, problem):
    answer = guarded.delete(f"/v1/workflows/{uuid4()}", headers=new_key("read"))
    assert "write" in problem(answer, 403)["detail"]
    assert 'error="insufficient_scope"' in answer.headers["WWW-Authenticate"]
    assert 'scope="write"' in answer.headers["WWW-Authenticate"]
    assert guarded.get("/v1/workflows", headers=new_key("ingest")).status_code == 403


def test_security_8_paths_that_lead_nowhere_look_like_others(guarded, new_key):
    for method, path in (("GET", "/v1/nothing"), ("PUT", "/v1/workflows"), ("GET", "/v1")):
        assert guarded.open(path, method=method).status_code == 401
    assert guarded.get("/v1/nothing", headers=new_key("read")).status_code == 404


def test_security_7_no_authorization_that_is_wrong_passes_for_none(guarded, new_key):
    key = f"Bearer {new_key('read').secret}"
    for wrong in (
        "",
        "Bearer",
        "Basic YTpi",
        f"{key}, {key}",
        key + "é",
        key[:-1] + ("a" if key[-1] != "a" else "b"),
        key.replace("_test_", "_live_"),
        f"Bearer {FORMAT.make()}",
        "Bearer x",
    ):
        answer = guarded.get("/v1/workflows", headers={"Authorization": wrong})
        assert answer.status_code == 401, wrong
        assert answer.headers["WWW-Authenticate"].startswith("Bearer realm=")


def test_a_bound_key_sees_the_rows_of_its_user(guarded, new_key, make):
    mine, theirs = make.workflow(), make.workflow()
    headers = new_key("read", user_id=mine["user_id"])
    (found,) = guarded.get("/v1/workflows", headers=headers).get_json()["items"]
    assert found["id"] == mine["id"]
    assert guarded.get(f"/v1/workflows/{theirs['id']}", headers=headers).status_code == 404


def test_expired_keys_are_refused(guarded, new_key):
    headers = new_key("read", expires_at="2020-01-01T00:00:00Z")
    assert guarded.get("/v1/workflows", headers=headers).status_code == 401


def test_security_7_keys_of_another_environment_are_refused_by_what_they_say(guarded):
    body = FORMAT.make()[:-6].replace("_test_", "_live_")
    headers = {"Authorization": f"Bearer {body}{checksum_of(body)}"}
    answer = guarded.get("/v1/workflows", headers=headers)
    assert "another environment" in answer.get_json()["detail"]


def test_a_key_that_expires_is_refused_from_that_moment_also_where_it_is_known(guarded, new_key):
    ends = datetime.now(UTC) + timedelta(seconds=1)
    headers = new_key("read", expires_at=ends.isoformat())
    assert guarded.get("/v1/workflows", headers=headers).status_code == 200
    time.sleep(1.1)
    assert guarded.get("/v1/workflows", headers=headers).status_code == 401


def test_security_7_whoever_tries_keys_has_to_wait_and_others_go_on(client_with, new_key, problem):
    client = client_with(auth="on", auth_failures_per_minute=3)
    known = new_key("read")
    assert client.get("/v1/workflows", headers=known).status_code == 200
    for _ in range(3):
        wrong = {"Authorization": f"Bearer {FORMAT.make()}"}
        assert client.get("/v1/workflows", headers=wrong).status_code == 401
    wrong = {"Authorization": f"Bearer {FORMAT.make()}"}
    answer = client.get("/v1/workflows", headers=wrong)
    problem(answer, 429)
    assert answer.headers["Retry-After"] == "60"
    assert client.get("/v1/workflows", headers=known).status_code == 200
    other = {"REMOTE_ADDR": "192.0.2.7"}
    assert client.get("/v1/workflows", headers=wrong, environ_base=other).status_code == 401


def test_security_5_a_read_stays_one_round_trip_but_for_a_look_at_the_key(guarded, new_key):
    sent = []
    database = guarded.application.extensions["database"]
    database.listeners.append(lambda each: sent.append(each.sql))
    headers = new_key("read")
    for _ in range(3):
        assert guarded.get("/v1/workflows", headers=headers).status_code == 200
    database.listeners.pop()
    # What the schema is, a process asks once.
    asked = [sql for sql in sent if "alembic" not in sql]
    assert len([sql for sql in asked if "api_keys" in sql and "SELECT" in sql]) == 1
    assert len([sql for sql in asked if "workflows" in sql]) == 3
    assert headers.secret not in "".join(sent)


def test_security_5_what_is_unknown_counts_for_two_seconds(guarded, new_key):
    key = f"Bearer {FORMAT.make()}"
    sent = []
    database = guarded.application.extensions["database"]
    database.listeners.append(lambda each: sent.append(each.sql))
    for _ in range(5):
        answer = guarded.get("/v1/workflows", headers={"Authorization": key})
        assert answer.status_code == 401
    database.listeners.pop()
    assert len(sent) == 1
    assert new_key


def test_security_8_who_calls_is_asked_before_anything_else(guarded, new_key, make):
    user = make.user()
    path = f"/v1/users/{user['id']}"
    headers = {"If-None-Match": "*", "Idempotency-Key": "1"}
    tried = [
        ("PATCH", path, "not json", "text/plain"),
        ("PATCH", path, "{", "application/json"),
        ("PATCH", "/v1/users/no-id", "{}", "application/json"),
        ("POST", "/v1/workflows?x=1", "{}", "application/json"),
        ("DELETE", path, "", None),
        ("TRACE", path, "", None),
        ("OPTIONS", path, "", None),
    ]
    for method, where, body, kind in tried:
        answer = guarded.open(where, method=method, data=body, content_type=kind, headers=headers)
        assert answer.status_code == 401, (method, where)
    found = guarded.get(path, headers={**headers, **new_key("read")})
    assert found.status_code == 304
    assert guarded.get(path, headers=headers).status_code == 401
    # And what may be done, before what is sent.
    for method, where, body, kind in tried[:4]:
        answer = guarded.open(
            where, method=method, data=body, content_type=kind, headers=new_key("read")
        )
        assert answer.status_code in {403, 404}, (method, where)


def test_security_13_a_key_of_a_user_makes_and_lists_no_users(guarded, new_key, make):
    user = make.user()
    key = new_key("admin", user_id=user["id"])
    for method, path in (
        ("GET", "/v1/users"),
        ("POST", "/v1/users"),
        ("PUT", "/v1/users/by-username/x"),
        ("POST", "/v1/model-prices"),
    ):
        answer = guarded.open(path, method=method, json={"username": "y"}, headers=key)
        assert answer.status_code == 403, path
        assert "not bound to a user" in answer.get_json()["detail"]
    assert guarded.get(f"/v1/users/{user['id']}", headers=key).status_code == 200


def test_security_1_a_key_says_whose_rows_it_sees(database, new_key, make):
    key = new_key("read", user_id=make.user()["id"])
    for wrong in ("user_id = NULL", "reach = 'all'", "reach = 'some'", "reach = NULL"):
        with (
            UnitOfWork(database) as work,
            pytest.raises((ApiError, psycopg2.Error)),
        ):
            work.execute(f"UPDATE api_keys SET {wrong} WHERE id = %(id)s", {"id": key.id})
