"""Plans as calendars (RFC 5545)."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, vDuration

from service.exports.plan import Plan, way_on
from service.exports.texts import lines, one_line
from service.exports.time_zones import is_shown_twice, time_zone
from service.models.itinerary_item import ItemRead

MEDIA_TYPE = "text/calendar; charset=utf-8"

_BEYOND = timedelta(days=1)
"""How much longer than its events the description of a time zone holds."""


def calendar(
    plan: Plan,
    *,
    uid: Callable[[UUID], str],
    sequence: int,
    name: str,
    method: str = "PUBLISH",
    refresh: timedelta | None = None,
) -> bytes:
    """Write a plan with a day as a calendar, in which each item is an event.

    `uid` names the event of an item, by its `item_id`: for ever, or calendars show it twice.
    `sequence` grows with each change; `name` is what calendars call it, and `refresh` says how
    often those that subscribe to it should look again. The same plan is the same bytes. Raises
    ConflictError for a plan without a day.
    """
    result = Calendar()
    result.add("prodid", "-//trip planner//service//EN")
    result.add("version", "2.0")
    result.add("method", method)
    for label in ("name", "x-wr-calname"):  # RFC 7986, 5.1, and what came before it
        result.add(label, one_line(name))
    result.add("x-wr-timezone", plan.timezone)
    if refresh is not None:
        result.add("refresh-interval", refresh, parameters={"VALUE": "DURATION"})
        result.add("x-published-ttl", vDuration(refresh))
    times = _times(plan)
    if times:
        first, last = min(start for start, _ in times), max(end for _, end in times)
        result.add_component(time_zone(plan.timezone, first - _BEYOND, last + _BEYOND))
    zone = ZoneInfo(plan.timezone)
    for item, (start, end) in zip(plan.items, times, strict=True):
        event = _event(plan, item)
        event.add("uid", uid(item.item_id))
        event.add("sequence", sequence)
        event.add("dtstart", _told(start, zone))
        event.add("dtend", _told(end, zone))
        result.add_component(event)
    written: bytes = result.to_ical()
    return written


def _times(plan: Plan) -> list[tuple[datetime, datetime]]:
    """Tell when items begin and end; one without items wants a day as well."""
    _ = plan.day
    return [plan.when(item) for item in plan.items]


def _told(moment: datetime, zone: ZoneInfo) -> datetime:
    """Tell a time by the clock there, or by UTC where clocks would show it twice."""
    local = moment.astimezone(zone)
    return moment if is_shown_twice(local) else local


def _event(plan: Plan, item: ItemRead) -> Event:
    place = item.place
    event = Event()
    event.add("dtstamp", plan.made_at)
    event.add("last-modified", plan.made_at)
    event.add("summary", one_line(place.name))
    event.add("categories", [item.category.value])
    event.add("location", ", ".join(one_line(text) for text in (place.name, place.address) if text))
    if place.latitude is not None and place.longitude is not None:
        event.add("geo", (place.latitude, place.longitude))
    if place.url:
        event.add("url", one_line(place.url))
    told = [text for text in (item.notes, place.phone, item.leg and way_on(item.leg)) if text]
    if told:
        event.add("description", lines("\n".join(told)))
    return event
