"""The clients: each sends one request after another and notes what it was told."""

import json
import random
import re
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.faults.http_client import Answer, HttpClient, NoAnswerError

from .board import Board
from .calls import Call, Kind, Outcome, Request, Row
from .requests import create_workflow, drawn

MEMBERS = {
    Kind.WORKFLOW: (
        *("id", "status", "version", "name", "started_at", "completed_at", "active_ms"),
        *("waiting_ms", "node_count", "failed_node_count", "generation_count", "input_tokens"),
        *("output_tokens", "total_cost"),
    ),
    Kind.NODE: ("id", "seq", "status", "started_at", "completed_at"),
    Kind.GENERATION: ("id", "cost"),
    Kind.INTERACTION: ("id", "seq", "requested_at", "answered_at"),
}
"""What is noted of a row."""

_TIMES = ("started_at", "completed_at", "requested_at", "answered_at")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_VERSION = re.compile(r'"(\d+)')

_SHOWS = {
    "list_nodes": Kind.NODE,
    "list_workflow_generations": Kind.GENERATION,
    "list_interactions": Kind.INTERACTION,
    "create_node": Kind.NODE,
    "create_generation": Kind.GENERATION,
}


def crew(port: int, seed: int, numbers: range) -> list["Rival"]:
    """Make clients that share their workflows."""
    board = Board()
    return [Rival(port, seed, number, board) for number in numbers]


class Rival:
    """One client of the few workflows that others change at the same time."""

    def __init__(self, port: int, seed: int, number: int, board: Board) -> None:
        self._http = HttpClient(port)
        self._chance = random.Random(f"{seed}-{number}")  # noqa: S311  repeatable, not secret
        self._number = number
        self._board = board
        self.ledger: list[Call] = []

    def begin(self) -> None:
        """Create the user whom all share, and a workflow."""
        body = {"id": self._board.user_id, "username": f"rivals-{self._board.session}"}
        answer = self._http.send("POST", "/v1/users", body)
        if answer.status not in {200, 201, 409}:  # Another made it.
            message = f"the user can't be made: {answer.body!r}"
            raise RuntimeError(message)
        self._note(create_workflow(self._board, self._chance))

    def act(self) -> None:
        """Send a request, and rarely let others send it at the same time."""
        request = drawn(self._board, self._chance)
        if request.has_identity and request.method == "POST" and self._chance.random() < 0.3:
            self._board.announce(request)
        self._note(request)

    def _note(self, request: Request) -> None:
        began = time.monotonic()
        try:
            answer = self._http.send(
                request.method,
                request.path,
                request.body,
                request.headers,
                may_repeat=request.has_identity,
            )
        except NoAnswerError as error:
            call = Call(
                request,
                began,
                time.monotonic(),
                Outcome.UNKNOWN,
                0,
                said=str(error),
                client=self._number,
            )
        else:
            call = _told(request, began, time.monotonic(), answer, self._number)
        self.ledger.append(call)
        self._board.note(call, self._chance)


def _told(request: Request, began: float, ended: float, answer: Answer, client: int) -> Call:
    told = json.loads(answer.body, parse_float=Decimal) if answer.body else {}
    return Call(
        request,
        began,
        ended,
        _outcome(request, answer, told),
        answer.status,
        tuple(_rows(request, answer, told)),
        is_replayed="idempotency-replayed" in answer.headers,
        is_whole=isinstance(told, dict) and told.get("next_cursor", "") is None,
        said=str(told.get("detail", "")) if answer.status >= 400 else "",
        client=client,
    )


def _outcome(request: Request, answer: Answer, told: Mapping[str, Any]) -> Outcome:
    if answer.status < 400:
        return Outcome.DONE
    was_perhaps_sent_before = answer.repeats and request.method != "GET"
    is_perhaps_done = "outcome" in told or (answer.status >= 500 and answer.status != 503)
    # Another request holds the key.
    is_in_progress = answer.status == 409 and "retry-after" in answer.headers
    if was_perhaps_sent_before or is_perhaps_done or is_in_progress:
        return Outcome.UNKNOWN
    return Outcome.REFUSED


def _rows(request: Request, answer: Answer, told: Any) -> Iterator[tuple[Kind, Row]]:
    """Pick the rows that an answer shows; a refusal and an ETag show something, too."""
    kind = _SHOWS.get(request.operation, Kind.NODE if request.node else Kind.WORKFLOW)
    etag = _VERSION.search(answer.headers.get("etag", ""))
    if answer.status in {304, 412} and etag:
        version = int(etag[1])
        yield Kind.WORKFLOW, {"id": request.workflow, "version": version, "etag": version}
    elif answer.status == 409 and "current" in told:
        of_node = kind is Kind.NODE and request.node
        named = (Kind.NODE, request.node) if of_node else (Kind.WORKFLOW, request.workflow)
        more = {name: told[name] for name in ("interaction_id",) if name in told}
        yield named[0], {"id": named[1], "status": told["current"], **more}
    elif answer.status < 300 and request.operation == "get_timeline":
        for entry in told["items"]:
            its = Kind(f"{entry['kind']}s")
            yield its, _picked(its, entry[entry["kind"]])
    elif answer.status < 300 and told:
        for row in told.get("items", (told,)):
            # A list has an ETag of its own, if any.
            is_its_own = kind is Kind.WORKFLOW and row is told
            more = {"etag": int(etag[1])} if etag and is_its_own else {}
            yield kind, {**_picked(kind, row), **more}


def _picked(kind: Kind, row: Row) -> Row:
    picked = {name: value for name, value in row.items() if name in MEMBERS[kind]}
    for name in _TIMES:
        if picked.get(name) is not None:
            since = datetime.fromisoformat(picked[name]) - _EPOCH
            picked[name] = since // timedelta(microseconds=1)
    return picked
