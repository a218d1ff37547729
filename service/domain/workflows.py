"""What can be done with workflows, and the rules by which one goes from state to state."""

from json_rows.changing import Changed, Transition
from json_rows.deleting import Deleted
from json_rows.frame import contains
from json_rows.inserting import New
from json_rows.listing import Slow
from json_rows.resource import Resource
from service.models.status import NODE_TRANSITIONS, WORKFLOW_TRANSITIONS, WorkflowStatus
from service.models.workflow import (
    Workflow,
    WorkflowCreate,
    WorkflowFilter,
    WorkflowRead,
    WorkflowSummary,
)
from service.models.workflow_course import WorkflowCancel, WorkflowComplete, WorkflowFail

workflows = Resource(
    "workflow",
    Workflow,
    WorkflowRead,
    summary=WorkflowSummary,
    owner="user_id",
    states=WORKFLOW_TRANSITIONS,
    goes_with={"workflow_id": "id"},
    filters=WorkflowFilter,
    conditions={
        "node_name": """EXISTS (SELECT FROM nodes
            WHERE nodes.workflow_id = workflows.id AND nodes.node_name = %(node_name)s)""",
        "model": """EXISTS (SELECT FROM generations
            WHERE generations.workflow_id = workflows.id AND generations.model_name = %(model)s)""",
        "has_error": "(workflows.status = 'failed') = %(has_error)s",
        "min_duration_ms": Slow(
            "workflows.completed_at IS NOT NULL AND workflows.active_ms >= %(min_duration_ms)s"
        ),
        "max_duration_ms": Slow(
            "workflows.completed_at IS NOT NULL AND workflows.active_ms <= %(max_duration_ms)s"
        ),
        "started_after": Slow("workflows.started_at >= %(started_after)s"),
        "started_before": Slow("workflows.started_at < %(started_before)s"),
        "tag": "workflows.tags @> %(tag)s::text[]",
        "q": Slow(contains("q", "workflows.user_input", "workflows.name")),
    },
    sorts={
        "created_at": "workflows.created_at",
        "started_at": Slow("workflows.started_at"),
        "updated_at": Slow("workflows.updated_at"),
        "active_ms": Slow("workflows.active_ms"),
        "node_count": Slow("workflows.node_count"),
        "total_cost": Slow("coalesce(workflows.total_cost, -1)"),
    },
    default_sort="-created_at",
    narrow=frozenset({"user_id", "session_id", "parent_workflow_id"}),
)

NEW_WORKFLOW = New(
    workflows, WorkflowCreate, values={"started_at": "coalesce(given.started_at, now())"}
)
CHANGED_WORKFLOW = Changed(workflows)
DELETED_WORKFLOW = Deleted(workflows)

ALIVE = {"heartbeat_at": "now()"}
"""What whatever the agent does sets of its workflow."""


def milliseconds(interval: str) -> str:
    """Write an interval in whole milliseconds, rounded down."""
    return f"floor(extract(epoch FROM {interval}) * 1000)::bigint"


_END = "coalesce(given.completed_at, greatest(now(), workflows.started_at))"
_DURATION = milliseconds(f"({_END} - workflows.started_at)")
_WAITED = milliseconds(f"({_END} - workflows.waiting_since)")
_WAITING = f"least(workflows.waiting_ms + coalesce(greatest({_WAITED}, 0), 0), {_DURATION})"

# Active and waiting time add up to what lies between start and end.
_CLOSING = {
    **ALIVE,
    "completed_at": _END,
    "waiting_ms": _WAITING,
    "active_ms": f"{_DURATION} - {_WAITING}",
    "waiting_since": "NULL",
    "pending_step": "NULL",
}

_OPEN_NODES = ", ".join(f"'{state}'" for state, after in NODE_TRANSITIONS.items() if after)
_NODE_END = "greatest(changed.completed_at, nodes.started_at)"

_CANCELLED_NODES = f"""
    UPDATE nodes SET
        status = 'cancelled',
        completed_at = {_NODE_END},
        duration_ms = {milliseconds(f"({_NODE_END} - nodes.started_at)")},
        updated_at = now()
    FROM changed
    WHERE nodes.workflow_id = changed.id AND nodes.status IN ({_OPEN_NODES})"""


def _end(
    to: WorkflowStatus, body: type[WorkflowComplete | WorkflowFail | WorkflowCancel]
) -> Transition:
    """Close a workflow; its open nodes are cancelled with it."""
    return Transition(workflows, body, to=to, values=_CLOSING, also={"cancelled": _CANCELLED_NODES})


COMPLETE_WORKFLOW = _end(WorkflowStatus.COMPLETED, WorkflowComplete)
FAIL_WORKFLOW = _end(WorkflowStatus.FAILED, WorkflowFail)
CANCEL_WORKFLOW = _end(WorkflowStatus.CANCELLED, WorkflowCancel)
HEARTBEAT = Transition(workflows, values=ALIVE)
