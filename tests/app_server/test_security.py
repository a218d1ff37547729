"""Requests that no honest client sends are refused before anything else is done."""

import pytest
from flask import request

from plain_commands.errors import ConfigurationError
from service.app import create_app
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
def test_probes_need_not_know_the_name(named, problem, path):
    # They know the address, which is what no page can make its own name.
    for address in (
        "10.0.0.7",
        "10.0.0.7:8000",
        "10.0.0.7.",
        "[fd00::7]:8000",
        "trips.example.com",
    ):
        assert named.get(path, headers={"Host": address}).status_code == 200
    for name in ("evil.example", "10.0.0.7.evil.example", "[evil]", "fd00::7", "010.0.0.7", "7"):
        problem(named.get(path, headers={"Host": name}), 400)


EVERYTHING = ["/", "/healthz", "/readyz", "/metrics", "/docs/", "/openapi.json", "/v1/users", "/x"]


@pytest.mark.parametrize("listener", ["127.0.0.1", "127.0.0.2", "::1", "::ffff:127.0.0.1"])
@pytest.mark.parametrize("path", EVERYTHING)
def test_on_a_loopback_address_a_page_that_rebinds_its_name_gets_nothing(
    client, problem, listener, path
):
    served_there = {"SERVER_NAME": listener}
    for host in ("evil.example", "evil.example:8000", "x.localhost", "localhost.evil.example"):
        answer = client.get(path, headers={"Host": host}, environ_overrides=served_there)
        problem(answer, 400)
        assert "behind a proxy that passes on another Host, set ALLOWED_HOSTS" in answer.text


@pytest.mark.parametrize(
    "host", ["10.0.0.7", "127.0.0.9", "[::2]", "localhost..", "", ":80", "a b"]
)
def test_on_a_loopback_address_no_other_address_is_a_name_either(client, problem, host):
    headers = {"Host": host}
    problem(client.get("/healthz", headers=headers, environ_overrides=LOOPBACK), 400)


LOOPBACK = {"SERVER_NAME": "127.0.0.1"}


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:8000", "localhost.", "127.0.0.1:18000", "[::1]", "[::1]:8000"]
)
def test_on_a_loopback_address_it_is_what_this_machine_calls_itself(client, host):
    for path in EVERYTHING[:-1]:
        answer = client.get(path, headers={"Host": host}, environ_overrides=LOOPBACK)
        assert answer.status_code in {200, 302}


def test_a_server_of_its_own_loopback_address_is_called_by_that(client):
    for listener, host in (("127.0.0.2", "127.0.0.2:8000"), ("::ffff:127.0.0.1", "127.0.0.1")):
        served_there = {"SERVER_NAME": listener}
        answer = client.get("/v1/users", headers={"Host": host}, environ_overrides=served_there)
        assert answer.status_code == 200


def test_what_a_rebound_page_sends_writes_nothing(client, problem):
    rebound = {"Host": "evil.example:8000", "Origin": "http://evil.example:8000"}
    for path in ("/v1/users", "/docs/examples"):
        answer = client.post(
            path, json={"username": "jimin"}, headers=rebound, environ_overrides=LOOPBACK
        )
        problem(answer, 400)
    assert client.get("/v1/users").json["items"] == []


def test_a_preflight_of_a_rebound_page_is_allowed_nothing(client_with):
    client = client_with(cors_origins=("https://trips.example.com",))
    for origin in ("http://evil.example", "null"):
        asked = {"Host": "evil.example", "Origin": origin, "Access-Control-Request-Method": "PUT"}
        answer = client.options("/v1/users", headers=asked, environ_overrides=LOOPBACK)
        assert answer.status_code == 400
        assert "Access-Control-Allow-Origin" not in answer.headers


def test_behind_a_proxy_on_this_machine_the_listed_names_count(named, problem):
    at = {"environ_overrides": LOOPBACK}
    assert named.get("/v1/users", headers={"Host": "trips.example.com"}, **at).status_code == 200
    for host in ("localhost", "127.0.0.1"):
        problem(named.get("/v1/users", headers={"Host": host}, **at), 400)


def test_where_a_proxy_or_a_network_stands_before_it_any_name_is_its_own(client):
    # Of a Unix socket, and of servers that put something else there, the address is not known.
    for listener in ("0.0.0.0", "::", "10.0.0.7", "localhost", "/run/trips.sock"):  # noqa: S104
        answer = client.get(
            "/v1/users",
            headers={"Host": "trips.example.com"},
            environ_overrides={"SERVER_NAME": listener},
        )
        assert answer.status_code == 200


def test_a_development_server_for_a_network_is_called_by_address(client_with, problem):
    client = client_with(flask_run_from_cli="true")
    at = {"environ_overrides": {"SERVER_NAME": "0.0.0.0"}}  # noqa: S104
    for host in ("192.168.1.5:8000", "[fe80::1]:8000", "localhost:8000"):
        assert client.get("/v1/users", headers={"Host": host}, **at).status_code == 200
    found = problem(client.get("/v1/users", headers={"Host": "evil.example:8000"}, **at), 400)
    assert "ALLOWED_HOSTS" in found["detail"]


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
        {"Origin": "https://localhost"},
        {"Origin": "localhost"},
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


def test_the_scheme_of_a_page_is_that_of_a_trusted_proxy(client_with, client, problem):
    """Old browsers name the origin alone; others say `same-origin`, whoever ends TLS."""
    by_https = {"Origin": "https://localhost", "X-Forwarded-Proto": "https"}
    behind = client_with(trusted_proxies=1)
    body = {"username": "jimin"}
    assert behind.post("/v1/users", json=body, headers=by_https).status_code == 201
    problem(behind.post("/v1/users", json=body, headers={**by_https, "Origin": "http://x"}), 403)
    problem(
        behind.post("/v1/users", json=body, headers={**by_https, "Origin": "http://localhost"}), 403
    )
    found = problem(client.post("/v1/users", json=body, headers=by_https), 403)
    assert "TRUSTED_PROXIES" in found["detail"]
    says_so = {**by_https, "Sec-Fetch-Site": "same-origin"}
    body = {"username": "minho"}
    assert client.post("/v1/users", json=body, headers=says_so).status_code == 201


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
    assert client.delete(path, headers={"If-Match": tags.rpartition(",")[0]}).status_code == 200


@pytest.mark.parametrize(
    ("proxies", "expected"), [(0, "127.0.0.1"), (1, "203.0.113.9"), (2, "198.51.100.1")]
)
def test_only_trusted_proxies_say_where_a_request_came_from(client_with, proxies, expected):
    client = client_with(trusted_proxies=proxies)
    seen = []
    client.application.before_request(lambda: seen.append(request.remote_addr))
    client.get("/healthz", headers={"X-Forwarded-For": "10.9.9.9, 198.51.100.1, 203.0.113.9"})
    assert seen == [expected]
