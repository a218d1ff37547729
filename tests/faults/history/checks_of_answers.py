"""Checks of answers: readers see what was acknowledged before, and nobody sees a fault."""

from collections.abc import Iterator

from .calls import NODE_ENDS, WORKFLOW_ENDS, Call, Database, History, Kind, Outcome

_LISTED = {
    "list_nodes": (Kind.NODE,),
    "list_workflow_generations": (Kind.GENERATION,),
    "get_timeline": (Kind.NODE, Kind.GENERATION),
}
_COUNTERS = {Kind.NODE: "node_count", Kind.GENERATION: "generation_count"}

_EXPECTED = {
    "create_workflow": (200, 201),
    "create_node": (200, 201, 409),
    "create_generation": (200, 201),
    # When the reply was lost, what is not there may have been deleted by this request.
    "delete_nothing": (404, 204),
    "delete_stale": (412,),
    "get_workflow": (200, 304),
    "get_node": (200, 404),
    "start_node": (200, 404, 409),
    "record_heartbeat": (200, 409),
    "await_input": (200, 409),
    "resume_workflow": (200, 409),
    "update_workflow": (200, 412),
    **dict.fromkeys(WORKFLOW_ENDS, (200, 409)),
    **dict.fromkeys(NODE_ENDS, (200, 404, 409)),
}


def lists_have_what_was_acknowledged(history: History, database: Database) -> Iterator[str]:  # noqa: ARG001  as all
    """A list without a further page has each row that was acknowledged before."""
    for call in history.calls:
        for kind in _LISTED.get(call.request.operation, ()) if call.is_whole else ():
            shown = {row["id"] for row in call.shown(kind)}
            if missing := _acknowledged_before(history, call, kind) - shown:
                yield f"{call.request.operation} of {call.request.workflow} lacks {sorted(missing)}"


def counters_count_what_was_acknowledged(history: History, database: Database) -> Iterator[str]:  # noqa: ARG001  as all
    """The counters of a workflow that is read are no lower than what was acknowledged before."""
    for call in history.calls:
        if call.request.operation == "get_workflow":
            for row in call.shown(Kind.WORKFLOW):
                for kind, name in _COUNTERS.items():
                    count = len(_acknowledged_before(history, call, kind))
                    if row.get(name, count) < count:
                        yield f"workflow {row['id']}: {name} was {row[name]}, after {count}"


def _acknowledged_before(history: History, call: Call, kind: Kind) -> set[str]:
    """Give the rows of a workflow that were acknowledged when the call began."""
    made = history.acknowledged[kind].get(call.request.workflow, {})
    return {row_id for row_id, ended in made.items() if ended < call.began}


def nodes_are_found(history: History, database: Database) -> Iterator[str]:  # noqa: ARG001  as all
    """A node that was acknowledged is never unknown after that."""
    for call in history.calls:
        node_id = call.request.node
        if call.status == 404 and node_id in _acknowledged_before(history, call, Kind.NODE):
            yield f"node {node_id}: unknown to {call.request.operation}"


def ends_are_not_foretold(history: History, database: Database) -> Iterator[str]:  # noqa: ARG001  as all
    """Nobody is told of an end before somebody asked for it."""
    asked: dict[tuple[str, str], float] = {}
    for call in history.calls:
        operation, request = call.request.operation, call.request
        for row_id, ends in ((request.workflow, WORKFLOW_ENDS), (request.node, NODE_ENDS)):
            if operation in ends and call.outcome is not Outcome.REFUSED:
                asked.setdefault((row_id, ends[operation]), call.began)
    # Nodes are cancelled with their workflow, and may be made as skipped.
    judged = {
        Kind.WORKFLOW: frozenset(WORKFLOW_ENDS.values()),
        Kind.NODE: frozenset({"completed", "failed"}),
    }
    for (kind, row_id), sights in history.sights.items():
        for call, row in sights:
            end = row.get("status", "")
            if end not in judged.get(kind, ()):
                continue
            if asked.get((row_id, end), call.ended) >= call.ended:
                yield f"{kind} {row_id}: was {end} before anybody asked for it"


def answers_are_expected(history: History, database: Database) -> Iterator[str]:  # noqa: ARG001  as all
    """Each answer has a status that the operation may have here; a 409 says why."""
    for call in history.calls:
        operation = call.request.operation
        is_expected = call.status in {0, 503, *_EXPECTED.get(operation, (200,))}
        # What is not certain may also be a key that another request holds.
        is_certain = call.status != 409 or call.outcome is Outcome.REFUSED
        has_reason = call.status != 409 or call.rows or "seq" in (call.request.body or {})
        if is_certain and not (is_expected and has_reason):
            yield f"{operation} was answered {call.status}: {call.said}"
