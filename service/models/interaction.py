"""Interactions: a workflow asks a person, and the person answers."""

from typing import Annotated
from uuid import UUID

from pydantic import StringConstraints
from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field, SQLModel
from uuid_utils.compat import uuid7

from json_rows.models import Identity, Input, Output, Timestamp, default, iff, like
from service.models import examples

Choice = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class InteractionBase(SQLModel):
    """What a workflow asks a person."""

    question: str = Field(
        min_length=1,
        max_length=8000,
        sa_type=Text,
        description="What the person is asked.",
        schema_extra=like("예산이 얼마예요?"),
    )
    step: str | None = Field(
        default=None,
        min_length=1,
        max_length=255,
        description="The name of the node that waits for the answer.",
        schema_extra=like("ask_budget"),
    )
    choices: list[Choice] = Field(
        default_factory=list,
        max_length=50,
        sa_type=ARRAY(Text),
        description="Answers to choose from; any other is fine, too.",
        sa_column_kwargs=default("'{}'"),
        schema_extra=like(["3만원", "5만원"]),
    )
    node_id: UUID | None = Field(
        default=None,
        description="The node that asks, of this workflow.",
        schema_extra=like(examples.NODE),
    )


class InteractionRecord(SQLModel):
    """What the service adds to a question."""

    workflow_id: UUID = Field(
        foreign_key="workflows.id",
        ondelete="CASCADE",
        description="The workflow that asks.",
        schema_extra=like(examples.WORKFLOW),
    )
    seq: int = Field(description="Its place among the questions of the workflow.")
    answer: str | None = Field(
        default=None,
        max_length=8000,
        sa_type=Text,
        description="What the person answered; null as long as nobody has.",
        schema_extra=like("5만원"),
    )
    requested_at: Timestamp = Field(
        description="When it was asked.", sa_column_kwargs=default("now()")
    )
    answered_at: Timestamp | None = Field(default=None, description="When it was answered.")


class Interaction(InteractionRecord, InteractionBase, Identity, table=True):
    """The table of interactions."""

    __tablename__ = "interactions"

    answer_id: UUID | None = Field(
        default=None, description="That of the answer, by which a repeated one is known."
    )

    __table_args__ = (
        CheckConstraint(
            iff("answered_at IS NULL", "answer IS NULL"), name="answered_at_iff_answer"
        ),
        CheckConstraint(
            iff("answered_at IS NULL", "answer_id IS NULL"), name="answered_at_iff_answer_id"
        ),
        CheckConstraint("answered_at >= requested_at", name="answered_after_requested"),
        CheckConstraint("seq >= 1", name="seq_positive"),
        ForeignKeyConstraint(
            ["workflow_id", "node_id"], ["nodes.workflow_id", "nodes.id"], ondelete="CASCADE"
        ),
        Index("uq_interactions_workflow_id_seq", "workflow_id", "seq", unique=True),
        Index(
            "uq_interactions_workflow_id_unanswered",
            "workflow_id",
            unique=True,
            postgresql_where=text("answered_at IS NULL"),
        ),
        Index("ix_interactions_workflow_id_node_id", "workflow_id", "node_id"),
    )


class WorkflowAwaitInput(Input, InteractionBase, Identity):
    """A question to the person, for which the workflow waits."""


class WorkflowResume(Input):
    """The answer to the question that a workflow waits for."""

    answer: str = Field(
        min_length=1,
        max_length=8000,
        description="What the person says.",
        schema_extra=like("5만원"),
    )
    interaction_id: UUID | None = Field(
        default=None,
        description="The question that it answers; where another one is open by now, the answer is "
        "refused. Left out: the one that is open.",
        schema_extra=like(examples.INTERACTION),
    )
    id: UUID = Field(
        default_factory=uuid7,
        description="That of the answer; a client may choose its own, which makes a repeated "
        "request harmless.",
        schema_extra=like("0199c0de-0000-7000-8000-0000000000fe"),
    )


class InteractionRead(Output, InteractionRecord, InteractionBase, Identity):
    """A question, and its answer."""


class InteractionFilter(Input):
    """Which questions of a workflow to list."""

    answered: bool | None = Field(
        default=None,
        description="Those that are answered, or the one that is not.",
        schema_extra=like(example=True),
    )
