"""The requests of a client at random, each with a text of its own by which it is found again."""

import random
from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

from .board import Board, Subject
from .calls import Request

MIXTURE = {
    "get_workflow": 24,
    "get_node": 12,
    "list_workflows": 8,
    "list_nodes": 16,
    "list_workflow_generations": 8,
    "get_timeline": 10,
    "list_interactions": 6,
    "create_node": 34,
    "create_generation": 20,
    "end_node": 28,
    "record_heartbeat": 12,
    "update_workflow": 12,
    "await_input": 10,
    "resume_workflow": 14,
    "talk": 3,
    "end_workflow": 3,
    "delete": 2,
    "again": 16,
}
"""How often a client does what, in relation."""

CROWD = 6
"""How many requests come with an end, at the same time."""

_WHOLE_LIST = "limit=100"


def drawn(board: Board, chance: random.Random) -> Request:
    """Draw the next request."""
    if queued := board.queued():
        return queued
    if board.wants_more(chance):
        return create_workflow(board, chance)
    (name,) = chance.choices([*MIXTURE], [*MIXTURE.values()])
    if name == "again" and (request := board.again(chance)):
        return request
    make = _WRITES.get(name)
    subject = board.pick(chance)
    if series := _SERIES.get(name):
        first, *others = series(subject, chance)
        board.queue(others)
        return first
    return make(subject, chance) if make else _read(name, board, subject, chance)


def _rush(subject: Subject, chance: random.Random) -> list[Request]:
    """Draw an end, and what comes just before and just after it."""
    makes = (
        *(_create_node, _create_node, _end_node, _create_generation, _end_workflow),
        *(_await_input, _resume_workflow),
    )
    rush = [chance.choice(makes)(subject, chance) for _ in range(CROWD)]
    rush.insert(chance.randrange(CROWD), _end_workflow(subject, chance))
    return rush


def _talk(subject: Subject, chance: random.Random) -> list[Request]:
    """Draw questions, and an answer that is sent once more when the next one may be open."""
    answer = _resume_workflow(subject, chance)
    while not answer.has_identity:
        answer = _resume_workflow(subject, chance)
    return [_await_input(subject, chance), answer, _await_input(subject, chance), answer]


_SERIES = {"end_workflow": _rush, "talk": _talk}


def create_workflow(board: Board, chance: random.Random) -> Request:
    """Start a workflow of the board's user and session."""
    mark = uuid4().hex
    body = {"user_id": board.user_id, "user_input": mark, "session_id": board.session}
    identity = _identity(chance, mark)
    return Request("create_workflow", "POST", "/v1/workflows", **_as_sent(body, identity, mark))


def _identity(chance: random.Random, mark: str) -> tuple[str, dict[str, str], dict[str, str]]:
    """Draw an id of the client's own, a key or neither; returns it with the body's and headers."""
    kind = chance.choice(("id", "key", "none"))
    if kind == "id":
        own = str(uuid4())
        return own, {"id": own}, {}
    if kind == "key":
        return mark, {}, {"Idempotency-Key": mark}
    return mark, {}, {}


def _as_sent(
    body: Mapping[str, Any], identity: tuple[str, dict[str, str], dict[str, str]], mark: str
) -> dict[str, Any]:
    name, own, headers = identity
    return {
        "body": {**own, **body},
        "headers": headers,
        "identity": name,
        "mark": mark,
        "has_identity": bool(own or headers),
    }


def _create_node(subject: Subject, chance: random.Random) -> Request:
    mark = uuid4().hex
    status = chance.choices(("running", "pending", "skipped"), (7, 2, 1))[0]
    body: dict[str, Any] = {"node_name": "laboratory", "input": {"mark": mark}, "status": status}
    if status == "skipped":
        body["skip_reason"] = mark
    if subject.chooses_seq and chance.random() < 0.4:
        body["seq"] = subject.highest_seq + chance.randint(1, 3)
    sent = _as_sent(body, _identity(chance, mark), mark)
    path = f"/v1/workflows/{subject.id}/nodes"
    return Request("create_node", "POST", path, subject.id, **sent)


def _create_generation(subject: Subject, chance: random.Random) -> Request:
    mark = uuid4().hex
    body: dict[str, Any] = {"model_name": "any", "user_prompt": mark}
    if chance.random() < 0.8:
        body |= {"prompt_tokens": chance.randint(0, 99), "completion_tokens": chance.randint(0, 9)}
    if chance.random() < 0.6:
        body["cost"] = chance.randint(1, 999) / 1000
    if subject.nodes and chance.random() < 0.5:
        body["node_id"] = chance.choice(subject.nodes)
    sent = _as_sent(body, _identity(chance, mark), mark)
    path = f"/v1/workflows/{subject.id}/generations"
    return Request("create_generation", "POST", path, subject.id, **sent)


def _end_node(subject: Subject, chance: random.Random) -> Request:
    if not subject.nodes:
        return _create_node(subject, chance)
    # Most are of the last nodes, at which others are, too.
    node_id = chance.choice(subject.nodes[-6:] if chance.random() < 0.8 else subject.nodes)
    verb = chance.choices(("complete", "fail", "skip", "start"), (5, 3, 2, 2))[0]
    mark = uuid4().hex
    bodies: dict[str, dict[str, Any]] = {
        "complete": {"output": {"mark": mark}},
        "fail": {"error_message": mark},
        "skip": {"skip_reason": mark},
        "start": {},
    }
    path = f"/v1/nodes/{node_id}/{verb}"
    return Request(
        f"{verb}_node",
        "POST",
        path,
        subject.id,
        node_id,
        bodies[verb],
        _perhaps_keyed(chance),
        identity=mark,
        mark=mark,
    )


def _end_workflow(subject: Subject, chance: random.Random) -> Request:
    verb = chance.choice(("complete", "fail", "cancel"))
    mark = "" if verb == "cancel" else uuid4().hex
    bodies: dict[str, dict[str, Any]] = {
        "complete": {"final_itinerary": {"mark": mark}},
        "fail": {"error_message": mark},
        "cancel": {},
    }
    path = f"/v1/workflows/{subject.id}/{verb}"
    return Request(
        f"{verb}_workflow",
        "POST",
        path,
        subject.id,
        body=bodies[verb],
        headers=_perhaps_keyed(chance),
        identity=uuid4().hex,
        mark=mark,
    )


def _perhaps_keyed(chance: random.Random) -> dict[str, str]:
    """Draw a key for some of the requests that may be repeated without one, too."""
    return {"Idempotency-Key": uuid4().hex} if chance.random() < 0.3 else {}


def _record_heartbeat(subject: Subject, chance: random.Random) -> Request:
    key = uuid4().hex
    is_blind = not subject.is_exact and chance.random() < 0.5
    path = f"/v1/workflows/{subject.id}/heartbeat"
    return Request(
        "record_heartbeat",
        "POST",
        path,
        subject.id,
        headers={} if is_blind else {"Idempotency-Key": key},
        identity=key,
        is_blind=is_blind,
    )


def _update_workflow(subject: Subject, chance: random.Random) -> Request:
    mark = uuid4().hex
    is_blind = not subject.is_exact and chance.random() < 0.5
    return Request(
        "update_workflow",
        "PATCH",
        f"/v1/workflows/{subject.id}",
        subject.id,
        body={"name": mark},
        headers={} if is_blind else {"If-Match": f'"{subject.version}"'},
        identity=mark,
        mark=mark,
        is_blind=is_blind,
    )


def _await_input(subject: Subject, chance: random.Random) -> Request:
    mark = uuid4().hex
    sent = _as_sent({"question": mark}, _identity(chance, mark), mark)
    path = f"/v1/workflows/{subject.id}/await-input"
    return Request("await_input", "POST", path, subject.id, **sent)


def _resume_workflow(subject: Subject, chance: random.Random) -> Request:
    mark = uuid4().hex
    sent = _as_sent({"answer": mark}, _identity(chance, mark), mark)
    path = f"/v1/workflows/{subject.id}/resume"
    return Request("resume_workflow", "POST", path, subject.id, **sent)


def _delete(subject: Subject, chance: random.Random) -> Request:
    """Delete what is not there, or a version that never was."""
    if chance.random() < 0.5:
        return Request("delete_nothing", "DELETE", f"/v1/workflows/{uuid4()}")
    headers = {"If-Match": '"999999999"'}
    path = f"/v1/workflows/{subject.id}"
    return Request("delete_stale", "DELETE", path, subject.id, headers=headers)


_WRITES: dict[str, Callable[[Subject, random.Random], Request]] = {
    "create_node": _create_node,
    "create_generation": _create_generation,
    "end_node": _end_node,
    "record_heartbeat": _record_heartbeat,
    "update_workflow": _update_workflow,
    "await_input": _await_input,
    "resume_workflow": _resume_workflow,
    "delete": _delete,
}


def _read(name: str, board: Board, subject: Subject, chance: random.Random) -> Request:
    workflow = f"/v1/workflows/{subject.id}"
    if name == "list_workflows":
        return Request(name, "GET", f"/v1/workflows?session_id={board.session}&{_WHOLE_LIST}")
    if name == "get_node" and subject.nodes:
        node_id = chance.choice(subject.nodes)
        return Request(name, "GET", f"/v1/nodes/{node_id}", subject.id, node_id)
    paths = {
        "list_nodes": f"{workflow}/nodes?{_WHOLE_LIST}",
        "list_workflow_generations": f"{workflow}/generations?{_WHOLE_LIST}",
        "get_timeline": f"{workflow}/timeline?{_WHOLE_LIST}",
        "list_interactions": f"{workflow}/interactions?{_WHOLE_LIST}",
    }
    if name in paths:
        return Request(name, "GET", paths[name], subject.id)
    headers = {"If-None-Match": f'"{subject.version}"'} if chance.random() < 0.3 else {}
    return Request("get_workflow", "GET", workflow, subject.id, headers=headers)
