"""The versions of itineraries over REST: none of them ever changes."""

from typing import Any
from uuid import UUID

from api_access import Blueprint
from json_rows.listing import Selection
from json_rows.selection import fields_of
from json_rows.statement import Query
from service.api.guards import SCHEMA
from service.domain.itineraries import version_of, versions
from service.domain.itinerary_changes import RESTORE
from service.domain.itinerary_diff import difference
from service.models import examples
from service.models.itinerary import ItineraryRead
from service.models.itinerary_diff import Difference
from service.models.itinerary_edit import Restore
from service.models.itinerary_version import VersionRead

blueprint = Blueprint(
    "versions",
    __name__,
    url_prefix="/itineraries",
    description="Versions of itineraries: what they said after each change.",
    guards=(SCHEMA,),
    path_examples=examples.PATH,
)


@blueprint.get("/<uuid:itinerary_id>/versions")
@blueprint.paginate(versions.listing)
def list_versions(itinerary_id: UUID) -> Selection:
    """List the versions of an itinerary.

    The newest first, unless `sort` says otherwise. Items are only there with `include`.
    """
    return versions.within(itinerary_id)


@blueprint.get("/<uuid:itinerary_id>/versions/<int:number>")
@blueprint.response(200, VersionRead, etag=True)
def get_version(itinerary_id: UUID, number: int) -> Query:
    """Get a version of an itinerary.

    With its items, as they were.
    """
    return version_of(itinerary_id, number)


@blueprint.get("/<uuid:itinerary_id>/versions/<int:number>/diff/<int:other>")
@blueprint.response(200, Difference)
def compare_versions(itinerary_id: UUID, number: int, other: int) -> Query:
    """Compare two versions of an itinerary.

    What the other has in place of what the one has, in either order of time.
    """
    return difference(itinerary_id, number, other)


@blueprint.post("/<uuid:itinerary_id>/versions/<int:number>/restore")
@blueprint.arguments(Restore, required=False, example={})
@blueprint.arguments(fields_of(ItineraryRead), location="query")
@blueprint.if_match()
@blueprint.response(200, ItineraryRead, etag=True)
def restore_version(
    restored: Restore, chosen: Any, itinerary_id: UUID, number: int, versions: list[int] | None
) -> Query:
    """Bring a version of an itinerary back.

    It makes a new version that says the same, unless the current one does; those between stay.
    """
    return RESTORE.query(itinerary_id, restored, versions, chosen.fields, number=number)
