"""The statements about model prices."""

from sqlalchemy import bindparam, func, true

from json_rows.changes import Deleted
from json_rows.listing import Listing
from json_rows.rows import New, One, table_of
from service.models.model_price import (
    ModelPrice,
    ModelPriceCreate,
    ModelPriceFilter,
    ModelPriceRead,
)

_prices = table_of(ModelPrice)

MODEL_PRICE = One("model price", ModelPrice, ModelPriceRead)

MODEL_PRICES = Listing(
    "ModelPrice",
    ModelPrice,
    ModelPriceRead,
    filters=ModelPriceFilter,
    conditions={
        "provider": _prices.c.provider == bindparam("provider"),
        "model": _prices.c.model == bindparam("model"),
        "valid_at": (_prices.c.valid_from <= bindparam("valid_at"))
        & func.coalesce(_prices.c.valid_to > bindparam("valid_at"), true()),
    },
    sorts={"created_at": _prices.c.created_at, "valid_from": _prices.c.valid_from},
    default_sort="-created_at",
    unindexed=frozenset({"model", "valid_at", "valid_from"}),
    narrow=frozenset({"provider"}),
)

NEW_MODEL_PRICE = New(
    ModelPrice,
    ModelPriceCreate,
    ModelPriceRead,
    one=MODEL_PRICE,
    computed=lambda body: {"valid_from": func.coalesce(body.c["valid_from"], func.now())},
)

DELETED_MODEL_PRICE = Deleted("model price", ModelPrice)
