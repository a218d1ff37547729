"""A final itinerary, as agents have always given it: a list of stops, read into items."""

import math
import re
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from service.models.itinerary_item import (
    LONGEST_MINUTES,
    MOST_ITEMS,
    ItemCategory,
    ItemWrite,
    Leg,
    LegMethod,
    Place,
    WebAddress,
)

T = TypeVar("T", ItemCategory, LegMethod)

DAY = 24 * 60
LEAST_BEFORE = 6 * 60
"""From how many minutes on a time before that of the stop before is one of the next day."""

USUAL_MINUTES = 60
"""How long a stop takes of which nothing says it."""

_CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::[0-9]{2})?")
_WEB: TypeAdapter[str] = TypeAdapter(WebAddress)
_NUMBER = re.compile(r"[+-]?[0-9]{1,12}(?:\.[0-9]{1,20})?")
_FARTHEST_M = 50_000_000
_HOURS = 48

# The first that is part of a category, as a provider writes it (`음식점 > 카페`), tells what it is.
_CATEGORIES = {
    ItemCategory.CAFE: ("cafe", "카페", "커피", "디저트", "ce7"),
    ItemCategory.DRINKING: ("drinking", "술집", "주점", "호프", "포차", "칵테일", "와인", "beer"),
    ItemCategory.DINING: ("dining", "음식점", "식당", "맛집", "레스토랑", "restaurant", "fd6"),
    ItemCategory.ACTIVITY: (
        *("activity", "문화", "관광", "여행", "체험", "스포츠", "레저", "공원", "유산", "전시"),
        *("미술관", "박물관", "오락", "게임", "쇼핑", "공연", "영화", "ct1", "at4"),
    ),
}
_METHODS = {
    LegMethod.WALK: ("walk", "도보", "foot"),
    LegMethod.TAXI: ("taxi", "택시", "cab"),
    LegMethod.SUBWAY: ("subway", "지하철", "metro"),
    LegMethod.BUS: ("bus", "버스"),
    LegMethod.PUBLIC_TRANSPORT: ("public", "대중교통", "transit", "train"),
    LegMethod.BIKE: ("bike", "자전거", "cycl"),
    LegMethod.CAR: ("car", "자동차", "driv", "차량"),
}


class UnreadableError(ValueError):
    """It is no list of stops that items could be made of; says why, in a few words."""


@dataclass(slots=True)
class Stops:
    """What a final itinerary says: its items, and what had to be repaired, with what it was."""

    items: list[ItemWrite] = field(default_factory=list)
    repairs: list[tuple[str, Any]] = field(default_factory=list)

    def repaired(self, what: str, was: Any) -> None:
        """Note a repair, and the value before."""
        self.repairs.append((what, was))


def read(given: object) -> Stops:
    """Read a list of stops; UnreadableError for anything else.

    Times are those of a clock: one well before that of the stop before is of the next day. A stop
    needs a name; what else is missing is taken from what there is, or left out.
    """
    if not isinstance(given, list) or not given:
        message = "is no list of stops"
        raise UnreadableError(message)
    if len(given) > MOST_ITEMS:
        message = f"has more than {MOST_ITEMS} stops"
        raise UnreadableError(message)
    stops = Stops()
    ordered = _in_order(given, stops)
    for number, stop in enumerate(ordered, 1):
        stops.items.append(_item(number, stop, stops))
    return stops


def _in_order(given: list[Any], stops: Stops) -> list[dict[str, Any]]:
    for number, stop in enumerate(given, 1):
        if not isinstance(stop, dict):
            message = f"has a stop {number} that is no object"
            raise UnreadableError(message)
    orders = [_number(stop.get("order")) for stop in given]
    if all(order is None for order in orders):
        return given
    known = [order for order in orders if order is not None]
    if len(set(known)) < len(given):
        stops.repaired("order is missing or given twice, now as they stand", orders)
        return given
    return [given[place] for place in sorted(range(len(given)), key=known.__getitem__)]


def _item(number: int, stop: dict[str, Any], stops: Stops) -> ItemWrite:
    place = _place(number, stop.get("location"), stops)
    start = _start(number, stop, stops)
    length = _length(stop, start, stops)
    if start >= LONGEST_MINUTES:
        message = f"has a stop {number} that begins after two weeks"
        raise UnreadableError(message)
    return ItemWrite(
        category=_category(place.category),
        start_minute=start,
        duration_minutes=length,
        place=place,
        notes=_text(stop, "notes", 4000, stops),
        leg=_leg(stop.get("travel_to_next"), stops),
    )


def _start(number: int, stop: dict[str, Any], stops: Stops) -> int:
    """Find when a stop begins, in minutes after the midnight before the first."""
    given = stop.get("start_time")
    before = stops.items[-1] if stops.items else None
    start = _clock(given)
    if start is None and (end := _clock(stop.get("end_time"))) is not None:
        start = (end - (_minutes(stop.get("duration_minutes")) or 0)) % DAY
        stops.repaired("start_time is no HH:MM, now that of the end less the duration", given)
    elif start is None and before:
        gap = before.leg.minutes or 0 if before.leg else 0
        stops.repaired("start_time is no HH:MM, now the end of the stop before", given)
        return before.start_minute + before.duration_minutes + gap
    if start is None:
        message = f"has a stop {number} without a start_time"
        raise UnreadableError(message)
    while before and start <= before.start_minute - LEAST_BEFORE:
        start += DAY
    if before and start < before.start_minute:
        stops.repaired("start_time is before that of the stop before, kept", given)
    return start


def _length(stop: dict[str, Any], start: int, stops: Stops) -> int:
    given = stop.get("duration_minutes")
    minutes = _minutes(given)
    end = _clock(stop.get("end_time"))
    until = (end - start) % DAY if end is not None else 0
    if minutes is None:
        what = "the time until end_time" if until else f"{USUAL_MINUTES}"
        stops.repaired(f"duration_minutes is no number of minutes, now {what}", given)
        return until or USUAL_MINUTES
    if end is not None and until != minutes % DAY:
        stops.repaired("end_time is not that of duration_minutes, which counts", stop["end_time"])
    return minutes


def _place(number: int, given: object, stops: Stops) -> Place:
    location = given if isinstance(given, dict) else {}
    name = _text(location, "name", 255, stops)
    if name is None:
        message = f"has a stop {number} without location.name"
        raise UnreadableError(message)
    latitude, longitude = _point(location, stops)
    return Place(
        name=name,
        address=_text(location, "address", 500, stops),
        category=_text(location, "category", 255, stops),
        latitude=latitude,
        longitude=longitude,
        phone=_text(location, "phone", 50, stops),
        url=_url(location, stops),
    )


def _url(location: dict[str, Any], stops: Stops) -> str | None:
    url = _text(location, "place_url", None, stops)
    try:
        return url and _WEB.validate_python(url)
    except ValidationError:
        stops.repaired("place_url is no address of http or https, now null", url)
        return None


def _point(location: dict[str, Any], stops: Stops) -> tuple[float | None, float | None]:
    """Find where a place is: `x` is the longitude, `y` the latitude, as maps of Korea say it."""
    given = [location.get("y", location.get("latitude"))]
    given += [location.get("x", location.get("longitude"))]
    if given in ([None, None], ["", ""]):
        return None, None
    latitude, longitude = map(_number, given)
    if latitude is None or longitude is None:
        stops.repaired("x and y are no two numbers, now null", given)
        return None, None
    if not _is_latitude(latitude) and _is_latitude(longitude):
        stops.repaired("x and y took each other's place, now x is the longitude", given)
        latitude, longitude = longitude, latitude
    if _is_latitude(latitude) and abs(longitude) <= 180:  # noqa: PLR2004  half way around
        return latitude, longitude
    stops.repaired("x and y are no place on Earth, now null", given)
    return None, None


def _is_latitude(degrees: float) -> bool:
    return abs(degrees) <= 90  # noqa: PLR2004  the poles


def _leg(given: object, stops: Stops) -> Leg | None:
    if not isinstance(given, dict) or not any(given.values()):
        return None
    method = given.get("method")
    found = _known(method, _METHODS)
    if found is None and method != LegMethod.OTHER:
        stops.repaired("travel_to_next.method is unknown, now other", method)
    return Leg(
        method=found or LegMethod.OTHER,
        minutes=_whole(given, "duration_minutes", LONGEST_MINUTES, stops),
        distance_m=_whole(given, "distance_meters", _FARTHEST_M, stops),
        description=_text(given, "description", 1000, stops),
    )


def _category(given: str | None) -> ItemCategory:
    return _known(given, _CATEGORIES) or ItemCategory.OTHER


def _known(given: object, words: dict[T, tuple[str, ...]]) -> T | None:
    text = given.casefold() if isinstance(given, str) else ""
    found = (kind for kind, known in words.items() if any(word in text for word in known))
    return next(found, None)


def _text(of: dict[str, Any], name: str, most: int | None, stops: Stops) -> str | None:
    given = of.get(name)
    if isinstance(given, int | float) and not isinstance(given, bool):
        given = str(given)
    if given is None or (isinstance(given, str) and not given.strip()):
        return None
    if not isinstance(given, str):
        stops.repaired(f"{name} is no text, now null", given)
        return None
    text = given.strip()
    if most is not None and len(text) > most:
        stops.repaired(f"{name} cut to {most} characters", given)
    return text[:most]


def _clock(given: object) -> int | None:
    """Read a time of day; after 24:00 it is one of the next day already."""
    found = _CLOCK.fullmatch(given.strip()) if isinstance(given, str) else None
    if found is None:
        return None
    hours, minutes = int(found[1]), int(found[2])
    return hours * 60 + minutes if hours < _HOURS and minutes < 60 else None  # noqa: PLR2004


def _number(given: object) -> float | None:
    if isinstance(given, str) and _NUMBER.fullmatch(given.strip()):
        given = float(given)
    if isinstance(given, bool) or not isinstance(given, int | float) or not math.isfinite(given):
        return None
    return float(given)


def _minutes(given: object) -> int | None:
    number = _number(given)
    if number is None or not 1 <= round(number) <= LONGEST_MINUTES:
        return None
    return round(number)


def _whole(of: dict[str, Any], name: str, most: int, stops: Stops) -> int | None:
    given = of.get(name)
    number = _number(given)
    if number is not None and 0 <= round(number) <= most:
        return round(number)
    if given is not None:
        stops.repaired(f"travel_to_next.{name} out of range or not a number, now null", given)
    return None
