"""The engine, the unit of work, and how many round trips they take."""

import os
from collections.abc import Callable
from contextlib import contextmanager
from typing import Any, ClassVar

import psycopg2
import pytest
from psycopg2 import extensions

from json_rows.unit_of_work import UnitOfWork
from serverless_postgres.database import Database
from serverless_postgres.losses import describe
from service.app import create_app
from service.settings import Settings
from smorest_sqlmodel.errors import InvalidInputError, UnavailableError


class CountingCursor(extensions.cursor):
    """Counts what goes over the wire: each `execute` of psycopg2 is one simple query."""

    def execute(self, query: Any, parameters: Any = None) -> None:
        CountingConnection.sent.append(query)
        super().execute(query, parameters)


class CountingConnection(extensions.connection):
    """A connection whose cursors count, and which counts what it sends on its own."""

    sent: ClassVar[list[Any]] = []

    def cursor(self, *arguments: Any, **options: Any) -> Any:
        options.setdefault("cursor_factory", CountingCursor)
        return super().cursor(*arguments, **options)

    def commit(self) -> None:
        if self.status == extensions.STATUS_BEGIN:
            self.sent.append("COMMIT")
        super().commit()

    def rollback(self) -> None:
        if self.status == extensions.STATUS_BEGIN:
            self.sent.append("ROLLBACK")
        super().rollback()


@pytest.fixture
def counted(settings, monkeypatch):
    """A client of the service, and a function that counts the round trips of a request."""
    connect = psycopg2.connect
    monkeypatch.setattr(
        psycopg2,
        "connect",
        lambda *args, **kwargs: connect(*args, connection_factory=CountingConnection, **kwargs),
    )
    app = create_app(settings)
    client = app.test_client()
    assert client.get("/v1/users").status_code == 200

    def count(method: str, path: str, **options: Any) -> int:
        CountingConnection.sent.clear()
        response = client.open(path, method=method, **options)
        assert response.status_code < 400, response.text
        return len(CountingConnection.sent)

    yield count
    app.extensions["database"].dispose()


def test_each_operation_takes_few_round_trips(counted: Callable[..., int], make):
    workflow = make.workflow()
    node = make.node(workflow["id"])
    path = f"/v1/workflows/{workflow['id']}"
    user = {"If-Match": "*"}
    assert counted("GET", path) == 1
    assert counted("GET", "/v1/workflows?limit=50&status=running") == 1
    assert counted("GET", f"{path}/timeline") == 1
    body = {"user_id": workflow["user_id"], "user_input": "x"}
    assert counted("POST", "/v1/workflows", json=body) == 1
    assert counted("POST", f"{path}/nodes", json={"node_name": "x"}) == 1
    assert counted("POST", f"{path}/generations", json={"model_name": "x"}) == 1
    assert counted("POST", f"/v1/nodes/{node['id']}/fail", json={"error_message": "x"}) == 1
    assert (
        counted("PATCH", f"/v1/users/{workflow['user_id']}", json={"phone": "1"}, headers=user) == 1
    )
    assert counted("POST", f"{path}/complete") == 1
    assert counted("DELETE", path) == 1
    # A process that has had no key yet asks how much is kept for whom.
    path = f"/v1/workflows/{make.workflow()['id']}"
    assert counted("POST", f"{path}/heartbeat", headers={"Idempotency-Key": "first"}) == 4
    # The key is claimed, the work done, the answer kept with COMMIT.
    keyed = {"Idempotency-Key": "k"}
    assert counted("POST", "/v1/workflows", json=body, headers=keyed) == 3
    assert counted("POST", "/v1/workflows", json=body, headers=keyed) == 2
    large = {**body, "metadata": {"note": "x" * 3000}}
    assert counted("POST", "/v1/workflows", json=large, headers={"Idempotency-Key": "l"}) == 3
    assert counted("POST", "/v1/workflows", json=large, headers={"Idempotency-Key": "l"}) == 3
    assert counted("GET", "/healthz") == 0


def test_each_change_of_an_itinerary_is_one_round_trip(counted: Callable[..., int], make):
    item = {"start_minute": 0, "duration_minutes": 60, "place": {"name": "x"}}
    itinerary = make.itinerary(item, plan_date="2026-12-24")
    path = f"/v1/itineraries/{itinerary['id']}"
    other = make.user()["id"]
    anything = {"If-Match": "*"}

    def trips(method: str, rest: str, body: Any = None) -> int:
        return counted(method, path + rest, json=body, headers=anything)

    assert trips("GET", "") == 1
    new = {"user_id": itinerary["user_id"], "title": "x", "items": [item] * 9}
    assert counted("POST", "/v1/itineraries", json=new) == 1
    assert trips("PATCH", "", {"title": "x"}) == 1
    assert trips("PATCH", "", {"title": "x"}) == 1
    assert trips("POST", "/items", item) == 1
    assert trips("PATCH", "/items/1", {"notes": "x"}) == 1
    assert trips("POST", "/reorder", {"positions": [2, 1]}) == 1
    assert trips("POST", "/shift", {"minutes": 5, "days": 1}) == 1
    assert trips("DELETE", "/items/1") == 1
    assert trips("PUT", "/items", {"items": [item]}) == 1
    assert trips("POST", "/versions/1/restore", {}) == 1
    assert trips("GET", "/versions/1/diff/2") == 1
    assert trips("POST", "/duplicate", {"user_id": other}) == 1
    assert trips("POST", "/archive") == 1
    assert trips("POST", "/members", {"user_id": other, "role": "viewer"}) == 1
    assert trips("POST", "/transfer", {"user_id": other}) == 1
    assert trips("DELETE", "") == 1


def test_a_unit_of_work_is_undone_unless_it_is_committed(database: Database):
    insert = "INSERT INTO users (id, username) VALUES (gen_random_uuid(), %(name)s)"
    count = "SELECT count(*) FROM users"
    with UnitOfWork(database) as unit:
        unit.begin()
        unit.execute(insert, {"name": "a"})
        assert unit.execute(count)[0][0] == 1
    with UnitOfWork(database) as unit:
        assert unit.execute(count)[0][0] == 0
        unit.begin()
        unit.execute(insert, {"name": "b"})
        unit.commit()
    with UnitOfWork(database) as unit:
        assert unit.execute(count)[0][0] == 1


def test_a_batch_is_all_or_nothing(database: Database):
    insert = "INSERT INTO users (id, username) VALUES (gen_random_uuid(), 'a')"
    with UnitOfWork(database) as unit, pytest.raises(InvalidInputError, match="zero"):
        unit.execute(f"{insert}; SELECT 1 / 0")
    with UnitOfWork(database) as unit:
        assert unit.execute("SELECT count(*) FROM users")[0][0] == 0


def test_times_are_utc_whatever_the_role_is_set_to(make_database):
    url = make_database()
    settings = Settings(database_url=url.render_as_string(hide_password=False))
    database = Database(settings)
    with UnitOfWork(database) as unit:
        unit.execute(f"ALTER DATABASE {url.database} SET timezone = 'Asia/Seoul'")
    database.dispose()
    with UnitOfWork(database) as unit:
        text = unit.execute("SELECT to_json(timestamptz '2026-01-01 00:00:00+00')::text")[0][0]
    assert text == '"2026-01-01T00:00:00+00:00"'
    assert os.environ["PGTZ"] == "UTC"
    database.dispose()


def test_a_connection_that_was_cut_while_idle_is_not_handed_out(make_database):
    text = make_database().render_as_string(hide_password=False)
    database = Database(Settings(database_url=text, pool_ping_idle_s=0))
    with UnitOfWork(database) as unit:
        (pid,) = unit.execute("SELECT pg_backend_pid()")[0]
    other = Database(Settings(database_url=text))
    with UnitOfWork(other) as unit:
        unit.execute("SELECT pg_terminate_backend(%(pid)s, 5000)", {"pid": pid})
    with UnitOfWork(database) as unit:
        assert unit.execute("SELECT pg_backend_pid()")[0][0] != pid
    database.dispose()
    other.dispose()


def test_a_connection_that_is_cut_in_use_is_an_outage_and_then_replaced(make_database):
    text = make_database().render_as_string(hide_password=False)
    database = Database(Settings(database_url=text))
    with UnitOfWork(database) as unit:
        unit.begin()
        with pytest.raises(UnavailableError):
            unit.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    with UnitOfWork(database) as unit:
        assert unit.execute("SELECT 1") == [(1,)]
    database.dispose()


def test_a_pool_that_is_empty_is_an_outage(make_database):
    text = make_database().render_as_string(hide_password=False)
    settings = Settings(database_url=text, pool_size=1, pool_max_overflow=0, pool_timeout_s=1)
    database = Database(settings)
    with UnitOfWork(database) as first:
        first.execute("SELECT 1")
        with UnitOfWork(database) as second, pytest.raises(UnavailableError, match="in use"):
            second.execute("SELECT 1")
    database.dispose()


@contextmanager
def _failing(text: str):
    try:
        psycopg2.connect(text, connect_timeout=3).close()
    except psycopg2.OperationalError as error:
        yield describe(error)
    else:
        pytest.fail("the connection was made")


def test_connection_errors_are_told_in_one_sentence(worker_url):
    def dsn(**changes: Any) -> str:
        changed = worker_url.set(drivername="postgresql", **changes)
        return changed.render_as_string(hide_password=False)

    with _failing(dsn(database="nowhere")) as told:
        assert "does not exist" in told
    with _failing(dsn(host="no-such-host.invalid")) as told:
        assert "host of DATABASE_URL is unknown" in told
    with _failing(dsn(port=1)) as told:
        assert "refuses connections" in told
    with _failing(dsn(password="wrong")) as told:  # noqa: S106  a wrong one
        assert "refuses the user name or password" in told
