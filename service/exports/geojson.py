"""Plans as GeoJSON (RFC 7946), in which the longitude comes first."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from service.exports.plan import Plan
from service.exports.texts import clock
from service.models.itinerary_item import ItemRead

MEDIA_TYPE = "application/geo+json"

Position = Annotated[list[float], Field(min_length=2, max_length=2)]


class Point(BaseModel):
    """A place."""

    type: Literal["Point"] = Field(description="What it is.")
    coordinates: Position = Field(description="Longitude and latitude, WGS 84.")


class LineString(BaseModel):
    """A way from place to place."""

    type: Literal["LineString"] = Field(description="What it is.")
    coordinates: list[Position] = Field(description="Longitudes and latitudes.", min_length=2)


class Feature(BaseModel):
    """An item, or the route from item to item."""

    type: Literal["Feature"] = Field(description="What it is.")
    id: UUID | None = Field(description="The `item_id`; null for the route.")
    geometry: Point | LineString | None = Field(
        description="Where it is; null for an item without coordinates."
    )
    properties: dict[str, Any] = Field(
        description="What the item says; `kind` is `item` or `route`."
    )


class FeatureCollection(BaseModel):
    """A plan on the map: its items, and the straight route from one to the next."""

    type: Literal["FeatureCollection"] = Field(description="What it is.")
    title: str = Field(description="The plan's.")
    plan_date: str | None = Field(description="The day it begins on; null: any day.")
    timezone: str = Field(description="IANA time zone of its clock times.")
    features: list[Feature] = Field(description="In the order of the items; the route is the last.")


def feature_collection(plan: Plan) -> FeatureCollection:
    """Write a plan as a collection of features."""
    features = [
        Feature(
            type="Feature", id=item.item_id, geometry=_point(item), properties=_properties(item)
        )
        for item in plan.items
    ]
    places = [found for item in plan.items if (found := position_of(item))]
    if len(places) > 1:
        route = LineString(type="LineString", coordinates=places)
        features.append(
            Feature(type="Feature", id=None, geometry=route, properties={"kind": "route"})
        )
    return FeatureCollection(
        type="FeatureCollection",
        title=plan.title,
        plan_date=plan.plan_date.isoformat() if plan.plan_date else None,
        timezone=plan.timezone,
        features=features,
    )


def position_of(item: ItemRead) -> Position | None:
    """Tell where an item is: longitude and latitude, if both are known."""
    place = item.place
    if place.longitude is None or place.latitude is None:
        return None
    return [place.longitude, place.latitude]


def _point(item: ItemRead) -> Point | None:
    position = position_of(item)
    return Point(type="Point", coordinates=position) if position else None


def _properties(item: ItemRead) -> dict[str, Any]:
    said = item.model_dump(mode="json", exclude={"item_id", "place"})
    place = item.place.model_dump(mode="json", exclude={"latitude", "longitude", "category"})
    return {"kind": "item", "starts": clock(item.start_minute)} | place | said
