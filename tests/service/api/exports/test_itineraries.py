"""Itineraries as calendars, maps and texts."""

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar

GPX = "{http://www.topografix.com/GPX/1/1}"


def item(start=840, minutes=90, place=None, **values):
    """Make an item, in 홍대 unless it is elsewhere."""
    here = {"name": "홍대 미술관", "latitude": 37.5515, "longitude": 126.9256}
    return {
        "start_minute": start,
        "duration_minutes": minutes,
        "place": here | (place or {}),
        **values,
    }


def calendar_of(answer) -> Any:
    return Calendar.from_ical(answer.data)


def events_of(answer) -> list[Any]:
    return calendar_of(answer).walk("VEVENT")


# Calendars


def test_a_calendar_has_an_event_for_each_item_also_past_midnight(get, itinerary):
    made = itinerary(item(), item(1470, 60, {"name": "심야 식당"}))
    answer = get(f"itineraries/{made}.ics")
    assert answer.content_type == "text/calendar; charset=utf-8"
    first, late = events_of(answer)
    seoul = ZoneInfo("Asia/Seoul")
    assert first["DTSTART"].dt == datetime(2026, 12, 24, 14, 0, tzinfo=seoul)
    assert first["DTEND"].dt - first["DTSTART"].dt == timedelta(minutes=90)
    assert late["DTSTART"].dt == datetime(2026, 12, 25, 0, 30, tzinfo=seoul)
    assert (late["SUMMARY"], late["SEQUENCE"]) == ("심야 식당", 1)
    (zone,) = calendar_of(answer).walk("VTIMEZONE")
    assert zone["TZID"] == "Asia/Seoul"


def test_events_keep_their_uid_and_the_same_version_is_the_same_bytes(
    get, itinerary, client, execute, worker_url
):
    made = itinerary(item())
    answer = get(f"itineraries/{made}.ics")
    assert get(f"itineraries/{made}.ics").data == answer.data
    known = {"If-None-Match": answer.headers["ETag"]}
    assert client.get(f"/v1/itineraries/{made}.ics", headers=known).status_code == 304
    execute(
        worker_url,
        f"""WITH version AS (INSERT INTO itinerary_versions
            (id, itinerary_id, number, title, timezone, plan_date, item_count)
            SELECT gen_random_uuid(), itinerary_id, 2, 'later', timezone, '2026-12-25', 1
            FROM itinerary_versions WHERE itinerary_id = '{made}' RETURNING id),
        item AS (INSERT INTO itinerary_items
            (id, version_id, item_id, position, start_minute, duration_minutes, category, place)
            SELECT gen_random_uuid(), version.id, item_id, 1, 600, 30, 'cafe', place
            FROM itinerary_items, version)
        UPDATE itineraries SET current_version = 2, version = 2 WHERE id = '{made}'""",
    )
    (before,) = events_of(answer)
    (after,) = events_of(get(f"itineraries/{made}.ics"))
    assert after["UID"] == before["UID"]
    assert (before["SEQUENCE"], after["SEQUENCE"]) == (1, 2)
    assert after["DTSTART"].dt.isoformat() == "2026-12-25T10:00:00+09:00"
    assert get(f"itineraries/{made}.ics?version=1").data == answer.data
    missing = client.get(f"/v1/itineraries/{made}.ics?version=3")
    assert (missing.status_code, missing.json["detail"]) == (404, "There is no such version.")


@pytest.mark.parametrize(
    ("day", "minute", "starts"),
    [
        # The clock goes from 02:00 to 03:00, and from 03:00 back to 02:00.
        ("2027-03-28", 150, "2027-03-28T01:30:00+00:00"),
        ("2027-03-28", 210, "2027-03-28T01:30:00+00:00"),
        ("2026-10-25", 150, "2026-10-25T01:30:00+00:00"),
        ("2026-10-25", 90, "2026-10-24T23:30:00+00:00"),
        ("2026-10-24", 1440 + 180, "2026-10-25T02:00:00+00:00"),
    ],
)
def test_skipped_and_doubled_hours_are_as_postgres_has_them(get, itinerary, day, minute, starts):
    made = itinerary(item(minute, 60), plan_date=day, timezone="Europe/Berlin")
    answer = get(f"itineraries/{made}.ics")
    (event,) = events_of(answer)
    start, end = event["DTSTART"].dt.timestamp(), event["DTEND"].dt.timestamp()
    assert start == datetime.fromisoformat(starts).timestamp()
    assert end - start == 3600
    # As the map tells it, whose times Postgres has made.
    told = get(f"itineraries/{made}.geojson").json["features"][0]["properties"]["starts_at"]
    assert datetime.fromisoformat(told).timestamp() == start


def test_the_time_zone_in_a_calendar_begins_and_ends_summer_time_when_it_does(get, itinerary):
    for day, onset in (
        ("2027-03-27", b"DTSTART:20270328T020000"),
        (
            "2026-10-24",
            b"DTSTART:20261025T030000",
        ),
    ):
        made = itinerary(item(1440), plan_date=day, timezone="Europe/Berlin")
        # By the clock as it went before: RFC 5545, 3.6.5.
        assert onset in get(f"itineraries/{made}.ics").data


def test_lines_are_folded_between_characters_and_texts_bring_no_lines_security_24(get, itinerary):
    evil = "🎉홍대,;\\\r\nATTENDEE:x\rX-EVIL:1\x0bY\u2028Z\x85" + "홍" * 200
    made = itinerary(item(place={"name": evil}, notes=evil), title=evil[:150])
    answer = get(f"itineraries/{made}.ics")
    lines = answer.data.split(b"\r\n")
    assert all(len(line) <= 75 and line.decode() for line in lines[:-1])
    assert answer.data.count(b"\n") == answer.data.count(b"\r") == len(lines) - 1
    assert b"\nATTENDEE" not in answer.data
    assert b"\nX-EVIL" not in answer.data
    (event,) = events_of(answer)
    assert event["SUMMARY"].startswith("🎉홍대,;\\ ATTENDEE:x X-EVIL:1 Y Z")
    assert event["DESCRIPTION"].split("\n")[:3] == ["🎉홍대,;\\", "ATTENDEE:x", "X-EVIL:1"]
    assert calendar_of(answer)["NAME"].startswith("🎉홍대")


def test_a_plan_for_any_day_is_no_calendar(client, itinerary, problem):
    made = itinerary(item(), plan_date=None)
    answer = problem(client.get(f"/v1/itineraries/{made}.ics"), 409)
    assert answer["detail"].startswith("The itinerary has no plan_date")
    for suffix in ("geojson", "gpx", "md"):
        assert client.get(f"/v1/itineraries/{made}.{suffix}").status_code == 200
    assert client.get(f"/v1/itineraries/{itinerary()}.ics").status_code == 200


# Maps


def test_a_map_has_points_and_the_route_with_the_longitude_first(get, itinerary):
    nowhere = {"name": "어딘가", "latitude": None, "longitude": None}
    cafe = {"name": "카페", "latitude": 37.56, "longitude": 126.93}
    made = itinerary(item(), item(960, place=nowhere), item(1470, place=cafe))
    answer = get(f"itineraries/{made}.geojson")
    assert answer.content_type == "application/geo+json"
    first, lost, last, route = answer.json["features"]
    assert first["geometry"] == {"type": "Point", "coordinates": [126.9256, 37.5515]}
    assert lost["geometry"] is None
    assert (last["properties"]["starts"], last["properties"]["position"]) == ("24:30", 3)
    assert route["geometry"]["coordinates"] == [[126.9256, 37.5515], [126.93, 37.56]]
    assert answer.json["title"] == "홍대 데이트"


def test_a_route_for_devices_holds_any_text_security_24(get, itinerary):
    evil = "<b>&\"'\x01\x0b]]>\ufffe\r\nz"
    nowhere = {"latitude": None, "longitude": None}
    made = itinerary(item(place={"name": evil}, notes=evil), item(960, place=nowhere), title=evil)
    answer = get(f"itineraries/{made}.gpx")
    assert answer.content_type == "application/gpx+xml"
    root = ET.fromstring(answer.data)  # noqa: S314  of our own making
    assert (root.tag, root.get("version")) == (f"{GPX}gpx", "1.1")
    (point,) = root.findall(f"{GPX}wpt")
    assert (point.get("lat"), point.get("lon")) == ("37.551500", "126.925600")
    assert point.findtext(f"{GPX}name") == "<b>&\"' ]]> z"
    assert len(root.findall(f"{GPX}rte/{GPX}rtept")) == 1
    said = root.findtext(f"{GPX}metadata/{GPX}desc")
    assert said == "1 of 2 items have no coordinates."


# Texts


def test_a_text_is_a_list_of_items_with_the_way_on(get, itinerary):
    place = {"address": "서울 마포구", "url": "https://place.example.com/1?a=<b>"}
    leg = {"method": "public_transport", "minutes": 12, "distance_m": 850}
    made = itinerary(item(place=place, leg=leg, category="activity", notes="예약 필요\n둘째 줄"))
    answer = get(f"itineraries/{made}.md")
    assert answer.content_type == "text/markdown; charset=utf-8"
    assert answer.text == (
        "# 홍대 데이트\n\n2026-12-24, Asia/Seoul\n\n"
        "- **14:00–15:30** 홍대 미술관 (activity)  \n"  # noqa: RUF001  an en dash is meant
        "  서울 마포구  \n"
        "  <https://place.example.com/1?a=%3Cb%3E>  \n"
        "  예약 필요  \n"
        "  둘째 줄  \n"
        "  → public transport, 12 min, 850 m\n"
    )


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("# a\n# b", "\\# a \\# b"),
        ("<script>&lt;", "&lt;script&gt;&amp;lt;"),
        ("[x](javascript:y) ![z](http://a)", "\\[x\\](javascript:y) \\!\\[z\\](http\\://a)"),
        ("a|b `c` *d* _e_ ~f~", "a\\|b \\`c\\` \\*d\\* \\_e\\_ \\~f\\~"),
        ("1. a", "1\\. a"),
        ("- a", "\\- a"),
        ("=== ", "\\==="),
        ("www.x.y", "www\\.x.y"),
        ("C:\\dir", "C:\\\\dir"),
    ],
)
def test_texts_are_no_markup_security_24(get, itinerary, text, written):
    made = itinerary(item(notes=text.replace("\n", " ")), title=text)
    lines = get(f"itineraries/{made}.md").text.splitlines()
    assert lines[0] == f"# {written}"
    assert lines[-1] == f"  {written}"


# Itineraries, whichever way


@pytest.mark.parametrize("suffix", ["ics", "geojson", "gpx", "md"])
def test_a_file_is_named_by_the_title(client, get, itinerary, suffix):
    made = itinerary(item(), title='../"a"\r\nSet-Cookie: b; 홍대')
    answer = get(f"itineraries/{made}.{suffix}")
    said = answer.headers["Content-Disposition"]
    assert said.startswith(f"attachment; filename=\"itinerary.{suffix}\"; filename*=UTF-8''")
    assert unquote(said.rpartition("''")[2]) == f"a  Set-Cookie  b; 홍대.{suffix}"
    head = client.head(f"/v1/itineraries/{made}.{suffix}")
    assert (head.headers["ETag"], head.data) == (answer.headers["ETag"], b"")


def test_the_itineraries_of_others_are_unknown(client, make, asking_as, itinerary, problem):
    """Security 12: they answer as ids that there are not."""
    owner, stranger, nowhere = (make.user()["id"] for _ in range(3))
    made = itinerary(item(), owner=owner)
    for suffix in ("ics", "geojson", "gpx", "md"):
        asking_as(stranger)
        others = problem(client.get(f"/v1/itineraries/{made}.{suffix}"), 404)
        unknown = problem(client.get(f"/v1/itineraries/{nowhere}.{suffix}"), 404)
        assert others | {"instance": ""} == unknown | {"instance": ""}
        asking_as(owner)
        assert client.get(f"/v1/itineraries/{made}.{suffix}").status_code == 200


def test_an_id_that_is_none_is_told_of(client, pointers):
    assert pointers(client.get("/v1/itineraries/x.ics")) == ["/itinerary_id"]
    some = "00000000-0000-7000-8000-000000000000"
    assert pointers(client.get(f"/v1/itineraries/{some}.ics?version=0")) == ["/version"]
    assert pointers(client.get(f"/v1/itineraries/{some}.ics?x=0")) == ["/x"]
