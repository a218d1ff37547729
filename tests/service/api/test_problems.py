"""Errors as RFC 9457 problem details, whatever goes wrong."""

import json
import socket

import pytest
from flask import Flask

from service.app import create_app
from service.settings import Settings

JSON = {"content_type": "application/json"}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("", 400),
        ("{", 400),
        ("nonsense", 400),
        ("{'username': 'kim'}", 400),
        ('{"username": "kim",}', 400),
        ('{"username": "k\x01m"}', 400),
        (b'{"username": "\xff\xfe"}', 400),
        ("[" * 1000 + "]" * 1000, 400),
        ('{"a":' * 1000 + "1" + "}" * 1000, 400),
        ('{"username": ' + "9" * 5000 + "}", 400),
        ("null", 422),
        ("[]", 422),
        ('"kim"', 422),
        ("{}", 422),
        ('{"username": "\\u0000"}', 422),
        ('{"username": "\\ud83d"}', 422),
        ('{"user\\u0000name": "kim"}', 422),
    ],
)
def test_a_bad_body_is_a_problem(client, problem, body, status):
    told = problem(client.post("/v1/users", data=body, **JSON), status)
    assert all(error["location"] == "body" for error in told["errors"])
    assert client.get("/v1/users").json["items"] == []


def test_an_emoji_written_as_a_surrogate_pair_is_text(client):
    body = '{"username": "\\ud83d\\ude00 \\\\u0000"}'
    assert client.post("/v1/users", data=body, **JSON).json["username"] == "😀 \\u0000"


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "multipart/form-data", ""])
def test_another_media_type_is_refused(client, problem, kind):
    told = problem(client.post("/v1/users", data='{"username": "kim"}', content_type=kind), 415)
    assert "application/json" in told["detail"]


def test_json_types_with_a_suffix_are_json(client):
    body = json.dumps({"username": "kim"})
    kind = "application/merge-patch+json; charset=utf-8"
    assert client.post("/v1/users", data=body, content_type=kind).status_code == 201


def test_a_body_that_is_too_large_is_refused(client, problem):
    body = json.dumps({"username": "k" * 10_000_000})
    problem(client.post("/v1/users", data=body, **JSON), 413)


def test_a_body_just_below_the_limit_is_taken(client, make):
    node = make.node(make.workflow()["id"])
    state = ["가" * 1_300_000]
    body = json.dumps({"state": state}, ensure_ascii=False)
    kept = client.put(f"/v1/nodes/{node['id']}/state?fields=state", data=body.encode(), **JSON)
    assert kept.json["state"] == state


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/v1/nowhere", 404),
        ("GET", "/v1/%ff%fe", 404),
        ("DELETE", "/v1/users", 405),
        ("PUT", "/healthz", 405),
    ],
)
def test_what_is_not_there_is_a_problem(client, problem, method, path, status):
    told = problem(client.open(path, method=method), status)
    assert told["instance"].startswith("/")


def test_a_method_that_is_not_allowed_tells_which_are(client):
    assert set(client.delete("/v1/users").headers["Allow"].split(", ")) == {
        "GET",
        "HEAD",
        "OPTIONS",
        "POST",
    }


@pytest.mark.parametrize("name", ["1", "me", "00000000-0000-7000-8000-00000000000g", "%00"])
def test_an_id_that_is_none_is_refused_with_a_pointer(client, pointers, name):
    assert pointers(client.get(f"/v1/users/{name}")) == ["/user_id"]
    assert pointers(client.post(f"/v1/workflows/{name}/complete")) == ["/workflow_id"]
    assert pointers(client.get(f"/v1/nodes/{name}/state")) == ["/node_id"]


def test_a_fault_of_the_service_says_nothing_of_its_inside(settings, problem, caplog):
    app = create_app(settings)

    @app.get("/faulty")
    def faulty() -> str:
        message = "secret inside"
        raise RuntimeError(message)

    told = problem(app.test_client().get("/faulty"), 500)
    assert "secret" not in json.dumps(told)
    assert "secret inside" in caplog.text


def _unreachable() -> Flask:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"postgresql://me:s3cret@127.0.0.1:{port}/trips"
    return create_app(Settings(database_url=url, retry_budget_s=1))


def test_without_a_database_the_answer_is_503_at_once(problem):
    client = _unreachable().test_client()
    for path in ("/readyz", "/v1/users", "/v1/workflows"):
        response = client.get(path)
        told = problem(response, 503)
        assert "refuses connections" in told["detail"]
        assert int(response.headers["Retry-After"]) > 0
        assert "s3cret" not in response.text
    assert client.get("/healthz").json == {"status": "ok"}
    assert client.get("/openapi.json").status_code == 200


def test_an_answer_names_some_bad_values_and_not_a_million(client, make):
    unknown = json.dumps(dict.fromkeys(map(str, range(100_000)), 1))
    response = client.post("/v1/users", data=unknown, **JSON)
    assert (response.status_code, len(response.data) < 20_000) == (422, True)
    workflow = make.workflow()
    nul = json.dumps({"metadata": {"k" * 20_000: ["\x00"] * 20_000}})
    response = client.patch(f"/v1/workflows/{workflow['id']}", data=nul, **JSON)
    assert (response.status_code, len(response.data) < 50_000) == (422, True)


@pytest.mark.parametrize("number", ["1e308", "1e-300", "1" * 400 + ".0", "-" + "9" * 60 + ".5"])
def test_numbers_that_the_database_would_write_out_are_refused(client, make, pointers, number):
    body = f'{{"metadata": {{"n": [0, {number}]}}}}'
    path = f"/v1/workflows/{make.workflow()['id']}"
    assert pointers(client.patch(path, data=body, **JSON)) == ["/metadata/n/1"]


def test_a_body_that_broke_off_is_not_executed(client, problem):
    body = b'{"username": "kim"}'
    announced = {"CONTENT_LENGTH": "1000"}
    response = client.post("/v1/users", data=body, environ_overrides=announced, **JSON)
    problem(response, 400)
    assert client.get("/v1/users").json["items"] == []


@pytest.mark.parametrize(
    "spelling",
    ["urn:uuid:{}", "{{{}}}", "%20{}", "%0A{}", "{}%0A"],
)
def test_an_id_has_one_spelling_besides_its_case(client, make, pointers, spelling):
    user = make.user()
    assert client.get(f"/v1/users/{user['id'].upper()}").json == user
    assert pointers(client.get(f"/v1/users/{spelling.format(user['id'])}")) == ["/user_id"]
    assert pointers(client.get(f"/v1/users/{user['id'].replace('-', '')}")) == ["/user_id"]


def test_double_slashes_are_no_redirect(client, problem):
    problem(client.get("/v1//users"), 404)
