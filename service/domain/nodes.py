"""The statements about steps, and the rules by which a step goes from one state to the next."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CTE,
    JSON,
    Text,
    any_,
    bindparam,
    case,
    cast,
    exists,
    false,
    func,
    insert,
    null,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlmodel import SQLModel

from json_rows.listing import Listing
from json_rows.members import CACHED_CHOICES, Members
from json_rows.models import for_database
from json_rows.rows import One, Repeated, among, expect_one, given, table_of
from json_rows.statement import Query, Row, Rows, Statement, as_json, json_names
from json_rows.transitions import Transition
from service.domain.workflows import OPEN, lock_of, milliseconds, touched
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
from service.models.workflow import Workflow
from smorest_sqlmodel.errors import ConflictError, NotFoundError

_nodes = table_of(Node)
_states = table_of(NodeState)
_workflows = table_of(Workflow)

_state = select(_states.c.state).where(_states.c.node_id == _nodes.c.id).scalar_subquery()

NODE = One("node", Node, NodeRead, goes_with={"workflow_id": _nodes.c.workflow_id})
NODE_STATE = One("node state", NodeState, NodeStateRead, key="node_id")

NODES = Listing(
    "Node",
    Node,
    NodeDetail,
    summary=NodeSummary,
    filters=NodeFilter,
    conditions={
        "workflow_id": _nodes.c.workflow_id == bindparam("workflow_id"),
        "status": _nodes.c.status == any_(bindparam("status", type_=ARRAY(Text))),
        "node_name": _nodes.c.node_name == bindparam("node_name"),
        "node_type": _nodes.c.node_type == any_(bindparam("node_type", type_=ARRAY(Text))),
        "has_error": (_nodes.c.status == "failed") == bindparam("has_error"),
        "min_duration_ms": _nodes.c.duration_ms >= bindparam("min_duration_ms"),
        "max_duration_ms": _nodes.c.duration_ms <= bindparam("max_duration_ms"),
        "started_after": _nodes.c.started_at >= bindparam("started_after"),
        "started_before": _nodes.c.started_at < bindparam("started_before"),
    },
    sorts={"seq": _nodes.c.seq, "duration_ms": func.coalesce(_nodes.c.duration_ms, -1)},
    default_sort="seq",
    more={"state": _state},
)


def _new_node() -> Statement:
    """Insert a step; its run gives it a seq and counts it."""
    names = json_names(NodeCreate)
    body = given(_nodes, names)
    run = (
        update(_workflows)
        .values(
            touched(
                {
                    "last_node_seq": func.greatest(
                        _workflows.c.last_node_seq + case((body.c.seq.is_(None), 1), else_=0),
                        body.c.seq,
                    ),
                    "node_count": _workflows.c.node_count + 1,
                }
            )
        )
        .where(_workflows.c.id == bindparam("workflow_id"), among(_workflows.c.status, OPEN))
        .returning(_workflows.c.id, _workflows.c.last_node_seq)
        .cte("run")
    )
    start = func.coalesce(body.c.started_at, func.now())
    values: dict[str, Any] = {name: body.c[name] for name in names} | {
        "workflow_id": run.c.id,
        "seq": func.coalesce(body.c.seq, run.c.last_node_seq),
        "started_at": case((body.c.status == "running", start), else_=body.c.started_at),
        "completed_at": case(
            (body.c.status == "skipped", func.greatest(func.now(), body.c.started_at))
        ),
    }
    added = (
        insert(_nodes)
        .from_select(list(values), select(*values.values()).select_from(body.join(run, true())))
        .returning(*_nodes.c)
        .cte("added")
    )
    row = as_json(added, json_names(NodeRead), true(), cast(null(), Text))
    closed = select(cast(null(), JSON), false(), _workflows.c.status).where(
        _workflows.c.id == bindparam("workflow_id"), ~exists(select(run.c.id))
    )
    return Statement(lock_of(bindparam("workflow_id")), row.union_all(closed))


_NEW_NODE = _new_node()
_REPEATED_NODE = Repeated(
    Node,
    NodeCreate,
    NodeRead,
    changing=frozenset({"status", "started_at", "skip_reason"}),
    within=("workflow_id",),
)


def new_node(workflow_id: UUID, body: NodeCreate) -> Query:
    """Record a step of a run; ConflictError when the run is closed."""

    def judge(rows: Rows) -> Row:
        if not rows:
            message = "There is no such workflow."
            raise NotFoundError(message)
        text, added, status = rows[0]
        if not added:
            message = f"The workflow is {status}; that is final, it takes no more steps."
            raise ConflictError(message, current=status, allowed=[])
        return Row(text)

    text = for_database(body)
    repeated = _REPEATED_NODE.query(body, workflow_id=workflow_id)
    parameters = {"json": text, "workflow_id": workflow_id}
    about = NODE.subject(body.id)
    return _NEW_NODE.query(parameters, judge, outcome=repeated, repeatable=True, about=about)


def _transition(target: NodeStatus, body: type[SQLModel]) -> Transition:
    fields = given(_nodes, json_names(body))
    values: dict[str, Any] = {name: fields.c[name] for name in json_names(body)}
    values["updated_at"] = func.now()
    if target is NodeStatus.SKIPPED:
        values["skip_reason"] = func.coalesce(fields.c.skip_reason, _nodes.c.skip_reason)
    if target is NodeStatus.RUNNING:
        values["started_at"] = func.coalesce(fields.c.started_at, func.now())
    else:
        end = func.coalesce(fields.c.completed_at, func.greatest(func.now(), _nodes.c.started_at))
        values["completed_at"] = end
        if target is not NodeStatus.SKIPPED:
            values["duration_ms"] = milliseconds(end - _nodes.c.started_at)

    def counted(node: CTE) -> CTE:
        failed = 1 if target is NodeStatus.FAILED else 0
        return (
            update(_workflows)
            .values(touched({"failed_node_count": _workflows.c.failed_node_count + failed}))
            .where(_workflows.c.id == node.c.workflow_id)
            .returning(_workflows.c.id)
            .cte("counted")
        )

    run = select(_nodes.c.workflow_id).where(_nodes.c.id == bindparam("key"))
    return Transition(
        "node",
        Node,
        NodeRead,
        one=NODE,
        summary=NodeSummary,
        target=target,
        transitions=NODE_TRANSITIONS,
        values=values,
        locked=lock_of(run.scalar_subquery()),
        effect=counted,
    )


START_NODE = _transition(NodeStatus.RUNNING, NodeStart)
COMPLETE_NODE = _transition(NodeStatus.COMPLETED, NodeComplete)
FAIL_NODE = _transition(NodeStatus.FAILED, NodeFail)
SKIP_NODE = _transition(NodeStatus.SKIPPED, NodeSkip)


_STATE_MEMBERS = Members(NodeStateRead, NodeStateSummary, key="node_id")


@lru_cache(CACHED_CHOICES)
def _write_state(names: tuple[str, ...]) -> Statement:
    body = given(_states, json_names(NodeStateWrite))
    added = upsert(_states).from_select(
        ["node_id", "state"],
        select(_nodes.c.id, body.c.state)
        .select_from(_nodes.join(body, true()))
        .where(_nodes.c.id == bindparam("key")),
    )
    written = (
        added.on_conflict_do_update(
            index_elements=["node_id"],
            set_={"state": added.excluded.state, "updated_at": func.now()},
        )
        .returning(*_states.c)
        .cte("written")
    )
    return Statement(as_json(written, names))


def write_state(node_id: UUID, body: NodeStateWrite, fields: Sequence[str] | None = None) -> Query:
    """Keep the agent's state after a step, in place of the one before."""
    statement = _write_state(_STATE_MEMBERS.chosen(fields))
    return statement.query({"key": node_id, "json": for_database(body)}, expect_one("node"))
