"""When items begin and end: past midnight, in zones that move their clocks, and what is warned."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from json_rows import UnitOfWork
from json_rows.models import _time_zones

from .conftest import stop


def said(itinerary):
    return [
        (warning["code"], warning["position"], warning["other_position"])
        for warning in itinerary["warnings"]
    ]


def moments(itinerary):
    return [(item["starts_at"], item["ends_at"]) for item in itinerary["items"]]


SKIPS, REPEATS = "clock_skips", "clock_repeats"


def test_time_past_midnight_is_ordinary(make):
    made = make.itinerary(stop(1410), stop(1470), stop(2880), plan_date="2026-12-31")
    assert [item["start_minute"] for item in made["items"]] == [1410, 1470, 2880]
    assert moments(made) == [
        ("2026-12-31T23:30:00+09:00", "2027-01-01T00:30:00+09:00"),
        ("2027-01-01T00:30:00+09:00", "2027-01-01T01:30:00+09:00"),
        ("2027-01-02T00:00:00+09:00", "2027-01-02T01:00:00+09:00"),
    ]
    assert made["warnings"] == []


def test_a_plan_for_any_day_has_no_moments(make):
    made = make.itinerary(stop(600), stop(630))
    assert moments(made) == [(None, None)] * 2
    assert said(made) == [("overlap", 2, 1)]


@pytest.mark.parametrize(
    ("zone", "day", "minute", "span", "code"),
    [
        # What the clock skips is as much later.
        ("Europe/Berlin", "2026-03-29", 119, ("01:59:00+01:00", "03:59:00+02:00"), None),
        ("Europe/Berlin", "2026-03-29", 120, ("03:00:00+02:00", "04:00:00+02:00"), SKIPS),
        ("Europe/Berlin", "2026-03-29", 150, ("03:30:00+02:00", "04:30:00+02:00"), SKIPS),
        ("Europe/Berlin", "2026-03-29", 180, ("03:00:00+02:00", "04:00:00+02:00"), None),
        # What comes twice is the second of the two.
        ("Europe/Berlin", "2026-10-25", 119, ("01:59:00+02:00", "02:59:00+02:00"), None),
        ("Europe/Berlin", "2026-10-25", 120, ("02:00:00+01:00", "03:00:00+01:00"), REPEATS),
        ("Europe/Berlin", "2026-10-25", 150, ("02:30:00+01:00", "03:30:00+01:00"), REPEATS),
        ("Europe/Berlin", "2026-10-25", 180, ("03:00:00+01:00", "04:00:00+01:00"), None),
        # Clocks that move by half an hour, at midnight, by two hours, west of Greenwich.
        ("Australia/Lord_Howe", "2026-04-05", 105, ("01:45:00+10:30", "02:45:00+10:30"), REPEATS),
        ("Australia/Lord_Howe", "2026-10-04", 135, ("02:45:00+11:00", "03:45:00+11:00"), SKIPS),
        ("Africa/Cairo", "2026-04-24", 30, ("01:30:00+03:00", "02:30:00+03:00"), SKIPS),
        ("Antarctica/Troll", "2026-10-25", 90, ("01:30:00+00:00", "02:30:00+00:00"), REPEATS),
        ("America/St_Johns", "2026-11-01", 90, ("01:30:00-03:30", "02:30:00-03:30"), REPEATS),
        ("Asia/Kathmandu", "2026-11-01", 90, ("01:30:00+05:45", "02:30:00+05:45"), None),
    ],
)  # fmt: skip
def test_clocks_that_move(make, zone, day, minute, span, code):  # noqa: PLR0917  what is given
    made = make.itinerary(stop(minute), plan_date=day, timezone=zone)
    assert moments(made) == [tuple(f"{day}T{moment}" for moment in span)]
    assert said(made) == ([(code, 1, None)] if code else [])
    # An hour is an hour, whatever the clock does meanwhile.
    assert made["items"][0]["start_minute"] == minute


def test_a_day_that_is_moved_onto_a_change_of_the_clock_is_warned_of(plan):
    it = plan("술집", plan_date="2026-10-23", timezone="Europe/Berlin")
    it.send("PATCH", "/items/1", {"start_minute": 26 * 60 + 30})
    assert it.now["warnings"] == []
    it.send("POST", "/shift", {"days": 1})
    assert said(it.now) == [(REPEATS, 1, None)]
    version = it.version(it.now["current_version"])
    assert version["warnings"] == it.now["warnings"]
    assert version["items"] == it.now["items"]


def test_items_that_overlap_are_kept_with_a_warning(make):
    made = make.itinerary(
        stop(600, duration_minutes=300),
        stop(660),
        stop(780),
        stop(900),
        stop(870),
    )
    assert len(made["items"]) == 5
    assert said(made) == [
        ("overlap", 2, 1),
        ("overlap", 3, 1),
        ("overlap", 4, 5),
        ("out_of_order", 5, 4),
        ("overlap", 5, 1),
    ]
    assert made["warnings"][0]["message"] == "It begins before the item at position 1 has ended."
    assert made["warnings"][0]["item_id"] == made["items"][1]["item_id"]


def test_a_way_that_takes_longer_than_there_is_time_is_warned_of(make):
    made = make.itinerary(
        stop(600, leg={"method": "walk", "minutes": 31}),
        stop(690, leg={"method": "walk", "minutes": 30}),
        stop(780, leg={"method": "taxi"}),
        stop(840, leg={"method": "taxi", "minutes": 999}),
    )
    assert said(made) == [("leg_too_long", 2, 1)]


def test_overlaps_go_by_real_time_where_the_day_is_known(make):
    """From 01:30 to 02:30 takes until 03:30 in the night in which the clock is put forward."""
    night = {"plan_date": "2026-03-29", "timezone": "Europe/Berlin"}
    assert said(make.itinerary(stop(90), stop(180))) == []
    assert said(make.itinerary(stop(90), stop(180), **night)) == [("overlap", 2, 1)]


def test_all_zones_that_are_taken_are_known_to_postgres(database):
    with UnitOfWork(database) as work:
        known = {name for (name,) in work.execute("SELECT name FROM pg_timezone_names")}
    assert not _time_zones() - known


def test_no_zone_is_an_abbreviation_without_its_summer_time(database):
    with UnitOfWork(database) as work:
        abbreviated = work.execute("""
            SELECT name FROM pg_timezone_names JOIN pg_timezone_abbrevs
                ON lower(name) = lower(pg_timezone_abbrevs.abbrev)""")
    taken = _time_zones() & {name for (name,) in abbreviated}
    assert "EST" in taken
    for name in taken:
        zone = ZoneInfo(name)
        assert len({datetime(2026, month, 15, tzinfo=zone).utcoffset() for month in (1, 7)}) == 1
