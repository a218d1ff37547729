"""What can be done with model prices."""

from json_rows.deleting import Deleted
from json_rows.inserting import New
from json_rows.listing import Slow
from json_rows.resource import Resource
from service.models.model_price import (
    ModelPrice,
    ModelPriceCreate,
    ModelPriceFilter,
    ModelPriceRead,
)

model_prices = Resource(
    "model price",
    ModelPrice,
    ModelPriceRead,
    filters=ModelPriceFilter,
    conditions={
        "valid_at": Slow(
            "model_prices.valid_from <= %(valid_at)s"
            " AND coalesce(model_prices.valid_to > %(valid_at)s, true)"
        ),
    },
    sorts={
        "created_at": "model_prices.created_at",
        "valid_from": Slow("model_prices.valid_from"),
    },
    default_sort="-created_at",
    narrow=frozenset({"provider"}),
)

NEW_MODEL_PRICE = New(
    model_prices,
    ModelPriceCreate,
    values={"valid_from": "coalesce(given.valid_from, now())"},
)
DELETED_MODEL_PRICE = Deleted(model_prices)
