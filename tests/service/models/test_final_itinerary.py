"""A final itinerary in the prototype's shape: the items it becomes, and what is repaired."""

import pytest

from service.models.final_itinerary import UnreadableError, read

# As the prototype wrote it, in its own database.
WRITTEN = {
    "order": 1,
    "start_time": "14:00",
    "end_time": "16:00",
    "duration_minutes": 120,
    "location": {
        "name": "홍대 미술관",
        "category": "문화시설",
        "address": "서울 마포구 홍익로",
        "x": 126.9222,
        "y": 37.5511,
        "phone": "02-1234-5678",
        "place_url": None,
        "distance": None,
    },
    "estimated_time": "2시간",
    "notes": "문화 활동",
    "travel_to_next": None,
}


def stop(start="14:00", minutes=60, name="경복궁", **values):
    location = {"name": name, **values.pop("location", {})}
    return {"start_time": start, "duration_minutes": minutes, "location": location, **values}


def repairs(*stops):
    return [repair for repair, _ in read(list(stops)).repairs]


def test_what_the_prototype_wrote_needs_no_repair():
    found = read([WRITTEN])
    (item,) = found.items
    assert found.repairs == []
    assert (item.category, item.start_minute, item.duration_minutes) == ("activity", 840, 120)
    assert (item.notes, item.leg) == ("문화 활동", None)
    assert item.place.model_dump(exclude_none=True) == {
        "name": "홍대 미술관",
        "category": "문화시설",
        "address": "서울 마포구 홍익로",
        "longitude": 126.9222,
        "latitude": 37.5511,
        "phone": "02-1234-5678",
    }


@pytest.mark.parametrize(
    ("starts", "minutes"),
    [
        (["22:30", "00:00", "01:30"], [1350, 1440, 1530]),
        (["20:00", "09:00"], [1200, 1980]),
        (["23:00", "24:30", "25:00"], [1380, 1470, 1500]),
        (["24:30", "01:00"], [1470, 1500]),
        (["9:05", "10:00:00"], [545, 600]),
        (["00:00", "23:59", "00:00"], [0, 1439, 1440]),
    ],
)
def test_a_time_well_before_that_of_the_stop_before_is_of_the_next_day(starts, minutes):
    found = read([stop(start) for start in starts])
    assert [item.start_minute for item in found.items] == minutes


def test_a_time_shortly_before_that_of_the_stop_before_overlaps():
    found = read([stop("14:00"), stop("13:30")])
    assert [item.start_minute for item in found.items] == [840, 810]
    assert found.repairs == [("start_time is before that of the stop before, kept", "13:30")]


def test_stops_come_in_the_order_that_they_say():
    found = read([stop("16:00", order=2, name="둘"), stop("14:00", order="1", name="하나")])
    assert [item.place.name for item in found.items] == ["하나", "둘"]
    twice = [stop("14:00", order=1, name="하나"), stop("16:00", order=1, name="둘")]
    assert [item.place.name for item in read(twice).items] == ["하나", "둘"]
    assert repairs(*twice) == ["order is missing or given twice, now as they stand"]


@pytest.mark.parametrize(
    ("x", "y", "point"),
    [
        ("126.977041", "37.579617", (37.579617, 126.977041)),
        (126.977041, 37.579617, (37.579617, 126.977041)),
        (-73.98, 40.75, (40.75, -73.98)),
        (37.579617, 126.977041, (37.579617, 126.977041)),
        (226.9, 37.5, (None, None)),
        ("동", "서", (None, None)),
        (126.9, None, (None, None)),
        (True, False, (None, None)),
        (float("inf"), 1, (None, None)),
        (None, None, (None, None)),
        ("", "", (None, None)),
    ],
)
def test_x_is_the_longitude(x, y, point):
    place = read([stop(location={"x": x, "y": y})]).items[0].place
    assert (place.latitude, place.longitude) == point


def test_coordinates_that_took_each_others_place_are_a_repair():
    assert repairs(stop(location={"x": 37.5, "y": 126.9})) == [
        "x and y took each other's place, now x is the longitude"
    ]
    assert repairs(stop(location={"x": 126.9, "y": 37.5})) == []


@pytest.mark.parametrize(
    ("given", "category"),
    [
        ("음식점 > 카페 > 커피전문점", "cafe"),
        ("음식점 > 술집 > 호프,요리주점", "drinking"),
        ("음식점 > 한식", "dining"),
        ("dining", "dining"),
        ("CE7", "cafe"),
        ("고궁·문화유산", "activity"),
        ("관광특구", "activity"),
        ("우주정거장", "other"),
        (None, "other"),
        (["카페"], "other"),
    ],
)
def test_a_category_of_any_provider_is_one_of_ours(given, category):
    assert read([stop(location={"category": given})]).items[0].category == category


@pytest.mark.parametrize(
    ("given", "method"),
    [
        ("walk", "walk"),
        ("walking", "walk"),
        ("도보", "walk"),
        ("public_transport", "public_transport"),
        ("지하철 2호선", "subway"),
        ("driving", "car"),
        ("other", "other"),
        ("순간이동", "other"),
        (None, "other"),
    ],
)
def test_a_leg_goes_by_a_method_of_ours(given, method):
    way = {"method": given, "duration_minutes": "12", "distance_meters": 850.4}
    found = read([stop(travel_to_next=way), stop("16:00")])
    leg = found.items[0].leg
    assert leg is not None
    assert (leg.method, leg.minutes, leg.distance_m) == (method, 12, 850)
    assert bool(found.repairs) == (given in {"순간이동", None})


@pytest.mark.parametrize(
    ("given", "minutes", "repair"),
    [
        ({"duration_minutes": "90"}, 90, None),
        ({"duration_minutes": None, "end_time": "16:00"}, 120, "now the time until end_time"),
        ({"duration_minutes": 0, "end_time": "01:00"}, 660, "now the time until end_time"),
        ({"duration_minutes": -5}, 60, "now 60"),
        ({"duration_minutes": 90, "end_time": "16:00"}, 90, "which counts"),
        ({"duration_minutes": 120, "end_time": "16:00"}, 120, None),
        ({"duration_minutes": 10**9}, 60, "now 60"),
        ({"duration_minutes": float("nan")}, 60, "now 60"),
    ],
)
def test_a_duration_that_is_none_is_made_of_the_end(given, minutes, repair):
    found = read([{**stop("14:00"), **given}])
    assert found.items[0].duration_minutes == minutes
    assert [repair in said for said, _ in found.repairs] == ([True] if repair else [])


def test_a_start_that_is_missing_follows_the_stop_before():
    way = {"method": "walk", "duration_minutes": 15}
    found = read([stop("14:00", travel_to_next=way), stop(None), stop("오후 여섯 시")])
    assert [item.start_minute for item in found.items] == [840, 915, 975]
    assert len(found.repairs) == 2
    assert read([stop(None, end_time="00:30")]).items[0].start_minute == 23 * 60 + 30


def test_an_address_that_is_too_long_is_none():
    url = "https://place.example.com/" + "x" * 2000
    found = read([stop(location={"place_url": url})])
    assert found.items[0].place.url is None
    assert found.repairs == [("place_url is no address of http or https, now null", url)]


def test_texts_that_are_too_long_are_cut_and_addresses_are_of_the_web():
    found = read(
        [
            stop(
                name="가" * 300,
                notes=["a"],
                location={"phone": 25551234, "place_url": "javascript:alert(1)"},
            )
        ]
    )
    place = found.items[0].place
    assert (len(place.name), place.phone, place.url) == (255, "25551234", None)
    assert {repair for repair, _ in found.repairs} == {
        "name cut to 255 characters",
        "notes is no text, now null",
        "place_url is no address of http or https, now null",
    }


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (None, "is no list of stops"),
        ([], "is no list of stops"),
        ({"order": 1}, "is no list of stops"),
        ("14:00 홍대", "is no list of stops"),
        (["홍대"], "has a stop 1 that is no object"),
        ([stop(), {"order": 1, "start_time": "14:00"}], "has a stop 2 without location.name"),
        ([stop(name=" ")], "has a stop 1 without location.name"),
        ([stop(None)], "has a stop 1 without a start_time"),
        ([stop("25 o'clock")], "has a stop 1 without a start_time"),
        ([stop()] * 501, "has more than 500 stops"),
        (
            [stop(minutes=1440)] + [stop(None, 20160)] * 2,
            "has a stop 3 that begins after two weeks",
        ),
    ],
)
def test_what_is_no_list_of_stops_is_not_guessed_at(given, why):
    with pytest.raises(UnreadableError, match=why):
        read(given)
