"""The stand-in for Neon is one: what breaks Neon's contract fails the test that did it."""

import json
from urllib.request import Request, urlopen

import pytest

from tests.neon_api import KEY, PARENT, PROJECT, FakeNeon
from tests.neon_api.extract import CONTRACT


@pytest.fixture
def send():
    """Send a call to a stand-in, and end it; returns the answer."""

    def send(method, path, body=None, change=lambda _: None):
        with FakeNeon() as neon:
            change(neon)
            request = Request(  # noqa: S310  to this machine
                neon.url + path.format(project=f"/projects/{PROJECT}", parent=PARENT),
                method=method,
                data=json.dumps(body).encode() if body else None,
                headers={"Authorization": f"Bearer {KEY}"},
            )
            with urlopen(request) as answer:  # noqa: S310  to this machine
                return json.loads(answer.read())

    return send


@pytest.mark.parametrize(
    ("method", "path", "body", "fault"),
    [
        ("GET", "{project}/nothing", None, "no such operation"),
        ("GET", "{project}/branches?serch=a", None, "'serch' was unexpected"),
        ("GET", "{project}/branches?limit=0", None, "less than the minimum"),
        ("GET", "{project}/branches/BR-1", None, "does not match"),
        ("GET", "{project}/connection_uri?role_name=a", None, "'database_name' is a required"),
        ("POST", "{project}/branches", {"branch": {"nme": "a"}}, "'nme' was unexpected"),
        ("POST", "{project}/branches", {"branch": {"expires_at": "soon"}}, "'date-time'"),
        ("POST", "{project}/branches/{parent}/restore", {"a": 1}, "'source_branch_id' is a"),
        ("DELETE", "{project}/branches/{parent}?hard_delete=yes", None, "'boolean'"),
        ("GET", "{project}/branches", {"a": 1}, "a body, where none is wanted"),
    ],
)
def test_a_call_that_breaks_the_contract(send, method, path, body, fault):
    with pytest.raises(AssertionError, match=fault):
        send(method, path, body)


def test_an_answer_that_breaks_the_contract(send):
    def change(neon):
        neon.branches[PARENT]["protcted"] = True

    with pytest.raises(AssertionError, match="'protcted' was unexpected"):
        send("GET", "{project}/branches", change=change)


def test_a_call_that_keeps_the_contract(send):
    (branch,) = send("GET", "{project}/branches")["branches"]
    assert branch["name"] == "main"


def test_the_contract_says_where_it_comes_from():
    source = json.loads(CONTRACT.read_text())["source"]
    assert source.startswith("public-v2-for-users.gen.yaml of npm's @neondatabase/api-client ")
