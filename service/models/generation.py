"""Generations: one LLM call each, with its tokens, its latency and its cost."""

from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Index, Numeric, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field, SQLModel

from json_rows.models import (
    INT_MAX,
    Currency,
    Identity,
    Input,
    Money,
    Output,
    Timestamp,
    default,
    like,
    one_of,
    partial,
    without,
)
from service.models import examples
from service.models.imported import Imported


class GenerationStatus(StrEnum):
    """How a generation ended."""

    COMPLETED = "completed"
    FAILED = "failed"


class CostSource(StrEnum):
    """Where a cost comes from: the client, the price list, or nowhere."""

    PROVIDED = "provided"
    COMPUTED = "computed"
    UNKNOWN = "unknown"


def _count(description: str, example: int) -> Any:
    return Field(
        default=None, ge=0, le=INT_MAX, description=description, schema_extra=like(example)
    )


def _text(description: str, example: str, **options: Any) -> Any:
    return Field(default=None, description=description, schema_extra=like(example), **options)


class GenerationBase(SQLModel):
    """What a client says of a generation."""

    node_id: UUID | None = Field(
        default=None,
        description="The node that made it, of this workflow.",
        schema_extra=like(examples.NODE),
    )
    model_provider: str | None = _text("Who runs the model.", "openai", max_length=100)
    model_name: str = Field(
        min_length=1,
        max_length=255,
        description="The model that was asked.",
        schema_extra=like("gpt-5"),
    )
    response_model: str | None = _text(
        "The model that answered, as it names itself.", "gpt-5-2026-02-01", max_length=255
    )
    system_prompt: str | None = _text(
        "What the model was told to be.", "You plan days out in Seoul.", sa_type=Text
    )
    user_prompt: str | None = _text("What it was asked.", "홍대에서 데이트하고 싶어", sa_type=Text)
    full_prompt: str | None = _text(
        "All of the prompt, where it is kept as one text.",
        "You plan days out in Seoul.\n\n홍대에서 데이트하고 싶어",
        sa_type=Text,
    )
    input_messages: Any = Field(
        default=None,
        sa_type=JSONB,
        nullable=True,
        description="Any JSON, such as a chat's turns.",
        schema_extra=like([{"role": "user", "content": "홍대에서 데이트하고 싶어"}]),
    )
    output: str | None = _text(
        "What it answered; null when it failed.", '{"places": ["홍대 미술관"]}', sa_type=Text
    )
    parsed_output: Any = Field(
        default=None,
        sa_type=JSONB,
        nullable=True,
        description="Any JSON, such as what the agent read out of the output.",
        schema_extra=like(examples.OUTPUT),
    )
    finish_reasons: list[str] | None = Field(
        default=None,
        max_length=20,
        sa_type=ARRAY(Text),
        description="Why the model stopped, as it says itself.",
        schema_extra=like(["stop"]),
    )
    temperature: float | None = Field(
        default=None, ge=0, le=100, description="As it was set.", schema_extra=like(0.7)
    )
    max_tokens: int | None = _count("Limit that the client set.", 2048)
    prompt_tokens: int | None = _count("Tokens in.", 812)
    completion_tokens: int | None = _count("Tokens out.", 204)
    total_tokens: int | None = Field(
        default=None,
        ge=0,
        le=2 * INT_MAX,
        sa_type=BigInteger,
        description="Left out: the sum of prompt and completion.",
        schema_extra=like(1016),
    )
    cached_tokens: int | None = _count("Of the prompt tokens, those read from a cache.", 512)
    reasoning_tokens: int | None = _count("Of the completion tokens, those spent on reasoning.", 64)
    latency_ms: int | None = _count("From the request to the end of the answer.", 840)
    first_token_ms: int | None = _count("From the request to the first token.", 210)
    cost: Money | None = Field(
        default=None,
        sa_type=Numeric(18, 9),
        description="Left out: computed from the price list and frozen; null when no price is "
        "known.",
        schema_extra=like(0.0031),
    )
    status: GenerationStatus = Field(
        default=GenerationStatus.COMPLETED,
        sa_type=Text,
        description="How it ended.",
        sa_column_kwargs=default("'completed'"),
        schema_extra=like("completed"),
    )
    error_message: str | None = _text(
        "What went wrong, in a sentence.", "The provider answered 429.", sa_type=Text
    )


class GenerationRecord(SQLModel):
    """What the service adds to a generation."""

    workflow_id: UUID = Field(
        foreign_key="workflows.id",
        ondelete="CASCADE",
        description="The workflow that it belongs to.",
        schema_extra=like(examples.WORKFLOW),
    )
    currency: Currency | None = Field(
        default=None, max_length=3, description="ISO 4217, of `cost`."
    )
    cost_source: CostSource = Field(
        sa_type=Text,
        description="Where the cost comes from.",
        sa_column_kwargs=default("'unknown'"),
    )
    created_at: Timestamp = Field(
        description="When it was made.", sa_column_kwargs=default("now()")
    )


class Generation(Imported, GenerationRecord, GenerationBase, Identity, table=True):
    """The table of generations."""

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
    """A generation that is recorded."""

    currency: Currency | None = Field(
        default=None,
        max_length=3,
        description="ISO 4217, of `cost`; USD when left out.",
    )
    created_at: Timestamp | None = Field(default=None, description="When it was made, if not now.")


class GenerationRead(Output, Imported, GenerationRecord, GenerationBase, Identity):
    """A generation."""


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


class GenerationFilter(Input):
    """Which generations to list."""

    workflow_id: UUID | None = Field(
        default=None,
        description="Generations of this workflow.",
        schema_extra=like(examples.WORKFLOW),
    )
    node_id: UUID | None = Field(
        default=None, description="Generations of this node.", schema_extra=like(examples.NODE)
    )
    user_id: UUID | None = Field(
        default=None,
        description="Generations of this person's workflows.",
        schema_extra=like(examples.USER),
    )
    session_id: str | None = _text(
        "Generations of this conversation's workflows.", "chat-42", max_length=255
    )
    node_name: str | None = _text(
        "Generations of nodes of this name.", "discover_dining_places", max_length=255
    )
    status: list[GenerationStatus] | None = Field(
        default=None, description="Any of these.", schema_extra=like(["failed"])
    )
    model: str | None = _text("The model_name, exactly.", "gpt-5", max_length=255)
    provider: str | None = _text("The model_provider, exactly.", "openai", max_length=100)
    has_error: bool | None = Field(
        default=None,
        description="Failed generations, or all others.",
        schema_extra=like(example=True),
    )
    min_duration_ms: int | None = _count("Latency of at least this.", 100)
    max_duration_ms: int | None = _count("Latency of at most this.", 10_000)
    started_after: Timestamp | None = Field(default=None, description="At this time or later.")
    started_before: Timestamp | None = Field(default=None, description="Before this time.")
    tag: list[str] | None = Field(
        default=None,
        description="Generations of workflows with all of these tags.",
        schema_extra=like(["date"]),
    )
    q: str | None = _text("Part of the prompt or the output.", "홍대", min_length=1, max_length=200)


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
