"""Nodes: the pieces of work that a workflow goes through, in their order."""

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
from service.models.status import NodeFirstStatus, NodeStatus


class NodeType(StrEnum):
    """What kind of work a node does."""

    ANALYSIS = "analysis"
    SEARCH = "search"
    GENERATION = "generation"
    ROUTING = "routing"
    FEEDBACK = "feedback"
    VALIDATION = "validation"
    OTHER = "other"


class NodeBase(SQLModel):
    """What a client says of a node when it records it."""

    node_name: str = Field(
        min_length=1,
        max_length=255,
        description="What the agent calls the node.",
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
        default=None, description="A node of the same workflow.", schema_extra=like(examples.NODE)
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
    """What the service keeps of a node's course."""

    workflow_id: UUID = Field(
        foreign_key="workflows.id",
        ondelete="CASCADE",
        description="The workflow that it belongs to.",
        schema_extra=like(examples.WORKFLOW),
    )
    seq: int = Field(
        ge=1,
        le=INT_MAX,
        description="Position in the workflow, unique there; a node is known by (workflow, seq), "
        "not by its name, because loops come back to the same name.",
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
        default=None, description="When it began; null while it has not."
    )
    completed_at: Timestamp | None = Field(
        default=None, description="Set if and only if the node is over."
    )
    duration_ms: int | None = Field(
        default=None,
        ge=0,
        sa_type=BigInteger,
        description="How long it ran.",
        schema_extra=like(840),
    )


class Node(Imported, Timestamps, NodeProgress, NodeBase, Identity, table=True):
    """The table of nodes."""

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
        # What a composite foreign key refers to, so that a child stays inside the same workflow.
        UniqueConstraint("workflow_id", "id"),
        ForeignKeyConstraint(
            ["workflow_id", "parent_node_id"], ["nodes.workflow_id", "nodes.id"], ondelete="CASCADE"
        ),
        Index("ix_nodes_workflow_id_parent_node_id", "workflow_id", "parent_node_id"),
        Index("ix_nodes_node_name", "node_name"),
    )


class NodeCreate(Input, NodeBase, Identity):
    """A node that is recorded."""

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
        default=None, description="When it began, if not now; not for a pending node."
    )


class NodeStart(Input):
    """When a pending node began."""

    started_at: Timestamp | None = Field(default=None, description="When, if not now.")


class NodeComplete(Input):
    """What a node gave."""

    output: Any = Field(default=None, description="Any JSON.", schema_extra=like(examples.OUTPUT))
    completed_at: Timestamp | None = Field(default=None, description="When, if not now.")


class NodeFail(Input):
    """Why a node failed."""

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
    """Why a node was not needed."""

    skip_reason: str | None = Field(
        default=None,
        max_length=2000,
        description="Why it was not needed.",
        schema_extra=like("The wish names no restaurant."),
    )
    completed_at: Timestamp | None = Field(default=None, description="When, if not now.")


class NodeRead(Output, Imported, Timestamps, NodeProgress, NodeBase, Identity):
    """A node."""


class NodeDetail(NodeRead):
    """A node with its state."""

    state: Any = Field(default=None, description="The agent's state after the node.")


NodeSummary = without(
    "NodeSummary",
    NodeDetail,
    ("input", "output", "error_traceback", "state"),
    base=Output,
)


class NodeFilter(Input):
    """Which nodes to list."""

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
        default=None, description="Failed nodes, or all others.", schema_extra=like(example=True)
    )
    min_duration_ms: int | None = Field(
        default=None,
        ge=0,
        le=INT_MAX,
        description="Nodes that ran for at least this.",
        schema_extra=like(100),
    )
    max_duration_ms: int | None = Field(
        default=None,
        ge=0,
        le=INT_MAX,
        description="Nodes that ran for at most this.",
        schema_extra=like(10_000),
    )
    started_after: Timestamp | None = Field(default=None, description="At this time or later.")
    started_before: Timestamp | None = Field(default=None, description="Before this time.")
