"""Links as owners see them: made, listed, revoked, and never shown again."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from service.models.share_link import LONGEST
from smorest_sqlmodel.errors import InvalidInputError
from tests.service.sharing.conftest import execute

KEY = "Idempotency-Key"


def days_left(link):
    left = datetime.fromisoformat(link["expires_at"]) - datetime.now(UTC)
    return round(left / timedelta(days=1))


def dump(database):
    """All rows of all tables, as text."""
    tables = execute(
        database, "SELECT format('%%I', tablename) FROM pg_tables WHERE schemaname = 'public'"
    )
    return "\n".join(
        str(execute(database, f"SELECT {table}::text FROM {table}")) for (table,) in tables
    )


def test_security_2_a_token_is_shown_once_and_kept_nowhere(client, database, plan):
    sent: list[Any] = []
    database.listeners.append(sent.append)
    path = f"/v1/itineraries/{plan}/shares"
    first = client.post(path, json={}, headers={KEY: "k"})
    token = first.json["token"]
    assert first.status_code == 201
    assert first.json["url"] == f"http://localhost/v1/shared/{token}"
    replayed = client.post(path, json={}, headers={KEY: "k"})
    assert (replayed.status_code, replayed.headers["Idempotency-Replayed"]) == (201, "true")
    rest = {name: first.json[name] for name in first.json if name not in {"token", "url"}}
    assert replayed.json == rest
    assert client.get(f"/v1/shares/{rest['id']}").json == rest
    assert client.get(path).json["items"] == [rest]
    database.listeners.remove(sent.append)
    assert token not in dump(database)
    # Security 3: only the hash reaches SQL.
    assert token not in str([(each.sql, each.parameters) for each in sent])
    assert hashlib.sha256(token.encode()).hexdigest() in dump(database)


def test_security_21_tokens_have_128_bits_or_more_and_are_never_the_same(share):
    tokens = [share(kind=kind)["token"] for kind in ("web", "ics") * 5]
    assert len(set(tokens)) == 10
    assert all(len(bytes.fromhex(token)) * 8 >= 128 for token in tokens)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({}, (False, 2, 90)),
        ({"kind": "ics"}, (True, None, 365)),
        ({"live": True}, (True, None, 90)),
        ({"kind": "ics", "live": False}, (False, 2, 365)),
        ({"pinned_version": 1}, (False, 1, 90)),
        ({"kind": "ics", "pinned_version": 1}, (False, 1, 365)),
    ],
)
def test_security_23_a_link_is_pinned_and_ends_or_its_answer_says_otherwise(
    edit, share, body, told
):
    assert edit(title="두 번째") == 2
    link = share(**body)
    assert (link["live"], link["pinned_version"], days_left(link)) == told


def test_what_a_link_can_not_be_is_pointed_to(client, plan, pointers):
    now = datetime.now(UTC)

    def told(**body):
        return pointers(client.post(f"/v1/itineraries/{plan}/shares", json=body))

    assert told(pinned_version=2) == ["/pinned_version"]
    assert told(pinned_version=0) == ["/pinned_version"]
    assert told(pinned_version=1, live=True) == ["/pinned_version"]
    assert told(expires_at=now.isoformat()) == ["/expires_at"]
    assert told(expires_at=(now + LONGEST + timedelta(hours=1)).isoformat()) == ["/expires_at"]
    assert told(kind="pdf") == ["/kind"]
    assert told(token="x" * 40) == ["/token"]
    latest = (now + LONGEST - timedelta(hours=1)).isoformat()
    assert (
        client.post(f"/v1/itineraries/{plan}/shares", json={"expires_at": latest}).status_code
        == 201
    )


def test_an_id_that_is_taken_makes_no_second_link(client, plan, share, problem):
    link = share(id=str(uuid4()))
    again = client.post(f"/v1/itineraries/{plan}/shares", json={"id": link["id"]})
    assert [error["pointer"] for error in problem(again, 409)["errors"]] == ["/id"]
    assert "token" not in again.text


def test_a_revoked_link_stays_in_the_list_as_it_was_revoked_first(client, plan, share, look):
    link, other = share(), share()
    assert client.delete(f"/v1/shares/{link['id']}").status_code == 204
    seen = client.get(f"/v1/shares/{link['id']}").json
    assert seen["revoked_at"]
    assert client.delete(f"/v1/shares/{link['id']}").status_code == 204
    assert client.get(f"/v1/itineraries/{plan}/shares").json["items"][1] == seen
    assert look(link).status_code == 404
    assert look(other).status_code == 200


def test_security_23_only_the_owner_makes_and_revokes_links(guarded, keys, plan, problem, share):
    link, path = share(), f"/v1/itineraries/{plan}/shares"
    for who in ("editor", "viewer"):
        problem(guarded.post(path, json={}, headers=keys[who]), 403)
        problem(guarded.delete(f"/v1/shares/{link['id']}", headers=keys[who]), 403)
        # It is their plan that others see.
        listed = guarded.get(path, headers=keys[who]).json["items"]
        assert [each["id"] for each in listed] == [link["id"]]
    made = guarded.post(path, json={}, headers=keys["owner"])
    assert made.json["created_by"] == keys["ids"]["owner"]
    assert guarded.delete(f"/v1/shares/{link['id']}", headers=keys["owner"]).status_code == 204
    assert guarded.post(path, json={}, headers=keys["admin"]).json["created_by"] is None


def test_links_of_others_are_as_those_that_are_not_there(guarded, keys, plan, share, nowhere):
    link, headers = share(), keys["stranger"]

    def told(itinerary, link_id):
        answers = [
            guarded.get(f"/v1/itineraries/{itinerary}/shares", headers=headers),
            guarded.post(f"/v1/itineraries/{itinerary}/shares", json={}, headers=headers),
            guarded.post(
                f"/v1/itineraries/{itinerary}/shares",
                json={"pinned_version": 99},
                headers=headers,
            ),
            guarded.get(f"/v1/shares/{link_id}", headers=headers),
            guarded.delete(f"/v1/shares/{link_id}", headers=headers),
        ]
        assert {answer.status_code for answer in answers} == {404}
        return [
            answer.text.replace(str(itinerary), "ID").replace(str(link_id), "ID")
            for answer in answers
        ]

    assert told(plan, link["id"]) == told(nowhere, nowhere)


def test_security_23_a_link_goes_with_the_membership_of_who_made_it(client, guarded, keys, look):
    """As when an owner hands an itinerary over, stays as an editor, and is put out later."""
    path = f"/v1/itineraries/{keys['plan']}"
    link = guarded.post(f"{path}/shares", json={}, headers=keys["owner"]).json
    heir = {"user_id": keys["ids"]["editor"]}
    assert guarded.post(f"{path}/transfer", json=heir, headers=keys["owner"]).status_code == 200
    assert look(link).status_code == 200
    assert guarded.post(f"{path}/shares", json={}, headers=keys["owner"]).status_code == 403
    out = f"{path}/members/{keys['ids']['owner']}"
    assert guarded.delete(out, headers=keys["editor"]).status_code == 204
    assert look(link).status_code == 404
    assert client.get(f"{path}/shares").json["items"] == []


def test_security_25_links_go_with_their_plan_and_their_owner(client, database, plan, share):
    share(), share(kind="ics")
    client.post(f"/v1/itineraries/{plan}/shares", json={}, headers={KEY: "k"})
    gone = client.delete(f"/v1/itineraries/{plan}", headers={"If-Match": "*"})
    assert gone.status_code == 204
    assert execute(database, "SELECT FROM share_links") == []
    assert execute(database, "SELECT FROM idempotency_keys") == []


def test_no_link_is_to_a_version_that_is_not_there(database, share):
    link = share()
    with pytest.raises(InvalidInputError, match="pinned_version refers to"):
        execute(
            database,
            "UPDATE share_links SET pinned_version = 7 WHERE id = %(id)s",
            id=link["id"],
        )


def test_the_document_shows_the_token_as_what_may_be_left_out(client):
    schema = client.get("/openapi.json").json["components"]["schemas"]["ShareMade"]
    assert {"token", "url"} == set(schema["properties"]) - set(schema["required"])
    assert json.dumps(schema["properties"]["token"]).count("null") == 0
