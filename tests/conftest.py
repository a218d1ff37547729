"""The database, the service and the rows that tests stand on: real ones."""

import fcntl
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg2
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import URL
from werkzeug.test import TestResponse

from safe_migrations.revisions import heads
from safe_migrations.runner import run
from serverless_postgres.database import Database
from serverless_postgres.embedded import EmbeddedPostgres
from serverless_postgres.url import parse
from service.app import create_app
from service.schema import project
from service.settings import Settings
from tests.newer import HEAD as NEWER_HEAD
from tests.newer import newer_migrations
from tests.pooler import Pooler

# A shell's background jobs ignore Ctrl-C, and so would all that the tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)

TEMPLATE = "trip_planner_template"

LONGEST = (
    "docs/test_guides",
    "test_killed_at_any_statement",
    "docs/test_workflow",
    "faults/",
    "cli/test_dev",
)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let each worker begin with some of the longest tests, so that none comes last.

    With --dist worksteal a worker has an equal part of the list, before it takes from others.
    """
    workers = int(getattr(config, "workerinput", {}).get("workercount", 1))
    longest = [item for item in items if any(name in item.nodeid for name in LONGEST)]
    others = [item for item in items if item not in longest]
    size = -(-len(others) // workers)
    items[:] = [
        item
        for number in range(workers)
        for item in (*longest[number::workers], *others[number * size : (number + 1) * size])
    ]


def execute(url: URL, *statements: str) -> None:
    """Run statements in autocommit on another connection than the service's."""
    connection = psycopg2.connect(
        url.set(drivername="postgresql").render_as_string(hide_password=False)
    )
    connection.autocommit = True
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
    connection.close()


@pytest.fixture(scope="session", name="execute")
def _execute() -> Callable[..., None]:
    """Run statements on a database: `execute(url, "DELETE FROM users")`."""
    return execute


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[URL]:
    """A Postgres for this test run: TEST_DATABASE_URL, or an embedded one for all workers."""
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        yield parse(given)
        return
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    with EmbeddedPostgres(folder / "postgres", durable=False) as url:
        yield parse(url)


@pytest.fixture(scope="session")
def newer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The migrations of a release after this one."""
    return newer_migrations(tmp_path_factory.mktemp("newer") / "migrations")


@pytest.fixture(scope="session")
def schema(newer: Path) -> tuple[str, str | None]:
    """The revision of the test databases, and the migrations that it is of, None for the code's.

    With TEST_NEWER=1 it is that of a release after this one, on which this code is to run.
    """
    if os.environ.get("TEST_NEWER") == "1":
        return NEWER_HEAD, str(newer)
    return heads(project().versions)[0], None


@pytest.fixture(scope="session")
def template(
    server: URL, schema: tuple[str, str | None], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The name of a database that the migrations have brought to head, once per test run."""
    this_run = os.environ.get("PYTEST_XDIST_TESTRUNUID", uuid4().hex)
    name = f"{TEMPLATE}_{this_run[:12]}"
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    done = folder / f"{name}.done"
    with (folder / f"{name}.users").open("w") as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        with (folder / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not done.exists():
                execute(server, f"CREATE DATABASE {name}")
                url = server.set(database=name).render_as_string(hide_password=False)
                run(project().at(schema[1]), "upgrade", "heads", x=(f"url={url}",), quiet=True)
                done.touch()
        yield name
        # Whoever is the last one of this run clears up.
        with suppress(BlockingIOError):
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            execute(server, f"DROP DATABASE {name} WITH (FORCE)")
            # For a worker that needs it only now.
            done.unlink()


@pytest.fixture(scope="session")
def make_database(server: URL, template: str) -> Iterator[Callable[[], URL]]:
    """Make databases of one's own, with the schema at head."""
    names: list[str] = []

    def make() -> URL:
        name = f"test_{uuid4().hex[:12]}"
        execute(server, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        names.append(name)
        return server.set(database=name)

    yield make
    for name in names:
        execute(server, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture
def empty_database(server: URL, execute: Callable[..., None]) -> Iterator[URL]:
    """A database without any table."""
    name = f"empty_{uuid4().hex[:12]}"
    execute(server, f"CREATE DATABASE {name} STRATEGY file_copy")
    yield server.set(database=name)
    execute(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def worker_url(make_database: Callable[[], URL]) -> URL:
    """The database of this worker."""
    return make_database()


@pytest.fixture(scope="session")
def service_url(
    server: URL, worker_url: URL, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[URL]:
    """Lead the service to its database: with TEST_POOLER=1, through PgBouncer."""
    if os.environ.get("TEST_POOLER") != "1":
        yield worker_url
        return
    with Pooler(server, tmp_path_factory.mktemp("pooler") / "pooler.log") as pooler:
        yield pooler.url(worker_url.database)


@pytest.fixture(scope="session")
def settings(service_url: URL) -> Settings:
    # As it is said, whichever hosts and proxies a test has.
    return Settings(database_url=service_url.render_as_string(hide_password=False), auth="off")


@pytest.fixture(scope="session")
def app(settings: Settings) -> Iterator[Flask]:
    app = create_app(settings)
    yield app
    app.extensions["database"].dispose()


@pytest.fixture
def database(app: Flask, worker_url: URL) -> Database:
    """The database of the service, with no rows."""
    # Before rather than after: others, such as the tests of the server, leave theirs there.
    execute(
        worker_url,
        "DELETE FROM users",
        "DELETE FROM model_prices",
        "DELETE FROM idempotency_keys",
        "DELETE FROM api_keys",
        "DELETE FROM audit_events",
    )
    return app.extensions["database"]


@pytest.fixture
def client(app: Flask, database: Database) -> FlaskClient:
    """A client of the service, whose database has no rows."""
    assert database is app.extensions["database"]
    return app.test_client()


class Rows:
    """Makes rows over REST, with what matters to a test and defaults for the rest."""

    def __init__(self, client: FlaskClient) -> None:
        self._client = client

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        response = self._client.post(path, json=body)
        assert response.status_code == 201, response.text
        return response.get_json()

    def user(self, **values: Any) -> dict[str, Any]:
        return self._post("/v1/users", {"username": f"user-{uuid4().hex[:8]}", **values})

    def workflow(self, **values: Any) -> dict[str, Any]:
        if "user_id" not in values:
            values["user_id"] = self.user()["id"]
        return self._post("/v1/workflows", {"user_input": "홍대에서 데이트하고 싶어", **values})

    def node(self, workflow_id: str, **values: Any) -> dict[str, Any]:
        body = {"node_name": "analyze_user_input", "node_type": "analysis", **values}
        return self._post(f"/v1/workflows/{workflow_id}/nodes", body)

    def generation(self, workflow_id: str, **values: Any) -> dict[str, Any]:
        body = {"model_provider": "ollama", "model_name": "llama3.2", **values}
        return self._post(f"/v1/workflows/{workflow_id}/generations", body)

    def question(self, workflow_id: str, **values: Any) -> dict[str, Any]:
        body = {"id": str(uuid4()), "question": "예산이 얼마예요?", **values}
        response = self._client.post(f"/v1/workflows/{workflow_id}/await-input", json=body)
        assert response.status_code == 200, response.text
        found = self._client.get(f"/v1/workflows/{workflow_id}/interactions?answered=false")
        (asked,) = found.get_json()["items"]
        return dict(asked)

    def price(self, **values: Any) -> dict[str, Any]:
        body = {"provider": "openai", "model": "gpt-5", "input_per_million": 1.25}
        return self._post("/v1/model-prices", {**body, "output_per_million": 10, **values})

    def itinerary(self, *items: dict[str, Any], **values: Any) -> dict[str, Any]:
        if "user_id" not in values:
            values["user_id"] = self.user()["id"]
        return self._post("/v1/itineraries", {"title": "홍대 데이트", "items": items, **values})

    def member(self, itinerary_id: str, user_id: str, role: str) -> dict[str, Any]:
        body = {"user_id": user_id, "role": role}
        return self._post(f"/v1/itineraries/{itinerary_id}/members", body)

    def share(self, itinerary_id: str, **values: Any) -> dict[str, Any]:
        return self._post(f"/v1/itineraries/{itinerary_id}/shares", values)


@pytest.fixture
def make(client: FlaskClient) -> Rows:
    """Make rows over REST."""
    return Rows(client)


Problem = Callable[[TestResponse, int], dict[str, Any]]


@pytest.fixture
def problem_types() -> str:
    """What the URIs of problem types begin with."""
    return "urn:trip-planner:problem:"


@pytest.fixture
def problem(problem_types: str) -> Problem:
    """Check that a response is a problem of a status, and return it."""

    def check(response: TestResponse, status: int) -> dict[str, Any]:
        assert response.status_code == status, response.text
        assert response.content_type == "application/problem+json"
        body: dict[str, Any] = response.get_json()
        assert body["status"] == status
        assert body["type"].startswith(problem_types)
        assert body["title"]
        return body

    return check


@pytest.fixture
def pointers(problem: Problem) -> Callable[[TestResponse, int], list[str]]:
    """Check that a response is a problem of a status, and return what it points to."""

    def check(response: TestResponse, status: int = 422) -> list[str]:
        return [error["pointer"] for error in problem(response, status)["errors"]]

    return check


@pytest.fixture
def nowhere() -> UUID:
    """An id that no row has."""
    return UUID("00000000-0000-7000-8000-000000000000")


@pytest.fixture
def root() -> Path:
    """The folder of the project."""
    return Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def client_with(settings: Settings) -> Iterator[Callable[..., FlaskClient]]:
    """Make a client of a service with some settings: `client_with(hsts_s=60)`."""
    apps = []

    def make(**values: Any) -> FlaskClient:
        apps.append(create_app(replace(settings, **values)))
        return apps[-1].test_client()

    yield make
    for app in apps:
        app.extensions["database"].dispose()
