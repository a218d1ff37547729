"""What those see of a plan who have a link only: an allow-list, and nothing that is not in it."""

from typing import Any, cast

from pydantic import create_model
from sqlmodel import Field, SQLModel

from json_rows.models import Output
from service.models.itinerary import PlanBase
from service.models.itinerary_item import ItemRead, Leg, Place


def _shown(name: str, model: type[SQLModel], *allowed: str, **more: Any) -> type[SQLModel]:
    """Derive a model that has these fields of another one, and more that are its own."""
    kept: dict[str, Any] = {
        field: (model.model_fields[field].annotation, model.model_fields[field])
        for field in allowed
    }
    made = create_model(name, __base__=Output, __doc__=model.__doc__, **kept, **more)
    return cast("type[SQLModel]", made)


SharedPlace = _shown(
    "SharedPlace", Place, "name", "address", "category", "latitude", "longitude", "phone", "url"
)
SharedLeg = _shown("SharedLeg", Leg, "method", "minutes", "distance_m", "description")
SharedItem = _shown(
    "SharedItem",
    ItemRead,
    "position",
    "category",
    "start_minute",
    "duration_minutes",
    "starts_at",
    "ends_at",
    place=(SharedPlace, Field(description="Where it is.")),
    leg=(SharedLeg | None, Field(description="The way to the next item.")),
)
SharedPlan = _shown(
    "SharedPlan",
    PlanBase,
    "title",
    "plan_date",
    "timezone",
    items=(list[SharedItem], Field(description="In their order.")),  # type: ignore[valid-type]  # derived above
)
