"""Itineraries over REST: plans that people keep, change and share."""

from typing import Any
from uuid import UUID

from sqlmodel import SQLModel

from api_access import Blueprint, for_caller
from json_rows.listing import Selection
from json_rows.selection import fields_of
from json_rows.statement import Query
from service.api.guards import SCHEMA
from service.domain.itineraries import duplicate, itineraries, new_itinerary
from service.domain.itinerary_changes import CHANGE_PLAN, REORDER, SHIFT
from service.domain.itinerary_owners import DELETED_ITINERARY, archive, transfer
from service.models import examples
from service.models.itinerary import (
    ItineraryCreate,
    ItineraryFilter,
    ItineraryRead,
    ItinerarySummary,
)
from service.models.itinerary_edit import Duplicate, ItineraryUpdate, Reorder, Shift
from service.models.itinerary_member import Transfer

blueprint = Blueprint(
    "itineraries",
    __name__,
    url_prefix="/itineraries",
    description="Itineraries: the plans that people keep, change and share.",
    guards=(SCHEMA,),
    path_examples=examples.PATH,
)

FIELDS = fields_of(ItineraryRead)


@blueprint.get("")
@blueprint.arguments(ItineraryFilter, location="query")
@blueprint.paginate(itineraries.listing)
def list_itineraries(filters: ItineraryFilter) -> Selection:
    """List itineraries.

    Those that the caller may see, their own and others', the newest first unless `sort` says
    otherwise; filters that are given all hold. Items are only there with `include`.
    """
    return itineraries.where(filters)


@blueprint.post("")
@blueprint.arguments(ItineraryCreate, example=examples.NEW_ITINERARY)
@blueprint.response(201, ItineraryRead, etag=True, location="get_itinerary")
@blueprint.alt_response(200, schema=ItineraryRead, description="The itinerary was there already.")
def create_itinerary(new: ItineraryCreate) -> Query:
    """Make an itinerary.

    With its items, which are its version 1. Items that overlap, and ways that take longer than
    there is time, are kept; `warnings` tells of them. With an id of the client's own the request
    can be repeated: it finds the itinerary that it made.
    """
    return new_itinerary(for_caller(new, "user_id"))


@blueprint.get("/<uuid:itinerary_id>")
@blueprint.arguments(FIELDS, location="query")
@blueprint.response(200, ItineraryRead, etag=True)
def get_itinerary(chosen: Any, itinerary_id: UUID) -> Query:
    """Get an itinerary.

    As its current version has it; the ETag is for `If-Match`.
    """
    return itineraries.get(itinerary_id, chosen.fields)


@blueprint.patch("/<uuid:itinerary_id>")
@blueprint.arguments(ItineraryUpdate, example={"title": "홍대 데이트, 저녁까지"})
@blueprint.arguments(FIELDS, location="query")
@blueprint.if_match()
@blueprint.response(200, ItineraryRead, etag=True)
def update_itinerary(
    changes: SQLModel, chosen: Any, itinerary_id: UUID, versions: list[int] | None
) -> Query:
    """Change an itinerary.

    Its title, day or zone; members that are absent stay as they are. Items keep their clock times.
    It makes a new version, unless nothing changes.
    """
    return CHANGE_PLAN.query(itinerary_id, changes, versions, chosen.fields)


@blueprint.delete("/<uuid:itinerary_id>")
@blueprint.if_match()
@blueprint.response(204)
def delete_itinerary(itinerary_id: UUID, versions: list[int] | None) -> Query:
    """Delete an itinerary.

    Its versions, members and links go with it. Only the owner may; members leave.
    """
    return DELETED_ITINERARY.query(itinerary_id, versions)


@blueprint.post("/<uuid:itinerary_id>/reorder")
@blueprint.arguments(Reorder, example={"positions": [1]})
@blueprint.arguments(FIELDS, location="query")
@blueprint.if_match()
@blueprint.response(200, ItineraryRead, etag=True)
def reorder_itinerary(
    order: Reorder, chosen: Any, itinerary_id: UUID, versions: list[int] | None
) -> Query:
    """Put the items into another order.

    All of them, each named once. They keep their clock times; `warnings` tells where these no
    longer follow each other. A leg stays with an item while the item after it is the same.
    """
    return REORDER.query(itinerary_id, order, versions, chosen.fields)


@blueprint.post("/<uuid:itinerary_id>/shift")
@blueprint.arguments(Shift, example={"minutes": 30, "from_position": 1})
@blueprint.arguments(FIELDS, location="query")
@blueprint.if_match()
@blueprint.response(200, ItineraryRead, etag=True)
def shift_itinerary(
    shift: Shift, chosen: Any, itinerary_id: UUID, versions: list[int] | None
) -> Query:
    """Move an itinerary in time.

    By minutes, all items or those from a position on, or by days. No item may come to begin before
    the day of the plan.
    """
    return SHIFT.query(itinerary_id, shift, versions, chosen.fields)


@blueprint.post("/<uuid:itinerary_id>/duplicate")
@blueprint.arguments(Duplicate, required=False, example={"user_id": examples.USER})
@blueprint.response(201, ItineraryRead, etag=True, location="get_itinerary")
@blueprint.alt_response(200, schema=ItineraryRead, description="The duplicate was there already.")
def duplicate_itinerary(new: Duplicate, itinerary_id: UUID) -> Query:
    """Make a copy of an itinerary.

    Of what it says by now, for whoever may see it: their own, with items that have ids of their
    own. Versions, members and links are not copied.
    """
    return duplicate(itinerary_id, for_caller(new, "user_id"))


@blueprint.post("/<uuid:itinerary_id>/archive")
@blueprint.if_match(required=False)
@blueprint.response(200, ItinerarySummary, etag=True)
def archive_itinerary(itinerary_id: UUID, versions: list[int] | None) -> Query:
    """Put an itinerary away.

    Its links show it no longer, and lists can leave it out; else it is as before. Only the owner
    may. Putting it away again changes nothing.
    """
    return archive(itinerary_id, versions, away=True)


@blueprint.post("/<uuid:itinerary_id>/unarchive")
@blueprint.if_match(required=False)
@blueprint.response(200, ItinerarySummary, etag=True)
def unarchive_itinerary(itinerary_id: UUID, versions: list[int] | None) -> Query:
    """Take an itinerary out again that was put away.

    Its links show it again. Only the owner may.
    """
    return archive(itinerary_id, versions, away=False)


@blueprint.post("/<uuid:itinerary_id>/transfer")
@blueprint.arguments(Transfer, example={"user_id": examples.USER})
@blueprint.response(200, ItinerarySummary, etag=True)
def transfer_itinerary(to: Transfer, itinerary_id: UUID) -> Query:
    """Hand an itinerary over.

    To one of its members, who owns it from then on: only one person does. Who owned it may edit it
    as before, and leave.
    """
    return transfer(itinerary_id, to)
