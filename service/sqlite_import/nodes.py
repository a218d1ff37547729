"""Nodes of the predecessor, converted."""

import json
from contextlib import suppress
from datetime import datetime, timedelta
from typing import NamedTuple

from service.models.node import NodeType
from service.models.status import NODE_TRANSITIONS, NodeStatus
from sqlite_to_postgres.keys import Keys
from sqlite_to_postgres.source import Row
from sqlite_to_postgres.times import is_plausible
from sqlite_to_postgres.values import BIGINT_MAX, Values

NAME_LENGTH = 255
REASON_LENGTH = 2000

_STATUSES = frozenset(status.value for status in NodeStatus)
_OPEN = frozenset(status.value for status, after in NODE_TRANSITIONS.items() if after)
_TYPES = frozenset(kind.value for kind in NodeType)
_STARTED = frozenset({"running", "completed", "failed"})


class NodeFields(NamedTuple):
    """What is staged of a node, as text for COPY; `state` goes to the table node_states."""

    workflow_id: str | None
    node_name: str
    node_type: str
    status: str
    input: str | None
    output: str | None
    state: str | None
    skip_reason: str | None
    error_message: str | None
    error_traceback: str | None
    started_at: str | None
    completed_at: str | None
    duration_ms: str | None


def convert_node(values: Values, keys: Keys, row: Row) -> NodeFields:
    """Convert a node; RefusedError for an unknown status.

    A time that the status wants and the row has no trace of stays null: the workflow gives it.
    """
    (_, _, workflow_id, name, node_type, _order, given_status, state, given_input) = row[:9]
    (given_output, message, traceback, started, completed, duration) = row[9:]
    status = values.known("status", given_status, _STATUSES)
    duration_ms = values.whole("duration_ms", duration, most=BIGINT_MAX)
    started_at, completed_at = _times(values, status, started, completed, duration_ms)
    output = values.document("output_data", given_output)
    return NodeFields(
        workflow_id=keys.of_parent("workflows", workflow_id),
        node_name=values.name("node_name", name, NAME_LENGTH, "(unnamed)"),
        node_type=_node_type(values, node_type),
        status=status,
        input=values.document("input_data", given_input),
        output=output,
        state=values.document("state_data", state),
        skip_reason=_skip_reason(values, output) if status == "skipped" and output else None,
        error_message=values.text("error_message", message),
        error_traceback=values.text("error_traceback", traceback),
        started_at=str(started_at) if started_at else None,
        completed_at=str(completed_at) if completed_at else None,
        duration_ms=duration_ms,
    )


def _node_type(values: Values, given: object) -> str:
    kind = values.text("node_type", given)
    if kind in _TYPES:
        return kind
    values.note("node_type unknown, now other", kind)
    return NodeType.OTHER.value


def _skip_reason(values: Values, output: str) -> str | None:
    """Find the reason in the output of a skipped node."""
    members = json.loads(output, parse_int=str)
    reason = members.get("skip_reason") if isinstance(members, dict) else None
    if not isinstance(reason, str):
        return None
    if len(reason) > REASON_LENGTH:
        values.note(f"skip_reason cut to {REASON_LENGTH} characters, whole in output")
    return reason[:REASON_LENGTH]


def _times(
    values: Values, status: str, started: object, completed: object, duration_ms: str | None
) -> tuple[datetime | None, datetime | None]:
    started_at = values.moment("started_at", started)
    ended_at = values.moment("completed_at", completed)
    if status == NodeStatus.PENDING and started_at:
        values.note("started_at of a pending node, now null", str(started_at))
        started_at = None
    if status in _OPEN:
        if ended_at:
            values.note(f"completed_at of a {status} node, now null", str(ended_at))
            ended_at = None
    elif ended_at is None and started_at is None:
        values.note("completed_at missing, now the start of the workflow")
    elif ended_at is None and started_at:
        ended_at = _end(values, started_at, duration_ms)
    elif started_at and ended_at and ended_at < started_at:
        values.note("completed_at before started_at, now started_at", str(ended_at))
        ended_at = started_at
    if started_at is None and status in _STARTED:
        substitute = "completed_at" if ended_at else "the start of the workflow"
        values.note(f"started_at missing, now {substitute}")
        started_at = ended_at
    return started_at, ended_at


def _end(values: Values, started_at: datetime, duration_ms: str | None) -> datetime:
    """Reckon the time at which a node ended."""
    with suppress(OverflowError):
        ended_at = started_at + timedelta(milliseconds=int(duration_ms or 0))
        if duration_ms is not None and is_plausible(ended_at):
            values.note("completed_at missing, now started_at plus duration_ms")
            return ended_at
    values.note("completed_at missing, now started_at")
    return started_at
