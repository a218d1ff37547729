"""What clients send to change an itinerary: each change makes a new version."""

from typing import Self
from uuid import UUID

from pydantic import model_validator
from sqlmodel import Field, SQLModel

from json_rows.models import Identity, Input, like, partial
from service.models import examples
from service.models.itinerary import PlanBase, Title
from service.models.itinerary_item import LONGEST_MINUTES, MOST_ITEMS, ItemBase, ItemWrite

MOST_VERSIONS = 10_000
"""How many versions an itinerary has at most."""

_FARTHEST_DAYS = 36_600


class Noted(SQLModel):
    """What may be said about a change."""

    note: str | None = Field(
        default=None,
        max_length=500,
        description="What is changed, in words: the version keeps it.",
        schema_extra=like("저녁 식당 변경"),
    )


class _PlanEdit(Noted, PlanBase):
    """What may be changed of a plan beside its items."""


ItineraryUpdate = partial("ItineraryUpdate", _PlanEdit, base=Input)

ItemUpdate = partial("ItemUpdate", ItemBase, base=Input)


class ItemsWrite(Input, Noted):
    """A whole plan, in place of the one before."""

    items: list[ItemWrite] = Field(
        max_length=MOST_ITEMS,
        description="In their order.",
        schema_extra=like([examples.NEW_ITEM]),
    )


class Reorder(Input, Noted):
    """Another order of all items: by their ids, or by their positions until now."""

    item_ids: list[UUID] | None = Field(
        default=None,
        max_length=MOST_ITEMS,
        description="All items, in their new order; or `positions`.",
        schema_extra=like([examples.ITEM]),
    )
    positions: list[int] | None = Field(
        default=None,
        max_length=MOST_ITEMS,
        description="Their positions until now, in the new order; or `item_ids`.",
        schema_extra=like([1]),
    )

    @model_validator(mode="after")
    def _is_one_order(self) -> Self:
        if (self.item_ids is None) == (self.positions is None):
            message = "either item_ids or positions must say the order"
            raise ValueError(message)
        return self


class Shift(Input, Noted):
    """How far a plan moves in time."""

    minutes: int = Field(
        default=0,
        ge=-LONGEST_MINUTES,
        le=LONGEST_MINUTES,
        description="By how many minutes its items begin later; negative: earlier.",
        schema_extra=like(30),
    )
    from_position: int = Field(
        default=1,
        ge=1,
        le=MOST_ITEMS,
        description="The first item that `minutes` moves; those after it move, too.",
        schema_extra=like(1),
    )
    days: int = Field(
        default=0,
        ge=-_FARTHEST_DAYS,
        le=_FARTHEST_DAYS,
        description="By how many days `plan_date` is later; negative: earlier.",
        schema_extra=like(7),
    )


class Restore(Input, Noted):
    """A version brought back."""


class Duplicate(Input, Identity):
    """A copy of an itinerary."""

    title: Title | None = Field(
        default=None,
        description="Another title than that of the original.",
        schema_extra=like("홍대 데이트, 우천 시"),
    )
    user_id: UUID | None = Field(
        default=None,
        description="The person who owns it; left out, the one whose key or token this is.",
        schema_extra=like(examples.USER),
    )
