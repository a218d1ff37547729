"""Calendars to subscribe to."""

from uuid import uuid4

import pytest
from icalendar import Calendar

from tests.service.sharing.conftest import ITEM, LEG, NOTE, PLACE, stop


@pytest.fixture
def read(look):
    """Subscribe to a link, and read its events by their UID."""

    def events(link):
        answer = look(link)
        assert answer.status_code == 200, answer.text
        assert answer.content_type == "text/calendar; charset=utf-8"
        calendar = Calendar.from_ical(answer.data)
        assert calendar["METHOD"] == "PUBLISH"
        return {str(event["UID"]): event for event in calendar.walk("VEVENT")}

    return events


def test_events_keep_their_uid_and_their_sequence_grows(edit, share, read):
    link = share(kind="ics")
    ((uid, first),) = read(link).items()
    added = stop(item_id=str(uuid4()))
    later = [added, stop(start_minute=1470)]
    edit(items=later)
    events = read(link)
    assert len(events) == 2
    assert (int(first["SEQUENCE"]), int(events[uid]["SEQUENCE"])) == (1, 2)
    assert events[uid]["DTSTART"].dt.isoformat() == "2026-12-25T00:30:00+09:00"
    # Taken out and put back it is the same event.
    edit(items=[added])
    assert uid not in read(link)
    edit(items=later)
    assert int(read(link)[uid]["SEQUENCE"]) == 4


def test_a_pinned_feed_does_not_grow(edit, share, read):
    link = share(kind="ics", live=False)
    before = read(link)
    edit(items=[stop(start_minute=900)])
    assert read(link) == before


def test_security_24_uids_are_of_the_link_and_tell_nothing(owner, plan, share, read, look):
    links = [share(kind="ics"), share(kind="ics")]
    uids = [set(read(link)) for link in links]
    assert not uids[0] & uids[1]
    for link in links:
        text = look(link).data.replace(b"\r\n ", b"").decode()
        for secret in (NOTE, owner, plan, link["id"], ITEM, ITEM.replace("-", ""), "kakao", "하늘"):
            assert secret not in text
        assert LEG["description"] in text or "홍대 미술관" in text


def test_calendars_are_told_how_often_to_look(share, look):
    text = look(share(kind="ics")).text
    assert "REFRESH-INTERVAL;VALUE=DURATION:PT" in text
    assert "X-PUBLISHED-TTL:PT" in text


def test_a_plan_without_a_day_is_an_empty_calendar_until_it_has_one(edit, share, read):
    edit(plan_date=None)
    link = share(kind="ics")
    assert read(link) == {}
    edit(plan_date="2026-12-24")
    assert len(read(link)) == 1


def test_security_24_what_a_plan_says_breaks_no_line(edit, share, read):
    name = "a,b;c\\d\nEND:VEVENT\r\nX-ODD:1"
    edit(title=name)
    edit(items=[stop(place={**PLACE, "name": name}, leg={**LEG, "description": name})])
    (event,) = read(share(kind="ics")).values()
    assert "X-ODD" not in event
    assert str(event["SUMMARY"]).startswith("a,b;c\\d")
