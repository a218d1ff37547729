"""The headers that keep browsers and caches in bounds are on every kind of answer."""

import pytest

API_POLICY = "default-src 'none'; frame-ancestors 'none'"


def check(response, *, policy=API_POLICY, caching="no-store"):
    headers = response.headers
    assert headers.getlist("X-Content-Type-Options") == ["nosniff"]
    assert headers.getlist("Content-Security-Policy") == [policy]
    assert headers.getlist("Cache-Control") == [caching]
    assert headers.getlist("Referrer-Policy") == ["no-referrer"]
    assert headers.getlist("Cross-Origin-Resource-Policy") == ["same-origin"]
    assert "Strict-Transport-Security" not in headers


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/users", 200),
        ("HEAD", "/v1/users", 200),
        ("GET", "/healthz", 200),
        ("GET", "/readyz", 200),
        ("GET", "/openapi.json", 200),
        ("OPTIONS", "/v1/users", 200),
        ("GET", "/nowhere", 404),
        ("GET", "/v1/users/00000000-0000-7000-8000-000000000000", 404),
        ("BREW", "/v1/users", 405),
        ("POST", "/v1/users", 415),
        ("GET", "/v1/users?limit=x", 422),
        ("GET", "/v1/users?q=" + "x" * 9000, 414),
    ],
)
def test_an_answer_is_private_and_shown_as_nothing_else(client, method, path, status):
    response = client.open(path, method=method)
    assert response.status_code == status
    check(response)


def test_the_answer_that_nothing_has_changed_is_private_too(client, make):
    user = make.user()
    etag = {"If-None-Match": '"1"'}
    response = client.get(f"/v1/users/{user['id']}", headers=etag)
    assert response.status_code == 304
    check(response)


def test_an_error_of_the_service_itself_is_private_too(client_with):
    nobody = "postgresql://nobody@127.0.0.1:1/nothing"
    response = client_with(database_url=nobody, retry_budget_s=0).get("/v1/users")
    assert response.status_code == 503
    check(response)


@pytest.mark.parametrize(
    ("url", "proxies", "headers", "is_told"),
    [
        ("https://127.0.0.1", 0, {}, True),
        ("http://127.0.0.1", 0, {}, False),
        ("http://127.0.0.1", 1, {"X-Forwarded-Proto": "https"}, True),
        ("http://127.0.0.1", 0, {"X-Forwarded-Proto": "https"}, False),
    ],
)
def test_browsers_are_told_to_stay_with_https_over_https_only(
    client_with, url, proxies, headers, is_told
):
    client = client_with(hsts_s=31536000, trusted_proxies=proxies)
    response = client.get("/healthz", base_url=url, headers=headers)
    expected = "max-age=31536000" if is_told else None
    assert response.headers.get("Strict-Transport-Security") == expected


def test_the_page_may_load_what_it_is_made_of_and_nothing_else(client):
    page = client.get("/docs/")
    policy = page.headers["Content-Security-Policy"]
    check(page, policy=policy, caching="no-cache")
    directives = dict(part.split(" ", 1) for part in policy.split("; "))
    assert directives["default-src"] == "'none'"
    assert directives["script-src"] == "'self'"
    assert directives["connect-src"] == "'self'"
    assert directives["frame-ancestors"] == "'none'"
    assert page.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    # What the policy forbids, the page does without.
    assert "<script>" not in page.text
    assert "<style" not in page.text
    assert " on" not in page.text
    assert page.content_type == "text/html; charset=utf-8"


@pytest.mark.parametrize(
    "name",
    ["oauth2-redirect.html", "index.html", "swagger-ui.css.map", "..%2f__init__.py", "x"],
)
def test_only_the_files_that_the_page_names_are_served(client, problem, name):
    problem(client.get(f"/docs/{name}"), 404)


def test_the_page_does_not_repeat_what_the_request_says(client):
    page = client.get("/docs/?url=//evil.example", headers={"Host": "evil.example"})
    assert "evil" not in page.text
    assert "evil" not in client.get("/docs/start.js", headers={"Host": "evil.example"}).text
