"""`flask identities`: which user a subject of the issuer is."""

import json
from dataclasses import replace
from uuid import uuid4

import pytest
from click.testing import CliRunner

from api_access.identity_commands.group import identities_group
from json_rows import UnitOfWork
from service.domain.users import OWNERS
from tests.issuer import AUDIENCE, Issuer

URL = "/v1/workflows"


@pytest.fixture
def flask_identities(settings, database):
    """Run a command: `flask_identities("link", ...)`."""
    assert database

    def run(*arguments, issuer="https://auth.example.com"):
        group = identities_group(lambda: replace(settings, jwt_issuer=issuer), lambda: OWNERS)
        return CliRunner().invoke(group, list(arguments))

    return run


def test_who_is_linked_comes_in_and_who_is_unlinked_does_not(
    flask_identities, client_with, make, database, monkeypatch
):
    monkeypatch.setattr("api_access.tokens.KEPT_S", 0)
    monkeypatch.setattr("api_access.tokens.KEPT_UNKNOWN_S", 0)
    workflow = make.workflow()
    with Issuer() as issuer:
        client = client_with(
            auth="on",
            jwt_issuer=issuer.name,
            jwt_jwks_url=issuer.url,
            jwt_audience=(AUDIENCE,),
        )
        headers = {"Authorization": f"Bearer {issuer.token('sub|1')}"}
        assert client.get(URL, headers=headers).status_code == 401
        done = flask_identities("link", "sub|1", "--user", workflow["user_id"])
        assert done.exit_code == 0, done.output
        (found,) = client.get(URL, headers=headers).get_json()["items"]
        assert found["id"] == workflow["id"]
        # Again is no mistake.
        again = flask_identities("link", "sub|1", "--user", workflow["user_id"], "--json")
        assert json.loads(again.stdout)["user_id"] == workflow["user_id"]
        done = flask_identities("unlink", "sub|1")
        assert "30 seconds" in done.stdout
        assert client.get(URL, headers=headers).status_code == 401
    with UnitOfWork(database) as work:
        events = work.execute(
            "SELECT action, principal, detail FROM audit_events WHERE user_id = %(id)s ORDER BY at",
            {"id": workflow["user_id"]},
        )
    detail = {"issuer": "https://auth.example.com", "subject": "sub|1"}
    # Of what was there already, no word.
    assert [tuple(event) for event in events] == [
        ("identity.linked", "command", detail),
        ("identity.unlinked", "command", detail),
    ]


def test_a_subject_is_one_user(flask_identities, make):
    one, other = make.user(), make.user()
    assert flask_identities("link", "x", "--user", one["id"]).exit_code == 0
    done = flask_identities("link", "x", "--user", other["id"])
    assert done.exit_code != 0
    assert f"is the user {one['id']} already" in done.stderr
    # Of another issuer it is somebody else.
    issuer = "https://other.example"
    assert flask_identities("link", "x", "--user", other["id"], issuer=issuer).exit_code == 0


def test_what_can_not_be_is_told_with_the_way_out(flask_identities, make):
    user = make.user()["id"]
    for arguments, said in (
        (("link", "x", "--user", str(uuid4())), "There is no user"),
        (("link", "", "--user", user), "A subject has 1 to 255"),
        (("link", "x" * 256, "--user", user), "A subject has 1 to 255"),
        (("link", "a\nb", "--user", user), "A subject has 1 to 255"),
        (("link", "x", "--user", "jimin"), "not a valid UUID"),
        (("unlink", "nobody"), "No such subject"),
    ):
        done = flask_identities(*arguments)
        assert done.exit_code in {1, 2}, arguments
        assert said in done.stderr, arguments
        assert "Traceback" not in done.stderr
    done = flask_identities("unlink", "x", issuer=None)
    assert "JWT_ISSUER is not set" in done.stderr
