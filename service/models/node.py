"""Nodes: the executed steps of a run, and the agent's full state after each."""

from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from json_rows.models import (
    INT_MAX,
    Identity,
    Input,
    Output,
    Timestamp,
    Timestamps,
    default,
    iff,
    like,
    one_of,
    without,
)
from service.models import examples
from service.models.imported import Imported


class NodeStatus(StrEnum):
    """Where a step stands."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"


NODE_TRANSITIONS: dict[NodeStatus, frozenset[NodeStatus]] = {
    NodeStatus.PENDING: frozenset({NodeStatus.RUNNING, NodeStatus.SKIPPED, NodeStatus.CANCELLED}),
    NodeStatus.RUNNING: frozenset(
        {NodeStatus.COMPLETED, NodeStatus.FAILED, NodeStatus.SKIPPED, NodeStatus.CANCELLED}
    ),
    NodeStatus.COMPLETED: frozenset(),
    NodeStatus.FAILED: frozenset(),
    NodeStatus.SKIPPED: frozenset(),
    NodeStatus.CANCELLED: frozenset(),
}
"""Which states may follow which; `NodeFirstStatus` says with which a step may begin."""


class NodeFirstStatus(StrEnum):
    """The states in which a step may be recorded first."""

    PENDING = "pending"
    RUNNING = "running"
    SKIPPED = "skipped"


class NodeType(StrEnum):
    """What kind of work a step does."""

    ANALYSIS = "analysis"
    SEARCH = "search"
    GENERATION = "generation"
    ROUTING = "routing"
    FEEDBACK = "feedback"
    VALIDATION = "validation"
    OTHER = "other"


class NodeBase(SQLModel):
    """What a client says of a step when it records it."""

    node_name: str = Field(
        min_length=1,
        max_length=255,
        description="What the agent calls the step.",
        schema_extra=like("discover_dining_places"),
    )
    node_type: NodeType = Field(
        default=NodeType.OTHER,
        sa_type=Text,
        description="What kind of work it does.",
        sa_column_kwargs=default("'other'"),
        schema_extra=like("search"),
    )
    parent_node_id: UUID | None = Field(
        default=None, description="A step of the same run.", schema_extra=like(examples.NODE)
    )
    attempt: int = Field(
        default=1,
        ge=1,
        le=INT_MAX,
        description="Which try it is.",
        sa_column_kwargs=default("1"),
        schema_extra=like(1),
    )
    input: Any = Field(
        default=None,
        sa_type=JSONB,
        nullable=True,
        description="Any JSON.",
        schema_extra=like({"region": "홍대", "category": "dining"}),
    )
    skip_reason: str | None = Field(
        default=None,
        max_length=2000,
        description="Why it was not needed.",
        schema_extra=like("The wish names no restaurant."),
    )


class NodeProgress(SQLModel):
    """What the service keeps of a step's course."""

    workflow_id: UUID = Field(
        foreign_key="workflows.id",
        ondelete="CASCADE",
        description="The run that it belongs to.",
        schema_extra=like(examples.RUN),
    )
    seq: int = Field(
        ge=1,
        le=INT_MAX,
        description="Position in the run, unique there; a step is known by (workflow, seq), "
        "not by its name, because loops visit a step again.",
        schema_extra=like(1),
    )
    status: NodeStatus = Field(
        sa_type=Text, description="Where it stands.", sa_column_kwargs=default("'running'")
    )
    output: Any = Field(
        default=None,
        sa_type=JSONB,
        nullable=True,
        description="Any JSON.",
        schema_extra=like(examples.OUTPUT),
    )
    error_message: str | None = Field(
        default=None,
        sa_type=Text,
        description="What went wrong, in a sentence.",
        schema_extra=like(examples.NODE_ERROR),
    )
    error_traceback: str | None = Field(
        default=None,
        sa_type=Text,
        description="Where in the agent's code it went wrong.",
        schema_extra=like(examples.TRACEBACK),
    )
    started_at: Timestamp | None = Field(
        default=None, description="When it began; null for a step not begun."
    )
    completed_at: Timestamp | None = Field(
        default=None, description="Set if and only if the step is over."
    )
    duration_ms: int | None = Field(
        default=None,
        ge=0,
        sa_type=BigInteger,
        description="How long it ran.",
        schema_extra=like(840),
    )


class Node(Imported, Timestamps, NodeProgress, NodeBase, Identity, table=True):
    """The table of steps."""

    __tablename__ = "nodes"
    __table_args__ = (
        one_of("status", NodeStatus),
        one_of("node_type", NodeType),
        CheckConstraint(
            iff(
                "status IN ('completed', 'failed', 'skipped', 'cancelled')",
                "completed_at IS NOT NULL",
            ),
            name="completed_at_iff_terminal",
        ),
        CheckConstraint(
            "status NOT IN ('running', 'completed', 'failed') OR started_at IS NOT NULL",
            name="started_at_once_running",
        ),
        # Postgres checks by name, and tells of the first that is broken: this one says most.
        CheckConstraint("completed_at >= started_at", name="completed_after_start"),
        CheckConstraint("status <> 'pending' OR started_at IS NULL", name="pending_not_started"),
        CheckConstraint("parent_node_id <> id", name="parent_is_another"),
        CheckConstraint("seq >= 1 AND attempt >= 1", name="counts_from_one"),
        CheckConstraint("duration_ms >= 0", name="duration_not_negative"),
        UniqueConstraint("workflow_id", "seq"),
        # What a composite foreign key refers to, so that a child stays inside the same run.
        UniqueConstraint("workflow_id", "id"),
        ForeignKeyConstraint(
            ["workflow_id", "parent_node_id"], ["nodes.workflow_id", "nodes.id"], ondelete="CASCADE"
        ),
        Index("ix_nodes_workflow_id_parent_node_id", "workflow_id", "parent_node_id"),
        Index("ix_nodes_node_name", "node_name"),
    )


class NodeCreate(Input, NodeBase, Identity):
    """A step that is recorded."""

    seq: int | None = Field(
        default=None,
        ge=1,
        le=1_000_000_000,
        description="Left out: one more than the highest so far.",
        schema_extra=like(1),
    )
    status: NodeFirstStatus = Field(
        default=NodeFirstStatus.RUNNING,
        description="In which state it begins.",
        schema_extra=like("running"),
    )
    started_at: Timestamp | None = Field(
        default=None, description="When it began, if not now; not for a pending step."
    )


class NodeStart(Input):
    """When a pending step began."""

    started_at: Timestamp | None = Field(default=None, description="When, if not now.")


class NodeComplete(Input):
    """What a step gave."""

    output: Any = Field(default=None, description="Any JSON.", schema_extra=like(examples.OUTPUT))
    completed_at: Timestamp | None = Field(default=None, description="When, if not now.")


class NodeFail(Input):
    """Why a step failed."""

    error_message: str = Field(
        min_length=1,
        max_length=20000,
        description="What went wrong, in a sentence.",
        schema_extra=like(examples.NODE_ERROR),
    )
    error_traceback: str | None = Field(
        default=None,
        max_length=200000,
        description="Where in the agent's code it went wrong.",
        schema_extra=like(examples.TRACEBACK),
    )
    output: Any = Field(default=None, description="Any JSON.", schema_extra=like(examples.OUTPUT))
    completed_at: Timestamp | None = Field(default=None, description="When, if not now.")


class NodeSkip(Input):
    """Why a step was not needed."""

    skip_reason: str | None = Field(
        default=None,
        max_length=2000,
        description="Why it was not needed.",
        schema_extra=like("The wish names no restaurant."),
    )
    completed_at: Timestamp | None = Field(default=None, description="When, if not now.")


class NodeRead(Output, Imported, Timestamps, NodeProgress, NodeBase, Identity):
    """A step."""


class NodeStateKey(SQLModel):
    """Whose state it is."""

    node_id: UUID = Field(
        primary_key=True,
        foreign_key="nodes.id",
        ondelete="CASCADE",
        description="The step.",
        schema_extra=like(examples.NODE),
    )


class NodeStateBase(SQLModel):
    """The full state of the agent after a step; large, and rarely read."""

    state: dict[str, Any] | list[Any] = Field(
        sa_type=JSONB,
        nullable=False,
        description="An object or an array, of whatever the agent keeps.",
        schema_extra=like(examples.STATE),
    )


class NodeState(Timestamps, NodeStateBase, NodeStateKey, table=True):
    """The table of states, one row a step at most."""

    __tablename__ = "node_states"


class NodeStateWrite(Input, NodeStateBase):
    """A state to keep, in place of the one before."""


class NodeStateRead(Output, Timestamps, NodeStateBase, NodeStateKey):
    """The state after a step."""


NodeStateSummary = without("NodeStateSummary", NodeStateRead, ("state",), base=Output)


class NodeDetail(NodeRead):
    """A step with its state."""

    state: Any = Field(default=None, description="The agent's state after the step.")


NodeSummary = without(
    "NodeSummary",
    NodeDetail,
    ("input", "output", "error_traceback", "state"),
    base=Output,
)


class NodeFilter(Input):
    """Which steps to list."""

    status: list[NodeStatus] | None = Field(
        default=None, description="Any of these.", schema_extra=like(["running", "failed"])
    )
    node_name: str | None = Field(
        default=None,
        max_length=255,
        description="Exactly.",
        schema_extra=like("discover_dining_places"),
    )
    node_type: list[NodeType] | None = Field(
        default=None, description="Any of these.", schema_extra=like(["search"])
    )
    has_error: bool | None = Field(
        default=None, description="Failed steps, or all others.", schema_extra=like(example=True)
    )
    min_duration_ms: int | None = Field(
        default=None,
        ge=0,
        le=INT_MAX,
        description="Steps that ran for at least this.",
        schema_extra=like(100),
    )
    max_duration_ms: int | None = Field(
        default=None,
        ge=0,
        le=INT_MAX,
        description="Steps that ran for at most this.",
        schema_extra=like(10_000),
    )
    started_after: Timestamp | None = Field(default=None, description="At this time or later.")
    started_before: Timestamp | None = Field(default=None, description="Before this time.")
