"""Nothing that a request holds gets into logs, spans and metrics, wherever it stands."""

import json
import logging
import re
from functools import partial
from typing import Any
from urllib.parse import quote

import pytest
from pydantic import TypeAdapter

from api_access import Scope
from api_access.key_format import KeyFormat
from api_access.key_models import KeyCreate
from app_server.refusal import REFUSAL
from json_rows import UnitOfWork
from json_rows.work import unit_of_work
from service.domain.keys import KEYS
from service.settings import Settings
from smorest_sqlmodel.errors import BadRequestError, OverloadedError, RequestTimeoutError

NAME = "geheim비밀"
"""Stands in every place of the requests; none of its forms may be seen outside."""

FORMS = ("geheim", "비밀", "GEHEIM", quote("비밀"), r"\ube44", "ë¹", "비밀".encode().hex())


def fail_with_value(name: str) -> None:
    raise ValueError(name)


def fail_with_key(name: str) -> None:
    vars()[f"no {name}"]


def fail_with_bytes(name: str) -> None:
    (name.encode() + b"\xff").decode()


def fail_with_input(name: str) -> None:
    TypeAdapter(dict[str, int]).validate_python({name: name})


def fail_with_what_was_caught(name: str) -> None:
    try:
        fail_with_key(name)
    except KeyError:
        message = "the next one"
        raise RuntimeError(message) from ValueError(name)


def fail_with_parameters(name: str) -> None:
    unit_of_work().execute("SELECT nothing FROM users WHERE username = %(x)s", {"x": name})


def fail_with_syntax(name: str) -> None:
    unit_of_work().execute("SELECT %(x)s %(x)s", {"x": name})


def fail_with_sqlalchemy(name: str) -> None:
    engine = unit_of_work()._database.primary.engine  # noqa: SLF001  as a view never does
    with engine.connect() as connection:
        connection.exec_driver_sql("SELECT nothing FROM users WHERE username = %s", (name,))


FAULTS = (
    fail_with_value,
    fail_with_key,
    fail_with_bytes,
    fail_with_input,
    fail_with_what_was_caught,
    fail_with_parameters,
    fail_with_syntax,
    fail_with_sqlalchemy,
)

PATHS = [
    *(("GET", path) for path in ("/{}", "/v1/{}", "/v1/user/by-name/{}", "/v1/users/{}")),
    *(("GET", path) for path in ("/v1/workflows/{}/nodes", "/{}/v1/users", "/docs/{}", "/v1/{}/x")),
    *(
        ("GET", path)
        for path in ("/v1//{}", "/v1/users/{}/", "/v1/users/a%0a{}", "/v1/users/%ff{}")
    ),
    *((method, "/v1/users/by-username/{}") for method in ("PUT", "GET", "DELETE", "GEHEIM")),
    *((method, "/v1/users/{}") for method in ("PATCH", "DELETE", "POST", "GEHEIM")),
    *(("GET", f"/v1/users?{name}={{}}") for name in ("q", "username", "email", "limit", "cursor")),
    *(
        ("GET", f"/v1/users?{name}={{}}")
        for name in ("sort", "fields", "{}", "q=%ff", "{}=1&limit")
    ),
    *((method, "/v1/shared/{}") for method in ("GET", "HEAD", "POST", "GEHEIM")),
    *(
        ("GET", path)
        for path in ("/v1/feeds/{}.ics", "/v1/feeds/{}", "/v1/shared/{}/", "/V1//Shared/{}")
    ),
    ("GET", "/v1/users?q={}&q={}"),
    ("GET", "/{}" + "/x" * 5000),
    ("GET", "/v1/users?{}=" + "x" * 9000),
]

BODIES: list[Any] = [
    NAME,
    f'{{"username": "{NAME}"',
    f'{{"username": "{NAME}"}}',
    f'{{"username": "{NAME}"}}',  # and again: it is taken
    f'{{"username": "{NAME}", "username": "{NAME}"}}',
    f'{{"username": "{NAME}2", "email": "{NAME}"}}',
    f'{{"username": "{NAME}\\u0000"}}',
    f'{{"username": "{NAME}\\ud800"}}',
    f'{{"username": ["{NAME}"], "{NAME}": 1, "id": "{NAME}", "timezone": "{NAME}"}}',
    f'{{"username": "{NAME * 40}"}}',
    f'{{"username": {{"{NAME}": 1e999}}}}',
    f'"{NAME}"',
    "[" * 200 + NAME,
    f'{{"username": "{NAME}'.encode() + b"\xff",
]

HEADERS = [
    {"Host": "geheim.example"},
    {"Host": "geheim, geheim"},
    {"Origin": "https://geheim.example"},
    {"Content-Type": "application/geheim"},
    {"Content-Encoding": "geheim"},
    {"Authorization": "Bearer geheim-1", "Cookie": "geheim=geheim-2", "X-API-Key": "geheim-3"},
    {"X-Request-ID": "geheim 1", "traceparent": "00-geheim", "tracestate": "geheim=1"},
    {"Idempotency-Key": "geheim-key"},
    {"If-Match": "geheim", "If-None-Match": "geheim", "Read-After": "geheim", "Accept": "geheim"},
    {"User-Agent": "geheim", "Referer": "http://geheim/", "X-Forwarded-For": "geheim"},
]

REFUSALS = [
    OverloadedError("The service has too much to do."),
    RequestTimeoutError("The body did not arrive within 30 s."),
    BadRequestError("The body ended too early."),
]


@pytest.fixture
def watched(make_app, collector, monkeypatch, tmp_path, database):
    """Make a client of a service that tells all it can."""
    assert database
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
    return partial(_watched, make_app, collector, monkeypatch, tmp_path)


@pytest.fixture
def client(watched):
    """A client of a service that tells all it can."""
    return watched()


def _watched(make_app, collector, monkeypatch, tmp_path, **more):
    app = make_app(
        log_format="json",
        log_level="DEBUG",
        metrics="on",
        prometheus_multiproc_dir=str(tmp_path / "metrics"),
        slow_query_ms=1,
        slow_query_plan="on",
        otel_exporter_otlp_endpoint=collector.url,
        allowed_hosts=("localhost",),
        **more,
    )
    for listener in app.extensions["database"].listeners:
        if hasattr(listener.__self__, "_limit_s"):
            monkeypatch.setattr(listener.__self__, "_limit_s", 0)
    for fault in FAULTS:
        app.add_url_rule(f"/test/{fault.__name__}/<name>", view_func=fault)
    return app.test_client()


def ask_everything(client) -> int:
    count = 0
    for method, path in PATHS:
        client.open(path.replace("{}", quote(NAME)), method=method)
        count += 1
    for body in BODIES:
        client.post("/v1/users", data=body, content_type="application/json")
        count += 1
    for headers in HEADERS:
        for method in ("POST", "PATCH", "GET"):
            given = {"Content-Type": "application/json", **headers}
            client.open("/v1/users", method=method, data=f'"{NAME}"', headers=given)
            count += 1
    for refusal in REFUSALS:
        for path in (f"/{NAME}", f"/v1/users/by-username/{NAME}", f"/v1/shared/{NAME}"):
            answer = client.put(path, environ_overrides={REFUSAL: refusal})
            assert (NAME in answer.text) == ("shared" not in path)
            count += 1
    for fault in FAULTS:
        answer = client.get(f"/test/{fault.__name__}/{NAME}")
        assert answer.status_code == 500, fault.__name__
        count += 1
    return count


def test_nothing_of_a_request_is_seen_outside(client, collector, capsys):
    asked = ask_everything(client)
    spans = collector.await_spans(lambda span: span.kind == span.SPAN_KIND_SERVER, asked)
    assert len(spans) == asked
    told = {
        "log": capsys.readouterr().err,
        "spans": str(collector.requests).encode().decode("unicode_escape", "replace"),
        "raw spans": str(collector.requests),
        "metrics": client.get("/metrics").text,
    }
    assert "slow query" in told["log"]
    for where, text in told.items():
        assert len(text) > 1000, where
        found = [form for form in FORMS if form in text]
        places = [
            text[max(0, at.start() - 200) : at.end() + 50]
            for at in re.finditer("|".join(map(re.escape, FORMS)), text)
        ]
        assert not found, f"{where}: {places[:5]}"


def test_security_3_keys_are_seen_nowhere_outside(watched, collector, capsys, database):
    client = watched(auth="on")
    secrets = []
    written = KeyFormat(Settings.key_name, is_production=False)
    with UnitOfWork(database) as work:
        new = KeyCreate(name="x", scopes=[Scope.ADMIN])
        made = json.loads(work.run(KEYS.create(written.make(), new, None)).json)
    secrets.append(made["key"])
    headers = {"Authorization": f"Bearer {made['key']}", "Idempotency-Key": "1"}
    body = {"name": "x", "scopes": ["read"]}
    for _ in range(2):
        answer = client.post("/v1/keys", json=body, headers=headers)
        assert answer.status_code == 201
        secrets += filter(None, [answer.json.get("key")])
    rotated = client.post(f"/v1/keys/{answer.json['id']}/rotate", json={}, headers=headers)
    secrets += [rotated.json["key"], unknown := written.make()]
    asked = 3
    for key in (*secrets, f"{unknown}x", f"x{unknown}"):
        client.get("/v1/workflows", headers={"Authorization": f"Bearer {key}"})
        asked += 1
    spans = collector.await_spans(lambda span: span.kind == span.SPAN_KIND_SERVER, asked)
    assert len(spans) == asked
    told = capsys.readouterr().err + str(collector.requests) + client.get("/metrics").text
    assert "slow query" in told
    assert len(secrets) == 4
    for secret in secrets:
        assert secret[len("tps_test_") + 3 :] not in told


def test_of_a_path_that_leads_nowhere_there_is_what_begins_a_route(client, log_lines, nowhere):
    log_lines()
    shown = {
        "/없다": "/…",
        "/v1/user/by-name/김하늘": "/v1/…",
        "/v1/users/by-name/김하늘": "/v1/users/…",
        "/v1/users/김하늘": "/v1/users/{user_id}",
        f"/v1/users/{nowhere}/share/tok_123": "/v1/users/…",
        "/v1/users/by-username/김하늘": "/v1/users/by-username/…",
        "/v1": "/v1",
        f"/v1/users/{nowhere}": f"/v1/users/{nowhere}",
    }
    for path in shown:
        client.get(path)
    lines = [line for line in log_lines() if line["logger"] == "service.access"]
    assert [line["path"] for line in lines] == list(shown.values())


def test_a_fault_is_told_by_its_kind_and_place(client, log_lines):
    log_lines()
    for fault in FAULTS:
        client.get(f"/test/{fault.__name__}/x")
    last = {
        line["message"].split()[1].split("/")[2]: line["exception"].splitlines()[-1]
        for line in log_lines()
        if "exception" in line
    }
    untold = "its text may hold values, and is not logged"
    missing = '42703: column "nothing" does not exist'
    assert last == {
        "fail_with_value": f"ValueError: {untold}",
        "fail_with_key": f"KeyError: {untold}",
        "fail_with_bytes": f"UnicodeDecodeError: {untold}",
        "fail_with_input": (
            "pydantic_core._pydantic_core.ValidationError: 1 errors in dict[str,int]: int_parsing"
        ),
        "fail_with_what_was_caught": "RuntimeError: the next one",
        "fail_with_parameters": f"psycopg2.errors.UndefinedColumn: {missing}",
        "fail_with_syntax": f"psycopg2.errors.SyntaxError: 42601: {untold}",
        "fail_with_sqlalchemy": f"sqlalchemy.exc.ProgrammingError: {missing}",
    }


def test_what_libraries_write_below_the_first_line_is_left_out(client, log_lines):
    assert client
    log_lines()
    logging.getLogger("asyncio").error("Task exception was never retrieved\nfuture: <%s>", NAME)
    try:
        fail_with_value(NAME)
    except ValueError:
        text = f"Error on request:\nTraceback\nValueError: {NAME}"
        logging.getLogger("werkzeug").error(text)  # noqa: TRY400  as Werkzeug does
    one, other = log_lines()
    assert one["message"] == "Task exception was never retrieved"
    assert other["message"] == "Error on request:"
    assert "fail_with_value" in other["exception"]
    assert NAME not in str([one, other])
