"""The items of itineraries over REST: each change makes a new version of the itinerary."""

from typing import Any
from uuid import UUID

from sqlmodel import SQLModel

from api_access import Blueprint
from json_rows.selection import fields_of
from json_rows.statement import Query
from service.api.guards import SCHEMA
from service.domain.itinerary_changes import (
    ADD_ITEM,
    CHANGE_ITEM,
    REMOVE_ITEM,
    REPLACE_ITEMS,
)
from service.domain.itinerary_items import in_order
from service.models import examples
from service.models.itinerary import ItineraryRead
from service.models.itinerary_edit import ItemsWrite, ItemUpdate
from service.models.itinerary_item import ItemWrite

blueprint = Blueprint(
    "items",
    __name__,
    url_prefix="/itineraries",
    description="Items of itineraries: what is done when and where. They answer with the itinerary "
    "as it has become, and its ETag.",
    guards=(SCHEMA,),
    path_examples=examples.PATH,
)

FIELDS = fields_of(ItineraryRead)


_TO_FILL = {"itinerary_id": examples.ITINERARY_TO_FILL}


@blueprint.put("/<uuid:itinerary_id>/items")
@blueprint.arguments(ItemsWrite, example={"items": [examples.NEW_ITEM]})
@blueprint.arguments(FIELDS, location="query")
@blueprint.if_match()
@blueprint.response(200, ItineraryRead, etag=True)
def replace_items(
    plan: ItemsWrite, chosen: Any, itinerary_id: UUID, versions: list[int] | None
) -> Query:
    """Put a whole plan in place of the one before.

    An item with the id that it had is the same item, wherever it is now; one without is new.
    """
    ordered = plan.model_copy(update={"items": in_order(plan.items)})
    return REPLACE_ITEMS.query(itinerary_id, ordered, versions, chosen.fields)


@blueprint.post("/<uuid:itinerary_id>/items", path_examples=_TO_FILL)
@blueprint.arguments(ItemWrite, example=examples.ADDED_ITEM)
@blueprint.arguments(FIELDS, location="query")
@blueprint.if_match()
@blueprint.response(201, ItineraryRead, etag=True)
def add_item(new: ItemWrite, chosen: Any, itinerary_id: UUID, versions: list[int] | None) -> Query:
    """Add an item.

    At its `position`, from which on the others move down; left out, at the end.
    """
    return ADD_ITEM.query(itinerary_id, new, versions, chosen.fields)


@blueprint.patch("/<uuid:itinerary_id>/items/<int:position>")
@blueprint.arguments(ItemUpdate, example={"start_minute": 870})
@blueprint.arguments(FIELDS, location="query")
@blueprint.if_match()
@blueprint.response(200, ItineraryRead, etag=True)
def update_item(
    changes: SQLModel,
    chosen: Any,
    itinerary_id: UUID,
    position: int,
    versions: list[int] | None,
) -> Query:
    """Change an item.

    Members that are absent stay as they are; its place and its leg are replaced as a whole. To put
    it elsewhere, reorder the itinerary.
    """
    return CHANGE_ITEM.query(itinerary_id, changes, versions, chosen.fields, position=position)


@blueprint.delete("/<uuid:itinerary_id>/items/<int:position>", path_examples=_TO_FILL)
@blueprint.arguments(FIELDS, location="query")
@blueprint.if_match()
@blueprint.response(200, ItineraryRead, etag=True)
def remove_item(
    chosen: Any, itinerary_id: UUID, position: int, versions: list[int] | None
) -> Query:
    """Take an item out.

    Those after it move up. The leg that led to it goes, too.
    """
    return REMOVE_ITEM.query(itinerary_id, None, versions, chosen.fields, position=position)
