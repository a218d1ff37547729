"""Statements that take too long: what is told of them, and what never is."""

import re
import threading
from typing import Any

import psycopg2
import pytest

from app_server.observability import slow_queries
from app_server.observability.slow_queries import plannable, without_values

from .conftest import wait_until


@pytest.fixture
def found(log_lines):
    """Wait for a line with this message, and this somewhere in it."""
    lines: list[dict[str, Any]] = []

    def found(message, part=""):
        matching: list[dict[str, Any]] = []

        def has_come():
            lines.extend(log_lines())
            matching[:] = [
                line for line in lines if line["message"] == message and part in str(line)
            ]
            return bool(matching)

        wait_until(has_come)
        return matching[-1]

    return found


SLOW, PLAN = "slow query", "plan of a slow query"


@pytest.fixture
def slow(make_app, capsys, monkeypatch):
    """A client of a service to which every statement is slow."""

    def slow(**settings):
        app = make_app(slow_query_ms=1, log_format="json", **settings)
        capsys.readouterr()
        (listener, *_) = app.extensions["database"].listeners
        monkeypatch.setattr(listener.__self__, "_limit_s", 0)
        return app.test_client()

    return slow


def test_a_slow_statement_is_logged_without_its_values(slow, found, make):
    user = make.user(username="geheim-1")
    slow().put("/v1/users/by-username/geheim-1", headers={"X-Request-ID": "trip-7"})
    line = found(SLOW, "INSERT INTO users")
    assert user["id"] not in str(line)
    assert "geheim" not in str(line)
    assert (line["level"], line["request_id"]) == ("warning", "trip-7")
    assert line["route"] == "/v1/users/by-username/{username}"
    assert line["duration_ms"] > 0
    assert "%(" in line["sql"]
    assert "plan" not in line


def test_a_quick_statement_is_not(make_app, log_lines):
    client = make_app(slow_query_ms=60_000, log_format="json").test_client()
    client.get("/v1/users")
    assert [line["message"] for line in log_lines()] == ["GET /v1/users 200"]


def test_its_plan_follows_without_values_and_once_a_minute(slow, found, make, log_lines):
    user_id = make.user()["id"]
    client = slow(slow_query_plan="on")
    for _ in range(3):
        client.get(f"/v1/workflows?user_id={user_id}&limit=7", headers={"X-Request-ID": "trip-7"})
    line = found(PLAN, "FROM workflows")
    assert line["request_id"] == "trip-7"
    assert re.search(r"Scan .*on workflows", line["plan"])
    assert "(cost=" in line["plan"]
    assert "actual time" not in line["plan"]
    assert user_id not in line["plan"]
    client.get(f"/v1/workflows?user_id={user_id}&limit=7")
    assert [line for line in log_lines() if line["message"] == PLAN] == []


def test_neither_commit_nor_the_question_for_a_plan_has_one(slow, found, make, log_lines):
    body = {"user_id": make.user()["id"], "user_input": "서울"}
    slow(slow_query_plan="on").post("/v1/workflows", json=body, headers={"Idempotency-Key": "k-7"})
    lines = [found(SLOW, "COMMIT"), found(PLAN, "workflows"), *log_lines()]
    assert not [line for line in lines if line["message"] == PLAN and not line["plan"]]
    assert "EXPLAIN" not in str(lines)


def test_the_plan_of_a_change_changes_nothing(slow, found, make, client):
    workflow = make.workflow()
    slow(slow_query_plan="on").post(
        f"/v1/workflows/{workflow['id']}/nodes",
        json={"node_name": "find", "node_type": "search", "id": workflow["id"]},
    )
    assert found(PLAN, "Insert on nodes")
    assert len(client.get(f"/v1/workflows/{workflow['id']}/nodes").get_json()["items"]) == 1


def test_nobody_waits_for_a_plan(slow, found, worker_url, monkeypatch):
    """A schema change that locks the table keeps the plan back, not the requests."""
    client = slow(slow_query_plan="on")
    # First of all, the process asks which revision the database has.
    assert client.get("/v1/users?limit=3").status_code == 200
    found(PLAN, "FROM users")
    locked = threading.Event()
    ask = slow_queries.Plans._explain  # noqa: SLF001  between statement and plan

    def ask_late(plans, sent):
        locked.wait(10)
        return ask(plans, sent)

    monkeypatch.setattr(slow_queries.Plans, "_explain", ask_late)
    assert client.get("/v1/users?limit=5&sort=username").status_code == 200
    text = worker_url.set(drivername="postgresql").render_as_string(hide_password=False)
    changer = psycopg2.connect(text)
    try:
        changer.cursor().execute("LOCK TABLE users IN ACCESS EXCLUSIVE MODE")
        locked.set()
        found("no plan of a slow query: LockNotAvailable")
    finally:
        changer.close()
    assert client.get("/v1/users").status_code == 200


def test_a_statement_that_has_no_plan_is_left_out():
    assert plannable("BEGIN; SAVEPOINT a; SELECT %(a)s, '50%%', %(b)s, %(a)s") == [
        "SELECT %(a)s, '50%%', %(b)s, %(a)s"
    ]
    assert plannable("LOCK TABLE x; UPDATE x SET y = '한;글' WHERE z = %(z)s; COMMIT") == [
        "UPDATE x SET y = '한;글' WHERE z = %(z)s"
    ]
    assert plannable("COMMIT") == []
    assert plannable("this is no SQL %(a)s") == []
    assert plannable("") == []


def test_values_are_taken_out_of_a_plan():
    plan = (
        "Limit  (cost=0.15..8.17 rows=1 width=36)\n"
        "  Workers Planned: 2\n"
        "  ->  Index Scan using ix_a2 on t1  (cost=0.15..8.17 rows=1 width=36)\n"
        "        Index Cond: ((a2 = 42) AND (b > '-1.5e3'::numeric) AND (c = -7))\n"
        "        Filter: ((name = 'O''Brien\n(cost=1)'::text) AND (x1 = 0.25) AND (y = $1))"
    )
    assert without_values(plan) == (
        "Limit  (cost=0.15..8.17 rows=1 width=36)\n"
        "  Workers Planned: 2\n"
        "  ->  Index Scan using ix_a2 on t1  (cost=0.15..8.17 rows=1 width=36)\n"
        "        Index Cond: ((a2 = ?) AND (b > '?'::numeric) AND (c = ?))\n"
        "        Filter: ((name = '?'::text) AND (x1 = ?) AND (y = $1))"
    )
