"""Versions of an itinerary: what it said after each change; none of them ever changes."""

from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from json_rows.models import Identity, Output, Timestamp, default, like, without
from service.models import examples
from service.models.itinerary import PlanBase
from service.models.itinerary_item import ItemRead, ItemWarning


class VersionBase(SQLModel):
    """What is known of a version beside the plan."""

    itinerary_id: UUID = Field(
        foreign_key="itineraries.id",
        ondelete="CASCADE",
        description="The itinerary.",
        schema_extra=like(examples.ITINERARY_ID),
    )
    number: int = Field(description="1 to n, without gaps.", schema_extra=like(1))
    author_id: UUID | None = Field(
        default=None,
        foreign_key="users.id",
        ondelete="SET NULL",
        description="The person who made the change; null where it was nobody in particular.",
        schema_extra=like(examples.USER),
    )
    workflow_id: UUID | None = Field(
        default=None,
        foreign_key="workflows.id",
        ondelete="SET NULL",
        description="The workflow that it came from.",
        schema_extra=like(examples.WORKFLOW),
    )
    note: str | None = Field(
        default=None,
        max_length=500,
        sa_type=Text,
        description="What was changed, in words.",
        schema_extra=like("저녁 식당 변경"),
    )
    restored_from: int | None = Field(
        default=None, description="The number of the version that it brought back."
    )
    item_count: int = Field(
        description="How many items it has.",
        sa_column_kwargs=default("0"),
        schema_extra=like(1),
    )
    created_at: Timestamp = Field(
        description="When it was made.", sa_column_kwargs=default("now()")
    )


class ItineraryVersion(VersionBase, PlanBase, Identity, table=True):
    """The table of versions."""

    __tablename__ = "itinerary_versions"
    __table_args__ = (
        CheckConstraint("number >= 1", name="number_positive"),
        CheckConstraint("restored_from < number", name="restored_from_before"),
        UniqueConstraint("itinerary_id", "number"),
        Index("ix_itinerary_versions_author_id", "author_id"),
        Index("ix_itinerary_versions_workflow_id", "workflow_id"),
    )


class VersionRead(Output, VersionBase, PlanBase, Identity):
    """A version, with its items."""

    items: list[ItemRead] = Field(description="In their order.")
    warnings: list[ItemWarning] = Field(description="What about the items can't be meant so.")


VersionSummary = without("VersionSummary", VersionRead, ("items", "warnings"), base=Output)
