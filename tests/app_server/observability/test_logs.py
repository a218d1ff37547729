"""The lines of the log: always whole, always one, never with a secret."""

import logging
import threading
from datetime import UTC, datetime, timedelta

import pytest

logger = logging.getLogger("service.tests")


@pytest.fixture
def client(make_app, log_lines):
    """A client of a service that logs as JSON."""
    client = make_app(log_format="json").test_client()
    log_lines()
    return client


def test_a_line_tells_all_of_a_request(client, log_lines):
    answer = client.get("/v1/users?limit=1", headers={"X-Request-ID": "trip-7"})
    line = log_lines()[-1]
    assert datetime.now(UTC) - datetime.fromisoformat(line.pop("time")) < timedelta(minutes=1)
    assert line.pop("duration_ms") > line.pop("database_ms") > 0
    assert len(line.pop("trace_id")) == 32
    assert line == {
        "level": "info",
        "logger": "service.access",
        "message": "GET /v1/users 200",
        "method": "GET",
        "route": "/v1/users",
        "path": "/v1/users",
        "status": 200,
        "round_trips": 1,
        "retries": 0,
        "bytes": len(answer.data),
        "request_id": "trip-7",
    }


def test_a_request_without_the_database_has_no_round_trips(client, log_lines):
    client.get("/healthz")
    (line,) = log_lines()
    assert (line["route"], line["round_trips"], line["database_ms"]) == ("/healthz", 0, 0.0)


def test_what_a_query_or_a_name_says_is_nobodys_business(client, log_lines):
    client.put("/v1/users/by-username/지민")
    client.get("/v1/users?username=지민&password=geheim")
    lines = log_lines()
    assert lines[0]["path"] == "/v1/users/by-username/{username}"
    assert "지민" not in str(lines)
    assert "geheim" not in str(lines)


def test_not_even_the_traceback_of_a_request_tells_the_name_in_its_path(make_app, log_lines):
    app = make_app(log_format="json")
    app.add_url_rule("/test/<name>", view_func=lambda name: len(name) / 0)
    assert app.test_client().get("/test/geheim").status_code == 500
    failed, _ = log_lines()
    assert failed["message"] == "GET /test/{name} failed"
    assert "geheim" not in str(failed)


def test_ids_are_told_where_they_are_the_path(client, log_lines, nowhere):
    client.get(f"/v1/workflows/{nowhere}")
    (line,) = log_lines()
    assert (line["route"], line["status"]) == ("/v1/workflows/{workflow_id}", 404)
    assert line["path"] == f"/v1/workflows/{nowhere}"


@pytest.mark.parametrize(
    "path",
    ["/여행/서울", "/%0a%7b%22level%22:%22error%22%7d", "/%00%1b[31m", "/%ff", "/" + "a" * 3000],
)
def test_nothing_of_a_path_that_somebody_made_up_is_told(client, log_lines, path):
    client.get(path)
    (line,) = log_lines()
    assert (line["route"], line["status"], line["path"]) == ("unmatched", 404, "/…")


@pytest.mark.parametrize("given", ["", "a b", "x" * 129, "한글", 'a"b', "a\tb", "<script>"])
def test_an_id_that_a_client_made_up_is_replaced(client, log_lines, given):
    answer = client.get("/healthz", headers={"X-Request-ID": given})
    (line,) = log_lines()
    assert answer.headers["X-Request-ID"] == line["request_id"]
    assert len(line["request_id"]) == 32


def test_every_answer_has_an_id_of_its_own(client):
    answers = [client.get("/healthz"), client.get("/healthz"), client.post("/v1/users", data="{")]
    assert len({answer.headers["X-Request-ID"] for answer in answers}) == 3


def test_the_body_of_an_answer_to_head_has_no_bytes(client, log_lines):
    client.head("/healthz")
    (line,) = log_lines()
    assert line["bytes"] == 0


@pytest.mark.usefixtures("client")
def test_secrets_are_hidden_wherever_they_come_from(make_app, log_lines):
    make_app(
        log_format="json",
        database_url="postgresql://me:p%40ss-wörd@host/trips?sslpassword=key-of-key",
        direct_database_url="postgresql://me:other/secret@host/trips",
        database_read_url="postgresql://me:of-the-replica@host/trips",
        neon_api_key="napi_0123456789",
    )
    urls = ("p@ss-wörd", "p%40ss-wörd", "key-of-key", "other/secret", "of-the-replica")
    for secret in (*urls, "napi_0123456789"):
        logger.warning("it was %s, I think", secret)
    logger.warning("postgres://someone:else@host and redis://:pw@host")
    logger.warning("headers: {'Authorization': 'Bearer abc', 'Cookie': 'session=abc'}")
    logger.warning("host=db password=abc dbname=x")
    try:
        message = "can't connect with napi_0123456789"
        raise RuntimeError(message)  # noqa: TRY301  there is to be a traceback
    except RuntimeError:
        logger.exception("failed")
    lines = log_lines()
    assert [line["message"] for line in lines] == [
        *["it was ***, I think"] * 6,
        "postgres://someone:***@host and redis://:***@host",
        "headers: {'Authorization': 'Bearer ***', 'Cookie': '***'}",
        "host=db password=*** dbname=x",
        "failed",
    ]
    assert lines[-1]["exception"].endswith("RuntimeError: can't connect with ***")


def test_what_a_request_brings_along_is_hidden_in_its_lines(make_app, log_lines):
    app = make_app(log_format="json")
    app.add_url_rule("/test/echo", view_func=echo)
    client = app.test_client()
    client.set_cookie("session", "cookie-of-mine")
    headers = {
        "Authorization": "Basic dXNlcjpwYXNz",
        "Idempotency-Key": "key-of-mine",
        "X-API-Key": "api-key-of-mine",
    }
    client.get("/test/echo", headers=headers)
    told = [line["message"] for line in log_lines() if line["logger"] == "service.tests"]
    assert told == ["cookie ***, key ***, api key ***, login ***"]


def echo() -> str:
    """Tell the log what must not be told."""
    logger.warning(
        "cookie cookie-of-mine, key key-of-mine, api key api-key-of-mine, login dXNlcjpwYXNz"
    )
    return ""


@pytest.mark.usefixtures("client")
def test_a_line_that_can_not_be_written_is_told_of(log_lines):
    logger.warning("%d of %d", "one")  # noqa: PLE1206  that is it
    logger.warning("\ud800", extra={"fields": {"odd": object(), "half": "\ud800"}})
    lines = log_lines()
    assert all(line["level"] == "warning" for line in lines)
    assert "'%d of %d'" in lines[0]["message"]
    assert len(lines) == 2


@pytest.mark.usefixtures("client")
def test_the_error_of_a_thread_is_a_line(log_lines):
    thread = threading.Thread(target=lambda: 1 / 0, name="worker")
    thread.start()
    thread.join()
    (line,) = log_lines()
    assert line["message"] == "the thread worker has failed"
    assert line["exception"].endswith("ZeroDivisionError: division by zero")


@pytest.mark.usefixtures("client")
def test_libraries_are_heard_only_when_they_warn(log_lines):
    logging.getLogger("urllib3").info("values")
    logging.getLogger("urllib3").warning("careful")
    logger.debug("values")
    logger.info("news")
    assert [line["message"] for line in log_lines()] == ["careful", "news"]


def test_the_level_can_be_set(make_app, log_lines):
    client = make_app(log_format="json", log_level="ERROR").test_client()
    client.get("/healthz")
    logger.error("that")
    assert [line["message"] for line in log_lines()] == ["that"]


def test_in_production_lines_are_json_and_else_they_are_for_people(make_app, capsys):
    make_app(app_env="production", auth="on")
    logger.warning("one")
    assert capsys.readouterr().err.startswith('{"time":"')
    make_app()
    logger.warning("two")
    assert capsys.readouterr().err.endswith("Z WARNING two\n")


def test_for_people_a_request_is_one_line_too(make_app, capsys):
    make_app().test_client().get("/a%0ab/서울", headers={"X-Request-ID": "trip-7"})
    (line,) = capsys.readouterr().err.splitlines()
    assert " INFO    GET /… 404 duration_ms=" in line
    assert line.endswith("request_id=trip-7")


def test_for_people_whatever_is_told_is_one_line(make_app, capsys):
    make_app()
    logger.warning("a\nb\x1b[31m %s", "서울")
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith(r" WARNING a\nb\x1b[31m 서울")


def test_for_people_a_traceback_follows_its_line(make_app, capsys):
    app = make_app()
    app.add_url_rule("/test/failing", view_func=lambda: 1 / 0)
    assert app.test_client().get("/test/failing").status_code == 500
    first, second, *_, last, access = capsys.readouterr().err.splitlines()
    assert "ERROR   GET /test/failing failed" in first
    assert second == "Traceback (most recent call last):"
    assert last == "ZeroDivisionError: division by zero"
    assert "GET /test/failing 500" in access
