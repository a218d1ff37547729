"""What differs between two versions of an itinerary."""

from typing import Any
from uuid import UUID

from sqlmodel import Field

from json_rows.models import Output, like
from service.models import examples
from service.models.itinerary_item import ItemRead


class FieldChange(Output):
    """A field that has another value."""

    field: str = Field(description="Its name.", schema_extra=like("title"))
    before: Any = Field(description="Its value in the one version.", schema_extra=like("홍대"))
    after: Any = Field(description="Its value in the other.", schema_extra=like("홍대 데이트"))


class ItemMove(Output):
    """An item that has been moved past others."""

    item_id: UUID = Field(description="Its id.", schema_extra=like(examples.ITEM))
    from_position: int = Field(description="Its place before.", schema_extra=like(3))
    to_position: int = Field(description="Its place after.", schema_extra=like(1))


class ItemChange(Output):
    """An item that says something else."""

    item_id: UUID = Field(description="Its id.", schema_extra=like(examples.ITEM))
    position: int = Field(description="Its place in the other version.", schema_extra=like(1))
    fields: list[FieldChange] = Field(description="What has another value.")


class Difference(Output):
    """What differs between two versions; items are the same where their ids are."""

    from_version: int = Field(description="The number of the one.", schema_extra=like(1))
    to_version: int = Field(description="The number of the other.", schema_extra=like(2))
    plan: list[FieldChange] = Field(description="What has another value beside the items.")
    added: list[ItemRead] = Field(description="Items of the other only.")
    removed: list[ItemRead] = Field(description="Items of the one only.")
    moved: list[ItemMove] = Field(
        description="Items that have passed others: as few as explain the order."
    )
    changed: list[ItemChange] = Field(description="Items that say something else.")
