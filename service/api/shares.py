"""Links to itineraries over REST: their owners make, list and revoke them."""

from uuid import UUID

from flask import url_for

from api_access import Blueprint
from json_rows.listing import Selection
from json_rows.statement import Query
from service.api.guards import SCHEMA
from service.domain.shares import new_share, new_token, revoke_share, shares
from service.models import examples
from service.models.share_link import ShareCreate, ShareKind, ShareMade, ShareRead

blueprint = Blueprint(
    "shares",
    __name__,
    description="Links that let others see an itinerary without a key.",
    guards=(SCHEMA,),
    path_examples=examples.PATH,
)

_VIEWS = {ShareKind.WEB: "shared.get_shared_plan", ShareKind.ICS: "shared.get_feed"}
"""What shows to whoever has a link what it leads to."""


@blueprint.get("/itineraries/<uuid:itinerary_id>/shares")
@blueprint.paginate(shares.listing)
def list_shares(itinerary_id: UUID) -> Selection:
    """List the links to an itinerary.

    The newest first, those that are over, too. All members see what there is; nobody sees a token
    again.
    """
    return shares.within(itinerary_id)


@blueprint.post("/itineraries/<uuid:itinerary_id>/shares")
@blueprint.arguments(ShareCreate, example=examples.NEW_SHARE)
@blueprint.response(201, ShareMade, location="get_share")
def create_share(new: ShareCreate, itinerary_id: UUID) -> Query:
    """Make a link to an itinerary.

    Whoever has it sees the plan, without a key, until it expires or is revoked; only the owner
    makes one. It shows the current version for good, in a calendar (`ics`) what the itinerary
    becomes, unless `live` says otherwise; the answer's `live` tells. The token is shown once: where
    the answer was lost, revoke the link and make another one.
    """
    token = new_token()
    url = url_for(_VIEWS[new.kind], token=token, _external=True)
    return new_share(new, itinerary_id, token, {"token": token, "url": url})


@blueprint.get("/shares/<uuid:share_id>")
@blueprint.response(200, ShareRead)
def get_share(share_id: UUID) -> Query:
    """Get a link.

    What it shows, and until when; not its token.
    """
    return shares.get(share_id)


@blueprint.delete("/shares/<uuid:share_id>")
@blueprint.response(204)
def revoke(share_id: UUID) -> Query:
    """Revoke a link.

    It shows nothing from now on, as if it had never been. It stays in the list; revoking it again
    changes nothing.
    """
    return revoke_share(share_id)
