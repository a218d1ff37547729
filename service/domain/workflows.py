"""The statements about runs, and the rules by which a run goes from one state to the next."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    CTE,
    JSON,
    BigInteger,
    ColumnElement,
    FromClause,
    Select,
    Table,
    Text,
    any_,
    bindparam,
    cast,
    exists,
    extract,
    func,
    literal,
    select,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import SQLModel

from json_rows.changes import Changed, Deleted, lock
from json_rows.listing import Listing
from json_rows.rows import New, One, among, contains, given, table_of
from json_rows.statement import json_names
from json_rows.transitions import Transition
from service.models.generation import Generation, GenerationSummary
from service.models.node import Node, NodeSummary
from service.models.status import NODE_TRANSITIONS, WORKFLOW_TRANSITIONS, NodeStatus, WorkflowStatus
from service.models.timeline import TimelineEntry, TimelineItem
from service.models.workflow import (
    Workflow,
    WorkflowCreate,
    WorkflowFilter,
    WorkflowRead,
    WorkflowSummary,
)
from service.models.workflow_course import WorkflowCancel, WorkflowComplete, WorkflowFail

_workflows = table_of(Workflow)
_nodes = table_of(Node)
_generations = table_of(Generation)

OPEN = tuple(status for status, after in WORKFLOW_TRANSITIONS.items() if after)
OPEN_NODE = tuple(status for status, after in NODE_TRANSITIONS.items() if after)

WORKFLOW = One("workflow", Workflow, WorkflowRead, goes_with={"workflow_id": _workflows.c.id})

WORKFLOWS = Listing(
    "Workflow",
    Workflow,
    WorkflowRead,
    summary=WorkflowSummary,
    filters=WorkflowFilter,
    conditions={
        "status": _workflows.c.status == any_(bindparam("status", type_=ARRAY(Text))),
        "user_id": _workflows.c.user_id == bindparam("user_id"),
        "session_id": _workflows.c.session_id == bindparam("session_id"),
        "parent_workflow_id": _workflows.c.parent_workflow_id == bindparam("parent_workflow_id"),
        "node_name": exists().where(
            _nodes.c.workflow_id == _workflows.c.id,
            _nodes.c.node_name == bindparam("node_name"),
        ),
        "model": exists().where(
            _generations.c.workflow_id == _workflows.c.id,
            _generations.c.model_name == bindparam("model"),
        ),
        "has_error": (_workflows.c.status == "failed") == bindparam("has_error"),
        "min_duration_ms": _workflows.c.completed_at.is_not(None)
        & (_workflows.c.active_ms >= bindparam("min_duration_ms")),
        "max_duration_ms": _workflows.c.completed_at.is_not(None)
        & (_workflows.c.active_ms <= bindparam("max_duration_ms")),
        "started_after": _workflows.c.started_at >= bindparam("started_after"),
        "started_before": _workflows.c.started_at < bindparam("started_before"),
        "tag": _workflows.c.tags.contains(bindparam("tag", type_=ARRAY(Text))),
        "q": contains("q", _workflows.c.user_input, _workflows.c.name),
    },
    sorts={
        "created_at": _workflows.c.created_at,
        "started_at": _workflows.c.started_at,
        "updated_at": _workflows.c.updated_at,
        "active_ms": _workflows.c.active_ms,
        "node_count": _workflows.c.node_count,
        "total_cost": func.coalesce(_workflows.c.total_cost, -1),
    },
    default_sort="-created_at",
    unindexed=frozenset(
        {
            "min_duration_ms",
            "max_duration_ms",
            "started_after",
            "started_before",
            "q",
            "started_at",
            "updated_at",
            "active_ms",
            "node_count",
            "total_cost",
        }
    ),
    narrow=frozenset({"user_id", "session_id", "parent_workflow_id"}),
)


def _started(body: FromClause) -> Mapping[str, ColumnElement[Any]]:
    return {"started_at": func.coalesce(body.c["started_at"], func.now())}


NEW_WORKFLOW = New(
    Workflow,
    WorkflowCreate,
    WorkflowRead,
    one=WORKFLOW,
    computed=_started,
)
CHANGED_WORKFLOW = Changed("workflow", Workflow, WorkflowRead, summary=WorkflowSummary)
DELETED_WORKFLOW = Deleted("workflow", Workflow)


def lock_of(workflow_id: Any) -> Select[Any]:
    """Take a run's lock: whoever changes a run, its steps or its counters does so first."""
    return lock(_workflows, workflow_id)


def milliseconds(interval: ColumnElement[Any]) -> ColumnElement[int]:
    """Express an interval in whole milliseconds, rounded down."""
    return cast(func.floor(extract("epoch", interval) * 1000), BigInteger)


def touched(values: Mapping[str, Any]) -> dict[str, Any]:
    """Add to a run's changes what every change brings."""
    return {
        **values,
        "version": _workflows.c.version + 1,
        "updated_at": func.now(),
        "heartbeat_at": func.now(),
    }


def _closing(body: FromClause) -> dict[str, Any]:
    """Set what a closed run has; active and waiting time add up to its duration."""
    run = _workflows.c
    end = func.coalesce(body.c["completed_at"], func.greatest(func.now(), run.started_at))
    duration = milliseconds(end - run.started_at)
    waited = run.waiting_ms + func.coalesce(
        func.greatest(milliseconds(end - run.waiting_since), 0), 0
    )
    waiting = func.least(waited, duration)
    given_columns = {name: body.c[name] for name in body.c.keys() if name != "completed_at"}  # noqa: SIM118
    return {
        **given_columns,
        "completed_at": end,
        "waiting_ms": waiting,
        "active_ms": duration - waiting,
        "waiting_since": None,
        "pending_step": None,
    }


def _closed_nodes(run: CTE) -> CTE:
    """Cancel the steps that are still open when their run is closed."""
    end = func.greatest(run.c.completed_at, _nodes.c.started_at)
    return (
        update(_nodes)
        .values(
            status=NodeStatus.CANCELLED,
            completed_at=end,
            duration_ms=milliseconds(end - _nodes.c.started_at),
            updated_at=func.now(),
        )
        .where(_nodes.c.workflow_id == run.c.id, among(_nodes.c.status, OPEN_NODE))
        .returning(_nodes.c.id)
        .cte("closed")
    )


def _transition(target: WorkflowStatus | None, body: type[SQLModel] | None) -> Transition:
    return Transition(
        "workflow",
        Workflow,
        WorkflowRead,
        one=WORKFLOW,
        summary=WorkflowSummary,
        target=target,
        transitions=WORKFLOW_TRANSITIONS,
        values=touched(_closing(given(_workflows, json_names(body))) if body else {}),
        locked=lock_of(bindparam("key")),
        effect=_closed_nodes if body else None,
    )


COMPLETE_WORKFLOW = _transition(WorkflowStatus.COMPLETED, WorkflowComplete)
FAIL_WORKFLOW = _transition(WorkflowStatus.FAILED, WorkflowFail)
CANCEL_WORKFLOW = _transition(WorkflowStatus.CANCELLED, WorkflowCancel)
HEARTBEAT = _transition(None, None)


def _timeline() -> FromClause:
    """Put steps and LLM calls of all runs side by side; a condition on the run picks its own."""
    steps = select(
        _nodes.c.id,
        literal("node").label("kind"),
        func.coalesce(_nodes.c.started_at, _nodes.c.created_at).label("at"),
        _nodes.c.workflow_id,
    )
    calls = select(
        _generations.c.id,
        literal("generation"),
        _generations.c.created_at,
        _generations.c.workflow_id,
    )
    return union_all(steps, calls).subquery("timeline")


_entries = _timeline()


def _member(kind: str, source: Table, summary: type[SQLModel]) -> ColumnElement[Any]:
    """Show the row behind an entry; null for one of the other kind.

    A subquery in the list of what is selected: Postgres runs it for the rows of the page, after it
    has sorted all. In the union it would write the JSON of the whole run for each page.
    """
    entry = [source.c.id == _entries.c.id, _entries.c.kind == kind]
    named = [source.c[name] for name in json_names(summary)]
    shown = select(*named).where(*entry).correlate(_entries).subquery("shown")
    return select(func.row_to_json(shown.table_valued(), type_=JSON)).scalar_subquery()


TIMELINE = Listing(
    "Timeline",
    _entries,
    TimelineEntry,
    shape=TimelineItem,
    conditions={"workflow_id": _entries.c.workflow_id == bindparam("workflow_id")},
    sorts={"at": _entries.c.at},
    default_sort="at",
    more={
        "node": _member("node", _nodes, NodeSummary),
        "generation": _member("generation", _generations, GenerationSummary),
    },
    large=frozenset({"generation"}),
)
