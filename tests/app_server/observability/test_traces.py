"""Spans at a collector, and none where there is nothing to collect them."""

import sys
import time

import pytest

from app_server.observability import traces

from .conftest import attributes, free_port

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.fixture
def client(make_app, collector, monkeypatch):
    """A client of a service that is traced."""
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
    return make_app(
        otel_exporter_otlp_endpoint=collector.url + "/", otel_service_name="여행"
    ).test_client()


def of_server(span) -> bool:
    return span.kind == span.SPAN_KIND_SERVER


def test_a_request_and_its_round_trips_are_spans(client, collector, nowhere):
    client.get("/v1/users?limit=1")
    client.get(f"/v1/workflows/{nowhere}", headers={"traceparent": f"00-{TRACE}-{PARENT}-01"})
    first, second = collector.await_spans(of_server, 2)
    assert first.name == "GET /v1/users"
    assert attributes(first) == {
        "http.request.method": "GET",
        "http.route": "/v1/users",
        "http.response.status_code": 200,
        "url.scheme": "http",
        "url.path": "/v1/users",
        "server.address": "localhost",
        "server.port": 80,
    }
    assert first.status.code == first.status.STATUS_CODE_UNSET
    # A client's mistake is no error of the server's.
    assert attributes(second)["http.response.status_code"] == 404
    assert second.status.code == second.status.STATUS_CODE_UNSET
    assert (second.trace_id.hex(), second.parent_span_id.hex()) == (TRACE, PARENT)

    (query,) = collector.await_spans(lambda span: span.parent_span_id == second.span_id)
    found = attributes(query)
    assert query.kind == query.SPAN_KIND_CLIENT
    assert query.name == f"SELECT {found['db.namespace']}"
    assert found["db.system.name"] == "postgresql"
    assert found["db.operation.name"] == "SELECT"
    assert "%(" in found["db.query.text"]
    assert str(nowhere) not in found["db.query.text"]
    assert {"server.address", "server.port"} <= set(found)
    assert second.start_time_unix_nano <= query.start_time_unix_nano
    assert query.end_time_unix_nano <= second.end_time_unix_nano

    (resource,) = collector.requests[0].resource_spans
    assert attributes(resource.resource)["service.name"] == "여행"


def test_a_failure_is_one_of_the_server(client, collector):
    client.application.add_url_rule("/test/failing", view_func=lambda: 1 / 0)
    client.get("/test/failing")
    (span,) = collector.await_spans(of_server)
    assert attributes(span)["error.type"] == "500"
    assert span.status.code == span.status.STATUS_CODE_ERROR


def test_what_the_database_refuses_is_told_by_its_code(client, collector, make):
    name = make.user()["username"]
    answer = client.post("/v1/users", json={"username": name})
    assert answer.status_code == 409
    (refused,) = collector.await_spans(lambda span: "db.response.status_code" in attributes(span))
    assert attributes(refused)["db.response.status_code"] == "23505"
    assert refused.status.code == refused.status.STATUS_CODE_ERROR
    assert name not in str(collector.requests)


def test_a_caller_that_does_not_sample_is_not_sampled(client, collector):
    client.get("/healthz", headers={"traceparent": f"00-{TRACE}-{PARENT}-00"})
    client.get("/v1/users")
    collector.await_spans(of_server)
    assert [span.name for span in collector.spans() if of_server(span)] == ["GET /v1/users"]


def test_an_odd_method_and_an_unknown_path_make_no_names(client, collector):
    client.open("/없다", method="BREW")
    (span,) = collector.await_spans(of_server)
    assert span.name == "HTTP"
    assert attributes(span)["http.request.method"] == "_OTHER"
    assert "http.route" not in attributes(span)


@pytest.mark.parametrize("how", ["nobody listens", "it refuses", "it does not answer"])
def test_a_collector_that_is_down_is_no_ones_trouble(
    make_app, collector, log_lines, monkeypatch, how
):
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "10")
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "20")
    monkeypatch.setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "5")
    collector.answer = 503 if how == "it refuses" else 200
    collector.wait_s = 3 if how == "it does not answer" else 0
    url = f"http://127.0.0.1:{free_port()}" if how == "nobody listens" else collector.url
    client = make_app(
        otel_exporter_otlp_endpoint=url, log_format="json", log_level="WARNING"
    ).test_client()
    monkeypatch.setattr(traces, "CLOSE_S", 0.1)
    for _ in range(200):
        assert client.get("/healthz").status_code == 200
        time.sleep(0.002)
    lines = log_lines()
    assert len(lines) <= 2
    assert all(line["logger"].startswith("opentelemetry") for line in lines)
    started = time.monotonic()
    client.application.extensions["traces"].close()
    assert time.monotonic() - started < 1


def test_without_opentelemetry_there_is_one_warning(make_app, log_lines, monkeypatch):
    for name in list(sys.modules):
        if name.startswith("opentelemetry") or name.endswith("observability.traces"):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    client = make_app(
        otel_exporter_otlp_endpoint="http://127.0.0.1:4318", log_format="json"
    ).test_client()
    for _ in range(3):
        assert client.get("/healthz").status_code == 200
    warning, *requests = log_lines()
    assert "not installed" in warning["message"]
    assert "pip install opentelemetry-sdk opentelemetry-exporter" in warning["message"]
    assert {line["level"] for line in requests} == {"info"}


def test_without_an_endpoint_nothing_is_loaded(make_app, monkeypatch):
    for name in list(sys.modules):
        if name.startswith("opentelemetry") or name.endswith("observability.traces"):
            monkeypatch.delitem(sys.modules, name)
    make_app().test_client().get("/healthz")
    assert not any(name.startswith("opentelemetry") for name in sys.modules)
