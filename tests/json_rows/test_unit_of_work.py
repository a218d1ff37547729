"""A unit of work that loses its connection: done once, found out, or its outcome called unknown."""

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from flask import Flask

from json_rows.unit_of_work import UnitOfWork
from serverless_postgres.database import Database, Sent
from service.settings import Settings
from smorest_sqlmodel.errors import UnavailableError

KEY = "Idempotency-Key"
BODY = {"username": "지민"}


class Story:
    """What a service does with its database, and what is done to it meanwhile."""

    def __init__(self, app: Flask) -> None:
        self.database: Database = app.extensions["database"]
        self.client = app.test_client()
        # The revisions are compared, and a connection waits in the pool.
        assert self.client.get("/v1/users").status_code == 200
        self.retries: list[str] = []
        self.database.retry_listeners.append(self.retries.append)

    def once_after(self, text: str, act: Callable[[], None]) -> None:
        """Act after the first round trip whose SQL holds a text."""
        waiting = [act]

        def listen(sent: Sent) -> None:
            if text in sent.sql and waiting:
                waiting.pop()()

        self.database.listeners.append(listen)

    def names(self) -> list[str]:
        listed: Any = self.client.get("/v1/users").json
        return [item["username"] for item in listed["items"]]


@pytest.fixture
def story(serve) -> Story:
    return Story(serve())


def test_a_read_whose_connection_is_lost_is_read_again(story, proxy):
    proxy.reset()
    assert story.client.get("/v1/users").status_code == 200
    assert story.retries == ["lost"]


@pytest.mark.parametrize("after", ["pg_advisory_xact_lock", "INSERT INTO users"])
def test_a_connection_lost_before_commit_starts_the_whole_transaction_again(story, proxy, after):
    story.once_after(after, proxy.reset)
    response = story.client.post("/v1/users", json=BODY, headers={KEY: "k"})
    assert response.status_code == 201
    assert "Idempotency-Replayed" not in response.headers
    assert story.retries == ["lost"]
    assert story.names() == ["지민"]


def test_under_a_key_a_lost_commit_reply_is_found_out_and_answered_once(story, proxy):
    proxy.eat(every=1)
    story.once_after("COMMIT", lambda: proxy.eat(every=0))
    response = story.client.post("/v1/users", json=BODY, headers={KEY: "k"})
    assert response.status_code == 201
    assert response.json["username"] == "지민"
    assert proxy.counts().eaten > 0
    assert story.retries == ["lost"]
    assert story.names() == ["지민"]
    assert story.client.post("/v1/users", json=BODY, headers={KEY: "k"}).data == response.data


@pytest.mark.parametrize("identity", [{"id": "01890000-0000-7000-8000-000000000001"}, {}])
def test_by_its_id_a_write_whose_reply_is_lost_is_found_and_not_doubled(story, proxy, identity):
    proxy.eat(every=1)
    story.once_after("INSERT INTO users", lambda: proxy.eat(every=0))
    response = story.client.post("/v1/users", json={**identity, **BODY})
    assert response.status_code == 201
    assert story.retries == ["lost"]
    assert story.names() == ["지민"]


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        ("POST", "/v1/workflows/{workflow}/nodes", {"node_name": "x"}, 201),
        ("POST", "/v1/workflows/{workflow}/complete", {}, 200),
        ("POST", "/v1/workflows/{workflow}/complete?fields=final_itinerary", {}, 200),
        ("POST", "/v1/nodes/{node}/complete", {"output": "x"}, 200),
        ("PATCH", "/v1/users/{user}", {"phone": "010"}, 200),
        ("DELETE", "/v1/workflows/{workflow}", None, 204),
    ],
)
def test_a_change_whose_reply_is_lost_is_done_once(  # noqa: PLR0917  an example a line
    story, proxy, method, path, body, expected
):
    post = story.client.post
    user = post("/v1/users", json=BODY).json
    workflow = post("/v1/workflows", json={"user_id": user["id"], "user_input": "x"}).json["id"]
    node = post(f"/v1/workflows/{workflow}/nodes", json={"node_name": "n"}).json["id"]
    path = path.format(user=user["id"], workflow=workflow, node=node)
    proxy.eat(every=1)
    # The next round trip is the change itself; its answer is the first one to be eaten.
    story.once_after("", lambda: proxy.eat(every=0))
    headers = {"If-Match": f'"{user["version"]}"'} if method == "PATCH" else {}
    response = story.client.open(path, method=method, json=body, headers=headers)
    assert response.status_code == expected, response.text
    assert story.retries == ["lost"]
    if "fields" in path:
        assert response.json == {"id": workflow, "final_itinerary": None}
    if method == "PATCH":
        assert response.json["version"] == user["version"] + 1
    if path.endswith("/nodes"):
        assert story.client.get(f"/v1/workflows/{workflow}").json["node_count"] == 2


@pytest.mark.parametrize("headers", [{}, {KEY: "k"}])
def test_a_lost_reply_that_there_is_no_time_to_look_into_is_called_unknown(
    serve, proxy, problem, headers
):
    story = Story(serve(retry_budget_s=0))
    proxy.eat(every=1)
    response = story.client.post("/v1/users", json=BODY, headers=headers)
    assert problem(response, 503)["outcome"] == "unknown"
    assert int(response.headers["Retry-After"]) > 0
    proxy.eat(every=0)
    assert story.names() == ["지민"]


def test_a_change_that_others_have_changed_since_its_reply_was_lost_is_called_unknown(
    story, proxy, problem
):
    user = story.client.post("/v1/users", json=BODY).json
    path = f"/v1/users/{user['id']}"
    answers = []

    def change() -> None:
        changed = story.client.patch(path, json={"phone": "119"}, headers={"If-Match": "*"})
        answers.append(changed.status_code)

    def others_change(_reason: str) -> None:
        if not answers:
            # In a thread of its own, as any other request: it has a unit of work of its own.
            thread = threading.Thread(target=change)
            thread.start()
            thread.join()

    story.database.retry_listeners.append(others_change)
    proxy.eat(every=1)
    story.once_after("", lambda: proxy.eat(every=0))
    mine = {"json": {"phone": "010"}, "headers": {"If-Match": f'"{user["version"]}"'}}
    body = problem(story.client.patch(path, **mine), 412)
    assert body["outcome"] == "unknown"
    assert answers == [200]
    assert story.client.get(path).json["version"] == user["version"] + 2
    # Nothing was lost on the way of the second request: it is certain that it was not done.
    assert "outcome" not in problem(story.client.patch(path, **mine), 412)


def test_a_change_that_nothing_tells_of_is_called_unknown_as_well(serve, proxy, problem):
    story = Story(serve(retry_budget_s=0))
    made = story.client.post("/v1/users", json=BODY).get_json()
    path = f"/v1/users/{made['id']}"
    proxy.eat(every=1)
    response = story.client.patch(path, json={"phone": "010"}, headers={"If-Match": "*"})
    assert problem(response, 503)["outcome"] == "unknown"
    proxy.eat(every=0)
    assert story.client.get(path).get_json()["phone"] == "010"


def test_a_read_has_no_outcome(serve, proxy, problem):
    story = Story(serve(retry_budget_s=0))
    proxy.reset()
    assert "outcome" not in problem(story.client.get("/v1/users"), 503)


def test_work_that_can_not_be_found_out_is_not_done_again_after_its_commit(story, proxy):
    done: list[int] = []
    with UnitOfWork(story.database) as work:

        def insert() -> None:
            done.append(1)
            work.begin()
            work.execute("INSERT INTO users (id, username) VALUES (gen_random_uuid(), 'once')")
            proxy.eat(every=1)

        with pytest.raises(UnavailableError) as raised:
            work.complete(insert, is_repeatable=False)
    proxy.eat(every=0)
    assert raised.value.members["outcome"] == "unknown"
    assert done == [1]
    assert story.names() == ["once"]


def test_a_deadlock_is_dissolved_and_the_loser_does_its_work_again(make_database):
    text = make_database().render_as_string(hide_password=False)
    database = Database(Settings(database_url=text))
    retries: list[str] = []
    database.retry_listeners.append(retries.append)
    both_hold_one = threading.Barrier(2)
    add = "UPDATE users SET version = version + 1 WHERE username = %(name)s"

    def change(work: UnitOfWork, *names: str) -> None:
        work.begin()
        work.execute("SET LOCAL deadlock_timeout = '50ms'")
        for name in names:
            work.execute(add, {"name": name})
            if not retries and not both_hold_one.broken:
                with suppress(threading.BrokenBarrierError):
                    both_hold_one.wait(0.5)

    def run(*names: str) -> None:
        with UnitOfWork(database) as work:
            work.complete(lambda: change(work, *names), is_repeatable=False)

    with UnitOfWork(database) as work:
        for name in ("a", "b"):
            insert = "INSERT INTO users (id, username) VALUES (gen_random_uuid(), %(name)s)"
            work.execute(insert, {"name": name})
    other = threading.Thread(target=run, args=("b", "a"))
    other.start()
    run("a", "b")
    other.join()
    with UnitOfWork(database) as work:
        versions: list[Any] = [row[0] for row in work.execute("SELECT version FROM users")]
    assert versions == [3, 3]
    assert retries == ["deadlock"]
    database.dispose()


def test_who_listens_and_fails_undoes_no_work_and_is_complained_of_once(story, caplog):
    def fail(_: Sent) -> None:
        raise OSError(28, "No space left on device")

    story.database.listeners.append(fail)
    for key, name in (("a", "지민"), ("b", "하준")):
        response = story.client.post("/v1/users", json={"username": name}, headers={KEY: key})
        assert response.status_code == 201
    assert sorted(story.names()) == ["지민", "하준"]
    errors = [record.message for record in caplog.records if record.levelname == "ERROR"]
    assert errors == ["A listener of the database fails; this is logged only once."]
