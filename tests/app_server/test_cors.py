"""Pages of other origins may call the service only where the settings name them."""

import pytest

from plain_commands.errors import ConfigurationError
from service.app import create_app
from service.settings import Settings

ORIGIN = "https://trips.example.com"
PREFLIGHT = {"Origin": ORIGIN, "Access-Control-Request-Method": "PATCH"}


@pytest.fixture(scope="module")
def shared(client_with):
    """A client of a service that one origin may call."""
    return client_with(cors_origins=(ORIGIN, "http://localhost:5173"))


def allowing(response):
    return {name for name in response.headers.keys() if name.startswith("Access-Control")}  # noqa: SIM118  has several of a name


def test_unless_origins_are_set_no_page_elsewhere_may_read_anything(client):
    assert allowing(client.get("/v1/users", headers={"Origin": ORIGIN})) == set()
    assert allowing(client.options("/v1/users", headers=PREFLIGHT)) == set()


def test_a_page_of_a_set_origin_may_read_the_answer_and_its_headers(shared):
    response = shared.get("/v1/users", headers={"Origin": ORIGIN})
    assert response.headers["Access-Control-Allow-Origin"] == ORIGIN
    exposed = response.headers["Access-Control-Expose-Headers"].split(", ")
    assert {"ETag", "Link", "Location", "X-Request-ID"} <= set(exposed)
    assert "Origin" in response.headers["Vary"]
    assert "Access-Control-Allow-Credentials" not in response.headers
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_errors_can_be_read_too(shared):
    response = shared.get("/nowhere", headers={"Origin": ORIGIN})
    assert response.status_code == 404
    assert response.headers["Access-Control-Allow-Origin"] == ORIGIN


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "http://trips.example.com",
        "https://trips.example.com:8443",
        "https://trips.example.com.evil.example",
        "https://evil.example/https://trips.example.com",
        "https://tripsXexample.com",
        "null",
        "",
    ],
)
def test_other_origins_get_no_permission_and_caches_are_told_why(shared, origin):
    for headers in ({"Origin": origin}, PREFLIGHT | {"Origin": origin}):
        method = "OPTIONS" if len(headers) > 1 else "GET"
        response = shared.open("/v1/users", method=method, headers=headers)
        assert allowing(response) == set()
        assert "Origin" in response.headers["Vary"]


def test_no_origin_is_named_where_none_asked(shared):
    response = shared.get("/v1/users")
    assert allowing(response) == set()
    assert "Origin" in response.headers["Vary"]


def test_a_preflight_is_answered_without_the_database(client_with):
    nobody = "postgresql://nobody@127.0.0.1:1/nothing"
    client = client_with(database_url=nobody, cors_origins=(ORIGIN,))
    response = client.options("/v1/users", headers=PREFLIGHT)
    assert response.status_code == 204
    assert response.data == b""
    headers = response.headers
    assert headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "PATCH" in headers["Access-Control-Allow-Methods"].split(", ")
    allowed = headers["Access-Control-Allow-Headers"].split(", ")
    assert {"Content-Type", "If-Match", "Idempotency-Key"} <= set(allowed)
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_every_header_of_the_document_may_be_sent_or_read(shared):
    def listed(response, what):
        return set(response.headers[f"Access-Control-{what}-Headers"].split(", "))

    sent, read = {"Content-Type"}, {"X-Request-ID"}
    for item in shared.get("/openapi.json").json["paths"].values():
        for operation in item.values():
            if isinstance(operation, dict):
                parameters = operation.get("parameters", [])
                sent |= {each["name"] for each in parameters if each["in"] == "header"}
                for response in operation["responses"].values():
                    read |= response.get("headers", {}).keys()
    assert listed(shared.options("/v1/users", headers=PREFLIGHT), "Allow") >= sent
    assert listed(shared.get("/v1/users", headers={"Origin": ORIGIN}), "Expose") >= read
    assert {"If-Match", "Idempotency-Key", "Read-After"} <= sent
    assert {"ETag", "Link", "Location", "Read-After"} <= read


def test_a_page_of_a_set_origin_may_change_things(shared):
    headers = {"Origin": ORIGIN, "Sec-Fetch-Site": "cross-site"}
    created = shared.post("/v1/users", json={"username": "cors"}, headers=headers)
    assert created.status_code == 201
    assert (
        shared.delete(created.headers["Location"], headers=headers | {"If-Match": "*"}).status_code
        == 200
    )


@pytest.mark.parametrize(
    "origin",
    [
        "*",
        "null",
        "trips.example.com",
        "https://*.example.com",
        "https://trips.example.com/",
        "https://Trips.example.com",
        "ftp://trips.example.com",
        "https://user@trips.example.com",
    ],
)
def test_what_no_browser_sends_as_an_origin_is_refused_at_the_start(origin):
    with pytest.raises(ConfigurationError, match="CORS_ORIGINS") as refused:
        create_app(Settings(cors_origins=(ORIGIN, origin)))
    assert repr(origin) in str(refused.value)
