"""The course of a workflow: what the service keeps of it, what it adds up to, and how it ends."""

from typing import Any

from pydantic import SerializeAsAny
from sqlalchemy import BigInteger, Numeric, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from json_rows.models import (
    Currency,
    Identity,
    Input,
    Money,
    Timestamp,
    TimeZone,
    default,
    like,
)
from service.models import examples
from service.models.itinerary import PlanDate, Title
from service.models.itinerary_item import MOST_ITEMS, ItemWrite
from service.models.status import WorkflowStatus


class WorkflowProgress(SQLModel):
    """What the service keeps of a workflow's course."""

    status: WorkflowStatus = Field(
        sa_type=Text, description="Where it stands.", sa_column_kwargs=default("'running'")
    )
    pending_step: str | None = Field(
        default=None,
        max_length=255,
        description="The name of the node that waits for a person.",
        schema_extra=like("ask_budget"),
    )
    error_type: str | None = Field(
        default=None,
        max_length=255,
        description="What kind of error it was.",
        schema_extra=like("TimeoutError"),
    )
    error_message: str | None = Field(
        default=None,
        sa_type=Text,
        description="What went wrong, in a sentence.",
        schema_extra=like(examples.WORKFLOW_ERROR),
    )
    final_itinerary: list[Any] | dict[str, Any] | None = Field(
        default=None,
        sa_type=JSONB,
        description="The plan, as the agent gave it.",
        schema_extra=like(examples.ITINERARY),
    )
    started_at: Timestamp = Field(
        description="When the workflow began.", sa_column_kwargs=default("now()")
    )
    heartbeat_at: Timestamp | None = Field(
        default=None, description="The last sign of life of the agent."
    )
    waiting_since: Timestamp | None = Field(
        default=None, description="Set while the workflow awaits input."
    )
    completed_at: Timestamp | None = Field(
        default=None,
        description="Set if and only if the workflow is completed, failed or cancelled.",
    )


def _counter(description: str) -> Any:
    return Field(
        ge=0,
        description=description,
        sa_type=BigInteger,
        sa_column_kwargs=default("0"),
        schema_extra=like(0),
    )


class WorkflowCounters(SQLModel):
    """Sums kept in the same transaction as the rows that they count."""

    node_count: int = _counter("Nodes recorded.")
    failed_node_count: int = _counter("Nodes that failed.")
    generation_count: int = _counter("Generations recorded.")
    input_tokens: int = _counter("Prompt tokens of all generations.")
    output_tokens: int = _counter("Completion tokens of all generations.")
    total_cost: Money | None = Field(
        default=None,
        description="Sum of the known costs in `currency`; null while none is known.",
        # More digits than one amount has: the sum of many must never be what refuses a generation.
        sa_type=Numeric(38, 9),
    )
    currency: Currency | None = Field(
        default=None,
        max_length=3,
        description="ISO 4217; that of the first generation whose cost is known. Costs in another "
        "currency are not added.",
    )
    active_ms: int = _counter("Time of the agent, known once the workflow is closed.")
    waiting_ms: int = _counter("Time spent waiting for a person.")


class PlanGiven(Input, Identity):
    """The itinerary that a workflow makes."""

    title: Title | None = Field(
        default=None,
        description="Left out, it is the workflow's name, or the wish.",
        schema_extra=like("홍대 데이트"),
    )
    plan_date: PlanDate | None = Field(
        default=None, description="The day it begins on; null: any day."
    )
    timezone: TimeZone | None = Field(
        default=None, description="IANA time zone of its clock times; null: the workflow's."
    )
    items: list[ItemWrite] = Field(max_length=MOST_ITEMS, description="In their order.")


class PlanFound(PlanGiven):
    """The itinerary that was read in a `final_itinerary`."""

    legacy_note: str | None = Field(default=None, description="What was repaired.")


class _Plans(Input):
    """What there is of a plan when a workflow ends."""

    final_itinerary: list[Any] | dict[str, Any] | None = Field(
        default=None,
        description="The plan, kept as it is; a list of stops that can be read makes an itinerary.",
        schema_extra=like(examples.ITINERARY),
    )
    itinerary: SerializeAsAny[PlanGiven] | None = Field(
        default=None,
        description="The plan as an itinerary, which is made with it.",
        schema_extra=like(examples.PLAN),
    )


class WorkflowComplete(_Plans):
    """How a workflow came to its end."""

    completed_at: Timestamp | None = Field(default=None, description="When, if not now.")


class WorkflowFail(_Plans):
    """Why a workflow failed."""

    error_message: str = Field(
        min_length=1,
        max_length=20000,
        description="What went wrong, in a sentence.",
        schema_extra=like(examples.WORKFLOW_ERROR),
    )
    error_type: str | None = Field(
        default=None,
        max_length=255,
        description="What kind of error it was.",
        schema_extra=like("TimeoutError"),
    )
    completed_at: Timestamp | None = Field(default=None, description="When, if not now.")


class WorkflowCancel(Input):
    """When a workflow was cancelled."""

    completed_at: Timestamp | None = Field(default=None, description="When, if not now.")
