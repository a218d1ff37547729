"""Each filter and each order of the service's lists is SQL that Postgres understands."""

import pytest

from json_rows.listing import Page
from json_rows.unit_of_work import UnitOfWork
from service.domain.generations import generations
from service.domain.itineraries import itineraries, versions
from service.domain.itinerary_members import members
from service.domain.model_prices import model_prices
from service.domain.nodes import nodes
from service.domain.timeline import TIMELINE
from service.domain.users import users
from service.domain.workflows import workflows
from service.models.generation import GenerationFilter
from service.models.itinerary import ItineraryFilter
from service.models.model_price import ModelPriceFilter
from service.models.node import NodeFilter
from service.models.user import UserFilter
from service.models.workflow import WorkflowFilter

LISTS = {
    "workflows": (workflows.listing, [*WorkflowFilter.model_fields]),
    "nodes": (nodes.listing, [*NodeFilter.model_fields, "workflow_id"]),
    "generations": (generations.listing, [*GenerationFilter.model_fields]),
    "users": (users.listing, [*UserFilter.model_fields]),
    "model prices": (model_prices.listing, [*ModelPriceFilter.model_fields]),
    "timeline": (TIMELINE, ["workflow_id"]),
    "itineraries": (itineraries.listing, [*ItineraryFilter.model_fields]),
    "versions": (versions.listing, ["itinerary_id"]),
    "members": (members.listing, ["itinerary_id"]),
}


@pytest.mark.parametrize("limit", [10, 200])
@pytest.mark.parametrize("name", LISTS)
def test_all_filters_and_orders_are_understood(app, name, limit):
    listing, filters = LISTS[name]
    database = app.extensions["database"]
    asked = 0
    with UnitOfWork(database) as work:
        for sort in listing.sorts:
            page = Page(limit, sort, listing.names, None)
            # Without a value nothing fits, but Postgres has read it all.
            assert list(work.fetch(listing.query(dict.fromkeys(filters), page))) == []
            asked += 1
    assert asked >= 2
