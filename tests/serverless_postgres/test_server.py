"""A server's connections: pinged when in doubt, made within limits, and not more than there are."""

import logging
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import make_url

from json_rows.unit_of_work import UnitOfWork
from serverless_postgres.database import Database
from service.settings import Settings
from tests.pooler import Pooler, needs_pooler
from tests.ports import free_port
from tests.wire import Recorder


@pytest.fixture
def recorder(server):
    with Recorder(server.port or 5432) as recorder:
        yield recorder


@pytest.fixture
def recorded_url(recorder, worker_url):
    url = worker_url.set(drivername="postgresql", port=recorder.port)
    return url.render_as_string(hide_password=False)


def _ask(database: Database) -> None:
    with UnitOfWork(database) as work:
        work.execute("SELECT 'asked'")


def test_only_a_connection_that_was_idle_for_long_is_pinged(recorder, recorded_url):
    database = Database(Settings(database_url=recorded_url, pool_ping_idle_s=1))
    _ask(database)
    recorder.messages.clear()
    _ask(database)
    assert recorder.queries() == ["/* trip-planner */ SELECT 'asked'"]
    time.sleep(1.05)
    recorder.messages.clear()
    _ask(database)
    ping, asked = recorder.queries()
    assert ping != asked == "/* trip-planner */ SELECT 'asked'"
    database.dispose()


def test_after_one_loss_the_other_idle_connections_are_doubted(url, proxy):
    database = Database(Settings(database_url=url, pool_ping_idle_s=3600))
    retries: list[str] = []
    database.retry_listeners.append(retries.append)
    with ExitStack() as stack:
        for _ in range(4):
            stack.enter_context(UnitOfWork(database)).execute("SELECT 1")
    assert database.pools()["primary"].idle == 4
    proxy.reset()
    with ExitStack() as stack:
        for _ in range(4):
            stack.enter_context(UnitOfWork(database)).execute("SELECT 1")
    assert retries == ["lost"]
    database.dispose()


def test_the_connection_used_last_is_used_first_so_that_the_others_can_go(url):
    database = Database(Settings(database_url=url, pool_size=2))
    with UnitOfWork(database) as first, UnitOfWork(database) as second:
        first.execute("SELECT 1")
        (last,) = second.execute("SELECT pg_backend_pid()")
        first.close()
    with UnitOfWork(database) as work:
        assert work.execute("SELECT pg_backend_pid()") == [last]
    database.dispose()


def test_when_all_connections_are_in_use_the_answer_is_503(serve, problem):
    app = serve(pool_size=1, pool_max_overflow=0, pool_timeout_s=1)
    client = app.test_client()
    assert client.get("/v1/users").status_code == 200
    with UnitOfWork(app.extensions["database"]) as work:
        work.execute("SELECT 1")
        response = client.get("/v1/users")
    assert "in use" in problem(response, 503)["detail"]
    assert int(response.headers["Retry-After"]) > 0
    assert client.get("/v1/users").status_code == 200


@needs_pooler
def test_a_pooler_without_a_server_keeps_nobody_waiting(serve, problem, tmp_path):
    url = f"postgresql://postgres:x@127.0.0.1:{free_port()}/postgres"
    with Pooler(url, tmp_path / "pooler.log") as pooler:
        through = pooler.url("postgres").set(drivername="postgresql")
        text = through.render_as_string(hide_password=False)
        client = serve(database_url=text, retry_budget_s=1).test_client()
        response = client.get("/v1/users")
    assert problem(response, 503)["detail"]
    assert int(response.headers["Retry-After"]) > 0


def _warnings(url: str, caplog: pytest.LogCaptureFixture, **settings: int) -> list[str]:
    database = Database(Settings(database_url=url, **settings))  # type: ignore[arg-type]
    caplog.clear()
    with (
        caplog.at_level(logging.WARNING),
        UnitOfWork(database) as first,
        UnitOfWork(database) as second,
    ):
        first.execute("SELECT 1")
        second.execute("SELECT 1")
    database.dispose()
    return [record.getMessage() for record in caplog.records if "capacity" in record.name]


def test_more_connections_than_the_server_admits_are_warned_of_once(worker_url, caplog):
    url = worker_url.set(drivername="postgresql").render_as_string(hide_password=False)
    with UnitOfWork(Database(Settings(database_url=url))) as work:
        ((most,),) = work.execute("SHOW max_connections")
    assert _warnings(url, caplog) == []
    (said,) = _warnings(url, caplog, workers=int(most), instances=2)
    assert f"may open {15 * int(most) * 2} connections" in said
    assert "POOL_SIZE 5 + POOL_MAX_OVERFLOW 10" in said
    assert "connect through a pooler" in said


@needs_pooler
def test_a_pooler_s_own_limit_is_not_confused_with_the_server_s(worker_url, caplog, tmp_path: Path):
    with Pooler(worker_url, tmp_path / "pooler.log") as pooler:
        through = pooler.url(worker_url.database).set(drivername="postgresql")
        text = through.render_as_string(hide_password=False)
        assert _warnings(text, caplog, workers=1000) == []


@pytest.mark.parametrize(
    ("instances", "is_told"),
    [(333, False), (334, True)],
)
def test_on_neon_s_pooler_its_own_limit_counts(caplog, instances, is_told):
    from serverless_postgres import capacity  # noqa: PLC0415  its one public function needs no server here

    url = make_url("postgresql://u:p@ep-a-pooler.eu-central-1.aws.neon.tech/trips")
    with caplog.at_level(logging.WARNING):
        capacity.compare(None, url, Settings(workers=2, instances=instances))
    assert ("Neon's pooler admits 10000" in caplog.text) is is_told
