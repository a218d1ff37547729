"""Model prices over REST."""

from uuid import UUID

from api_access import Blueprint, Scope
from json_rows.listing import Selection
from json_rows.statement import Query
from service.api.guards import SCHEMA
from service.domain.model_prices import (
    DELETED_MODEL_PRICE,
    NEW_MODEL_PRICE,
    model_prices,
)
from service.models import examples
from service.models.model_price import ModelPriceCreate, ModelPriceFilter, ModelPriceRead

blueprint = Blueprint(
    "model prices",
    __name__,
    url_prefix="/model-prices",
    description="What a million tokens cost, from when to when.",
    guards=(SCHEMA,),
    path_examples=examples.PATH,
)


@blueprint.get("")
@blueprint.arguments(ModelPriceFilter, location="query")
@blueprint.paginate(model_prices.listing)
def list_model_prices(filters: ModelPriceFilter) -> Selection:
    """List prices.

    The newest first, unless `sort` says otherwise; those that have ended, too.
    """
    return model_prices.where(filters)


@blueprint.post("", needs=Scope.ADMIN, of_all=True)
@blueprint.arguments(ModelPriceCreate, example=examples.NEW_PRICE)
@blueprint.response(201, ModelPriceRead, location="get_model_price")
@blueprint.alt_response(200, schema=ModelPriceRead, description="The price was there already.")
def create_model_price(new: ModelPriceCreate) -> Query:
    """Add a price.

    Of several that hold at a time the one that began last counts. Costs that were computed before
    stay as they are.
    """
    return NEW_MODEL_PRICE.query(new)


@blueprint.get("/<uuid:price_id>")
@blueprint.response(200, ModelPriceRead)
def get_model_price(price_id: UUID) -> Query:
    """Get a price.

    What a million tokens of a model cost, from when to when.
    """
    return model_prices.get(price_id)


@blueprint.delete("/<uuid:price_id>", needs=Scope.ADMIN, of_all=True)
@blueprint.response(204)
def delete_model_price(price_id: UUID) -> Query:
    """Delete a price.

    Costs that were computed with it stay as they are.
    """
    return DELETED_MODEL_PRICE.query(price_id)
