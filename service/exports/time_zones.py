"""Time zones as calendars bring them along (RFC 5545, 3.6.5 "Time Zone Component").

Icalendar's own lets summer time begin an hour late: it tells the onset by the new clock, where the
RFC wants the old one.
"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from icalendar import Timezone, TimezoneDaylight, TimezoneStandard

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)


def time_zone(name: str, first: datetime, last: datetime) -> Timezone:
    """Describe a zone as it is from one moment to another, both in UTC."""
    zone = ZoneInfo(name)
    component = Timezone()
    component.add("tzid", name)
    component.add_component(_observance(zone, first, first))
    moment = first
    while moment < last:
        after = moment + _DAY
        if _offset(zone, moment) != _offset(zone, after):
            change = _first_after_change(zone, moment, after)
            component.add_component(_observance(zone, change - _SECOND, change))
        moment = after
    return component


def is_shown_twice(moment: datetime) -> bool:
    """Tell whether clocks show the time of a moment, in its zone, a second time."""
    return moment.replace(fold=0).utcoffset() != moment.replace(fold=1).utcoffset()


def _offset(zone: ZoneInfo, moment: datetime) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta()


def _first_after_change(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    old = _offset(zone, before)
    while after - before > _SECOND:
        middle = (before + (after - before) / 2).replace(microsecond=0)
        before, after = (middle, after) if _offset(zone, middle) == old else (before, middle)
    return after


def _observance(
    zone: ZoneInfo, before: datetime, onset: datetime
) -> TimezoneDaylight | TimezoneStandard:
    """Describe what holds from an onset on, which is told by the clock as it went before."""
    local = onset.astimezone(zone)
    part = TimezoneDaylight() if local.dst() else TimezoneStandard()
    old = _offset(zone, before)
    part.add("dtstart", (onset.astimezone(UTC) + old).replace(tzinfo=None))
    part.add("tzoffsetfrom", old)
    part.add("tzoffsetto", _offset(zone, onset))
    part.add("tzname", local.tzname() or zone.key)
    return part
