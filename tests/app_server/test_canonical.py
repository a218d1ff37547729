"""Each path has one spelling: what a proxy's fence knows by its name has no other one."""

import pytest
from werkzeug.test import EnvironBuilder, run_wsgi_app

KINDS = [
    "//metrics",
    "///metrics",
    "/metrics/",
    "/metrics//",
    "/metrics%2f",
    "/metrics%2F",
    "/%6detrics",
    "/%6Detrics",
    "/metric%73",
    "/./metrics",
    "/%2e/metrics",
    "/x/../metrics",
    "/metrics/.",
    "/metrics/%2e%2e/metrics",
    "/metrics\\",
    "/metrics%5c",
    "/\\metrics",
    "/metrics;x=1",
    "/metrics;",
    "/metrics%3fx",
    "/metrics%23x",
    "/metrics#x",
    "/metrics%00",
    "/metrics%20",
    "/metrics%",
    "/METRICS",
    "//healthz",
    "/readyz/",
    "/%72eadyz",
    "//v1/users",
    "/v1/users/",
    "/v1//users",
    "/v1%2fusers",
    "/%76%31/users",
    "/v1/./users",
    "/openapi%2ejson",
    "//openapi.json",
    "//docs/",
    "/docs//",
    "/%64ocs/",
    "/docs/index%2Ecss",
    "/docs%2f",
    "//",
    "/.",
    "http://localhost//metrics",
    "http://localhost/%6detrics",
    "http:///metrics",
    "metrics",
    "*",
]
"""Spellings of paths that there are, as request targets."""


@pytest.fixture
def send(app):
    """Send a request target as it is; `told` names where the server tells of it, if it does."""

    def send(target: str, method: str = "GET", told: str | None = "REQUEST_URI") -> int:
        builder = EnvironBuilder(method=method, path=target if target[0] == "/" else "/")
        environ = builder.get_environ()
        builder.close()
        path = target.removeprefix("http://localhost").partition("?")[0].partition("#")[0]
        decoded = EnvironBuilder(path="/x" + path).get_environ()["PATH_INFO"][2:]
        environ["PATH_INFO"] = decoded or path
        for name in ("REQUEST_URI", "RAW_URI"):
            del environ[name]
        if told:
            environ[told] = target
        _, status, _ = run_wsgi_app(app, environ)
        return int(status[:3])

    return send


@pytest.mark.parametrize("told", ["REQUEST_URI", "RAW_URI"])
@pytest.mark.parametrize("target", KINDS)
def test_no_other_spelling_is_answered(send, target, told):
    assert send(target, told=told) == 404


@pytest.mark.parametrize("target", ["//metrics", "/metrics/", "/./metrics", "/v1//users", "//"])
def test_where_a_server_does_not_tell_what_was_sent_the_decoded_path_counts(send, target):
    assert send(target, told=None) == 404


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/metrics", 200),
        ("/metrics?x", 200),
        ("/metrics?", 200),
        ("/healthz", 200),
        ("/healthz?", 200),
        ("http://localhost/healthz", 200),
        ("/readyz", 200),
        ("/openapi.json", 200),
        ("/docs/", 200),
        ("/docs/start.js", 200),
        ("/docs", 302),
        ("/", 302),
        ("/v1/users?username=a//b/../%2e%2F", 200),
    ],
)
@pytest.mark.parametrize("told", ["REQUEST_URI", "RAW_URI", None])
def test_the_own_spelling_is(send, target, status, told):
    assert send(target, told=told) == status


def test_another_spelling_changes_nothing_and_is_no_other_method_either(send, client, make):
    path = f"/v1/users/{make.user()['id']}"
    for spelling in (f"/{path}", f"{path}/", path.replace("v", "%76"), path.replace("-", "%2D")):
        for method in ("GET", "DELETE", "PATCH", "POST"):
            assert send(spelling, method) == 404
    assert client.get(path).status_code == 200


def test_ids_may_be_in_either_case(send, make):
    user = make.user()["id"]
    assert send(f"/v1/users/{user.upper()}") == 200


@pytest.mark.parametrize(
    "names",
    [
        ("a%2Fb", "a%2fb", "a/b"),
        ("a%40b", "a@b"),
        ("a%5Cb", "a%5cb"),
        ("%ED%95%98", "%ed%95%98"),
        ("%7Ea", "~a"),
        ("..", "%2E%2E"),
    ],
)
def test_names_are_found_however_they_are_written(send, client, names):
    assert [send(f"/v1/users/by-username/{name}", "PUT") for name in names] == [
        201,
        *[200] * (len(names) - 1),
    ]
    assert len(client.get("/v1/users").json["items"]) == 1


@pytest.mark.parametrize(
    "path",
    [
        "//v1/users/by-username/kim",
        "/v1//users/by-username/kim",
        "/v1/users/by%2Dusername/kim",
        "/v1/users/by-username%2Fkim",
        "/%76%31/users/by-username/kim",
    ],
)
def test_only_the_name_itself_is_free(send, client, path):
    assert send(path, "PUT") == 404
    assert client.get("/v1/users").json["items"] == []
