"""GETs read from a replica, a client reads what it wrote, and without the replica all goes on."""

import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask import request

from json_rows.consistency import HEADER
from json_rows.listing import Page
from json_rows.statement import Statement
from json_rows.unit_of_work import UnitOfWork
from safe_migrations.doctor import Finding, State, examine
from safe_migrations.doctor import replica as replica_check
from safe_migrations.revisions import heads
from safe_migrations.runner import run, upgrade
from serverless_postgres import replica as replica_module
from serverless_postgres.database import Sent
from serverless_postgres.replica import ReadFrom
from serverless_postgres.url import parse
from service.app import create_app
from service.domain.users import users
from service.schema import project
from service.settings import Settings
from smorest_sqlmodel.errors import NotFoundError
from tests.all_requests import use_everything
from tests.faults.postgres import Postgres
from tests.faults.proxy import Proxy
from tests.newer import HEAD as NEWER
from tests.standby import Standby, ask

PATIENCE_S = 20
ANY_VERSION = {"If-Match": "*"}


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "it does not come about"
        time.sleep(0.02)


class Instance:
    """A service on a machine of its own, and where its reads were answered."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self.app = create_app(settings)
        self.database = self.app.extensions["database"]
        self.reads: list[ReadFrom] = []
        self.sent: list[str] = []
        """To which server this thread's requests have sent something."""
        self.database.read_listeners.append(self.reads.append)
        self.database.listeners.append(self._note)
        self.client = self.app.test_client()
        if self.database.replica:
            # Another machine has another folder for what its processes share.
            folder.mkdir(exist_ok=True)
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(tempfile, "tempdir", str(folder))
                self.database.replica.last_write.get()

    def _note(self, sent: Sent) -> None:
        if threading.current_thread() is threading.main_thread():
            self.sent.append(sent.server)

    def uses_replica(self) -> bool:
        """Tell whether the replica is used, as /readyz says."""
        state: str = self.client.get("/readyz").get_json()["replica"]
        return state == "used"

    def ready(self) -> "Instance":
        """Wait for the replica, and forget what was until then."""
        wait_until(self.uses_replica)
        self.client.get("/v1/users")  # The schema is known from now on.
        self.reads.clear()
        self.sent.clear()
        return self

    def settle(self, path: str) -> None:
        """Wait until the replica has what there is, and forget what was until then."""
        wait_until(lambda: self.phone(path) == "1" and self.reads[-1] is ReadFrom.REPLICA)
        self.reads.clear()

    def user(self, **values: Any) -> Any:
        answer = self.client.post("/v1/users", json={"username": f"u{time.time_ns()}", **values})
        assert answer.status_code == 201, answer.text
        return answer.get_json()

    def phone(self, path: str, headers: dict[str, str] | None = None) -> Any:
        answer = self.client.get(path, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.get_json()["phone"]


@pytest.fixture(autouse=True)
def _often_looked_after(monkeypatch):
    monkeypatch.setattr(replica_module, "CHECK_EVERY_S", 0.05)
    monkeypatch.setattr(replica_module, "LOOK_EVERY_S", 0)


@pytest.fixture(scope="module")
def primary(tmp_path_factory) -> Iterator[Postgres]:
    with Postgres(tmp_path_factory.mktemp("primary")) as primary:
        upgrade(project(), primary.url)
        yield primary


@pytest.fixture(scope="module")
def standby(primary: Postgres, tmp_path_factory) -> Iterator[Standby]:
    with Standby(primary, tmp_path_factory.mktemp("standby")) as standby:
        yield standby


@pytest.fixture(scope="module")
def make_instance(primary: Postgres, standby: Standby, tmp_path_factory) -> Iterator[Any]:
    made: list[Instance] = []
    machines = tmp_path_factory.mktemp("machines")

    def make(machine: str = "one", **settings: Any) -> Instance:
        urls = {"database_url": primary.url, "database_read_url": standby.url}
        made.append(Instance(machines / machine, Settings(**{**urls, **settings})))
        return made[-1]

    yield make
    for instance in made:
        instance.database.dispose()


@pytest.fixture(scope="module")
def _one(make_instance) -> Instance:
    instance: Instance = make_instance()
    return instance


@pytest.fixture
def one(_one: Instance) -> Instance:
    return _one.ready()


@pytest.fixture(scope="module")
def _other(make_instance) -> Instance:
    instance: Instance = make_instance("other")
    return instance


@pytest.fixture
def other(_other: Instance) -> Instance:
    """An instance on another machine."""
    return _other.ready()


def test_a_get_is_read_from_the_replica_in_one_round_trip(one, primary, standby):
    user = one.user(phone="1")
    path = f"/v1/users/{user['id']}"
    with standby.paused():
        # Past the service, which would know of it.
        ask(primary, f"UPDATE users SET phone = '2' WHERE id = '{user['id']}'")
        one.sent.clear()
        assert one.phone(path) == "1"
        assert one.sent == ["replica"]
        one.sent.clear()
        assert one.client.get("/v1/users?sort=-updated_at").get_json()["items"][0]["phone"] == "1"
        assert one.client.head(path).headers["ETag"] == '"1"'
        assert one.sent == ["replica"] * 2
    assert one.phone(path) == "2"
    assert set(one.reads) == {ReadFrom.REPLICA}
    assert 'database_reads_total{outcome="replica"}' in one.client.get("/metrics").text


def test_the_replica_shows_nobody_the_rows_of_others(one):
    mine, theirs = (one.user(phone="1") for _ in range(2))
    one.settle(f"/v1/users/{theirs['id']}")
    with UnitOfWork(one.database, owner=UUID(mine["id"])) as work:
        work.read_after(0)
        found = work.fetch(users.where().query(Page(50, "-created_at", ("id",), None)))
        assert [row_id for *_, row_id in found] == [mine["id"]]
        with pytest.raises(NotFoundError):
            work.run(users.get(UUID(theirs["id"])))
    assert one.reads == [ReadFrom.REPLICA, ReadFrom.EMPTY]


def test_a_write_takes_no_round_trip_more(one):
    user = one.user()
    one.sent.clear()
    one.user()
    path = f"/v1/users/{user['id']}"
    one.client.patch(path, json={"phone": "1"}, headers=ANY_VERSION)
    one.client.delete(path, headers=ANY_VERSION)
    assert one.sent == ["primary"] * 3


def test_a_client_reads_what_it_wrote_through_another_instance(one, other, standby):
    path = f"/v1/users/{one.user(phone='1')['id']}"
    with standby.paused():
        changed = one.client.patch(path, json={"phone": "2"}, headers=ANY_VERSION)
        position = {HEADER: changed.headers[HEADER]}
        assert other.phone(path, position) == "2"
        assert other.phone(path) == "1", "without the position the other instance can't know"
        assert other.reads == [ReadFrom.BEHIND, ReadFrom.REPLICA]
    wait_until(lambda: other.phone(path, position) == "2" and other.reads[-1] is ReadFrom.REPLICA)
    # Nothing that is known of the replica makes up for what it does not have yet.
    with standby.paused():
        changed = one.client.patch(path, json={"phone": "3"}, headers=ANY_VERSION)
        assert other.phone(path, {HEADER: changed.headers[HEADER]}) == "3"
        assert other.phone(path, position) == "2"


def test_without_the_header_the_writes_of_this_server_count(one, make_instance, standby):
    sibling = make_instance().ready()
    path = f"/v1/users/{one.user(phone='1')['id']}"
    with standby.paused():
        one.client.patch(path, json={"phone": "2"}, headers=ANY_VERSION)
        assert one.phone(path) == "2"
        assert sibling.phone(path) == "2", "another worker process of the same server"
        assert one.client.delete(path, headers=ANY_VERSION).status_code == 200
        assert sibling.client.get(path).status_code == 404


def test_a_write_whose_reply_is_lost_is_not_missed_either(make_instance, primary, standby):
    with Proxy(parse(primary.url).port or 0) as proxy:
        through = parse(primary.url).set(drivername="postgresql", port=proxy.port)
        url = through.render_as_string(hide_password=False)
        one = make_instance("lossy", database_url=url, retry_budget_s=0).ready()
        path = f"/v1/users/{one.user(phone='1')['id']}"
        one.settle(path)
        with standby.paused():
            proxy.eat(every=1)
            answer = one.client.patch(path, json={"phone": "2"}, headers=ANY_VERSION)
            assert (answer.status_code, answer.get_json()["outcome"]) == (503, "unknown")
            proxy.eat(every=0)
            assert one.phone(path) == "2"
        # It was no earlier than the next one, which the replica is asked for.
        one.user()
        wait_until(lambda: one.phone(path) == "2" and one.reads[-1] is ReadFrom.REPLICA)


def test_while_the_replica_is_behind_each_request_works_as_ever(one, standby):
    without = []

    def note(response):
        if request.method != "GET" and HEADER not in response.headers:
            without.append((request.method, request.path, response.status_code))
        return response

    one.app.after_request_funcs[None].insert(0, note)
    with standby.paused():
        use_everything(one.client)
    one.app.after_request_funcs[None].remove(note)
    assert one.reads
    assert set(one.reads) <= {ReadFrom.BEHIND, ReadFrom.EMPTY}
    # Refused by an index: nothing was written, nothing was read.
    assert without == [("POST", "/v1/users", 409)]


def test_a_write_that_is_not_committed_yet_is_waited_for_in_vain(one, other, primary, standby):
    path = f"/v1/users/{one.user(phone='1')['id']}"
    connection = primary.connect()
    with connection.cursor() as cursor:
        cursor.execute("BEGIN; SELECT pg_current_xact_id()")  # Someone's long transaction.
        changed = one.client.patch(path, json={"phone": "2"}, headers=ANY_VERSION)
        standby.catch_up()
        assert other.phone(path, {HEADER: changed.headers[HEADER]}) == "2"
        cursor.execute("COMMIT")
    connection.close()


def test_a_precondition_that_failed_says_where_the_other_version_is(one, other, standby):
    path = f"/v1/users/{one.user(phone='1')['id']}"
    with standby.paused():
        one.client.patch(path, json={"phone": "2"}, headers=ANY_VERSION)
        etag = other.client.get(path).headers["ETag"]
        assert other.client.get(path, headers={"If-None-Match": etag}).status_code == 304
        refused = other.client.patch(path, json={"phone": "3"}, headers={"If-Match": etag})
        assert refused.status_code == 412
        again = other.client.get(path, headers={HEADER: refused.headers[HEADER]})
        changed = other.client.patch(
            path, json={"phone": "3"}, headers={"If-Match": again.headers["ETag"]}
        )
        assert changed.status_code == 200


def test_a_repeated_write_says_where_the_first_one_is(one, other, standby):
    key = {"Idempotency-Key": "k1"}
    with standby.paused():
        body = {"username": "지민-replayed"}
        first = one.client.post("/v1/users", json=body, headers=key)
        again = other.client.post("/v1/users", json=body, headers=key)
        assert again.headers["Idempotency-Replayed"] == "true"
        assert int(again.headers[HEADER]) >= int(first.headers[HEADER])
        own = one.user()
        repeated = other.client.post("/v1/users", json={k: own[k] for k in ("id", "username")})
        assert repeated.status_code == 200
        path = f"/v1/users?username={own['username']}"
        items = other.client.get(path, headers={HEADER: repeated.headers[HEADER]}).get_json()
        assert [item["id"] for item in items["items"]] == [own["id"]]


def test_what_the_replica_does_not_have_is_looked_for_on_the_primary(one, other, standby, nowhere):
    with standby.paused():
        user = one.user()
        assert other.client.get(f"/v1/users/{user['id']}").status_code == 200
        body = {"user_id": user["id"], "user_input": "홍대"}
        workflow = one.client.post("/v1/workflows", json=body).get_json()
        found = other.client.get(f"/v1/workflows?user_id={user['id']}").get_json()
        assert [item["id"] for item in found["items"]] == [workflow["id"]]
        assert other.client.get(f"/v1/workflows/{workflow['id']}/nodes").get_json()["items"] == []
    assert other.client.get(f"/v1/users/{nowhere}").status_code == 404


def test_a_replica_that_stops_is_not_missed_and_comes_back(one, standby, caplog):
    path = f"/v1/users/{one.user(phone='1')['id']}"
    one.settle(path)
    standby.stop()
    try:
        for _ in range(3):
            assert one.phone(path) == "1"
        assert ReadFrom.REPLICA not in one.reads
        assert one.reads.count(ReadFrom.FAILED) <= 1, "the others don't try"
        assert one.user()
        answer = one.client.get("/readyz")
        assert (answer.status_code, answer.get_json()["replica"]) == (200, "away")
        assert "The read replica is not used: " in caplog.text
    finally:
        standby.start()
    wait_until(one.uses_replica)
    one.settle(path)


def test_a_replica_that_restarts_costs_nobody_an_answer(one, standby):
    path = f"/v1/users/{one.user(phone='1')['id']}"
    ended = threading.Event()
    wrong = []

    def read() -> None:
        client = one.app.test_client()
        while not ended.is_set():
            answer = client.get(path)
            if answer.status_code != 200 or answer.get_json()["phone"] != "1":
                wrong.append(answer.text)

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for end in (standby.stop, standby.kill):
        end()
        standby.start()
        wait_until(one.uses_replica)
    ended.set()
    for thread in threads:
        thread.join()
    assert not wrong
    assert ReadFrom.REPLICA in one.reads


def test_a_replica_that_does_not_answer_is_given_up_in_time(make_instance, standby):
    one = make_instance(read_timeout_s=1).ready()
    path = f"/v1/users/{one.user(phone='1')['id']}"
    one.settle(path)
    with standby.frozen():  # Its kernel still answers for it.
        assert one.phone(path) == "1"
    assert one.reads == [ReadFrom.FAILED]


def test_a_replica_that_is_not_there_from_the_beginning_is_not_waited_for(make_instance, caplog):
    url = "postgresql://trips:secret@127.0.0.1:1/trips"
    one = make_instance(database_read_url=url)
    assert one.client.get("/v1/users").status_code == 200
    wait_until(lambda: "The read replica is not used: " in caplog.text)
    assert "secret" not in caplog.text
    assert one.client.get("/v1/users").status_code == 200
    assert set(one.reads) == {ReadFrom.AWAY}


def test_a_url_that_leads_to_a_primary_is_not_read_from(make_instance, primary, caplog):
    one = make_instance(database_read_url=primary.url)
    one.client.get("/v1/users")
    wait_until(
        lambda: "DATABASE_READ_URL leads to a server that replicates no other" in caplog.text
    )
    assert not one.uses_replica()
    assert one.client.get("/v1/users").status_code == 200
    assert set(one.reads) == {ReadFrom.AWAY}


def test_a_replica_that_was_promoted_is_not_read_from(make_instance, primary, tmp_path):
    with Standby(primary, tmp_path) as standby:
        one = make_instance(database_read_url=standby.url).ready()
        path = f"/v1/users/{one.user(phone='1')['id']}"
        one.settle(path)
        ask(standby, "SELECT pg_promote()")
        ask(standby, "UPDATE users SET phone = 'of another history'")
        for _ in range(3):
            assert one.phone(path) == "1"
        wait_until(lambda: not one.uses_replica())


def test_a_replica_of_another_revision_is_not_read_from(one, primary, standby, caplog):
    head = ask(primary, "SELECT version_num FROM alembic_version")
    change = "UPDATE alembic_version SET version_num = '{}' RETURNING version_num"
    ask(primary, change.format("other"))
    try:

        def is_away() -> bool:
            assert one.client.get("/v1/users").status_code == 200
            return one.reads[-1] is ReadFrom.AWAY

        wait_until(is_away)
        assert "at revision other" in caplog.text
    finally:
        ask(primary, change.format(head))
        standby.catch_up()
    wait_until(one.uses_replica)


def test_a_replica_that_is_ahead_of_the_code_is_read_from(one, primary, standby, newer):
    x = (f"url={primary.url}",)
    run(project().at(str(newer)), "upgrade", "heads", x=x, quiet=True)
    try:
        standby.catch_up()
        one.database.replica.check()  # Raises what speaks against using it.
        wait_until(one.uses_replica)
        assert NEWER in one.client.get("/readyz").get_json()["note"]
        one.settle(f"/v1/users/{one.user(phone='1')['id']}")
    finally:
        run(project().at(str(newer)), "downgrade", heads(project().versions)[0], x=x, quiet=True)
        standby.catch_up()


def test_a_replica_that_was_behind_a_moment_ago_is_not_asked_in_vain(one, standby, monkeypatch):
    monkeypatch.setattr(replica_module, "LOOK_EVERY_S", PATIENCE_S)
    path = f"/v1/users/{one.user(phone='1')['id']}"
    with standby.paused():
        one.phone(path, {HEADER: "0"})
        changed = one.client.patch(path, json={"phone": "2"}, headers=ANY_VERSION)
        one.sent.clear()
        assert one.phone(path, {HEADER: changed.headers[HEADER]}) == "2"
        assert one.phone(path, {HEADER: "0"}) == "1"
        assert one.sent == ["primary", "replica"]


def test_a_query_that_is_in_the_way_of_replay_is_asked_of_the_primary(
    make_instance, primary, standby
):
    one = make_instance(read_timeout_s=PATIENCE_S).ready()
    slow = f"CASE WHEN pg_is_in_recovery() THEN pg_sleep({PATIENCE_S})::text END AS slept"
    query = Statement(f"SELECT count(*), {slow} FROM users WHERE {users.owned}").query()
    sleeping = "SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event = 'PgSleep'"

    def lock() -> None:
        wait_until(lambda: bool(ask(standby, sleeping)))
        ask(primary, "DO 'BEGIN LOCK users; PERFORM pg_current_xact_id(); END'")

    thread = threading.Thread(target=lock)
    thread.start()
    with UnitOfWork(one.database) as work:
        work.read_after(0)
        rows = work.fetch(query)
    thread.join()
    assert len(rows) == 1
    assert one.reads == [ReadFrom.FAILED]
    assert one.uses_replica()


def test_a_position_that_no_write_was_answered_with_is_refused(one, pointers):
    for value in ("x", "-1", "1.5", "٣", "9" * 19, "9" * 40, ""):
        answer = one.client.get("/v1/users", headers={HEADER: value.encode().decode("latin-1")})
        assert pointers(answer) == [f"/{HEADER}"], value
    assert one.client.get("/v1/users", headers={HEADER: str(2**63 - 1)}).status_code == 200


def test_the_doctor_knows_a_replica_of_this_database_and_how_far_it_is_behind(
    primary, standby, server, monkeypatch
):
    def examined(url: str | None) -> Finding:
        settings = Settings(database_url=primary.url, database_read_url=url)
        return examine(project(settings)).findings["read-replica"]

    standby.catch_up()
    assert examined(None).state == State.OK
    found = examined(standby.url)
    assert (found.state, "behind" in found.said) == (State.OK, True)
    monkeypatch.setattr(replica_check, "FAR_BEHIND_S", -1)
    assert examined(standby.url).state == State.WARNING
    for url, said in [
        (primary.url, "replicates no other"),
        ("mysql://replica/trips", "DATABASE_READ_URL"),
        (
            parse(standby.url)
            .set(drivername="postgresql", port=1)
            .render_as_string(hide_password=False),
            "refuses connections",
        ),
    ]:
        found = examined(url)
        assert (found.state, said in found.said) == (State.ERROR, True), found
        assert standby.password not in found.said + str(found.mend)
    other = Settings(
        database_url=server.set(drivername="postgresql").render_as_string(hide_password=False),
        database_read_url=standby.url,
    )
    assert "another database" in examine(project(other)).findings["read-replica"].said


def test_without_a_replica_nothing_is_different(client, make):
    user = make.user()
    answer = client.patch(f"/v1/users/{user['id']}", json={"phone": "1"}, headers=ANY_VERSION)
    assert HEADER not in answer.headers
    assert client.get("/v1/users", headers={HEADER: "1"}).status_code == 200
    assert client.get("/readyz").get_json()["replica"] is None
