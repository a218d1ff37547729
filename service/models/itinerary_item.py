"""Items of an itinerary: what is done when and where, and the leg to what comes next."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import StringConstraints
from sqlalchemy import CheckConstraint, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel
from uuid_utils.compat import uuid7

from json_rows.models import Input, Output, Timestamp, like, one_of

MOST_ITEMS = 500
"""How many items an itinerary has at most."""

LONGEST_MINUTES = 14 * 24 * 60
"""Up to when items may begin, and how long one may take: two weeks."""

WebAddress = Annotated[
    str,
    StringConstraints(pattern=r"^https?://[^\s\x00-\x20\x7f-\xa0\ufeff]+$", max_length=2000),
]


class ItemCategory(StrEnum):
    """What kind of thing is done."""

    ACTIVITY = "activity"
    DINING = "dining"
    CAFE = "cafe"
    DRINKING = "drinking"
    OTHER = "other"


class LegMethod(StrEnum):
    """How people get on."""

    WALK = "walk"
    TAXI = "taxi"
    PUBLIC_TRANSPORT = "public_transport"
    SUBWAY = "subway"
    BUS = "bus"
    CAR = "car"
    BIKE = "bike"
    OTHER = "other"


class Place(Input):
    """Where it is."""

    name: str = Field(
        min_length=1, max_length=255, description="Its name.", schema_extra=like("홍대 미술관")
    )
    address: str | None = Field(
        default=None,
        max_length=500,
        description="As people write it there.",
        schema_extra=like("서울 마포구 와우산로 94"),
    )
    category: str | None = Field(
        default=None,
        max_length=255,
        description="The provider's own, as a path.",
        schema_extra=like("문화,예술 > 미술관"),
    )
    latitude: float | None = Field(
        default=None, ge=-90, le=90, description="WGS 84.", schema_extra=like(37.5515)
    )
    longitude: float | None = Field(
        default=None, ge=-180, le=180, description="WGS 84.", schema_extra=like(126.9256)
    )
    phone: str | None = Field(
        default=None,
        max_length=50,
        description="As people dial it there.",
        schema_extra=like("02-320-1114"),
    )
    url: WebAddress | None = Field(
        default=None,
        description="Its page, http or https.",
        schema_extra=like("https://place.example.com/1234"),
    )
    provider: str | None = Field(
        default=None, max_length=50, description="Who knows it.", schema_extra=like("kakao")
    )
    provider_id: str | None = Field(
        default=None, max_length=255, description="Its id there.", schema_extra=like("1234")
    )


class Leg(Input):
    """The way to the next item."""

    method: LegMethod = Field(description="How.", schema_extra=like("walk"))
    minutes: int | None = Field(
        default=None, ge=0, le=LONGEST_MINUTES, description="How long.", schema_extra=like(12)
    )
    distance_m: int | None = Field(
        default=None, ge=0, le=50_000_000, description="How far.", schema_extra=like(850)
    )
    description: str | None = Field(
        default=None,
        max_length=1000,
        description="Which way.",
        schema_extra=like("홍익로를 따라 직진"),
    )


class ItemBase(SQLModel):
    """What is done, when and where."""

    category: ItemCategory = Field(
        default=ItemCategory.OTHER,
        sa_type=Text,
        description="What kind of thing.",
        schema_extra=like("activity"),
    )
    start_minute: int = Field(
        ge=0,
        lt=LONGEST_MINUTES,
        description="Minutes after midnight of `plan_date`, on the clock there: 24:30 is 1470.",
        schema_extra=like(840),
    )
    duration_minutes: int = Field(
        ge=1, le=LONGEST_MINUTES, description="How long it takes.", schema_extra=like(90)
    )
    place: Place = Field(
        sa_type=JSONB,
        nullable=False,
        description="Where it is.",
        schema_extra=like({"name": "홍대 미술관"}),
    )
    notes: str | None = Field(
        default=None,
        max_length=4000,
        sa_type=Text,
        description="What else to know; not shown to those who have a link only.",
        schema_extra=like("예약 필요"),
    )
    leg: Leg | None = Field(
        default=None,
        sa_type=JSONB,
        description="The way to the next item.",
        schema_extra=like(
            {"method": "walk", "minutes": 12, "distance_m": 800, "description": "철길을 따라서"}
        ),
    )


class ItineraryItem(ItemBase, table=True):
    """The table of items; those of a version never change."""

    __tablename__ = "itinerary_items"

    id: UUID = Field(
        primary_key=True, sa_column_kwargs={"server_default": text("gen_random_uuid()")}
    )
    version_id: UUID = Field(foreign_key="itinerary_versions.id", ondelete="CASCADE")
    item_id: UUID
    position: int

    __table_args__ = (
        one_of("category", ItemCategory),
        CheckConstraint("position >= 1", name="position_positive"),
        CheckConstraint(
            f"start_minute >= 0 AND start_minute < {LONGEST_MINUTES}", name="start_minute_range"
        ),
        CheckConstraint(
            f"duration_minutes BETWEEN 1 AND {LONGEST_MINUTES}", name="duration_minutes_range"
        ),
        CheckConstraint("place ->> 'name' IS NOT NULL", name="place_has_name"),
        Index("uq_itinerary_items_version_id_position", "version_id", "position", unique=True),
        Index("uq_itinerary_items_version_id_item_id", "version_id", "item_id", unique=True),
    )


class ItemWrite(Input, ItemBase):
    """An item, as a client gives it."""

    item_id: UUID = Field(
        default_factory=uuid7,
        description="Stays with the item from version to version; left out, it is a new item.",
        schema_extra=like("0199c0de-0000-7000-8000-000000000061"),
    )
    position: int | None = Field(
        default=None,
        ge=1,
        le=MOST_ITEMS,
        description="Left out, items are in the order in which they are given.",
        schema_extra=like(1),
    )


class ItemRead(Output, ItemBase):
    """An item."""

    item_id: UUID = Field(
        description="Stays with the item from version to version.",
        schema_extra=like("0199c0de-0000-7000-8000-000000000061"),
    )
    position: int = Field(description="Its place: 1 to n, without gaps.", schema_extra=like(1))
    starts_at: Timestamp | None = Field(
        description="When it begins, with the offset of the place; null without a `plan_date`. A "
        "time of the day that the clock skips is as much later; of one that comes twice it is the "
        "second.",
        schema_extra=like("2026-12-24T14:00:00+09:00"),
    )
    ends_at: Timestamp | None = Field(
        description="When it ends: `duration_minutes` later, whatever the clock does meanwhile.",
        schema_extra=like("2026-12-24T15:30:00+09:00"),
    )


class WarningCode(StrEnum):
    """What about an item can't be meant so."""

    OVERLAP = "overlap"
    OUT_OF_ORDER = "out_of_order"
    LEG_TOO_LONG = "leg_too_long"
    CLOCK_SKIPS = "clock_skips"
    CLOCK_REPEATS = "clock_repeats"


class ItemWarning(Output):
    """What about an item can't be meant so; it is kept nevertheless."""

    code: WarningCode = Field(description="What it is.", schema_extra=like("overlap"))
    position: int = Field(description="The place of the item.", schema_extra=like(2))
    item_id: UUID = Field(
        description="Its id.", schema_extra=like("0199c0de-0000-7000-8000-000000000061")
    )
    other_position: int | None = Field(
        description="The place of the other item, where there is one.", schema_extra=like(1)
    )
    message: str = Field(
        description="The same in words.",
        schema_extra=like("It begins before the item at position 1 has ended."),
    )
