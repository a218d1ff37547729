"""Checks of ends: what is closed stays closed, and nobody is told otherwise."""

import math
from collections.abc import Iterator

from .calls import CLOSED, Call, Database, History, Kind, Row, done


def ends_are_final(history: History, database: Database) -> Iterator[str]:
    """Nobody is told two ends of one workflow or node, and it is the one in the database."""
    for (kind, row_id), sights in history.sights.items():
        ends = {(row["status"], row.get("completed_at")) for _, row in sights if is_closed(row)}
        if not ends or row_id not in database[kind]:
            continue
        kept = database[kind][row_id]
        ends.add((kept["status"], kept["completed_at"]))
        times = {time for _, time in ends if time is not None}  # A 409 tells of the state alone.
        if len({status for status, _ in ends}) > 1 or len(times) > 1:
            yield f"{kind} {row_id}: told {sorted(ends, key=str)}"


def closed_stays_closed(history: History, database: Database) -> Iterator[str]:  # noqa: ARG001  as all
    """Nobody sees open what was told to be closed before."""
    for key, since in history.closed_since.items():
        for call, row in history.sights[key]:
            if since < call.began and is_open(row) and not call.is_replayed:
                operation = call.request.operation
                yield f"{key[0]} {key[1]}: {row['status']} in {operation} after its end"


def nothing_follows_the_end(history: History, database: Database) -> Iterator[str]:
    """No node is added, and no sign of life taken, after somebody was told of the end."""
    for workflow_id in database[Kind.WORKFLOW]:
        marks = {node["mark"]: node["id"] for node in database.of(workflow_id, Kind.NODE)}
        for call in _after_end(history, workflow_id):
            is_first = history.by_mark.get(call.request.mark, [call])[0] is call
            if call.request.operation == "create_node" and call.request.mark in marks:
                if is_first:
                    node_id = marks[call.request.mark]
                    yield f"workflow {workflow_id}: node {node_id} was added after the end"
            elif call.request.operation == "record_heartbeat" and done([call]):
                yield f"workflow {workflow_id}: took a heartbeat after the end"


def closed_has_no_open_nodes(history: History, database: Database) -> Iterator[str]:
    """A closed workflow has no open nodes, neither in the end nor in what is read after its end."""
    for workflow_id, workflow in database[Kind.WORKFLOW].items():
        if is_closed(workflow):
            for node in database.of(workflow_id, Kind.NODE):
                if is_open(node):
                    yield f"workflow {workflow_id}: closed, and node {node['id']} is open"
        for call in _after_end(history, workflow_id):
            for node in call.shown(Kind.NODE):
                if is_open(node):
                    yield f"workflow {workflow_id}: closed, and node {node['id']} shown as open"


def _after_end(history: History, workflow_id: str) -> Iterator[Call]:
    """Give the calls about a workflow that began when its end was known."""
    since = history.closed_since.get((Kind.WORKFLOW, workflow_id), math.inf)
    for call in history.by_workflow.get(workflow_id, []):
        if since < call.began and not call.is_replayed:
            yield call


def is_closed(row: Row) -> bool:
    """Tell whether a row is shown in a final state."""
    return row.get("status") in CLOSED


def is_open(row: Row) -> bool:
    """Tell whether a row is shown in a state that is not final."""
    return "status" in row and not is_closed(row)
