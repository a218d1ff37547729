"""Workflows: each plans a trip, from a person's wish to an itinerary."""

from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import StringConstraints
from sqlalchemy import CheckConstraint, Index, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field, SQLModel

from json_rows.models import (
    INT_MAX,
    Identity,
    Input,
    Output,
    Timestamp,
    Timestamps,
    TimeZone,
    Versioned,
    default,
    iff,
    like,
    one_of,
    partial,
    without,
)
from service.models import examples
from service.models.imported import Imported
from service.models.status import WorkflowStatus
from service.models.time_settings import TimeSettings
from service.models.workflow_course import WorkflowCounters, WorkflowProgress

DEFAULT_NAME = "Trip planning"
"""The name of a workflow that was given none."""

Tag = Annotated[str, StringConstraints(min_length=1, max_length=50)]


class InputType(StrEnum):
    """What the wish names: a region, or one place to start from."""

    REGION = "region"
    SPECIFIC_PLACE = "specific_place"


class WorkflowBase(SQLModel):
    """What a client says of a workflow."""

    user_id: UUID = Field(
        foreign_key="users.id",
        ondelete="CASCADE",
        description="The person whose wish it is.",
        schema_extra=like(examples.USER),
    )
    user_input: str = Field(
        min_length=1,
        max_length=8000,
        description="The wish, as the person typed it.",
        schema_extra=like("홍대에서 데이트하고 싶어"),
    )
    name: str = Field(
        default=DEFAULT_NAME,
        min_length=1,
        max_length=255,
        description="What lists show of it.",
        schema_extra=like("홍대 데이트"),
    )
    session_id: str | None = Field(
        default=None,
        max_length=255,
        description="Groups the workflows of one conversation.",
        schema_extra=like("chat-42"),
    )
    input_type: InputType | None = Field(
        default=None,
        sa_type=Text,
        description="What the wish names.",
        schema_extra=like("region"),
    )
    time_settings: TimeSettings | None = Field(
        default=None,
        sa_type=JSONB,
        description="When the day starts, and how long it may last.",
        schema_extra=like({"enabled": True, "start_time": "14:00", "duration_hours": 5}),
    )
    timezone: TimeZone = Field(
        default="Asia/Seoul",
        max_length=64,
        description="IANA time zone of the trip.",
        sa_column_kwargs=default("'Asia/Seoul'"),
    )
    search_radius_m: int = Field(
        default=2000,
        ge=100,
        le=20000,
        description="Metres.",
        sa_column_kwargs=default("2000"),
        schema_extra=like(2000),
    )
    user_intent: dict[str, Any] | None = Field(
        default=None,
        sa_type=JSONB,
        description="What the agent understood of the wish.",
        schema_extra=like({"purpose": "date", "wants": ["activity", "dining"]}),
    )
    tags: list[Tag] = Field(
        default_factory=list,
        max_length=20,
        sa_type=ARRAY(Text),
        description="Words to find it by.",
        sa_column_kwargs=default("'{}'"),
        schema_extra=like(["date", "seoul"]),
    )
    meta: dict[str, Any] | None = Field(
        default=None,
        alias="metadata",
        sa_type=JSONB,
        sa_column_kwargs={"name": "metadata"},
        description="Anything else that the client wants to keep with the workflow.",
        schema_extra=like({"app_version": "1.4.0"}),
    )
    parent_workflow_id: UUID | None = Field(
        default=None,
        foreign_key="workflows.id",
        ondelete="SET NULL",
        description="The workflow that this one tries again.",
        schema_extra=like(examples.WORKFLOW_TO_FAIL),
    )


class Workflow(
    Imported,
    Versioned,
    Timestamps,
    WorkflowCounters,
    WorkflowProgress,
    WorkflowBase,
    Identity,
    table=True,
):
    """The table of workflows."""

    __tablename__ = "workflows"

    last_node_seq: int = Field(
        ge=0,
        le=INT_MAX,
        description="The highest seq given to a node; the next one is one more.",
        sa_column_kwargs=default("0"),
    )

    __table_args__ = (
        one_of("status", WorkflowStatus),
        one_of("input_type", InputType),
        CheckConstraint(
            iff("status IN ('completed', 'failed', 'cancelled')", "completed_at IS NOT NULL"),
            name="completed_at_iff_terminal",
        ),
        CheckConstraint(
            iff("status = 'awaiting_input'", "waiting_since IS NOT NULL"),
            name="waiting_since_iff_awaiting",
        ),
        CheckConstraint(
            "completed_at IS NULL OR active_ms + waiting_ms = "
            "floor(EXTRACT(epoch FROM completed_at - started_at) * 1000)",
            name="times_add_up",
        ),
        # Postgres checks by name, and tells of the first that is broken: this one says most.
        CheckConstraint("completed_at >= started_at", name="completed_after_start"),
        CheckConstraint(
            "node_count >= failed_node_count AND failed_node_count >= 0 "
            "AND generation_count >= 0 AND input_tokens >= 0 AND output_tokens >= 0 "
            "AND total_cost >= 0",
            name="counters_not_negative",
        ),
        CheckConstraint("active_ms >= 0 AND waiting_ms >= 0", name="times_not_negative"),
        CheckConstraint("parent_workflow_id <> id", name="parent_is_another"),
        CheckConstraint("search_radius_m BETWEEN 100 AND 20000", name="search_radius_m_range"),
        CheckConstraint("(total_cost IS NULL) = (currency IS NULL)", name="cost_has_currency"),
        Index("ix_workflows_created_at_id", "created_at", "id"),
        Index("ix_workflows_user_id_created_at_id", "user_id", "created_at", "id"),
        Index("ix_workflows_session_id", "session_id"),
        Index("ix_workflows_parent_workflow_id", "parent_workflow_id"),
        Index("ix_workflows_status_created_at", "status", "created_at"),
        Index("ix_workflows_tags", "tags", postgresql_using="gin"),
    )


class WorkflowCreate(Input, WorkflowBase, Identity):
    """A workflow that begins."""

    user_id: UUID | None = Field(  # type: ignore[assignment]  # or filled in
        default=None,
        description="The person whose wish it is; may be left out with a key that is bound to one.",
        schema_extra=like(examples.USER),
    )
    started_at: Timestamp | None = Field(default=None, description="When it began, if not now.")


WorkflowUpdate = partial(
    "WorkflowUpdate",
    WorkflowBase,
    base=Input,
    only=("name", "session_id", "user_intent", "tags", "meta"),
)


class WorkflowRead(
    Output,
    Imported,
    Versioned,
    Timestamps,
    WorkflowCounters,
    WorkflowProgress,
    WorkflowBase,
    Identity,
):
    """A workflow."""

    itinerary_id: UUID | None = Field(
        default=None,
        description="The itinerary that it made; null where there is none.",
        schema_extra=like(examples.ITINERARY_ID),
    )


WorkflowSummary = without(
    "WorkflowSummary",
    WorkflowRead,
    ("user_intent", "meta", "final_itinerary"),
    base=Output,
)


class WorkflowFilter(Input):
    """Which workflows to list."""

    status: list[WorkflowStatus] | None = Field(
        default=None, description="Any of these.", schema_extra=like(["running", "failed"])
    )
    user_id: UUID | None = Field(
        default=None, description="Workflows of this person.", schema_extra=like(examples.USER)
    )
    session_id: str | None = Field(
        default=None,
        max_length=255,
        description="Workflows of this conversation.",
        schema_extra=like("chat-42"),
    )
    parent_workflow_id: UUID | None = Field(
        default=None,
        description="Workflows that try this one again.",
        schema_extra=like(examples.WORKFLOW_TO_FAIL),
    )
    node_name: str | None = Field(
        default=None,
        max_length=255,
        description="Workflows with a node of this name.",
        schema_extra=like("discover_dining_places"),
    )
    model: str | None = Field(
        default=None,
        max_length=255,
        description="Workflows with a generation by this model.",
        schema_extra=like("gpt-5"),
    )
    has_error: bool | None = Field(
        default=None,
        description="Failed workflows, or all others.",
        schema_extra=like(example=True),
    )
    min_duration_ms: int | None = Field(
        default=None,
        ge=0,
        le=INT_MAX,
        description="At least this much time of the agent.",
        schema_extra=like(1000),
    )
    max_duration_ms: int | None = Field(
        default=None,
        ge=0,
        le=INT_MAX,
        description="At most this much time of the agent.",
        schema_extra=like(60_000),
    )
    started_after: Timestamp | None = Field(default=None, description="At this time or later.")
    started_before: Timestamp | None = Field(default=None, description="Before this time.")
    tag: list[Tag] | None = Field(
        default=None, description="All of these.", schema_extra=like(["date"])
    )
    q: str | None = Field(
        default=None,
        min_length=1,
        max_length=200,
        description="Part of the wish or the name.",
        schema_extra=like("홍대"),
    )
