"""What somebody with a key of their own, or with one that is over, could still try."""

import threading
from contextlib import closing
from typing import Any
from uuid import UUID

import psycopg2
import pytest

from api_access import guard as guard_module
from api_access import keys as keys_module
from api_access import tokens as tokens_module
from api_access.api_key import Scope
from api_access.key_format import KeyFormat
from api_access.key_models import KeyCreate
from api_access.key_store import MOST_OF_USER
from json_rows import UnitOfWork, downloads, streaming
from service.domain.keys import KEYS
from tests.issuer import Issuer

FORMAT = KeyFormat("tps", is_production=False)
LIST = "/v1/workflows"


def guess() -> dict[str, str]:
    return {"Authorization": f"Bearer {FORMAT.make()}"}


@pytest.fixture
def sent(guarded):
    """What is sent to the database, once the process knows its schema."""
    database = guarded.application.extensions["database"]
    found: list[str] = []

    def note(each):
        found.append(each.sql)

    guarded.get(LIST, headers=guess())
    database.listeners.append(note)
    yield found
    database.listeners.remove(note)


@pytest.fixture
def new_issuer():
    with Issuer() as issuer:
        yield issuer


@pytest.fixture
def many_keys(database, make):
    """Make a user with a number of keys; returns the user's id."""

    def made(number):
        user = make.user()["id"]
        with UnitOfWork(database) as work:
            for _ in range(number):
                body = KeyCreate(name="one of many", scopes=[Scope.READ], user_id=UUID(user))
                work.run(KEYS.create(FORMAT.make(), body, None))
        return user

    return made


def test_security_6_a_key_that_is_not_there_costs_one_look_as_one_that_is(
    guarded, new_key, nowhere, sent
):
    revoked = new_key("read")
    with UnitOfWork(guarded.application.extensions["database"]) as work:
        work.execute("UPDATE api_keys SET revoked_at = now() WHERE id = %(id)s", {"id": revoked.id})
    for headers, path, status, trips in (
        (guess(), LIST, 401, 1),
        (revoked, LIST, 401, 1),
        # Its row is one trip more.
        (new_key("read"), f"{LIST}/{nowhere}", 404, 2),
    ):
        sent.clear()
        assert guarded.get(path, headers=headers).status_code == status
        # The schema, and what is swept up in the background, is asked once by a process.
        asked = [sql for sql in sent if "api_keys AS key" in sql or "workflows.id = " in sql]
        assert len(asked) == trips, sent


def test_security_5_the_primary_is_asked_for_a_key_however_far_behind_a_replica_is(
    client_with, settings, new_key
):
    client = client_with(auth="on", database_read_url=settings.database_url)
    database, key = client.application.extensions["database"], new_key("read")
    sent: list[Any] = []
    database.listeners.append(sent.append)
    assert client.get(LIST, headers=key).status_code == 200
    assert [each.server for each in sent if "api_keys" in each.sql] == ["primary"]


def test_security_7_whoever_guesses_locks_nobody_out_whose_key_was_known(
    client_with, new_key, monkeypatch
):
    client = client_with(auth="on", auth_failures_per_minute=3)
    known = new_key("read")
    # As if half a minute had gone by after each request.
    monkeypatch.setattr(keys_module, "FOUND_S", 0.0)
    assert client.get(LIST, headers=known).status_code == 200
    statuses = [client.get(LIST, headers=guess()).status_code for _ in range(4)]
    assert statuses == [401, 401, 401, 429]
    assert client.get(LIST, headers=known).status_code == 200
    with UnitOfWork(client.application.extensions["database"]) as work:
        work.execute("UPDATE api_keys SET revoked_at = now() WHERE id = %(id)s", {"id": known.id})
    assert client.get(LIST, headers=known).status_code == 401


def test_security_7_the_same_of_a_token(client_with, new_issuer, monkeypatch):
    monkeypatch.setattr(tokens_module, "KEPT_S", -1.0)
    client = client_with(
        auth="on",
        auth_failures_per_minute=3,
        jwt_issuer=new_issuer.name,
        jwt_jwks_url=new_issuer.url,
        jwt_audience=("trips",),
        jwt_new_users="on",
    )
    known = {"Authorization": f"Bearer {new_issuer.token()}"}
    assert client.get(LIST, headers=known).status_code == 200
    assert [client.get(LIST, headers=guess()).status_code for _ in range(4)][-1] == 429
    assert client.get(LIST, headers=known).status_code == 200
    another = {"Authorization": f"Bearer {new_issuer.token('another')}"}
    assert client.get(LIST, headers=another).status_code == 429


def test_security_7_a_key_that_is_over_is_no_guess(client_with, new_key, monkeypatch):
    """An agent that goes on sending it must not lock out others at its address."""
    client = client_with(auth="on", auth_failures_per_minute=3)
    monkeypatch.setattr(keys_module, "UNKNOWN_S", 0.0)
    over = new_key("read", expires_at="2020-01-01T00:00:00Z")
    assert {client.get(LIST, headers=over).status_code for _ in range(6)} == {401}
    assert client.get(LIST, headers=new_key("read")).status_code == 200


def test_security_9_what_is_noted_of_a_denial_is_nothing_that_its_sender_made_up(
    guarded, new_key, database
):
    over = new_key("read", expires_at="2020-01-01T00:00:00Z")
    for number in range(3):
        answer = guarded.open(LIST, method=f"M{'A' * 1000}{number}", headers=over)
        assert answer.status_code == 401
    guarded.application.extensions["access"].notes.flush()
    with UnitOfWork(database) as work:
        rows = work.execute(
            "SELECT detail->>'operation', detail->>'times' FROM audit_events "
            "WHERE action = 'access.denied' AND key_id = %(id)s",
            {"id": over.id},
        )
    assert [tuple(row) for row in rows] == [("another method nothing", "3")]


def test_a_user_has_no_more_keys_than_that_also_when_some_are_made_at_once(
    guarded, new_key, many_keys, worker_url, pointers
):
    admin, user = new_key("admin"), many_keys(MOST_OF_USER - 1)
    answers = []

    def make_one():
        body = {"name": "at once", "scopes": ["read"], "user_id": user}
        client = guarded.application.test_client()
        answers.append(client.post("/v1/keys", json=body, headers=admin))

    threads = [threading.Thread(target=make_one) for _ in range(4)]
    url = worker_url.set(drivername="postgresql").render_as_string(hide_password=False)
    with closing(psycopg2.connect(url)) as other, other.cursor() as cursor:
        # Whoever has counted waits here, before it is known to others.
        cursor.execute("LOCK TABLE audit_events IN EXCLUSIVE MODE")
        for thread in threads:
            thread.start()
        waiting = (
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        count = 0
        while count < len(threads):
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute(waiting)
            ((count,),) = cursor.fetchall()
        other.rollback()
    for thread in threads:
        thread.join()
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    refused = next(answer for answer in answers if answer.status_code == 409)
    assert pointers(refused, 409) == ["/user_id"]


def test_replacing_keys_over_and_over_makes_no_more_than_twice_as_many(
    guarded, new_key, many_keys, database, pointers
):
    admin, user = new_key("admin"), many_keys(2)
    with UnitOfWork(database) as work:
        # As if 198 of them had been replaced, and were good for a while.
        work.execute(
            "INSERT INTO api_keys (id, name, scopes, client_id, prefix, reach, user_id, digest) "
            "SELECT gen_random_uuid(), 'before', '{read}', gen_random_uuid(), 'x', 'user', "
            "%(user)s, sha256(n::text::bytea) FROM generate_series(1, %(most)s) AS n",
            {"user": user, "most": 2 * MOST_OF_USER - 3},
        )
        ((one,), (other,)) = work.execute(
            "SELECT id FROM api_keys WHERE name = 'one of many' AND user_id = %(user)s",
            {"user": user},
        )
    body = {"overlap_s": 3600}
    assert guarded.post(f"/v1/keys/{one}/rotate", json=body, headers=admin).status_code == 201
    refused = guarded.post(f"/v1/keys/{other}/rotate", json=body, headers=admin)
    assert pointers(refused, 409) == ["/user_id"]


def test_a_long_answer_ends_when_its_key_is_revoked(guarded, new_key, make, database, monkeypatch):
    owner = make.user()["id"]
    for _ in range(4):
        make.workflow(user_id=owner)
    monkeypatch.setattr(streaming, "ROWS_AT_ONCE", 1)
    monkeypatch.setattr(downloads, "PART_BYTES", 1)
    monkeypatch.setattr(guard_module, "WATCH_S", 0.0)
    monkeypatch.setattr(keys_module, "FOUND_S", 0.0)
    key, path = new_key("read", user_id=owner), "/v1/workflows.jsonl?fields=user_input"
    whole = guarded.get(path, headers=key)
    assert whole.get_data().count(b"\n") == 4
    answer = guarded.get(path, headers=key, buffered=False)
    assert next(answer.response)
    with UnitOfWork(database) as work:
        work.execute("UPDATE api_keys SET revoked_at = now() WHERE id = %(id)s", {"id": key.id})
    with pytest.raises(keys_module.RefusedKeyError):
        list(answer.response)
    answer.close()
