"""Waiting for a person is none of the agent's time, to the millisecond."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from tests.service.api.talk import QUESTION

START = datetime(2026, 1, 11, 5, tzinfo=UTC)


class Waits:
    """Makes a workflow with waits of chosen length: they are set past the API."""

    def __init__(self, client, make, database) -> None:
        self.client, self.database = client, database
        self.path = f"/v1/workflows/{make.workflow(started_at=START.isoformat())['id']}"

    def wait(self, since_ms: float, until_ms: float | None = None) -> None:
        """Ask; without an end it is not answered."""
        own = str(uuid4())
        self.client.post(f"{self.path}/await-input", json={**QUESTION, "id": own})
        since = START + timedelta(milliseconds=since_ms)
        with self.database.transaction() as connection:
            connection.execute(
                text("UPDATE interactions SET requested_at = :since WHERE id = :id"),
                {"since": since, "id": own},
            )
            connection.execute(
                text("UPDATE workflows SET waiting_since = :since WHERE id = :id"),
                {"since": since, "id": self.path.rpartition("/")[2]},
            )
        if until_ms is None:
            return
        assert self.client.post(f"{self.path}/resume", json={"answer": "x"}).status_code == 200
        with self.database.transaction() as connection:
            connection.execute(
                text("UPDATE interactions SET answered_at = :until WHERE id = :id"),
                {"until": START + timedelta(milliseconds=until_ms), "id": own},
            )

    def end(self, verb: str, after_ms: float) -> tuple[int, int]:
        """End it; returns the time of the agent, and that of waiting."""
        completed = START + timedelta(milliseconds=after_ms)
        body = {"completed_at": completed.isoformat()}
        body |= {"error_message": "x"} if verb == "fail" else {}
        ended = self.client.post(f"{self.path}/{verb}", json=body)
        assert ended.status_code == 200, ended.text
        return ended.json["active_ms"], ended.json["waiting_ms"]


@pytest.fixture
def waits(client, make, database):
    return Waits(client, make, database)


def test_waiting_is_none_of_the_agents_time_to_the_millisecond(waits):
    for number in range(5):
        waits.wait(100 * number, 100 * number + 10.6)
    # Each by itself is 10 ms, all of them together are 53.
    assert waits.end("complete", 1000.2) == (947, 53)


@pytest.mark.parametrize("verb", ["fail", "cancel"])
def test_a_wait_that_ends_with_its_workflow_counts_until_then(waits, verb):
    waits.wait(100, 110.7)
    waits.wait(500.1)
    assert waits.end(verb, 700.9) == (700 - 211, 211)


def test_waits_count_only_as_far_as_the_end_that_a_client_names(waits):
    waits.wait(100, 200)
    waits.wait(300, 900)
    waits.wait(1000, 1100)
    assert waits.end("complete", 400) == (200, 200)


def test_what_was_waited_so_far_is_told_while_it_goes_on(client, waits):
    waits.wait(0, 10.6)
    waits.wait(20, 30.6)
    waits.wait(50)
    client.post(f"{waits.path}/resume", json={"answer": "x"})
    (*_, last) = client.get(f"{waits.path}/interactions").json["items"]
    length = datetime.fromisoformat(last["answered_at"]) - (START + timedelta(milliseconds=50))
    total = length + timedelta(milliseconds=21.2)
    assert client.get(waits.path).json["waiting_ms"] == total // timedelta(milliseconds=1)


def test_a_request_that_came_before_what_it_waited_for_is_not_earlier(client, talk):
    """Whoever waits for the lock began before: the answer of one may be dated after the other's."""
    talk.ask()
    talk.answer()
    later = "UPDATE interactions SET requested_at = now(), answered_at = now() + interval '9 s'"
    with client.application.extensions["database"].transaction() as connection:
        connection.exec_driver_sql(later)
    waiting = talk.ask().json
    answered = client.get(f"{talk.path}/interactions").json["items"][0]["answered_at"]
    assert waiting["waiting_since"] == answered
    assert talk.answer().status_code == 200
    second = client.get(f"{talk.path}/interactions").json["items"][1]
    assert second["answered_at"] == second["requested_at"] == answered
    ended = talk.end().json
    length = datetime.fromisoformat(ended["completed_at"]) - datetime.fromisoformat(
        ended["started_at"]
    )
    assert ended["active_ms"] + ended["waiting_ms"] == length // timedelta(milliseconds=1)


def test_a_workflow_that_was_imported_as_it_waited_goes_on(talk, database):
    """It has no question; the answer is kept nevertheless, and recognised."""
    with database.transaction() as connection:
        connection.exec_driver_sql(
            "UPDATE workflows SET status = 'awaiting_input', pending_step = 'ask_theme', "
            "started_at = now() - interval '60 s', waiting_since = now() - interval '20 s'"
        )
    own = str(uuid4())
    resumed = talk.answer("데이트", id=own)
    assert (resumed.status_code, resumed.json["status"]) == (200, "running")
    assert 20_000 <= resumed.json["waiting_ms"] < 60_000
    assert talk.answer("데이트", id=own).data == resumed.data
    (kept,) = talk.asked()
    assert (kept["answer"], kept["step"], kept["seq"]) == ("데이트", "ask_theme", 1)
    ended = talk.end().json
    assert ended["waiting_ms"] == resumed.json["waiting_ms"]
