"""What the front answers by itself, and what it tells the app."""

import pytest

from tests.app_server.conftest import await_that, read_all


@pytest.fixture(scope="module")
def front(start):
    front = start(THREADS="1", QUEUE_SIZE="40", LOG_FORMAT="json")
    front.await_ready()
    return front


def test_a_sign_of_life_waits_for_nobody(front, later, locked_users):
    with locked_users():
        writes = [later(front.ask, "/v1/users/by-username/first", "PUT") for _ in range(6)]
        metrics = [later(front.ask, "/metrics") for _ in range(24)]
        assert [front.ask("/healthz").status for _ in range(20)] == [200] * 20
        assert {answer.result().status for answer in metrics} == {200}
        assert front.ask("/healthz?x").status == 422
        assert front.ask("/healthz", "POST", "{}").status == 405
        assert not any(write.done() for write in writes)
    assert {write.result().status for write in writes} <= {200, 201}


def test_a_sign_of_life_is_an_answer_like_any_other(front):
    head = front.ask("/healthz", "HEAD")
    answer = front.ask("/healthz")
    assert (answer.body, head.body) == (b'{"status":"ok"}', b"")
    other = front.ask("/openapi.json")
    own = {"etag", "content-length"}
    assert answer.headers.keys() - own == head.headers.keys() - own
    assert other.headers.keys() - own - {"cache-control"} <= answer.headers.keys()
    await_that(lambda: f'"request_id":"{answer.headers["x-request-id"]}"' in front.said)
    counted = b'{method="GET",route="/healthz",status="200"}'
    await_that(lambda: counted in front.ask("/metrics").body)


@pytest.mark.parametrize(
    "target",
    [
        "//metrics",
        "/metrics/",
        "/metrics%2f",
        "/%6detrics",
        "/./metrics",
        "/%76%31/users",
        "//v1/users",
        "/v1/users/",
        "/v1/users/by%2dusername/kim",
        "//healthz",
        "/healthz/",
        "/%68ealthz",
        "/docs//",
        "http://trips//metrics",
        "http://trips/%6detrics",
        "/metrics\\",
        "*",
    ],
)
def test_no_other_spelling_of_a_path_is_answered(front, connect, target):
    client = connect(front, f"GET {target} HTTP/1.1\r\nHost: trips\r\nConnection: close\r\n\r\n")
    assert read_all(client).startswith("HTTP/1.1 404 ")


@pytest.mark.parametrize("target", ["/metrics", "/metrics?x", "http://trips/metrics", "/docs/"])
def test_the_own_one_is(front, connect, target):
    client = connect(front, f"GET {target} HTTP/1.1\r\nHost: trips\r\nConnection: close\r\n\r\n")
    assert read_all(client).startswith("HTTP/1.1 200 ")


@pytest.mark.parametrize("name", ["a/b", "a%2Fb", "a%2fb", "지민", "%EC%A7%80%EB%AF%BC"])
def test_names_are_found_however_they_are_written(front, connect, name):
    line = f"PUT /v1/users/by-username/{name} HTTP/1.1\r\nHost: trips\r\nConnection: close\r\n\r\n"
    assert read_all(connect(front, line))[9:12] in {"200", "201"}
