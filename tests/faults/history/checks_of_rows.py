"""Checks of rows: each acknowledged one is there once, with its content, and no other one is."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from decimal import Decimal

from .calls import (
    CLOSED,
    NODE_ENDS,
    WORKFLOW_ENDS,
    Call,
    Database,
    History,
    Kind,
    Row,
    done,
    may_be_done,
)
from .order import Told, fallen


def rows_are_kept(history: History, database: Database) -> Iterator[str]:
    """What was acknowledged as made is in the database, as it was sent and as it was told."""
    for kind in Kind:
        for calls in history.makers(kind):
            for call in done(calls):
                (told,) = call.shown(kind)
                row = database[kind].get(told["id"])
                if row is None:
                    yield f"{kind} {told['id']}: acknowledged, and missing"
                elif row["mark"] != call.request.mark:
                    yield f"{kind} {told['id']}: has the content of another request"
                elif kind is not Kind.WORKFLOW and row["workflow_id"] != call.request.workflow:
                    yield f"{kind} {told['id']}: is in another workflow"
                elif kind is Kind.NODE and row["seq"] != told["seq"]:
                    yield f"{kind} {told['id']}: seq was {told['seq']}, and is {row['seq']}"


def rows_are_made_once(history: History, database: Database) -> Iterator[str]:
    """A request makes one row, however often and by however many it is sent."""
    for kind in Kind:
        for calls in history.makers(kind):
            if len(ids := {call.shown(kind)[0]["id"] for call in done(calls)}) > 1:
                yield f"{kind}: the request {calls[0].request.identity} was told {sorted(ids)}"
        for mark, count in Counter(row["mark"] for row in database[kind].values()).items():
            if count > 1:
                yield f"{kind}: {count} rows of the one request {mark}"


def rows_were_asked_for(history: History, database: Database) -> Iterator[str]:
    """Each row is that of a request that was acknowledged, or whose outcome is unknown."""
    for kind in Kind:
        for row in database[kind].values():
            calls = history.by_mark.get(row["mark"], [])
            if not calls:
                yield f"{kind} {row['id']}: nobody asked for it"
            elif not may_be_done(calls):
                yield f"{kind} {row['id']}: is there, though it was refused: {calls[0].said}"


def counters_agree(history: History, database: Database) -> Iterator[str]:  # noqa: ARG001  as all
    """The counters of a workflow are what its nodes and generations add up to."""
    for workflow in database[Kind.WORKFLOW].values():
        nodes = database.of(workflow["id"], Kind.NODE)
        generations = database.of(workflow["id"], Kind.GENERATION)
        costs = [row["cost"] for row in generations if row["cost"] is not None]
        counted = {
            "node_count": len(nodes),
            "failed_node_count": sum(node["status"] == "failed" for node in nodes),
            "generation_count": len(generations),
            "input_tokens": sum(row["prompt_tokens"] or 0 for row in generations),
            "output_tokens": sum(row["completion_tokens"] or 0 for row in generations),
            "total_cost": sum(costs, Decimal()) if costs else None,
        }
        for name, number in counted.items():
            if workflow[name] != number:
                yield f"workflow {workflow['id']}: {name} is {workflow[name]}, counted {number}"


def seqs_are_whole(history: History, database: Database) -> Iterator[str]:
    """No two nodes have one seq; where no client chose one, they are 1, 2, 3, without a hole."""
    for workflow_id in database[Kind.WORKFLOW]:
        seqs = sorted(node["seq"] for node in database.of(workflow_id, Kind.NODE))
        if len(set(seqs)) < len(seqs):
            yield f"workflow {workflow_id}: a seq twice in {seqs}"
        elif seqs != [*range(1, len(seqs) + 1)] and not _chosen_seqs(history, workflow_id):
            yield f"workflow {workflow_id}: holes in {seqs}"


def _chosen_seqs(history: History, workflow_id: str) -> list[Call]:
    return [
        call
        for call in history.by_workflow.get(workflow_id, [])
        if call.request.made is Kind.NODE and _chose_seq(call)
    ]


def _chose_seq(call: Call) -> bool:
    return "seq" in (call.request.body or {})


def later_nodes_come_later(history: History, database: Database) -> Iterator[str]:  # noqa: ARG001  as all
    """A node that is asked for when another was acknowledged has a higher seq, if it chose none."""
    told: dict[str, list[Told]] = defaultdict(list)
    for calls in history.makers(Kind.NODE):
        if (acknowledged := done(calls)) and not _chose_seq(calls[0]):
            seq = acknowledged[0].shown(Kind.NODE)[0]["seq"]
            began, ended = calls[0].began, min(call.ended for call in acknowledged)
            told[calls[0].request.workflow].append(Told(began, ended, seq))
    for workflow_id, seqs in told.items():
        for earlier, later in fallen(seqs, strictly=True):
            yield f"workflow {workflow_id}: seq {later.number} was given after {earlier.number}"


def ends_were_asked_for(history: History, database: Database) -> Iterator[str]:
    """A workflow or node that has ended has the end, and the content, of a request for it."""
    for workflow_id, workflow in database[Kind.WORKFLOW].items():
        calls = history.by_workflow.get(workflow_id, [])
        if workflow["status"] in CLOSED and not _asked(calls, workflow, WORKFLOW_ENDS):
            yield f"workflow {workflow_id}: nobody made it {workflow['status']}"
        for node in database.of(workflow_id, Kind.NODE):
            calls = history.by_mark.get(node["end_mark"], [])
            if node["status"] == "cancelled":
                if workflow["status"] not in CLOSED:
                    yield f"node {node['id']}: is cancelled, though its workflow is open"
            elif node["status"] in CLOSED and not _asked(calls, node, NODE_ENDS):
                yield f"node {node['id']}: nobody made it {node['status']}"


def _asked(calls: list[Call], row: Row, ends: dict[str, str]) -> bool:
    """Tell whether it was asked for that a row ends as it did, also as it was made."""
    return may_be_done(
        call
        for call in calls
        if call.request.mark == (row["end_mark"] or "")
        and row["status"]
        in {ends.get(call.request.operation), (call.request.body or {}).get("status")}
    )


def times_add_up(history: History, database: Database) -> Iterator[str]:
    """Active and waiting time of a closed workflow add up to its duration, in whole ms."""
    shown = {
        (row["id"], row["completed_at"]): row
        for (kind, _), sights in history.sights.items()
        for _, row in sights
        if kind is Kind.WORKFLOW and row.get("completed_at") and "active_ms" in row
    }
    for workflow in [*shown.values(), *database[Kind.WORKFLOW].values()]:
        if workflow["completed_at"] is not None:
            whole_ms = (workflow["completed_at"] - workflow["started_at"]) // 1000
            if workflow["active_ms"] + workflow["waiting_ms"] != whole_ms:
                yield (
                    f"workflow {workflow['id']}: lasted {whole_ms} ms, and has"
                    f" {workflow['active_ms']} + {workflow['waiting_ms']}"
                )
