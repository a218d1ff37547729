"""What whoever has a link sees of an itinerary, without a key: its plan, or a calendar of it.

Whether there is no such link, it is over or its itinerary is put away: the answer is the same.
"""

from flask import Response

from api_access import Blueprint, limits
from json_rows.statement import Query, Row
from json_rows.work import unit_of_work
from service.api.guards import SCHEMA
from service.domain.shares import feed_of, shared_feed, shared_plan
from service.exports import ics
from service.models import examples
from service.models.shared_plan import SharedPlan

blueprint = Blueprint(
    "shared",
    __name__,
    description="What links to itineraries show, to whoever has one.",
    guards=(SCHEMA,),
    path_examples=examples.PATH,
    # A replica would go on showing what was revoked.
    reads_replica=False,
    has_secret_paths=True,
)


@blueprint.after_request
def keep_from_searches(response: Response) -> Response:
    """Keep what strangers may see out of the indexes of search engines, errors too."""
    response.headers["X-Robots-Tag"] = "noindex"
    return response


@blueprint.get("/shared/<token>", needs=None)
@blueprint.response(200, SharedPlan)
@blueprint.alt_response(429)
def get_shared_plan(token: str) -> Row:
    """Get what a link shows.

    A plan, without notes and without a word on whose it is. No key is needed.
    """
    return _found(token, shared_plan(token))


@blueprint.get("/feeds/<token>.ics", needs=None, path_examples={"token": examples.FEED_LINK})
@blueprint.response(200, str, content_type=ics.MEDIA_TYPE)
@blueprint.alt_response(429)
def get_feed(token: str) -> bytes:
    """Get the calendar that a link leads to.

    To subscribe to (RFC 5545): an event keeps its UID when it is changed, and SEQUENCE grows with
    the versions of the itinerary. No key is needed.
    """
    return feed_of(_found(token, shared_feed(token)))


def _found(token: str, query: Query) -> Row:
    """Find what a link leads to, and count that it was asked for.

    In this order: whoever tries what leads nowhere is told nothing, also not by a count that goes
    on, and fills no memory with counters. What each address may ask was counted before.
    """
    found = unit_of_work().run(query)
    limits().check_feed(token)
    return found
