"""Requests that no honest client sends are refused before anything else is done."""

import pytest
from flask import request

from service.app import create_app
from service.errors import ConfigurationError
from service.settings import Settings


@pytest.fixture(scope="module")
def named(client_with):
    """A client of a service that goes by some names only."""
    return client_with(allowed_hosts=("trips.example.com", ".internal.example", "[::1]"))


@pytest.mark.parametrize(
    "host",
    [
        "trips.example.com",
        "trips.example.com:8000",
        "TRIPS.Example.COM",
        "trips.example.com.",
        "trips.example.com.:443",
        "internal.example",
        "a.b.internal.example",
        "[::1]",
        "[::1]:8000",
    ],
)
def test_the_service_answers_to_its_names(named, host):
    assert named.get("/v1/users", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "trips.example.com.evil.example",
        "eviltrips.example.com",
        "xinternal.example",
        "127.0.0.1",
        "[::2]",
        "trips.example.com:80@evil.example",
        "trips.example.com/",
        "trips.example.com..",
        "a b",
        ":8000",
    ],
)
def test_a_page_that_rebinds_its_name_gets_nothing(named, problem, host):
    found = problem(named.get("/v1/users", headers={"Host": host}), 400)
    assert host not in str(found)


def test_the_name_that_a_client_says_it_was_forwarded_from_does_not_count(client_with, problem):
    client = client_with(allowed_hosts=("trips.example.com",), trusted_proxies=1)
    headers = {"Host": "evil.example", "X-Forwarded-Host": "trips.example.com"}
    problem(client.get("/v1/users", headers=headers), 400)


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_probes_need_not_know_the_name(named, path):
    assert named.get(path, headers={"Host": "10.0.0.7:8000"}).status_code == 200


@pytest.mark.parametrize(
    "host", ["*", "https://trips.example.com", "trips.example.com:8000", ".", "a..b", "::1", "a b"]
)
def test_what_is_no_name_is_refused_at_the_start(host):
    with pytest.raises(ConfigurationError, match="ALLOWED_HOSTS") as refused:
        create_app(Settings(allowed_hosts=("trips.example.com", host)))
    assert repr(host) in str(refused.value)


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://other.localhost"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:9999"},
    ],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/users"),
        ("PUT", "/v1/users/by-username/jimin"),
        ("PATCH", "/v1/users/00000000-0000-7000-8000-000000000000"),
        ("DELETE", "/v1/users/00000000-0000-7000-8000-000000000000"),
    ],
)
def test_a_page_elsewhere_can_not_make_its_visitor_change_anything(
    client, problem, method, path, headers
):
    json = {"username": "jimin"} if method in {"POST", "PATCH"} else None
    problem(client.open(path, method=method, json=json, headers=headers), 403)
    assert client.get("/v1/users").json["items"] == []


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "http://localhost"},
    ],
)
def test_programs_and_the_own_page_can(client, headers):
    response = client.post("/v1/users", json={"username": "jimin"}, headers=headers)
    assert response.status_code == 201


def test_reading_is_left_to_the_browser_that_hides_the_answer(client):
    headers = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    response = client.get("/v1/users", headers=headers)
    assert response.status_code == 200
    assert "Access-Control-Allow-Origin" not in response.headers


def test_an_url_that_is_too_long_is_not_taken_apart(client, problem):
    problem(client.get("/v1/users?" + "&".join(["limit=1"] * 1100)), 414)
    problem(client.put("/v1/users/by-username/" + "x" * 9000), 414)
    assert client.get("/v1/users?q=" + "x" * 100).status_code == 200


@pytest.mark.parametrize("query", ["q=%ff", "q=%ed%a0%80", "q=%ed%99", "%ff=1"])
def test_a_query_that_is_no_text_is_refused(client, problem, query):
    problem(client.get(f"/v1/users?{query}"), 400)
    assert client.get("/v1/users?q=%ED%99%8D%EB%8C%80%25ff").status_code == 200


def test_a_query_that_is_no_text_is_refused_where_servers_pass_its_bytes_on(client, problem):
    problem(client.get("/v1/users", environ_overrides={"QUERY_STRING": "username=\xff"}), 400)
    korean = "username=\ud64d".encode().decode("latin-1")
    response = client.get("/v1/users", environ_overrides={"QUERY_STRING": korean})
    assert response.get_json()["items"] == []


def test_an_if_match_of_thousands_of_versions_is_refused(client, make, pointers):
    path = f"/v1/users/{make.user()['id']}"
    tags = ", ".join(f'"{number}"' for number in range(1, 102))
    assert pointers(client.delete(path, headers={"If-Match": tags})) == ["/If-Match"]
    assert client.delete(path, headers={"If-Match": tags.rpartition(",")[0]}).status_code == 204


@pytest.mark.parametrize(
    ("proxies", "expected"), [(0, "127.0.0.1"), (1, "203.0.113.9"), (2, "198.51.100.1")]
)
def test_only_trusted_proxies_say_where_a_request_came_from(client_with, proxies, expected):
    client = client_with(trusted_proxies=proxies)
    seen = []
    client.application.before_request(lambda: seen.append(request.remote_addr))
    client.get("/healthz", headers={"X-Forwarded-For": "10.9.9.9, 198.51.100.1, 203.0.113.9"})
    assert seen == [expected]
