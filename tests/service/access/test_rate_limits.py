"""How much a caller may send: by key, by subject, by address, by a feed's token."""

import logging
import re
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from api_access import limits
from api_access.key_format import KeyFormat
from plain_commands.errors import ConfigurationError
from service.app import create_app
from service.settings import Settings
from tests.issuer import AUDIENCE, Issuer
from tests.ports import free_port
from tests.redis_server import RedisServer, needs_redis

URL = "/v1/workflows"
FORMAT = KeyFormat("tps", is_production=False)

# Windows of a day: no test is likely to see one end.
THREE = "3/day"

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture(scope="module")
def redis_server():
    with RedisServer() as server:
        yield server


def codes(client, count, headers=None, address="192.0.2.1", path=URL):
    """Send requests; returns what they are answered with."""
    environ = {"REMOTE_ADDR": address}
    return [
        client.get(path, headers=headers, environ_overrides=environ).status_code
        for _ in range(count)
    ]


def test_a_key_has_a_limit_of_its_own(client_with, new_key, problem):
    client = client_with(auth="on", rate_limit=THREE)
    one, other = new_key("read"), new_key("read")
    assert codes(client, 4, one) == [200, 200, 200, 429]
    assert codes(client, 1, other) == [200]
    # Wherever it comes from.
    answer = client.get(URL, headers=one, environ_overrides={"REMOTE_ADDR": "198.51.100.7"})
    said = problem(answer, 429)
    assert said["type"] == "urn:trip-planner:problem:too-many-requests"
    assert "3 requests are answered in 86400 s" in said["detail"]
    left_s = int(answer.headers["Retry-After"])
    assert 1 <= left_s <= 86400
    assert f"t={left_s}" in answer.headers["RateLimit"]


def test_answers_say_what_is_left(client_with, new_key):
    """As draft-ietf-httpapi-ratelimit-headers has it: structured fields (RFC 9651)."""
    client = client_with(auth="on", rate_limit="3/day")
    key = new_key("read")
    for left in (2, 1, 0, 0):
        answer = client.get(URL, headers=key)
        assert answer.headers["RateLimit-Policy"] == '"caller";q=3;w=86400'
        assert re.fullmatch(rf'"caller";r={left};t=[1-9]\d*', answer.headers["RateLimit"])
    # Also where nothing is served: errors count, too.
    assert "RateLimit" in client.get("/v1/nothing", headers=new_key("read")).headers


def test_a_subject_has_one_limit_whatever_its_tokens(client_with):
    with Issuer() as issuer:
        client = client_with(
            auth="on",
            rate_limit=THREE,
            jwt_issuer=issuer.name,
            jwt_jwks_url=issuer.url,
            jwt_audience=(AUDIENCE,),
            jwt_new_users="on",
        )

        def send(subject, number):
            token = issuer.token(subject, jti=str(number))
            return codes(client, 1, {"Authorization": f"Bearer {token}"})

        assert [send("one", number) for number in range(4)] == [[200], [200], [200], [429]]
        assert send("other", 1) == [200]


def test_security_18_strangers_are_told_apart_by_address_ipv6_by_its_64(client_with):
    client = client_with(auth="off", rate_limit_anonymous=THREE)
    assert codes(client, 4) == [200, 200, 200, 429]
    assert codes(client, 3, address="192.0.2.2") == [200, 200, 200]
    assert codes(client, 1, address="::ffff:192.0.2.2") == [429]
    one_site = [f"2001:db8:1:1::{number}" for number in range(4)]
    assert [codes(client, 1, address=one)[0] for one in one_site] == [200, 200, 200, 429]
    assert codes(client, 1, address="2001:db8:1:2::1") == [200]


def test_security_18_behind_a_proxy_the_address_is_what_it_says(client_with, caplog):
    behind = client_with(auth="off", rate_limit_anonymous=THREE, trusted_proxies=1)
    for number in range(8):
        forwarded = {"X-Forwarded-For": f"198.51.100.{number}"}
        assert codes(behind, 1, forwarded) == [200]
    # What the client made up stands before what the proxy has added.
    forged = [{"X-Forwarded-For": f"203.0.113.{number}, 198.51.100.99"} for number in range(4)]
    assert [codes(behind, 1, headers)[0] for headers in forged] == [200, 200, 200, 429]
    assert "TRUSTED_PROXIES" not in caplog.text


def test_security_18_a_proxy_that_is_not_known_of_is_warned_of_once(client_with, caplog):
    client = client_with(auth="off", rate_limit_anonymous=THREE)
    forged = [{"X-Forwarded-For": f"203.0.113.{number}"} for number in range(4)]
    assert [codes(client, 1, headers)[0] for headers in forged] == [200, 200, 200, 429]
    assert caplog.text.count("TRUSTED_PROXIES is 0") == 1


def test_security_18_a_feed_is_limited_by_its_token(client_with):
    client = client_with(auth="off", rate_limit_feed=THREE)
    app = client.application
    refused = []
    with app.test_request_context("/feeds/x"):
        for token in ["one"] * 4 + ["other"]:
            try:
                limits().check_feed(token)
            except Exception as error:  # noqa: BLE001  its status is looked at
                refused.append((token, getattr(error, "status", None)))
    assert refused == [("one", 429)]


def test_probes_metrics_and_the_documentation_are_never_limited(client_with):
    client = client_with(auth="off", rate_limit_anonymous="1/day")
    assert codes(client, 2) == [200, 429]
    for path in ("/healthz", "/readyz", "/metrics", "/docs/", "/openapi.json"):
        assert set(codes(client, 5, path=path)) <= {200, 302, 308}, path


def test_where_nobody_is_asked_there_is_no_limit_unless_it_is_set(client_with):
    answer = client_with(auth="off").get(URL)
    assert "RateLimit" not in answer.headers


def test_what_a_caller_may_not_do_counts_and_what_a_stranger_sends_does_not(client_with, new_key):
    client = client_with(auth="on", rate_limit=THREE)
    assert codes(client, 4, new_key("ingest")) == [403, 403, 403, 429]
    # It costs nothing: nobody is looked up.
    assert codes(client, 5) == [401] * 5


def test_a_limit_is_exact_whoever_comes_at_the_same_time(client_with, new_key):
    client = client_with(auth="on", rate_limit="50/day")
    key = new_key("read")
    # So that the key is known, and nobody waits for the database alone.
    codes(client, 1, key)

    def send(_):
        return client.application.test_client().get(URL, headers=key).status_code

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(send, range(100)))
    assert (found.count(200), found.count(429)) == (49, 51)


@needs_redis
def test_security_18_with_redis_all_processes_count_together(client_with, new_key, redis_server):
    """With memory, each counts for itself: the limit times WORKERS is let through."""
    key = new_key("read")
    shared = {"auth": "on", "rate_limit": THREE, "rate_limit_storage": redis_server.url}
    one, other = client_with(**shared), client_with(**shared)
    assert codes(one, 2, key) + codes(other, 2, key) == [200, 200, 200, 429]
    apart = [client_with(auth="on", rate_limit=THREE) for _ in range(2)]
    assert [codes(client, 3, key) for client in apart] == [[200] * 3] * 2


@needs_redis
def test_redis_holds_no_key_address_or_token_and_forgets(client_with, redis_server, new_key):
    client = client_with(
        auth="on",
        rate_limit="3/minute",
        rate_limit_anonymous=THREE,
        rate_limit_storage=redis_server.url,
    )
    key = new_key("read")
    codes(client, 2, key, address="192.0.2.77")
    with client.application.test_request_context("/feeds/x"):
        limits().check_feed("s3cret-feed-token")
    with redis_server.client() as redis:
        names = list(redis.scan_iter())
        held = " ".join([*names, *(str(redis.get(name)) for name in names)])
        assert names
        assert all(0 < redis.ttl(name) <= 86400 for name in names)
    for secret in (key.secret, "192.0.2.77", "s3cret"):
        assert secret not in held


@needs_redis
def test_failures_count_together_too(client_with, redis_server):
    shared = {"auth": "on", "auth_failures_per_minute": 2, "rate_limit_storage": redis_server.url}
    one, other = client_with(**shared), client_with(**shared)
    wrong = [{"Authorization": f"Bearer {FORMAT.make()}"} for _ in range(3)]
    from_there = {"address": "192.0.2.99"}
    assert codes(one, 1, wrong[0], **from_there) == [401]
    assert codes(other, 1, wrong[1], **from_there) == [401]
    assert codes(one, 1, wrong[2], **from_there) == [429]


def uncounted(client) -> float:
    found = re.search(
        r"^http_requests_uncounted_total (\S+)$", client.get("/metrics").text, re.MULTILINE
    )
    return float(found[1]) if found else 0.0


@needs_redis
def test_a_redis_that_is_away_lets_requests_through_and_is_told_of(
    client_with, new_key, caplog, monkeypatch
):
    monkeypatch.setattr("api_access.counters.AWAY_S", 0.1)
    key = new_key("read")
    with RedisServer() as server:
        client = client_with(
            auth="on", rate_limit=THREE, rate_limit_storage=server.url, metrics_auth="off"
        )
        assert codes(client, 1, key) == [200]
        server.kill()
        before = uncounted(client)
        answer = client.get(URL, headers=key)
        assert answer.status_code == 200
        assert "RateLimit" not in answer.headers
        assert codes(client, 20, key) == [200] * 20
        assert caplog.text.count("RATE_LIMIT_STORAGE does not answer (ConnectionError)") == 1
        assert server.password not in caplog.text
        # The text is kept for a second.
        deadline = time.monotonic() + 30
        while uncounted(client) == before and time.monotonic() < deadline:
            time.sleep(0.1)
        assert uncounted(client) >= before + 21
        server.start()
        deadline = time.monotonic() + 30
        while "RateLimit" not in client.get(URL, headers=key).headers:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert caplog.text.count("RATE_LIMIT_STORAGE answers again") == 1
        assert codes(client, 3, key)[-1] == 429


@needs_redis
def test_a_redis_that_hangs_is_waited_for_once(client_with, new_key):
    key = new_key("read")
    with RedisServer() as server:
        client = client_with(auth="on", rate_limit="1000/day", rate_limit_storage=server.url)
        codes(client, 1, key)
        server.pause()
        began = time.monotonic()
        assert codes(client, 200, key) == [200] * 200
        # A wait for each, of 0.1 s, would be 20 s on the fastest machine.
        assert time.monotonic() - began < 15
        server.go_on()


def test_a_redis_that_was_never_there_stops_nothing(client_with, new_key, caplog):
    url = f"redis://127.0.0.1:{free_port()}/0"
    client = client_with(auth="on", rate_limit=THREE, rate_limit_storage=url)
    assert codes(client, 5, new_key("read")) == [200] * 5
    warnings = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(warnings) == 1


def test_security_19_pages_may_read_what_is_left(client_with, new_key):
    origin = "https://app.example.com"
    client = client_with(auth="on", cors_origins=(origin,), rate_limit="1/day")
    key = new_key("read")
    for status in (200, 429):
        answer = client.get(URL, headers={**key, "Origin": origin})
        assert answer.status_code == status
        exposed = answer.headers["Access-Control-Expose-Headers"].split(", ")
        assert {"RateLimit", "RateLimit-Policy", "Retry-After"} <= set(exposed)
        assert answer.headers["Access-Control-Allow-Origin"] == origin
    # Whether a page may ask at all is answered before anything is counted.
    preflight = {"Origin": origin, "Access-Control-Request-Method": "GET"}
    assert client.options(URL, headers={**preflight}).status_code == 204


def test_the_document_says_that_there_are_limits(client_with):
    document = client_with(auth="on").get("/openapi.json").get_json()
    for path, operations in document["paths"].items():
        if path.startswith("/v1/"):
            for operation in operations.values():
                if isinstance(operation, dict) and "responses" in operation:
                    assert "429" in operation["responses"], path
                    good = [
                        answer.get("headers", {})
                        for code, answer in operation["responses"].items()
                        if code[0] == "2"
                    ]
                    assert any("RateLimit" in headers for headers in good), path


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("rate_limit", "many"),
        ("rate_limit", "0/minute"),
        ("rate_limit", "-1/minute"),
        ("rate_limit", "5"),
        ("rate_limit", "5/minute; 6/hour"),
        ("rate_limit_anonymous", "1/fortnight"),
        ("rate_limit_feed", "OFF"),
        ("rate_limit_storage", "memcached://127.0.0.1"),
        ("rate_limit_storage", "async+redis://127.0.0.1"),
        ("rate_limit_storage", "redis://:s3cret@127.0.0.1:port/0"),
    ],
)
def test_what_is_no_limit_stops_the_service(name, value):
    with pytest.raises(ConfigurationError, match=name.upper()) as refused:
        create_app(Settings(auth="on", **{name: value}))
    assert "s3cret" not in str(refused.value)
