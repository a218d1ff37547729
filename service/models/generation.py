"""Generations: one LLM call each, with its tokens, its latency and its cost."""

from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Index, Numeric, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field, SQLModel

from service.models.base import (
    INT_MAX,
    Currency,
    Identity,
    Imported,
    Input,
    Money,
    Output,
    Timestamp,
    default,
    money,
    one_of,
    partial,
    without,
)


class GenerationStatus(StrEnum):
    """How an LLM call ended."""

    COMPLETED = "completed"
    FAILED = "failed"


class CostSource(StrEnum):
    """Where a cost comes from: the client, the price list, or nowhere."""

    PROVIDED = "provided"
    COMPUTED = "computed"
    UNKNOWN = "unknown"


def _tokens(description: str) -> Any:
    return Field(default=None, ge=0, le=INT_MAX, description=description)


class GenerationBase(SQLModel):
    """What a client says of an LLM call."""

    node_id: UUID | None = Field(default=None, description="The step that made it, of this run.")
    model_provider: str | None = Field(default=None, max_length=100)
    model_name: str = Field(min_length=1, max_length=255)
    response_model: str | None = Field(
        default=None, max_length=255, description="The model that answered, as it names itself."
    )
    system_prompt: str | None = Field(default=None, sa_type=Text)
    user_prompt: str | None = Field(default=None, sa_type=Text)
    full_prompt: str | None = Field(default=None, sa_type=Text)
    input_messages: Any = Field(
        default=None, sa_type=JSONB, nullable=True, description="Any JSON, such as a chat's turns."
    )
    output: str | None = Field(default=None, sa_type=Text, description="Null when the call failed.")
    parsed_output: Any = Field(default=None, sa_type=JSONB, nullable=True, description="Any JSON.")
    finish_reasons: list[str] | None = Field(default=None, max_length=20, sa_type=ARRAY(Text))
    temperature: float | None = Field(default=None, ge=0, le=100)
    max_tokens: int | None = _tokens("Limit that the client set.")
    prompt_tokens: int | None = _tokens("Tokens in.")
    completion_tokens: int | None = _tokens("Tokens out.")
    total_tokens: int | None = Field(
        default=None,
        ge=0,
        le=2 * INT_MAX,
        sa_type=BigInteger,
        description="Left out: the sum of prompt and completion.",
    )
    cached_tokens: int | None = _tokens("Of the prompt tokens, those read from a cache.")
    reasoning_tokens: int | None = _tokens("Of the completion tokens, those spent on reasoning.")
    latency_ms: int | None = Field(default=None, ge=0, le=INT_MAX)
    first_token_ms: int | None = Field(default=None, ge=0, le=INT_MAX)
    cost: Money | None = money(
        "Left out: computed from the price list and frozen; null when no price is known.",
        default=None,
        sa_type=Numeric(18, 9),
    )
    status: GenerationStatus = Field(
        default=GenerationStatus.COMPLETED, sa_type=Text, sa_column_kwargs=default("'completed'")
    )
    error_message: str | None = Field(default=None, sa_type=Text)


class GenerationRecord(SQLModel):
    """What the service adds to an LLM call."""

    workflow_id: UUID = Field(foreign_key="workflows.id", ondelete="CASCADE")
    currency: Currency | None = Field(
        default=None, max_length=3, description="ISO 4217, of `cost`."
    )
    cost_source: CostSource = Field(sa_type=Text, sa_column_kwargs=default("'unknown'"))
    created_at: Timestamp = Field(
        description="When the call was made.", sa_column_kwargs=default("now()")
    )


class Generation(Imported, GenerationRecord, GenerationBase, Identity, table=True):
    """The table of LLM calls."""

    __tablename__ = "generations"
    __table_args__ = (
        one_of("status", GenerationStatus),
        one_of("cost_source", CostSource),
        CheckConstraint(
            "(cost IS NULL) = (cost_source = 'unknown') AND (cost IS NULL) = (currency IS NULL)",
            name="cost_has_source_and_currency",
        ),
        CheckConstraint("cost >= 0", name="cost_not_negative"),
        ForeignKeyConstraint(
            ["workflow_id", "node_id"], ["nodes.workflow_id", "nodes.id"], ondelete="CASCADE"
        ),
        Index("ix_generations_workflow_id_created_at_id", "workflow_id", "created_at", "id"),
        Index("ix_generations_workflow_id_node_id", "workflow_id", "node_id"),
        Index("ix_generations_created_at_id", "created_at", "id"),
        Index("ix_generations_model_name_created_at", "model_name", "created_at"),
    )


class GenerationCreate(Input, GenerationBase, Identity):
    """An LLM call that is recorded."""

    currency: Currency | None = Field(
        default=None,
        max_length=3,
        description="ISO 4217, of `cost`; USD when left out.",
    )
    created_at: Timestamp | None = Field(
        default=None, description="When the call was made, if not now."
    )


class GenerationRead(Output, Imported, GenerationRecord, GenerationBase, Identity):
    """An LLM call."""


GenerationSummary = without(
    "GenerationSummary",
    GenerationRead,
    (
        "system_prompt",
        "user_prompt",
        "full_prompt",
        "input_messages",
        "output",
        "parsed_output",
    ),
    base=Output,
)
GenerationFields = partial("GenerationFields", GenerationRead, base=SQLModel, required=("id",))


class GenerationFilter(Input):
    """Which LLM calls to list."""

    workflow_id: UUID | None = None
    node_id: UUID | None = None
    user_id: UUID | None = None
    session_id: str | None = Field(default=None, max_length=255)
    node_name: str | None = Field(default=None, max_length=255)
    status: list[GenerationStatus] | None = Field(default=None, description="Any of these.")
    model: str | None = Field(default=None, max_length=255, description="The model_name, exactly.")
    provider: str | None = Field(default=None, max_length=100)
    has_error: bool | None = Field(default=None, description="Failed calls, or all others.")
    min_duration_ms: int | None = Field(
        default=None, ge=0, le=INT_MAX, description="Latency of at least this."
    )
    max_duration_ms: int | None = Field(
        default=None, ge=0, le=INT_MAX, description="Latency of at most this."
    )
    started_after: Timestamp | None = Field(default=None, description="At this time or later.")
    started_before: Timestamp | None = Field(default=None, description="Before this time.")
    tag: list[str] | None = Field(default=None, description="Calls of runs with all of these tags.")
    q: str | None = Field(
        default=None, min_length=1, max_length=200, description="Part of the prompt or the output."
    )


WorkflowGenerationFilter = partial(
    "WorkflowGenerationFilter",
    GenerationFilter,
    base=Input,
    only=(
        "node_id",
        "node_name",
        "status",
        "model",
        "provider",
        "has_error",
        "min_duration_ms",
        "max_duration_ms",
        "started_after",
        "started_before",
        "q",
    ),
)
