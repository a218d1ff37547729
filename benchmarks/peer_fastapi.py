"""The peer of the comparison: FastAPI and SQLModel, as the full-stack-fastapi-template has them.

One synchronous Session a request through a dependency, entities in and out, `response_model`, a
plain `create_engine(url)` with its pool of 5 + 10 and no ping. It maps the tables of the service,
and takes and gives the same fields. Where the template would lose time that is not the stack's
fault, this app does not follow it: no COUNT(*) for each page, heavy columns are not fetched for
summaries, ids are UUIDv7, and nobody logs in.
"""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import available_timezones

from fastapi import APIRouter, Depends, FastAPI, HTTPException
from pydantic import AfterValidator, ConfigDict, StringConstraints
from sqlalchemy import DateTime, Numeric, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import defer
from sqlmodel import Field, Session, SQLModel, create_engine, desc, select
from uuid_utils.compat import uuid7

TIME_ZONES = available_timezones()
OPEN = ("running", "awaiting_input")

engine = create_engine(os.environ["DATABASE_URL"])


def get_session() -> Iterator[Session]:
    """Open the session of a request."""
    with Session(engine) as session:
        yield session


SessionDep = Annotated[Session, Depends(get_session)]


def now() -> datetime:
    """Get the time for a column."""
    return datetime.now(UTC)


def _is_time_zone(name: str) -> str:
    if name not in TIME_ZONES:
        message = "must be a name of the IANA time zone database"
        raise ValueError(message)
    return name


def _moment(**options: Any) -> Any:
    return Field(sa_type=DateTime(timezone=True), **options)


def _json(**options: Any) -> Any:
    return Field(default=None, sa_type=JSONB(none_as_null=True), **options)


Tag = Annotated[str, StringConstraints(min_length=1, max_length=50)]
TimeZone = Annotated[str, AfterValidator(_is_time_zone)]
ClockTime = Annotated[str, StringConstraints(pattern=r"^(?:[01][0-9]|2[0-3]):[0-5][0-9]$")]


class InputType(StrEnum):
    """What the wish names."""

    REGION = "region"
    SPECIFIC_PLACE = "specific_place"


class NodeType(StrEnum):
    """What kind of work a node does."""

    ANALYSIS = "analysis"
    SEARCH = "search"
    GENERATION = "generation"
    ROUTING = "routing"
    FEEDBACK = "feedback"
    VALIDATION = "validation"
    OTHER = "other"


class TimeSettings(SQLModel):
    """When the day starts and how long it may last."""

    model_config = ConfigDict(extra="forbid")

    enabled: bool = True
    start_time: ClockTime | None = None
    duration_hours: float | None = Field(default=None, ge=2, le=12)


class WorkflowBase(SQLModel):
    """What a client says of a workflow."""

    user_id: UUID
    user_input: str = Field(min_length=1, max_length=8000)
    name: str = Field(default="Trip planning", min_length=1, max_length=255)
    session_id: str | None = Field(default=None, max_length=255)
    input_type: InputType | None = Field(default=None, sa_type=Text)
    time_settings: TimeSettings | None = _json()
    timezone: TimeZone = Field(default="Asia/Seoul", max_length=64)
    search_radius_m: int = Field(default=2000, ge=100, le=20000)
    tags: list[Tag] = Field(default_factory=list, max_length=20, sa_type=ARRAY(Text))
    parent_workflow_id: UUID | None = None


class WorkflowProgress(SQLModel):
    """What the service keeps of a workflow."""

    status: str = "running"
    pending_step: str | None = None
    error_type: str | None = None
    error_message: str | None = None
    started_at: datetime = _moment(default_factory=now)
    heartbeat_at: datetime | None = _moment(default=None)
    waiting_since: datetime | None = _moment(default=None)
    completed_at: datetime | None = _moment(default=None)
    node_count: int = 0
    failed_node_count: int = 0
    generation_count: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    total_cost: float | None = Field(default=None, sa_type=Numeric(18, 9))
    currency: str | None = None
    active_ms: int = 0
    waiting_ms: int = 0
    created_at: datetime = _moment(default_factory=now)
    updated_at: datetime = _moment(default_factory=now)
    version: int = 1
    legacy_id: str | None = None
    legacy_note: str | None = None


class Workflow(WorkflowProgress, WorkflowBase, table=True):
    """The table of workflows."""

    __tablename__ = "workflows"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    time_settings: dict[str, Any] | None = _json()
    user_intent: dict[str, Any] | None = _json()
    # `metadata` is taken: SQLAlchemy has its tables there.
    meta: dict[str, Any] | None = _json(sa_column_kwargs={"name": "metadata"})
    final_itinerary: list[Any] | dict[str, Any] | None = _json()
    last_node_seq: int = 0


class WorkflowCreate(WorkflowBase):
    """A workflow that begins."""

    model_config = ConfigDict(extra="forbid")

    user_intent: dict[str, Any] | None = None
    meta: dict[str, Any] | None = Field(default=None, validation_alias="metadata")


class WorkflowSummary(WorkflowProgress, WorkflowBase):
    """A workflow in a list."""

    id: UUID


class WorkflowPublic(WorkflowSummary):
    """A workflow."""

    user_intent: dict[str, Any] | None
    meta: dict[str, Any] | None = Field(serialization_alias="metadata")
    final_itinerary: list[Any] | dict[str, Any] | None


class WorkflowsPublic(SQLModel):
    """A page of workflows."""

    items: list[WorkflowPublic]


class WorkflowSummaries(SQLModel):
    """A page of workflows without their heavy fields."""

    items: list[WorkflowSummary]


class NodeBase(SQLModel):
    """What a client says of a node."""

    node_name: str = Field(min_length=1, max_length=255)
    node_type: NodeType = Field(default=NodeType.OTHER, sa_type=Text)
    parent_node_id: UUID | None = None
    attempt: int = Field(default=1, ge=1)
    input: Any = _json()
    skip_reason: str | None = Field(default=None, max_length=2000)


class NodeProgress(SQLModel):
    """What the service keeps of a node."""

    workflow_id: UUID
    seq: int
    status: str = "running"
    output: Any = _json()
    error_message: str | None = None
    error_traceback: str | None = None
    started_at: datetime | None = _moment(default_factory=now)
    completed_at: datetime | None = _moment(default=None)
    duration_ms: int | None = None
    created_at: datetime = _moment(default_factory=now)
    updated_at: datetime = _moment(default_factory=now)
    legacy_id: str | None = None
    legacy_note: str | None = None


class Node(NodeProgress, NodeBase, table=True):
    """The table of nodes."""

    __tablename__ = "nodes"

    id: UUID = Field(default_factory=uuid7, primary_key=True)


class NodeCreate(NodeBase):
    """A node that begins."""

    model_config = ConfigDict(extra="forbid")


class NodePublic(NodeProgress, NodeBase):
    """A node."""

    id: UUID


router = APIRouter(prefix="/v1/workflows")


@router.get("", response_model=WorkflowsPublic)
def read_workflows(session: SessionDep, skip: int = 0, limit: int = 50) -> Any:
    """List workflows, the newest first."""
    newest = select(Workflow).order_by(desc(Workflow.created_at), desc(Workflow.id))
    return WorkflowsPublic(items=session.exec(newest.offset(skip).limit(limit)).all())


@router.get("/summaries", response_model=WorkflowSummaries)
def read_summaries(session: SessionDep, skip: int = 0, limit: int = 50) -> Any:
    """List workflows without their heavy fields."""
    newest = select(Workflow).order_by(desc(Workflow.created_at), desc(Workflow.id))
    heavy = (Workflow.user_intent, Workflow.meta, Workflow.final_itinerary)
    light = newest.options(*map(defer, heavy))
    return WorkflowSummaries(items=session.exec(light.offset(skip).limit(limit)).all())


@router.get("/{workflow_id}", response_model=WorkflowPublic)
def read_workflow(session: SessionDep, workflow_id: UUID) -> Any:
    """Get a workflow."""
    workflow = session.get(Workflow, workflow_id)
    if not workflow:
        raise HTTPException(status_code=404, detail="Workflow not found")
    return workflow


@router.post("", response_model=WorkflowPublic, status_code=201)
def create_workflow(session: SessionDep, new: WorkflowCreate) -> Any:
    """Start a workflow."""
    workflow = Workflow(**new.model_dump())
    session.add(workflow)
    session.commit()
    session.refresh(workflow)
    return workflow


@router.post("/{workflow_id}/nodes", response_model=NodePublic, status_code=201)
def create_node(session: SessionDep, workflow_id: UUID, new: NodeCreate) -> Any:
    """Record a node; the lock on the workflow keeps its counters right, as in the service."""
    workflow = session.get(Workflow, workflow_id, with_for_update={"key_share": True})
    if not workflow:
        raise HTTPException(status_code=404, detail="Workflow not found")
    if workflow.status not in OPEN:
        raise HTTPException(status_code=409, detail="The workflow takes no more nodes")
    workflow.last_node_seq += 1
    workflow.node_count += 1
    workflow.version += 1
    workflow.updated_at = workflow.heartbeat_at = now()
    node = Node(**new.model_dump(), workflow_id=workflow_id, seq=workflow.last_node_seq)
    session.add(node)
    session.commit()
    session.refresh(node)
    return node


app = FastAPI()
app.include_router(router)
