"""What can be done with nodes and node states, and the rules by which a node goes on."""

from json_rows.inserting import New
from json_rows.putting import Put
from json_rows.resource import Resource
from json_rows.transition import Transition
from service.domain.workflows import ALIVE, milliseconds, workflows
from service.models.node import (
    Node,
    NodeComplete,
    NodeCreate,
    NodeDetail,
    NodeFail,
    NodeFilter,
    NodeRead,
    NodeSkip,
    NodeStart,
    NodeSummary,
)
from service.models.node_state import NodeState, NodeStateRead, NodeStateSummary, NodeStateWrite
from service.models.status import NODE_TRANSITIONS, NodeStatus

nodes = Resource(
    "node",
    Node,
    NodeRead,
    summary=NodeSummary,
    parent=workflows,
    states=NODE_TRANSITIONS,
    detail=NodeDetail,
    more={"state": "(SELECT state FROM node_states WHERE node_states.node_id = {row}.id)"},
    filters=NodeFilter,
    conditions={
        "has_error": "(nodes.status = 'failed') = %(has_error)s",
        "min_duration_ms": "nodes.duration_ms >= %(min_duration_ms)s",
        "max_duration_ms": "nodes.duration_ms <= %(max_duration_ms)s",
        "started_after": "nodes.started_at >= %(started_after)s",
        "started_before": "nodes.started_at < %(started_before)s",
    },
    sorts={"seq": "nodes.seq", "duration_ms": "coalesce(nodes.duration_ms, -1)"},
    default_sort="seq",
)

# The workflow's row, which all who write take first, knows the last seq; no two get the same.
NEW_NODE = New(
    nodes,
    NodeCreate,
    into_open=True,
    parent_values={
        **ALIVE,
        "last_node_seq": """greatest(
            workflows.last_node_seq + (given.seq IS NULL)::int, given.seq)""",
        "node_count": "workflows.node_count + 1",
    },
    values={
        "seq": "coalesce(given.seq, parent.last_node_seq)",
        "started_at": """CASE WHEN given.status = 'running'
            THEN coalesce(given.started_at, now()) ELSE given.started_at END""",
        "completed_at": """CASE WHEN given.status = 'skipped'
            THEN greatest(now(), given.started_at) END""",
    },
    changing=frozenset({"status", "started_at", "skip_reason"}),
)

_END = "coalesce(given.completed_at, greatest(now(), nodes.started_at))"
_OVER = {"completed_at": _END}
_RAN = {**_OVER, "duration_ms": milliseconds(f"({_END} - nodes.started_at)")}

START_NODE = Transition(
    nodes,
    NodeStart,
    to=NodeStatus.RUNNING,
    values={"started_at": "coalesce(given.started_at, now())"},
    parent_values=ALIVE,
)
COMPLETE_NODE = Transition(
    nodes, NodeComplete, to=NodeStatus.COMPLETED, values=_RAN, parent_values=ALIVE
)
FAIL_NODE = Transition(
    nodes,
    NodeFail,
    to=NodeStatus.FAILED,
    values=_RAN,
    parent_values={**ALIVE, "failed_node_count": "workflows.failed_node_count + 1"},
)
SKIP_NODE = Transition(
    nodes,
    NodeSkip,
    to=NodeStatus.SKIPPED,
    values={**_OVER, "skip_reason": "coalesce(given.skip_reason, nodes.skip_reason)"},
    parent_values=ALIVE,
)

node_states = Resource(
    "node state", NodeState, NodeStateRead, summary=NodeStateSummary, parent=nodes
)
PUT_NODE_STATE = Put(node_states, NodeStateWrite)
