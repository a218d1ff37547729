"""Itineraries: the plans that people keep, change and share."""

import re
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, StringConstraints, WithJsonSchema
from sqlalchemy import CheckConstraint, Index, Text
from sqlmodel import Field, SQLModel

from json_rows.models import (
    Identity,
    Input,
    Output,
    Timestamp,
    Timestamps,
    TimeZone,
    Versioned,
    default,
    like,
    one_of,
    without,
)
from service.models import examples
from service.models.imported import Imported
from service.models.itinerary_item import MOST_ITEMS, ItemRead, ItemWarning, ItemWrite

Title = Annotated[str, StringConstraints(min_length=1, max_length=200)]
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)

FIRST_DATE, LAST_DATE = date(1970, 1, 1), date(2899, 12, 31)
"""Between these a plan begins: its moments stay inside what JSON and Postgres share."""


def _parse_day(value: Any) -> Any:
    """Take a day as RFC 3339 writes it: in queries pydantic takes numbers besides."""
    if not isinstance(value, str):
        return value
    if _DAY.fullmatch(value):
        # In strict mode what a BeforeValidator passes on must be of the type already.
        return date.fromisoformat(value)
    message = "must be a day such as 2026-12-24"
    raise ValueError(message)


def _is_plausible(day: date) -> date:
    if not FIRST_DATE <= day <= LAST_DATE:
        message = f"must lie between {FIRST_DATE} and {LAST_DATE}"
        raise ValueError(message)
    return day


PlanDate = Annotated[
    date,
    BeforeValidator(_parse_day),
    AfterValidator(_is_plausible),
    WithJsonSchema(
        {
            "type": "string",
            "format": "date",
            "pattern": "^(?:19[7-9][0-9]|2[0-8][0-9]{2})-",
            "examples": ["2026-12-24"],
        }
    ),
]


class CreatedVia(StrEnum):
    """Who made an itinerary."""

    AGENT = "agent"
    USER = "user"
    IMPORT = "import"


class PlanBase(SQLModel):
    """What a plan says beside its items."""

    title: Title = Field(
        max_length=200, description="What lists show of it.", schema_extra=like("홍대 데이트")
    )
    plan_date: PlanDate | None = Field(
        default=None, description="The day it begins on; null: any day."
    )
    timezone: TimeZone = Field(
        default="Asia/Seoul",
        max_length=64,
        description="IANA time zone of its clock times.",
        sa_column_kwargs=default("'Asia/Seoul'"),
    )


class ItineraryOrigin(SQLModel):
    """Whose it is, and where it comes from."""

    user_id: UUID = Field(
        foreign_key="users.id",
        ondelete="CASCADE",
        description="The person who owns it.",
        schema_extra=like(examples.USER),
    )
    workflow_id: UUID | None = Field(
        default=None,
        foreign_key="workflows.id",
        ondelete="SET NULL",
        description="The workflow that it came from.",
        schema_extra=like(examples.WORKFLOW),
    )
    created_via: CreatedVia = Field(
        default=CreatedVia.USER,
        sa_type=Text,
        description="Who made it.",
        sa_column_kwargs=default("'user'"),
        schema_extra=like("user"),
    )


class ItineraryRecord(SQLModel):
    """What the service keeps of an itinerary."""

    current_version: int = Field(
        description="The number of the version that it shows: 1 to n, without gaps.",
        sa_column_kwargs=default("1"),
        schema_extra=like(1),
    )
    archived_at: Timestamp | None = Field(
        default=None, description="Set while it is put away: its links don't show it."
    )


class Itinerary(
    Imported,
    Versioned,
    Timestamps,
    ItineraryRecord,
    PlanBase,
    ItineraryOrigin,
    Identity,
    table=True,
):
    """The table of itineraries."""

    __tablename__ = "itineraries"
    __table_args__ = (
        one_of("created_via", CreatedVia),
        CheckConstraint("current_version >= 1", name="current_version_positive"),
        Index("ix_itineraries_created_at_id", "created_at", "id"),
        Index("ix_itineraries_user_id_created_at_id", "user_id", "created_at", "id"),
        Index("ix_itineraries_workflow_id", "workflow_id"),
    )


class ItineraryCreate(Input, PlanBase, ItineraryOrigin, Identity):
    """A new itinerary, with its items."""

    user_id: UUID | None = Field(  # type: ignore[assignment]
        default=None,
        description="The person who owns it; left out, the one whose key or token this is.",
        schema_extra=like(examples.USER),
    )
    created_via: Literal[CreatedVia.AGENT, CreatedVia.USER] = Field(
        default=CreatedVia.USER, description="Who makes it.", schema_extra=like("user")
    )
    items: list[ItemWrite] = Field(
        default_factory=list,
        max_length=MOST_ITEMS,
        description="In their order.",
        schema_extra=like([examples.NEW_ITEM]),
    )


class ItineraryRead(
    Output, Imported, Versioned, Timestamps, ItineraryRecord, PlanBase, ItineraryOrigin, Identity
):
    """An itinerary, as its current version has it."""

    items: list[ItemRead] = Field(description="In their order.")
    warnings: list[ItemWarning] = Field(description="What about the items can't be meant so.")


ItinerarySummary = without("ItinerarySummary", ItineraryRead, ("items", "warnings"), base=Output)


class ItineraryFilter(Input):
    """Which itineraries to list."""

    user_id: UUID | None = Field(
        default=None, description="Those that this person owns.", schema_extra=like(examples.USER)
    )
    workflow_id: UUID | None = Field(
        default=None,
        description="Those that came from this workflow.",
        schema_extra=like(examples.WORKFLOW),
    )
    created_via: list[CreatedVia] | None = Field(
        default=None, description="Any of these.", schema_extra=like(["agent"])
    )
    plan_after: PlanDate | None = Field(default=None, description="On this day or later.")
    plan_before: PlanDate | None = Field(default=None, description="Before this day.")
    archived: bool | None = Field(
        default=None, description="Those put away, or all others.", schema_extra=like(example=False)
    )
    q: str | None = Field(
        default=None,
        min_length=1,
        max_length=200,
        description="Part of the title.",
        schema_extra=like("홍대"),
    )
