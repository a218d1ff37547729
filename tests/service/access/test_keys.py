"""Keys over REST: made, listed, revoked and replaced, and never wider than their maker."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from json_rows import UnitOfWork


@pytest.fixture
def admin(new_key):
    return new_key("admin")


def test_a_key_is_shown_once_and_works(guarded, admin, problem, events):
    body = {"name": "agent", "scopes": ["write"]}
    made = guarded.post("/v1/keys", json=body, headers=admin)
    assert made.status_code == 201, made.text
    key = made.get_json()
    assert key["key"].startswith("tps_test_")
    assert key["prefix"] == key["key"][:12]
    assert (key["reach"], key["user_id"]) == ("all", None)
    headers = {"Authorization": f"Bearer {key['key']}"}
    assert guarded.get("/v1/workflows", headers=headers).status_code == 200
    shown = guarded.get(made.headers["Location"], headers=admin)
    assert "key" not in shown.get_json()
    listed = guarded.get("/v1/keys", headers=admin)
    assert key["key"] not in listed.text
    assert len(listed.get_json()["items"]) == 2
    assert [action for action, _ in events(key["id"])] == ["key.created"]
    problem(guarded.post("/v1/keys", json=body, headers=headers), 403)


def test_security_2_a_repeated_request_is_answered_without_the_secret(guarded, admin, database):
    headers = {**admin, "Idempotency-Key": "1"}
    body = {"name": "agent", "scopes": ["read"]}
    first = guarded.post("/v1/keys", json=body, headers=headers)
    again = guarded.post("/v1/keys", json=body, headers=headers)
    assert again.status_code == 201
    assert again.headers["Idempotency-Replayed"] == "true"
    secret = first.get_json().pop("key")
    assert again.get_json() == {k: v for k, v in first.get_json().items() if k != "key"}
    with UnitOfWork(database) as work:
        kept = work.execute("SELECT idempotency_keys::text FROM idempotency_keys")
        keys = work.execute("SELECT api_keys::text FROM api_keys")
    assert secret not in str(kept) + str(keys)
    assert secret.encode().hex() not in str(kept) + str(keys)
    rotated = f"/v1/keys/{first.get_json()['id']}/rotate"
    one, two = (
        guarded.post(rotated, json={}, headers={**admin, "Idempotency-Key": "2"}).get_json()
        for _ in range(2)
    )
    assert one.pop("key")
    assert one == two


def test_a_revoked_key_is_refused(new_key, guarded, events):
    admin, key = new_key("admin"), new_key("read")
    path = f"/v1/keys/{key.id}"
    assert guarded.delete(path, headers=admin).status_code == 204
    assert guarded.delete(path, headers=admin).status_code == 204
    assert guarded.get("/v1/workflows", headers=key).status_code == 401
    assert guarded.get(path, headers=admin).get_json()["revoked_at"]
    assert [action for action, _ in events(key.id)] == ["key.created", "key.revoked"]
    assert guarded.delete(f"/v1/keys/{uuid4()}", headers=admin).status_code == 404


def test_a_stolen_key_makes_no_others_once_it_is_revoked(guarded, new_key):
    admin, stolen = new_key("admin"), new_key("admin")
    body = {"name": "agent", "scopes": ["read"]}
    assert guarded.get("/v1/workflows", headers=stolen).status_code == 200
    assert guarded.delete(f"/v1/keys/{stolen.id}", headers=admin).status_code == 204
    # Though what the process knows of it is good for half a minute.
    assert guarded.post("/v1/keys", json=body, headers=stolen).status_code == 401


def test_security_9_the_last_admin_key_does_not_vanish_unnoticed(guarded, admin, problem):
    path = f"/v1/keys/{admin.id}"
    assert "last key" in problem(guarded.delete(path, headers=admin), 409)["detail"]
    assert guarded.get("/v1/keys", headers=admin).status_code == 200
    assert guarded.delete(f"{path}?force=true", headers=admin).status_code == 204
    assert guarded.get("/v1/keys", headers=admin).status_code == 401


def test_security_9_of_two_last_admin_keys_that_revoke_each_other_one_stays(client_with, new_key):
    keys = [new_key("admin"), new_key("admin")]
    clients = [client_with(auth="on") for _ in keys]

    def revoke(number):
        return clients[number].delete(f"/v1/keys/{keys[1 - number].id}", headers=keys[number])

    with ThreadPoolExecutor() as pool:
        statuses = sorted(answer.status_code for answer in pool.map(revoke, range(2)))
    assert statuses in ([204, 401], [204, 409])


def test_security_9_a_successor_inherits_and_the_old_key_ends_after_the_overlap(
    guarded, new_key, make, problem, events
):
    admin, user = new_key("admin"), make.user()
    ends = (datetime.now(UTC) + timedelta(days=9)).isoformat()
    old = new_key("read", "ingest", user_id=user["id"], expires_at=ends)
    before = guarded.get(f"/v1/keys/{old.id}", headers=admin).get_json()
    path = f"/v1/keys/{old.id}/rotate"
    answer = guarded.post(path, json={"overlap_s": 3600}, headers=admin)
    assert answer.status_code == 201, answer.text
    new = answer.get_json()
    for name in ("name", "scopes", "user_id", "reach", "expires_at", "client_id"):
        assert new[name] == before[name], name
    for headers in (old, {"Authorization": f"Bearer {new['key']}"}):
        assert guarded.get("/v1/workflows", headers=headers).status_code == 200
    ended = datetime.fromisoformat(
        guarded.get(f"/v1/keys/{old.id}", headers=admin).get_json()["revoked_at"]
    )
    assert timedelta(minutes=59) < ended - datetime.now(UTC) <= timedelta(hours=1)
    assert [action for action, _ in events(new["id"])] == ["key.rotated"]
    assert "make a new one" in problem(guarded.post(path, json={}, headers=admin), 409)["detail"]
    path = f"/v1/keys/{new['id']}/rotate"
    assert guarded.post(path, json={"overlap_s": 0}, headers=admin).status_code == 201
    headers = {"Authorization": f"Bearer {new['key']}"}
    fresh = guarded.get("/v1/keys", headers=headers)
    assert fresh.status_code in {401, 403}


def test_security_10_a_key_makes_none_that_is_wider(guarded, new_key, make, pointers, problem):
    user, other = make.user(), make.user()
    soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    bound = new_key("admin", user_id=user["id"], expires_at=soon)
    body = {"name": "x", "scopes": ["read"]}
    later = {**body, "expires_at": (datetime.now(UTC) + timedelta(days=1)).isoformat()}
    assert pointers(guarded.post("/v1/keys", json=later, headers=bound), 403) == ["/expires_at"]
    # Whom it is bound to and when it ends are filled in, and others are nobody.
    for unsaid in (body, {**body, "expires_at": None, "user_id": None}):
        made = guarded.post("/v1/keys", json=unsaid, headers=bound).get_json()
        assert made["user_id"] == user["id"]
        assert datetime.fromisoformat(made["expires_at"]) == datetime.fromisoformat(soon)
    refused = [
        guarded.post("/v1/keys", json={**body, "expires_at": soon, "user_id": whose}, headers=bound)
        for whose in (other["id"], str(uuid4()))
    ]
    assert {answer.status_code for answer in refused} == {422}
    assert refused[0].get_json() == refused[1].get_json()
    # Nor does it see, revoke or replace those of others.
    for key in (new_key("read"), new_key("read", user_id=other["id"])):
        problem(guarded.get(f"/v1/keys/{key.id}", headers=bound), 404)
        problem(guarded.delete(f"/v1/keys/{key.id}", headers=bound), 404)
        problem(guarded.post(f"/v1/keys/{key.id}/rotate", json={}, headers=bound), 404)
        assert guarded.get("/v1/workflows", headers=key).status_code == 200
    listed = guarded.get("/v1/keys", headers=bound).get_json()["items"]
    assert {key["user_id"] for key in listed} == {user["id"]}


def test_security_10_a_key_that_ends_replaces_none_that_does_not(guarded, new_key, problem):
    soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    ending, lasting = new_key("admin", expires_at=soon), new_key("admin")
    problem(guarded.post(f"/v1/keys/{lasting.id}/rotate", json={}, headers=ending), 403)
    answer = guarded.post(f"/v1/keys/{ending.id}/rotate", json={}, headers=ending)
    assert answer.get_json()["expires_at"]


def test_one_user_has_a_hundred_keys_at_most(guarded, admin, make, pointers, database):
    user = make.user()
    with UnitOfWork(database) as work:
        work.execute(
            "INSERT INTO api_keys (id, name, scopes, client_id, prefix, reach, digest, user_id) "
            "SELECT gen_random_uuid(), 'x', '{read}', gen_random_uuid(), 'x', 'user',"
            " sha256(n::text::bytea), %(user)s FROM generate_series(1, 100) AS n",
            {"user": user["id"]},
        )
    body = {"name": "x", "scopes": ["read"], "user_id": user["id"]}
    assert pointers(guarded.post("/v1/keys", json=body, headers=admin), 409) == ["/user_id"]


def test_security_1_keys_go_with_their_user(guarded, new_key, make, admin):
    user = make.user()
    key = new_key("read", user_id=user["id"])
    assert guarded.get("/v1/workflows", headers=key).status_code == 200
    headers = {**admin, "If-Match": '"1"'}
    assert guarded.delete(f"/v1/users/{user['id']}", headers=headers).status_code == 200
    assert guarded.get(f"/v1/keys/{key.id}", headers=admin).status_code == 404
    # What a process knows of it is half a minute old at most, and finds no rows.
    assert guarded.get(f"/v1/users/{user['id']}", headers=key).status_code == 404


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"scopes": []}, "/scopes"),
        ({"scopes": ["read", "read"]}, "/scopes"),
        ({"scopes": ["root"]}, "/scopes/0"),
        ({"name": ""}, "/name"),
        ({"expires_at": "tomorrow"}, "/expires_at"),
        ({"reach": "all"}, "/reach"),
        ({"digest": "00"}, "/digest"),
    ],
)
def test_what_can_be_no_key_is_pointed_to(guarded, admin, pointers, body, pointer):
    body = {"name": "x", "scopes": ["read"], **body}
    assert pointers(guarded.post("/v1/keys", json=body, headers=admin)) == [pointer]
