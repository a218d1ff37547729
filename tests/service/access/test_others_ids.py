"""Another's id is answered exactly as one that no row has, wherever it stands (security 12).

Made from the document: each path, each id of a query and each id of a body, sent by somebody who
has nothing to do with the row, and again with an id of nothing.
"""

from dataclasses import replace

import pytest

from json_rows.cursor import mark_of, write_cursor
from service.models import examples
from tests.service.access.routes import MATRIX
from tests.service.access.world import STRANGER, is_id

UNKNOWN = "0199c0de-0000-7000-8000-00000000dead"

THEIRS = {
    **{name: key for name, key in examples.PATH.items() if name.endswith("_id")},
    "workflow_id": examples.WORKFLOW,
    "parent_workflow_id": examples.WORKFLOW_TO_FAIL,
    "parent_node_id": examples.NODE,
    "item_id": examples.ITEM,
    "interaction_id": examples.INTERACTION,
}
"""By name, an id of another's row of the kind that is meant."""

EVERYBODYS = {"price_id"}
NEW = {"id", "item_id"}
"""What a client calls its own new row: that the id is taken can't be hidden, whose it is can."""

INVITING = "POST /v1/itineraries/{itinerary_id}/members user_id"
"""Whoever is to be let in has to be found: that there is such a person is told to who invites."""

EACH_ITS_OWN = {"Date", "RateLimit", "X-Request-ID"}
"""Headers that no two answers share."""

HEADERS = [
    {},
    {"If-Match": "*"},
    {"If-Match": '"1"'},
    {"If-Match": '"99"'},
    {"If-None-Match": '"1"'},
    {"If-None-Match": "*"},
    {"Idempotency-Key": "k"},
]


@pytest.fixture(scope="module")
def own(world):
    """Rows of the stranger's own, by the name that they have in paths."""

    def make(path, **body):
        answer = world.send(f"Bearer {world.keys['stranger']}", "POST", f"/v1/{path}", json=body)
        assert answer.status_code == 201, answer.text
        return answer.get_json()["id"]

    workflow = make("workflows", user_input="강남에서 점심")
    return {
        **examples.PATH,
        "user_id": STRANGER,
        "workflow_id": workflow,
        "node_id": make(f"workflows/{workflow}/nodes", node_name="x", status="pending"),
        "generation_id": make(
            f"workflows/{workflow}/generations", model_provider="ollama", model_name="llama3.2"
        ),
        "itinerary_id": make("itineraries", title="강남"),
    }


def said(answer, *ids):
    """All that an answer tells, but for the id that was asked for."""
    text = answer.get_data(as_text=True)
    headers = [f"{name}: {value}" for name, value in answer.headers if name not in EACH_ITS_OWN]
    for each in ids:
        text = text.replace(each, "…")
        headers = [line.replace(each, "…") for line in headers]
    return answer.status_code, text, headers


WITH_IDS = [name for name in MATRIX if "_id}" in name and "price_id" not in name]


@pytest.mark.parametrize("name", WITH_IDS)
def test_security_12_in_a_path(name, world, documented, own):
    """Of its own rows a stranger may name any; of each id that is another's nothing is told."""
    operation = documented[name]
    named = [each for each in operation.ids if each.endswith("_id")]
    for part in named:
        # What stands before it is the stranger's, unless it is what hides it.
        others = {each: own[each] for each in named if each != part and each in own}
        for headers in HEADERS:
            answers = []
            for key in (operation.ids[part], UNKNOWN):
                path = operation.path(**others, **{part: key})
                sent = {"json": operation.body, "headers": headers}
                bearer = f"Bearer {world.keys['stranger']}"
                answers.append(
                    said(world.send(bearer, operation.method, path, **sent), key, UNKNOWN)
                )
            assert answers[0] == answers[1], (part, headers)
            assert answers[0][0] in {403, 404, 412, 422, 428}


def queries(documented):
    for name, operation in documented.items():
        for part, schema in operation.query.items():
            if is_id(schema):
                yield name, part


def bodies(documented):
    for name, operation in documented.items():
        for part in sorted(operation.body_ids - NEW):
            if f"{name} {part}" != INVITING:
                yield name, part


def test_security_12_in_a_query(world, documented, own):
    tried = set()
    for name, part in queries(documented):
        operation = documented[name]
        path = operation.path(**own)
        answers = []
        for key in (THEIRS[part], UNKNOWN):
            bearer = f"Bearer {world.keys['stranger']}"
            answer = world.send(bearer, "GET", f"{path}?{part}={key}")
            answers.append(said(answer, key))
        assert answers[0] == answers[1], (name, part)
        tried.add(part)
        # Whoever sees all finds something, or the test would say little.
        if MATRIX[name].split()[3] == "200" and part != "parent_workflow_id":
            found = world.send(f"Bearer {world.keys['admin']}", "GET", f"{path}?{part}={key}")
            assert found.status_code == 200
    assert {"user_id", "workflow_id", "parent_workflow_id"} <= tried


def test_security_12_and_13_in_a_body(world, documented, own):
    """A reference to another's row, and another user, are as unknown ones: 422 with a pointer."""
    tried = set()
    bearer = f"Bearer {world.keys['stranger']}"
    for name, part in bodies(documented):
        operation = documented[name]
        body = {key: value for key, value in operation.body.items() if key not in NEW}
        if MATRIX[name].split()[-1] == "403":
            continue
        answers = []
        for key in (THEIRS[part], UNKNOWN):
            sent = {**body, **({"user_id": STRANGER} if "user_id" in body else {}), part: key}
            answer = world.send(
                bearer,
                operation.method,
                operation.path(**{each: own[each] for each in operation.ids if each in own}),
                json=sent,
                headers=operation.headers,
            )
            answers.append(said(answer, key))
        assert answers[0] == answers[1], (name, part, answers)
        if answers[0][0] == 422:
            tried.add(f"{name} {part}")
            assert f'"/{part}"' in answers[0][1]
    assert {
        "POST /v1/workflows user_id",
        "POST /v1/workflows parent_workflow_id",
        "POST /v1/workflows/{workflow_id}/nodes parent_node_id",
        "POST /v1/workflows/{workflow_id}/generations node_id",
        "POST /v1/itineraries user_id",
        "POST /v1/itineraries workflow_id",
    } <= tried


def test_security_14_an_id_that_is_taken_tells_nothing_of_its_row(world, documented, own):
    """That it is taken can't be hidden, as ids are everybody's; whose it is, and what, is."""
    bearer = f"Bearer {world.keys['stranger']}"
    taken = {
        "POST /v1/workflows": examples.WORKFLOW,
        "POST /v1/workflows/{workflow_id}/nodes": examples.NODE,
        "POST /v1/workflows/{workflow_id}/generations": examples.GENERATION,
        "POST /v1/itineraries": examples.ITINERARY_ID,
    }
    for name, key in taken.items():
        operation = documented[name]
        path = operation.path(**own)
        mine = {"user_id": STRANGER} if "user_id" in operation.body else {}
        theirs = world.do("admin", replace(operation, method="GET", rule=path), json=None)
        assert theirs.status_code == 200
        told = set()
        for body in (
            {**operation.body, "id": key},
            {**operation.body, **mine, "id": key},
            {**operation.body, **mine, "id": key, "name": "x"},
        ):
            answer = world.send(bearer, "POST", path, json=body)
            if answer.status_code == 422:
                continue
            assert answer.status_code == 409, (name, answer.text)
            (error,) = answer.get_json()["errors"]
            assert error["pointer"] == "/id"
            told.add(answer.get_data(as_text=True))
        assert len(told) == 1, told


def test_security_12_no_replay_of_another_callers_answer(world, documented):
    """The same key and the same body are another request, whoever else has sent them before."""
    operation = documented["POST /v1/workflows"]
    body = {"user_input": "홍대에서 데이트하고 싶어"}
    made: dict[str, set[str]] = {}
    for caller in ("owner", "friend", "stranger"):
        for _ in range(2):
            answer = world.do(caller, operation, json=body, headers={"Idempotency-Key": "same"})
            assert answer.status_code == 201, answer.text
            made.setdefault(caller, set()).add(answer.get_json()["id"])
    assert all(len(ids) == 1 for ids in made.values())
    assert len(set.union(*made.values())) == 3


def lists(documented):
    for name, operation in documented.items():
        if "cursor" in operation.query and MATRIX[name].split()[-1] == "200":
            yield operation


def test_cursors_of_others_lists_and_orders_are_refused(world, documented, own, pointers):
    """A cursor that somebody else was given is no better than one that was made up."""
    bearer = f"Bearer {world.keys['stranger']}"
    tried = 0
    for operation in lists(documented):
        path, default = operation.path(**own), operation.query["sort"]["default"]
        made_up = [
            write_cursor(mark_of("x"), default, "2026-01-01", UNKNOWN),
            write_cursor("", default, "2026-01-01", UNKNOWN),
        ]
        cursors = [*made_up]
        for caller in ("owner", "admin"):
            page = world.send(f"Bearer {world.keys[caller]}", "GET", f"{path}?limit=1").get_json()
            if page["next_cursor"]:
                cursors.append(page["next_cursor"])
                tried += 1
        answers = set()
        for cursor in cursors:
            answer = world.send(bearer, "GET", f"{path}?cursor={cursor}")
            assert pointers(answer) == ["/cursor"]
            answers.add(answer.get_data(as_text=True))
        assert len(answers) == 1
    assert tried >= 2


def test_security_12_timelines_lists_and_counts_show_only_ones_own(world, documented, own):
    """Nothing of any list that a stranger may ask for names a row of another."""
    secrets = {
        key for key in (*examples.PATH.values(), *THEIRS.values()) if isinstance(key, str)
    } - {examples.PRICE}
    bearer = f"Bearer {world.keys['stranger']}"
    for operation in (each for each in documented.values() if "cursor" in each.query):
        if MATRIX[operation.name].split()[-1] == "403":
            continue
        answer = world.send(bearer, "GET", operation.path(**own) + "?limit=200")
        assert answer.status_code == 200, (operation.name, answer.text)
        text = answer.get_data(as_text=True)
        assert not [key for key in secrets if key in text], operation.name
        for row in answer.get_json()["items"]:
            assert row.get("user_id", STRANGER) == STRANGER


def test_what_is_over_is_not_told_of_a_workflow_of_others(world, documented):
    """Neither which state it is in, nor that it is in any, by a 409."""
    ending = [name for name in MATRIX if name.rpartition("/")[2] in {"complete", "fail", "cancel"}]
    bearer = f"Bearer {world.keys['stranger']}"
    for end in ending:
        assert world.do("admin", documented[end]).status_code == 200
        for name in MATRIX:
            if not name.startswith("POST /v1/workflows/{workflow_id}/"):
                continue
            operation = documented[name]
            key = documented[end].ids.get("workflow_id", examples.WORKFLOW)
            answers = []
            for each in (key, UNKNOWN):
                world.keep_changes()
                answer = world.send(
                    bearer, "POST", operation.path(workflow_id=each), json=operation.body
                )
                answers.append(said(answer, each))
            assert answers[0] == answers[1], (end, name)
            assert answers[0][0] == 404
        world.forget_changes()
