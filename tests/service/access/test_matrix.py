"""Each route, for each kind of caller: with a good key, a bad one or none."""

import re
from dataclasses import replace

import pytest

from tests.service.access.routes import MATRIX, OF_THEIR_OWN, PUBLIC
from tests.service.access.world import CALLERS

RECORDED = {"id", "status", "seq"}


def routes(app):
    """Name all routes of the URL map."""
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
        yield from (f"{method} {path}" for method in rule.methods - {"HEAD", "OPTIONS"})


def test_each_route_has_its_row_and_each_row_its_route(world, documented):
    rows = {*MATRIX, *PUBLIC, *OF_THEIR_OWN}
    assert set(routes(world.app)) == rows, "say in tests/service/access/routes.py who may"
    assert set(MATRIX) <= set(documented)


@pytest.mark.parametrize("name", MATRIX)
def test_security_10_each_caller_is_answered_as_the_table_says(name, world, documented):
    operation = documented[name]
    wanted = dict(zip(CALLERS, map(int, MATRIX[name].split()), strict=True))
    found = {}
    for caller in CALLERS:
        is_silent = caller == "read" or wanted[caller] >= 400
        before = world.contents() if is_silent else None
        answer = world.do(caller, operation)
        found[caller] = answer.status_code
        assert before is None or world.contents() == before, f"{name} changed rows for {caller}"
        if caller == "ingest" and answer.status_code < 300:
            assert set(answer.get_json()) <= RECORDED, f"security 11: {answer.text}"
    assert found == wanted, "as `routes.py` has it"


@pytest.mark.parametrize("name", MATRIX)
def test_security_6_and_8_who_has_no_good_key_is_told_nothing_else(name, world, documented):
    """Whatever the body, the precondition and the ids are: it is not looked at."""
    operation = documented[name]
    keys = {"none": None, **world.wrong, **world.unread}
    for kind, authorization in keys.items():
        world.sent.clear()
        answer = world.do(authorization, operation)
        assert answer.status_code == 401, (kind, answer.text)
        assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="api"')
        is_silent = kind not in world.wrong
        assert not (world.sent and is_silent), f"{kind} was looked up"
        assert "ETag" not in answer.headers
        if kind == "none":
            # Neither what can't be read, nor what is missing, is told of before.
            for broken in (
                {"data": b"{", "content_type": "application/json"},
                {"data": b"x", "content_type": "text/plain"},
                {"headers": {"If-Match": "x", "If-None-Match": "*", "Idempotency-Key": "k"}},
            ):
                bare = {"json": None} if "data" in broken else {}
                assert world.do(None, operation, **{**bare, **broken}).status_code == 401


@pytest.mark.parametrize("name", [name for name in MATRIX if name.startswith("GET ")])
def test_head_is_answered_as_get(name, world, documented):
    operation = replace(documented[name], method="HEAD")
    wanted = dict(zip(CALLERS, map(int, MATRIX[name].split()), strict=True))
    for caller in ("ingest", "read", "stranger"):
        answer = world.do(caller, operation, json=None)
        assert answer.status_code == wanted[caller], caller
        assert answer.data == b""
    assert world.do(None, operation, json=None).status_code == 401


def test_security_8_paths_and_methods_that_are_not_there_are_told_to_who_has_a_key(
    world, documented
):
    paths = {operation.path() for name, operation in documented.items() if name in MATRIX}
    routed = world.app.url_map.bind("localhost")
    told = set()
    for path in sorted(paths):
        for method in ("OPTIONS", "TRACE", "PATCH", "PUT", "POST", "DELETE", "GET"):
            if method != "OPTIONS" and routed.test(path, method):
                continue
            assert world.send(None, method, path).status_code == 401, (method, path)
            answer = world.send(f"Bearer {world.keys['read']}", method, path)
            assert answer.status_code == (200 if method == "OPTIONS" else 405), (method, path)
            told.add(answer.status_code)
    assert told == {200, 405}
    for path in ("/v1", "/v1/", "/v1/nothing", "/v1/workflows/x/y"):
        assert world.send(None, "GET", path).status_code == 401, path
        assert world.send(f"Bearer {world.keys['read']}", "GET", path).status_code == 404, path


@pytest.mark.parametrize("name", PUBLIC)
def test_what_is_public_asks_nobody(name, world):
    method, _, path = name.partition(" ")
    for authorization in (None, *world.wrong.values(), *world.unread.values(), "x"):
        world.sent.clear()
        answer = world.send(authorization, method, re.sub("{.*}", "nothing", path))
        assert answer.status_code == PUBLIC[name], authorization
        assert not any("api_keys" in sql for sql in world.sent)


def test_security_7_a_key_for_tests_is_refused_in_production(client_with, new_key):
    guarded = client_with(app_env="production", auth="on")
    answer = guarded.get("/v1/workflows", headers=new_key("admin"))
    assert answer.status_code == 401
    assert "another environment" in answer.get_json()["detail"]
