"""What can be done with workflows, and the rules by which one goes from state to state."""

from collections.abc import Mapping

from json_rows.changing import Changed
from json_rows.deleting import Deleted
from json_rows.frame import contains
from json_rows.inserting import New
from json_rows.listing import Slow
from json_rows.resource import Resource
from json_rows.transition import Transition
from service.models.status import NODE_TRANSITIONS, WORKFLOW_TRANSITIONS, WorkflowStatus
from service.models.workflow import (
    Workflow,
    WorkflowCreate,
    WorkflowFilter,
    WorkflowRead,
    WorkflowSummary,
)
from service.models.workflow_course import WorkflowCancel, WorkflowComplete, WorkflowFail


def _itinerary_id() -> str:
    """Write the id of the itinerary that a workflow made; its copies are people's."""
    # Itineraries know of workflows: these hear of them when a statement is written.
    from service.domain.itineraries import itineraries  # noqa: PLC0415

    return f"""(SELECT itineraries.id FROM itineraries
        WHERE itineraries.workflow_id = {{row}}.id AND itineraries.created_via <> 'user'
            AND {itineraries.owned}
        ORDER BY itineraries.created_at, itineraries.id LIMIT 1)"""


workflows = Resource(
    "workflow",
    Workflow,
    WorkflowRead,
    summary=WorkflowSummary,
    owner="user_id",
    states=WORKFLOW_TRANSITIONS,
    goes_with={"workflow_id": "id"},
    more={"itinerary_id": _itinerary_id},
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

OPEN_QUESTION = {
    "interaction_id": """(SELECT interactions.id FROM interactions
        WHERE interactions.workflow_id = workflows.id AND interactions.answered_at IS NULL
            AND workflows.status = 'awaiting_input')"""
}
"""What a conflict tells besides, where a workflow waits for a person."""

ALIVE = {"heartbeat_at": "now()"}
"""What whatever the agent does sets of its workflow."""


def milliseconds(interval: str) -> str:
    """Write an interval in whole milliseconds, rounded down."""
    return f"floor(extract(epoch FROM {interval}) * 1000)::bigint"


_OPEN_QUESTION = """SELECT FROM interactions
    WHERE interactions.workflow_id = workflows.id AND interactions.answered_at IS NULL"""


def waited_ms(until: str) -> str:
    """Write how long a workflow has waited for a person by a time.

    The waits themselves are added up: each rounded to milliseconds, their sum would be off. A
    workflow that was imported as it waited has no question, and waits all the same.
    """
    ends = f"least(coalesce(interactions.answered_at, {until}), {until})"
    since = f"CASE WHEN NOT EXISTS ({_OPEN_QUESTION}) THEN {until} - workflows.waiting_since END"
    return milliseconds(f"""(greatest({since}, '0') + (
        SELECT coalesce(sum(greatest({ends} - interactions.requested_at, '0')), '0')
        FROM interactions WHERE interactions.workflow_id = workflows.id))""")


def closing(end: str) -> dict[str, str]:
    """Write what an end sets: active and waiting time add up to what lies before it."""
    duration = milliseconds(f"({end} - workflows.started_at)")
    waiting = f"least({waited_ms(end)}, {duration})"
    return {
        "completed_at": end,
        "waiting_ms": waiting,
        "active_ms": f"{duration} - {waiting}",
        "waiting_since": "NULL",
        "pending_step": "NULL",
    }


AT_ONCE = "greatest(now(), workflows.started_at)"

_OPEN_NODES = ", ".join(f"'{state}'" for state, after in NODE_TRANSITIONS.items() if after)
_NODE_END = "greatest(changed.completed_at, nodes.started_at)"

CANCELLED_NODES = f"""
    UPDATE nodes SET
        status = 'cancelled',
        completed_at = {_NODE_END},
        duration_ms = {milliseconds(f"({_NODE_END} - nodes.started_at)")},
        updated_at = now()
    FROM changed
    WHERE nodes.workflow_id = changed.id AND nodes.status IN ({_OPEN_NODES})"""


def end(
    to: WorkflowStatus,
    body: type[WorkflowComplete | WorkflowFail | WorkflowCancel],
    *,
    also: Mapping[str, str] | None = None,
    more: Mapping[str, str] | None = None,
    other: str | None = None,
) -> Transition:
    """Close a workflow; its open nodes are cancelled with it."""
    ended_at = f"coalesce(given.completed_at, {AT_ONCE})"
    return Transition(
        workflows,
        body,
        to=to,
        values={**ALIVE, **closing(ended_at)},
        also={"cancelled": CANCELLED_NODES, **(also or {})},
        more=more,
        other=other,
        told=OPEN_QUESTION,
    )


CANCEL_WORKFLOW = end(WorkflowStatus.CANCELLED, WorkflowCancel)
HEARTBEAT = Transition(workflows, values=ALIVE)
