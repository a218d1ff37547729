"""The whole service under granian with two workers, seen from outside."""

import json
import os
import shutil
import signal
import socket
from contextlib import suppress
from http.client import HTTPException
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest

from serverless_postgres.url import parse
from service.settings import Settings

from .conftest import Served, wait_until

KEY = "napi_0123456789abcdef"
BEARER = "topsecretbearer"
PASSWORD = "p@ss/wörd %"  # noqa: S105  of a role for one test
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def served(worker_url, execute, tmp_path, collector):
    """The service as in production, with all that can be switched on."""
    name = f"watched_{uuid4().hex[:8]}"
    execute(worker_url, f"CREATE ROLE {name} SUPERUSER LOGIN PASSWORD '{PASSWORD}'")
    url = worker_url.set(drivername="postgresql", username=name, password=PASSWORD)
    environment = {
        "APP_ENV": "production",
        "AUTH": "off",
        "DATABASE_URL": url.render_as_string(hide_password=False),
        "NEON_API_KEY": KEY,
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
        "OTEL_BSP_SCHEDULE_DELAY": "100",
    }
    with Served(tmp_path, **environment) as service:
        yield service
    execute(worker_url, f"DROP ROLE {name}")


def test_a_service_of_two_processes_is_seen_as_one(served, collector):
    each_process_counts_for_all(served)
    what_a_killed_process_has_counted_stays(served)
    the_revision_is_known_once_somebody_has_asked(served)
    a_request_can_be_followed(served, collector)
    a_failure_is_one_line_of_the_log(served)
    a_streamed_answer_ends_when_its_body_does(served)
    what_python_says_is_a_line_of_the_log(served)
    spans_are_sent_before_the_end(served, collector)
    assert served.log_lines()
    log = served.log()
    for secret in (KEY, BEARER, PASSWORD, quote(PASSWORD, safe="")):
        assert secret not in log


def each_process_counts_for_all(served) -> None:
    processes = served.processes()
    asked = served.requests_counted("/test/process")
    assert asked >= 2
    for _ in range(4):
        assert served.requests_counted("/test/process") == asked
    assert {
        int(dict(labels)["pid"])
        for name, labels in served.metrics()
        if name == "process_resident_memory_bytes"
    } == processes


def what_a_killed_process_has_counted_stays(served) -> None:
    before, asked = served.processes(), served.requests_counted("/test/process")
    os.kill(min(before), signal.SIGKILL)
    wait_until(lambda: served.processes() - before)
    assert served.requests_counted("/test/process") > asked
    assert served.processes() & before == {max(before)}


def the_revision_is_known_once_somebody_has_asked(served) -> None:
    def revisions() -> set[str]:
        return {
            dict(labels)["current"]
            for name, labels in served.metrics()
            if name == "schema_revision"
        }

    assert revisions() == {"unknown"}
    _, body = served.get("/readyz")
    for _ in range(4):
        assert revisions() == {json.loads(body)["revision"]}
        assert served.metrics()["schema_at_head", ()] == 1


def a_request_can_be_followed(served, collector) -> None:
    answer, _ = served.get("/v1/users", **{"X-Request-ID": "trip-7", "traceparent": PARENT})
    assert (answer.status, answer.getheader("X-Request-ID")) == (200, "trip-7")
    line = served.await_line(lambda line: line.get("request_id") == "trip-7")
    assert line["trace_id"] == "0af7651916cd43dd8448eb211c80319c"
    assert (line["route"], line["status"], line["round_trips"]) == ("/v1/users", 200, 1)
    (span,) = collector.await_spans(lambda span: span.name == "GET /v1/users")
    assert span.parent_span_id.hex() == "b7ad6b7169203331"
    # Before the first request of its kind, a process asks for the revision.
    for query in collector.await_spans(lambda item: item.parent_span_id == span.span_id):
        assert query.name.startswith("SELECT ")


def a_failure_is_one_line_of_the_log(served) -> None:
    answer, body = served.get("/test/failing", Authorization=f"Bearer {BEARER}")
    assert answer.status == 500
    assert b"Traceback" not in body
    assert b"line two" not in body
    line = served.await_line(lambda line: "exception" in line)
    assert (line["level"], line["request_id"]) == ("error", answer.getheader("X-Request-ID"))
    assert line["exception"].startswith("Traceback (most recent call last):\n")
    assert "RuntimeError: line one\nline two of *** postgresql://watched_" in line["exception"]


def a_streamed_answer_ends_when_its_body_does(served) -> None:
    def access(request_id: str) -> dict[str, Any]:
        return served.await_line(
            lambda line: line.get("request_id") == request_id and line["logger"] == "service.access"
        )

    _, body = served.get("/test/stream/20", **{"X-Request-ID": "whole"})
    line = access("whole")
    assert (len(body), line["bytes"], line["status"]) == (20_000, 20_000, 200)
    assert (line["route"], line["path"]) == ("/test/stream/{count}", "/test/stream/{count}")
    assert line["duration_ms"] > 200
    with suppress(HTTPException):
        served.get("/test/stream/3?breaks", **{"X-Request-ID": "broken"})
    assert access("broken")["status"] == 500
    with socket.create_connection(("127.0.0.1", served.port)) as client:
        client.sendall(
            b"GET /test/stream/900 HTTP/1.1\r\nHost: [::1]\r\nX-Request-Id: gone\r\n\r\n"
        )
        client.recv(100)
    assert access("gone")["bytes"] < 900_000


def what_python_says_is_a_line_of_the_log(served) -> None:
    served.get("/test/warning")
    line = served.await_line(lambda line: line["logger"] == "py.warnings")
    assert "an old way\nof doing it" in line["message"]


def spans_are_sent_before_the_end(served, collector) -> None:
    served.get("/healthz", traceparent=PARENT.replace("0af7", "0bf7"))
    served.stop()
    collector.await_spans(lambda span: span.trace_id.hex().startswith("0bf7"))


def test_health_and_metrics_never_wake_a_sleeping_database(make_app):
    with socket.create_server(("127.0.0.1", 0)) as database:
        database.settimeout(0)
        url = parse("postgresql://me@127.0.0.1/trips").set(port=database.getsockname()[1])
        app = make_app(database_url=url.render_as_string(), metrics="on")
        client = app.test_client()
        for path in ("/healthz", "/metrics", "/openapi.json", "/docs/", "/없다"):
            assert client.get(path).status_code in {200, 404}
        with pytest.raises(BlockingIOError):
            database.accept()


def test_what_is_switched_off_is_not_there(make_app, capsys):
    app = make_app(metrics="off", log_level="WARNING")
    answer = app.test_client().get("/metrics")
    assert answer.status_code == 404
    assert answer.headers["X-Request-ID"]
    assert capsys.readouterr().err == ""
    assert app.extensions["database"].listeners == []


def test_the_service_is_ready_though_the_folder_of_its_metrics_was_cleared_away(make_app, tmp_path):
    folder = tmp_path / "metrics"
    client = make_app(metrics="on", prometheus_multiproc_dir=str(folder)).test_client()
    shutil.rmtree(folder)
    assert client.get("/readyz").status_code == 200
    # The process keeps its place, for the apps of later tests, too.
    folder.mkdir()


def test_metrics_that_have_no_place_stop_the_service_with_the_way_out(make_app, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(Exception, match=r"^Metrics can't be kept in .*METRICS=off\.$"):
        make_app(metrics="on", prometheus_multiproc_dir=str(tmp_path / "file"))
    assert Settings().metrics == "on"
