"""All that is held about a person leaves as a whole, or goes as a whole (security 25)."""

import json
from contextlib import closing
from typing import Any
from uuid import uuid4

import psycopg2
import pytest
from sqlmodel import SQLModel

from json_rows import held

NAME = "남궁민수리아"
ANY = {"If-Match": "*"}
OF_PEOPLE = set(SQLModel.metadata.tables) - {"model_prices"}


@pytest.fixture
def connection(worker_url):
    """A connection past the service."""
    url = worker_url.set(drivername="postgresql").render_as_string(hide_password=False)
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        yield connection


@pytest.fixture
def sql(connection):
    """Send SQL past the service, and get its rows."""

    def send(text, **values):
        with connection.cursor() as cursor:
            cursor.execute(text, values)
            return cursor.fetchall() if cursor.description else []

    return send


@pytest.fixture
def counts(sql):
    """Count the rows of every table there is, known to the models or not."""

    def count():
        tables = sql(
            "SELECT relname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace "
            "WHERE nspname = 'public' AND relkind = 'r' ORDER BY relname"
        )
        return {name: sql(f"SELECT count(*) FROM {name}")[0][0] for (name,) in tables}

    return count


@pytest.fixture
def found_in(sql):
    """Name the tables in which a text is, as it is dumped: bytes are searched, too."""

    def search(text):
        patterns = [f"%{text}%", f"%{text.encode().hex()}%", f"%{json.dumps(text)[1:-1]}%"]
        patterns[2] = patterns[2].replace("\\", "\\\\")
        tables = sql(
            "SELECT relname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace "
            "WHERE nspname = 'public' AND relkind = 'r'"
        )
        return {
            name
            for (name,) in tables
            if sql(
                f"SELECT 1 FROM {name} AS r WHERE r::text ILIKE ANY(%(patterns)s) LIMIT 1",
                patterns=patterns,
            )
        }

    return search


def stops(name):
    """A plan, which says whose it is."""
    place = {"start_time": "14:00", "duration_minutes": 90}
    return [{**place, "location": {"name": f"{name} {what}"}} for what in ("식당", "한강")]


def life_of(client, make, sql, username=NAME):
    """Have a person with something in every table that can hold something of theirs."""
    keyed = {"Idempotency-Key": uuid4().hex}
    body = {"username": username, "email": f"{uuid4().hex[:8]}@example.com"}
    user = client.post("/v1/users", json=body, headers=keyed).json["id"]
    friend = make.user()["id"]
    for how in ("complete", "fail"):
        wish = {"user_id": user, "user_input": f"{username}의 비밀 여행", "session_id": username}
        workflow = client.post("/v1/workflows", json=wish, headers=keyed).json["id"]
        node = make.node(workflow, input={"name": username})
        client.put(f"/v1/nodes/{node['id']}/state", json={"state": {"name": username}})
        make.generation(workflow, node_id=node["id"], user_prompt=username)
        sql(
            """INSERT INTO interactions (id, workflow_id, node_id, seq, question, answer, answer_id,
                requested_at, answered_at)
            VALUES (gen_random_uuid(), %(workflow)s, %(node)s, 1, '누구와?', %(name)s,
                gen_random_uuid(), now(), now())""",
            workflow=workflow,
            node=node["id"],
            name=username,
        )
        end = {"final_itinerary": stops(username), "error_message": username}
        end = end if how == "fail" else {"final_itinerary": stops(username)}
        keyed = {"Idempotency-Key": uuid4().hex}
        done = client.post(f"/v1/workflows/{workflow}/{how}", json=end, headers=keyed).json
        itinerary = done["itinerary_id"]
        sql(
            """INSERT INTO itinerary_members (itinerary_id, user_id, role)
            VALUES (%(itinerary)s, %(friend)s, 'viewer')""",
            itinerary=itinerary,
            friend=friend,
        )
        sql(
            """INSERT INTO share_links (id, kind, itinerary_id, digest, expires_at, created_by)
            VALUES (gen_random_uuid(), 'web', %(itinerary)s, sha256(gen_random_uuid()::text::bytea),
                now() + interval '1 day', %(user)s)""",
            itinerary=itinerary,
            user=user,
        )
    theirs = make.workflow(user_id=friend)["id"]
    path = f"/v1/workflows/{theirs}/complete"
    shared = client.post(path, json={"final_itinerary": stops("친구")}).json["itinerary_id"]
    # The answer shows their name, and is kept as one about an itinerary of somebody else's.
    invited = client.post(
        f"/v1/itineraries/{shared}/members",
        json={"username": username, "role": "editor"},
        headers={"Idempotency-Key": uuid4().hex},
    )
    assert invited.status_code == 201, invited.text
    sql(
        """INSERT INTO itinerary_versions (id, itinerary_id, number, author_id, title)
        VALUES (gen_random_uuid(), %(shared)s, 2, %(user)s, '친구의 계획')""",
        shared=shared,
        user=user,
    )
    sql(
        """INSERT INTO user_identities (issuer, subject, user_id)
        VALUES ('https://issuer.example.com', %(name)s, %(user)s)""",
        name=username + uuid4().hex,
        user=user,
    )
    sql(
        """INSERT INTO api_keys (id, client_id, name, scopes, prefix, reach, user_id, digest)
        VALUES (gen_random_uuid(), gen_random_uuid(), %(name)s, '{read}', 'tps_test_abc', 'user',
            %(user)s, sha256(gen_random_uuid()::text::bytea))""",
        name=username,
        user=user,
    )
    sql(
        """INSERT INTO audit_events (id, action, principal, user_id, detail)
        VALUES (gen_random_uuid(), 'key.created', 'command', %(user)s,
            jsonb_build_object('name', %(name)s::text))""",
        name=username,
        user=user,
    )
    return user, friend


def test_a_person_is_erased_with_a_receipt_that_equals_the_difference(
    client, make, sql, counts, found_in
):
    user, friend = life_of(client, make, sql)
    other, _ = life_of(client, make, sql, "다른 사람")
    held_of_other = client.get(f"/v1/users/{other}/export").data.splitlines()[1:]
    assert found_in(NAME) >= {"users", "api_keys", "node_states", "idempotency_keys"}
    before = counts()
    gone = client.delete(f"/v1/users/{user}", headers=ANY)
    assert gone.status_code == 200, gone.text
    after = counts()
    went = {name: before[name] - after[name] for name in before}
    # Of the erasure itself there is a row.
    went["audit_events"] += 1
    assert {name: n for name, n in gone.json.items() if n} == {n: c for n, c in went.items() if c}
    # Nothing that a person can have is missing in this test.
    assert {name for name, n in went.items() if n} == OF_PEOPLE
    assert found_in(NAME) == set()
    (noted,) = sql(
        "SELECT principal, user_id, detail FROM audit_events WHERE action = 'user.erased'"
    )
    assert noted == ("anonymous", None, {"user_id": user, "rows": gone.json})
    # What is others' stays: a plan of the friend's, of which a version was theirs.
    versions = sql(
        """SELECT number, author_id FROM itinerary_versions
        JOIN itineraries ON itineraries.id = itinerary_id
        WHERE itineraries.user_id = %(friend)s ORDER BY number""",
        friend=friend,
    )
    assert versions == [(1, None), (2, None)]
    assert client.get(f"/v1/users/{other}/export").data.splitlines()[1:] == held_of_other


def test_nothing_of_the_only_person_is_left(client, make, sql, found_in):
    user, friend = life_of(client, make, sql)
    sql("DELETE FROM users WHERE id = %(friend)s", friend=friend)
    assert client.delete(f"/v1/users/{user}", headers=ANY).status_code == 200
    for text in (NAME, "여행", "식당", "친구의"):
        assert found_in(text) == set()


def test_an_erasure_is_refused_as_any_deletion(client, make, sql, problem, nowhere):
    user = make.user()["id"]
    problem(client.delete(f"/v1/users/{user}"), 428)
    problem(client.delete(f"/v1/users/{user}", headers={"If-Match": '"9"'}), 412)
    problem(client.delete(f"/v1/users/{nowhere}", headers=ANY), 404)
    assert sql("SELECT count(*) FROM audit_events WHERE action = 'user.erased'") == [(0,)]


def read_export(response):
    """The head, the rows and the end of an export."""
    assert response.status_code == 200, response.text
    assert response.data.endswith(b"\n")
    head, *rows, end = map(json.loads, response.data.splitlines())
    return head, rows, end


def test_what_is_exported_is_what_is_erased(client, make, sql):
    user, _ = life_of(client, make, sql)
    response = client.get(f"/v1/users/{user}/export")
    assert response.content_type == "application/jsonl"
    assert response.headers["Cache-Control"] == "no-store"
    assert "attachment" in response.headers["Content-Disposition"]
    head, rows, end = read_export(response)
    assert (head["kind"], head["of"], head["id"]) == ("export", "user", user)
    assert {row["kind"] for row in rows} == {"row"}
    counted = {name: sum(row["table"] == name for row in rows) for name in end["rows"]}
    assert end == {"kind": "end", "rows": counted}
    receipt = client.delete(f"/v1/users/{user}", headers=ANY).json
    # A version that they wrote into another's plan stays there.
    counted["itinerary_versions"] -= 1
    assert counted == {name: n for name, n in receipt.items() if n}
    assert set(counted) == OF_PEOPLE


def test_what_is_exported_holds_no_digest_and_nothing_of_others(client, make, sql):
    user, friend = life_of(client, make, sql)
    make.user(username="아무도 아님")
    life_of(client, make, sql, "다른 사람")
    digests = sql("SELECT digest FROM api_keys UNION ALL SELECT digest FROM share_links")
    response = client.get(f"/v1/users/{user}/export")
    for (digest,) in digests:
        assert bytes(digest).hex() not in response.text
    assert "digest" not in response.text
    assert "다른 사람" not in response.text
    assert "아무도 아님" not in response.text
    _, rows, _ = read_export(response)
    of_others = {"id": friend, "table": "users"}
    assert of_others not in [{"id": row["row"].get("id"), "table": row["table"]} for row in rows]
    places = [row["row"]["place"]["name"] for row in rows if row["table"] == "itinerary_items"]
    assert sorted(places) == [f"{NAME} {what}" for what in ("식당", "식당", "한강", "한강")]


def test_pages_follow_each_other_without_gaps(client, make, monkeypatch):
    user = make.user()["id"]
    made = [make.workflow(user_id=user)["id"] for _ in range(7)]
    for workflow in made:
        make.node(workflow)
    for rows in (1, 2, 3, 7, 8):
        monkeypatch.setattr(held, "ROWS_AT_ONCE", rows)
        _, found, end = read_export(client.get(f"/v1/users/{user}/export"))
        assert end["rows"] == {"users": 1, "workflows": 7, "nodes": 7}
        exported = [row["row"]["id"] for row in found if row["table"] == "workflows"]
        assert sorted(exported) == sorted(made)


def test_what_hangs_on_a_person_is_found_by_indexes(client, make, database, connection):
    user = make.user()["id"]
    asked: list[Any] = []
    database.listeners.append(asked.append)
    client.get(f"/v1/users/{user}/export")
    client.delete(f"/v1/users/{user}", headers=ANY)
    database.listeners.remove(asked.append)
    looked_at = [query for query in asked if "share_links" in query.sql]
    assert looked_at
    with connection.cursor() as cursor:
        # On tables as small as these it is no use otherwise.
        cursor.execute("SET enable_seqscan = off")
        for query in asked:
            for statement in query.sql.split(";\n"):
                if not statement.startswith(("SELECT", "WITH")):
                    continue
                cursor.execute(f"EXPLAIN {statement}", query.parameters)
                plan = "\n".join(line for (line,) in cursor.fetchall())
                assert "Seq Scan on" not in plan, plan


def test_an_unknown_person_has_no_export(client, problem, nowhere):
    problem(client.get(f"/v1/users/{nowhere}/export"), 404)
    head = client.head(f"/v1/users/{nowhere}/export")
    assert (head.status_code, head.data) == (404, b"")
