"""What the service sends is fit for a pooler in transaction mode: no state outlives a transaction.

`make test-pooler` runs the tests of the API through PgBouncer; these look at what is sent.
"""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import postgast
import psycopg2
import pytest
from flask import Flask, request
from sqlalchemy import URL

from service.app import create_app
from service.settings import Settings
from tests.all_requests import use_everything
from tests.pooler import Pooler, needs_pooler
from tests.wire import Recorder

pytestmark = needs_pooler

# PgBouncer keeps these apart by client, and refuses others.
STARTUP = {"user", "database", "client_encoding", "application_name", "timezone"}
# Simple queries, passwords, and the end: no prepared statements (parse, bind, execute).
MESSAGES = {b"Q", b"p", b"X"}
STATEMENTS = {
    "select_stmt",
    "insert_stmt",
    "update_stmt",
    "delete_stmt",
    "transaction_stmt",
    "variable_show_stmt",
}
SESSION_FUNCTIONS = re.compile(r"pg_(try_)?advisory_(un)?lock|set_config|pg_export_snapshot")

STATE = """
    SELECT current_setting('TimeZone'), current_setting('search_path'),
           current_setting('transaction_isolation'),
           current_setting('default_transaction_isolation'),
           current_setting('lock_timeout'), current_setting('statement_timeout'),
           (SELECT count(*) FROM pg_locks
               WHERE locktype = 'advisory' AND pid = pg_backend_pid()),
           (SELECT count(*) FROM pg_prepared_statements), (SELECT count(*) FROM pg_cursors)
"""


def plain(url: URL, **changes: Any) -> str:
    changed = url.set(drivername="postgresql", **changes)
    return changed.render_as_string(hide_password=False)


@pytest.fixture
def own_database(make_database) -> URL:
    return make_database()


@pytest.fixture
def pooler(server: URL, tmp_path: Path) -> Iterator[Pooler]:
    """A pooler with a single connection to the server, which all clients share."""
    with Pooler(server, tmp_path / "pooler.log", default_pool_size=1) as pooler:
        yield pooler


@pytest.fixture
def recorder(pooler: Pooler) -> Iterator[Recorder]:
    with Recorder(pooler.port) as recorder:
        yield recorder


@pytest.fixture
def pooled(recorder: Recorder, pooler: Pooler, own_database: URL) -> Iterator[Flask]:
    """The service, which is recorded on its way to the pooler."""
    app = create_app(
        Settings(database_url=plain(pooler.url(own_database.database), port=recorder.port))
    )
    yield app
    app.extensions["database"].dispose()


def test_nothing_is_sent_that_needs_a_session_of_its_own(pooled: Flask, recorder: Recorder):
    used = set()
    pooled.before_request(lambda: used.add(request.endpoint))
    use_everything(pooled.test_client())
    known = {
        rule.endpoint
        for rule in pooled.url_map.iter_rules()
        if rule.rule.startswith("/v1/") or rule.rule in {"/healthz", "/readyz"}
    }
    assert used == known, "each request of the service is to be looked at"

    startups = list(recorder.startups())
    assert startups
    for parameters in startups:
        assert set(parameters) <= STARTUP
    assert recorder.kinds() <= MESSAGES
    queries = recorder.queries()
    assert len(queries) > len(used)
    for sql in queries:
        assert not SESSION_FUNCTIONS.search(sql), sql
        for item in postgast.parse(sql).stmts:
            kind = item.stmt.WhichOneof("node")
            if kind == "variable_set_stmt":
                assert item.stmt.variable_set_stmt.is_local, sql
            else:
                assert kind in STATEMENTS, sql


def test_clients_that_share_a_connection_see_nothing_of_each_other(
    pooled: Flask, pooler: Pooler, own_database: URL
):
    url = plain(pooler.url(own_database.database))

    def state() -> Any:
        connection = psycopg2.connect(url)
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET TIME ZONE 'Asia/Seoul'")
                cursor.execute(STATE)
                return cursor.fetchone()
        finally:
            connection.close()

    before = state()
    assert before[:3] == ("Asia/Seoul", '"$user", public', "read committed")

    def work(number: int) -> None:
        client = pooled.test_client()
        for round_ in range(5):
            body = {"username": f"user-{number}-{round_}"}
            key = {"Idempotency-Key": f"key-{number}-{round_}"}
            made = client.post("/v1/users", json=body, headers=key)
            assert made.status_code == 201, made.text
            # Another client's time zone would show in the JSON that Postgres builds.
            read = client.get(f"/v1/users/{made.get_json()['id']}")
            assert read.get_json()["created_at"].endswith("+00:00")
            assert state() == before

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(work, range(4)))
