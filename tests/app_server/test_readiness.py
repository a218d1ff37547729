"""/readyz in production: it neither wakes a database nor keeps it awake, and tells the truth."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar

import pytest

from app_server import readiness


def looks_in(sent: list[str]) -> int:
    """Count how often the revision was asked for; of a newer schema its history is as well."""
    looks = sum("FROM alembic_version" in sql for sql in sent)
    assert looks or not sent
    return looks


@pytest.fixture
def live(make_database, client_with):
    """A service in production on a database of its own, and what it has sent there."""

    class Live:
        url = make_database()
        client = client_with(
            database_url=url.render_as_string(hide_password=False),
            app_env="production",
            retry_budget_s=0,
        )
        sent: ClassVar[list[str]] = []

        def ready(self) -> int:
            return self.client.get("/readyz").status_code

        def looks(self) -> int:
            """Tell how often one question has the database looked at."""
            self.sent.clear()
            assert self.ready() == 200
            return looks_in(self.sent)

    live = Live()
    live.sent.clear()
    live.client.application.extensions["database"].listeners.append(
        lambda sent: live.sent.append(sent.sql)
    )
    return live


def test_who_asks_again_and_again_asks_the_database_once(live):
    assert live.looks() == 1
    assert [live.looks() for _ in range(50)] == [0] * 50


def test_the_age_of_what_was_found_is_told(live, monkeypatch):
    assert live.client.get("/readyz").json["age_s"] == 0
    later = time.monotonic() + 3600
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert live.client.get("/readyz").json["age_s"] in {3599, 3600}


def test_while_others_keep_the_database_awake_it_is_looked_at(live, monkeypatch):
    live.ready()
    assert live.client.get("/v1/users").status_code == 200
    assert live.looks() == 0
    now = time.monotonic
    monkeypatch.setattr(readiness, "FRESH_S", 1e6)
    monkeypatch.setattr(time, "monotonic", lambda: now() + 2e6)
    live.client.get("/v1/users")
    assert live.looks() == 1
    assert live.looks() == 0


def test_in_the_end_it_is_looked_at_though_nobody_uses_it(live, monkeypatch):
    live.ready()
    later = time.monotonic() + readiness.IDLE_S + 1
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert live.looks() == 1


def test_a_hundred_questions_at_once_are_one(live):
    app = live.client.application
    with ThreadPoolExecutor(32) as pool:
        asked = list(pool.map(lambda _: app.test_client().get("/readyz").status_code, range(100)))
    assert asked == [200] * 100
    assert looks_in(live.sent) == 1


def test_a_database_that_a_request_has_missed_is_not_ready(live, server, execute):
    assert live.ready() == 200
    execute(server, f"DROP DATABASE {live.url.database} WITH (FORCE)")
    # Nobody has noticed, and nobody was harmed.
    assert live.ready() == 200
    assert live.client.get("/v1/users").status_code == 503
    assert live.ready() == 503


def test_a_schema_that_does_not_fit_a_request_any_more_is_not_ready(live, execute):
    assert live.client.get("/v1/users").status_code == 200
    assert live.ready() == 200
    execute(live.url, "ALTER TABLE users RENAME TO gone", "DELETE FROM alembic_version")
    assert live.client.get("/v1/users").status_code == 503
    assert live.ready() == 503
    assert live.ready() == 503
    execute(live.url, "ALTER TABLE gone RENAME TO users")
    assert live.ready() == 503


def test_what_is_not_ready_is_looked_at_each_time(live, execute, schema):
    execute(live.url, "UPDATE alembic_version SET version_num = 'of_others'")
    assert [live.ready() for _ in range(3)] == [503] * 3
    execute(live.url, f"UPDATE alembic_version SET version_num = '{schema[0]}'")
    assert live.ready() == 200


def test_on_the_own_machine_it_is_looked_at_each_time(client, database):
    sent = []
    database.listeners.append(lambda one: sent.append(one.sql))
    assert [client.get("/readyz").status_code for _ in range(3)] == [200] * 3
    database.listeners.pop()
    assert looks_in(sent) == 3
