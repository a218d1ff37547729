"""The members of itineraries over REST."""

from uuid import UUID

from api_access import Blueprint
from json_rows.listing import Selection
from json_rows.statement import Query
from service.api.guards import SCHEMA
from service.domain.itinerary_members import change_role, invite, members, remove
from service.models import examples
from service.models.itinerary_member import MemberCreate, MemberRead, MemberUpdate

blueprint = Blueprint(
    "members",
    __name__,
    url_prefix="/itineraries",
    description="Members of itineraries: who may see one, who may change it, and whose it is.",
    guards=(SCHEMA,),
    path_examples=examples.PATH,
)


@blueprint.get("/<uuid:itinerary_id>/members")
@blueprint.paginate(members.listing)
def list_members(itinerary_id: UUID) -> Selection:
    """List the members of an itinerary.

    Whoever may see it may see who else does; the owner is one of them.
    """
    return members.within(itinerary_id)


@blueprint.post("/<uuid:itinerary_id>/members")
@blueprint.arguments(MemberCreate, example={"user_id": examples.FRIEND, "role": "editor"})
@blueprint.response(201, MemberRead)
@blueprint.alt_response(200, schema=MemberRead, description="They were a member already.")
def invite_member(new: MemberCreate, itinerary_id: UUID) -> Query:
    """Let somebody in.

    By name or id: as editor, who may change the itinerary, or as viewer, who may see it. Only the
    owner may. Somebody who has another role keeps it: 409.
    """
    return invite(itinerary_id, new)


@blueprint.patch(
    "/<uuid:itinerary_id>/members/<uuid:user_id>", path_examples={"user_id": examples.FRIEND}
)
@blueprint.arguments(MemberUpdate, example={"role": "viewer"})
@blueprint.response(200, MemberRead)
def change_member(change: MemberUpdate, itinerary_id: UUID, user_id: UUID) -> Query:
    """Change what a member may do.

    Only the owner may; who owns the itinerary is changed by handing it over.
    """
    return change_role(itinerary_id, user_id, change)


@blueprint.delete(
    "/<uuid:itinerary_id>/members/<uuid:user_id>", path_examples={"user_id": examples.FRIEND}
)
@blueprint.response(204)
def remove_member(itinerary_id: UUID, user_id: UUID) -> Query:
    """Take a member out.

    The owner takes out whomever, others may leave. The owner stays: 409.
    """
    return remove(itinerary_id, user_id)
