"""Filters and orders that no index has: a few requests at a time, and everybody else is served."""

import base64
import json
import socket
from collections.abc import Callable
from contextlib import AbstractContextManager, closing, contextmanager

import psycopg2
import pytest

from tests.app_server.conftest import await_that

SEARCH = "/v1/generations?q=museum"


@pytest.fixture(scope="module")
def locked(worker_url) -> Callable[[], AbstractContextManager[None]]:
    """Let whoever wants to read generations wait until the end of the block."""

    @contextmanager
    def locked():
        url = worker_url.set(drivername="postgresql").render_as_string(hide_password=False)
        with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
            cursor.execute("LOCK TABLE generations IN ACCESS EXCLUSIVE MODE")
            yield

    return locked


@pytest.fixture(scope="module")
def single(start):
    """A server with one place for searches."""
    server = start(THREADS="4", STATEMENT_TIMEOUT_S="2", RETRY_BUDGET_S="0")
    server.await_ready()
    return server


def test_twelve_searches_at_once_hold_up_nobody(start, later, locked):
    server = start()
    server.await_ready()
    with locked():
        searches = [later(server.ask, SEARCH) for _ in range(12)]
        await_that(lambda: sum(search.done() for search in searches) == 10)
        for path in ("/v1/workflows", "/v1/users?limit=1", "/v1/workflows?status=running"):
            assert server.ask(path).status == 200
        # A list whose order no index has is a search as well, whatever it is of.
        refused = server.ask("/v1/workflows?sort=total_cost")
        assert sum(search.done() for search in searches) == 10
    answers = [search.result() for search in searches]
    assert sorted(answer.status for answer in answers) == [200] * 2 + [503] * 10
    for answer in (refused, *(answer for answer in answers if answer.status == 503)):
        problem = json.loads(answer.body)
        assert problem["type"] == "urn:trip-planner:problem:overloaded"
        assert "No index" in problem["detail"]
        assert int(answer.headers["retry-after"]) > 0
    assert server.ask(SEARCH).status == 200


def test_a_search_that_takes_too_long_gives_its_place_back(single, locked):
    with locked():
        late = single.ask(SEARCH)
        assert late.status == 503
        assert "No index" not in json.loads(late.body)["detail"]
    assert single.ask(SEARCH).status == 200


def test_a_search_that_is_refused_gives_its_place_back(single):
    no_time = json.dumps(["-created_at", "no time", "00000000-0000-7000-8000-000000000000"])
    cursor = base64.urlsafe_b64encode(no_time.encode()).decode().rstrip("=")
    for _ in range(3):
        assert single.ask(f"{SEARCH}&cursor={cursor}").status == 422
    assert single.ask(SEARCH).status == 200


def test_a_search_whose_client_has_left_gives_its_place_back(single, locked):
    with locked():
        client = socket.create_connection(("127.0.0.1", single.port))
        client.sendall(f"GET {SEARCH} HTTP/1.1\r\nHost: trips\r\n\r\n".encode())
        await_that(lambda: b"No index" in single.ask(SEARCH).body)
        client.close()
    await_that(lambda: single.ask(SEARCH).status == 200)
