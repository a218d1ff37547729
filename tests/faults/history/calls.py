"""The history: what each client asked for, when, and what it was told."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

Row = Mapping[str, Any]
"""A row as JSON, or some members of it; times are whole microseconds."""

WORKFLOW_ENDS = {
    "complete_workflow": "completed",
    "fail_workflow": "failed",
    "cancel_workflow": "cancelled",
}
NODE_ENDS = {"complete_node": "completed", "fail_node": "failed", "skip_node": "skipped"}
"""The operations that end something, and the state in which it is then."""

CLOSED = frozenset({"completed", "failed", "skipped", "cancelled"})
"""The final states, of workflows and of nodes."""


class Kind(StrEnum):
    """What a row is: the names of tables."""

    WORKFLOW = "workflows"
    NODE = "nodes"
    GENERATION = "generations"
    INTERACTION = "interactions"


class Outcome(StrEnum):
    """What the client knows of its request: it was done, it was not, or neither."""

    DONE = "done"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asks for: `operation` as in the API's names, about one workflow."""

    operation: str
    method: str
    path: str
    workflow: str = ""
    node: str = ""
    body: Row | None = None
    headers: Mapping[str, str] | None = None
    identity: str = ""
    """What repeated requests have in common: the id or key of the client's own, or any text."""
    mark: str = ""
    """What the request writes, and no other one does; it is found again in the row."""
    is_blind: bool = False
    """Whether it may be done twice by one request, as nothing in it tells that it was done."""
    has_identity: bool = True
    """Whether it may be sent again when no answer came."""

    @property
    def made(self) -> Kind | None:
        """What it makes, if it makes something."""
        return _MADE.get(self.operation)


_MADE = {
    "create_workflow": Kind.WORKFLOW,
    "create_node": Kind.NODE,
    "create_generation": Kind.GENERATION,
}


@dataclass(frozen=True, slots=True)
class Call:
    """A request and its answer; times are of the monotonic clock, in seconds.

    `rows` are those that the answer showed. A state that a 409 names counts as shown.
    """

    request: Request
    began: float
    ended: float
    outcome: Outcome
    status: int = 200
    """0 when there was no answer."""
    rows: tuple[tuple[Kind, Row], ...] = ()
    is_replayed: bool = False
    """Whether it is the answer to an earlier request, and tells of that time."""
    is_whole: bool = False
    """Whether a list had no further page."""
    said: str = ""
    """What a refusal or a failure said."""
    client: int = 0

    def shown(self, kind: Kind) -> list[Row]:
        """Pick what the answer showed of one kind."""
        return [row for its, row in self.rows if its is kind]


class Database:
    """What the tables hold in the end: rows by their ids."""

    def __init__(self, tables: Mapping[Kind, Iterable[Row]]) -> None:
        self._tables = {kind: {row["id"]: row for row in rows} for kind, rows in tables.items()}

    def __getitem__(self, kind: Kind) -> Mapping[str, Row]:
        return self._tables.get(kind, {})

    def of(self, workflow_id: str, kind: Kind) -> list[Row]:
        """Pick the rows of a workflow."""
        return self._by_workflow[kind].get(workflow_id, [])

    @cached_property
    def _by_workflow(self) -> dict[Kind, dict[str, list[Row]]]:
        found: dict[Kind, dict[str, list[Row]]] = {kind: defaultdict(list) for kind in Kind}
        for kind in (Kind.NODE, Kind.GENERATION, Kind.INTERACTION):
            for row in self[kind].values():
                found[kind][row["workflow_id"]].append(row)
        return found


class History:
    """All calls of all clients, in the order in which they began."""

    def __init__(self, calls: Iterable[Call]) -> None:
        self.calls = sorted(calls, key=lambda call: call.began)

    def makers(self, kind: Kind) -> Iterator[list[Call]]:
        """Give the calls that made, or tried to make, a row of this kind: by their identity."""
        yield from self._makers[kind].values()

    @cached_property
    def _makers(self) -> dict[Kind, dict[str, list[Call]]]:
        found: dict[Kind, dict[str, list[Call]]] = {kind: defaultdict(list) for kind in Kind}
        for call in self.calls:
            if call.request.made:
                found[call.request.made][call.request.identity].append(call)
        return found

    @cached_property
    def acknowledged(self) -> dict[Kind, dict[str, dict[str, float]]]:
        """When each row was first acknowledged, by its workflow and its id."""
        found: dict[Kind, dict[str, dict[str, float]]] = {kind: defaultdict(dict) for kind in Kind}
        for kind, by_identity in self._makers.items():
            for call in (call for calls in by_identity.values() for call in done(calls)):
                row_id = call.shown(kind)[0]["id"]
                rows = found[kind][call.request.workflow]
                rows[row_id] = min(call.ended, rows.get(row_id, call.ended))
        return found

    @cached_property
    def by_mark(self) -> dict[str, list[Call]]:
        """The calls by what they write."""
        found = defaultdict(list)
        for call in self.calls:
            if call.request.mark:
                found[call.request.mark].append(call)
        return dict(found)

    @cached_property
    def by_workflow(self) -> dict[str, list[Call]]:
        """The calls about each workflow."""
        found = defaultdict(list)
        for call in self.calls:
            found[call.request.workflow].append(call)
        return dict(found)

    @cached_property
    def sights(self) -> dict[tuple[Kind, str], list[tuple[Call, Row]]]:
        """What was shown of each row."""
        found = defaultdict(list)
        for call in self.calls:
            for kind, row in call.rows:
                found[kind, row["id"]].append((call, row))
        return dict(found)

    @cached_property
    def closed_since(self) -> dict[tuple[Kind, str], float]:
        """When it was first known that a row is closed: when the first answer said so."""
        return {
            key: min(ends)
            for key, sights in self.sights.items()
            if (ends := [call.ended for call, row in sights if row.get("status") in CLOSED])
        }


def may_be_done(calls: Iterable[Call]) -> bool:
    """Tell whether one of them was done, or may have been."""
    return any(call.outcome is not Outcome.REFUSED for call in calls)


def done(calls: Iterable[Call]) -> list[Call]:
    """Pick those that were acknowledged."""
    return [call for call in calls if call.outcome is Outcome.DONE]
