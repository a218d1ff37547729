"""What whoever has a link sees, and what those are told whose link leads nowhere."""

import itertools
from typing import Any

import pytest

from tests.service.sharing.conftest import LEG, NOTE, PLACE, execute, path_of
from tests.service.sharing.test_shares import dump

UNKNOWN = "0123456789" * 4

ALLOWED = ["items", "plan_date", "timezone", "title"]
ALLOWED_OF_ITEMS = [
    *("category", "duration_minutes", "ends_at", "leg", "place", "position", "start_minute"),
    "starts_at",
]
ALLOWED_OF_PLACES = ["address", "category", "latitude", "longitude", "name", "phone", "url"]
ALLOWED_OF_LEGS = ["description", "distance_m", "method", "minutes"]


def test_security_24_what_is_shown_is_an_allow_list(database, owner, plan, share, look):
    answer = look(share())
    shown = answer.json
    (item,) = shown["items"]
    assert sorted(shown) == ALLOWED
    assert sorted(item) == ALLOWED_OF_ITEMS
    assert sorted(item["place"]) == ALLOWED_OF_PLACES
    assert sorted(item["leg"]) == ALLOWED_OF_LEGS
    assert (shown["title"], shown["plan_date"], shown["timezone"]) == (
        "홍대 데이트",
        "2026-12-24",
        "Asia/Seoul",
    )
    assert (item["start_minute"], item["leg"]) == (840, LEG)
    assert item["starts_at"] == "2026-12-24T14:00:00+09:00"
    assert item["place"].items() <= PLACE.items()
    ids = execute(
        database,
        "SELECT itinerary_items.id, item_id, version_id, share_links.id FROM itinerary_items,"
        " share_links",
    )
    for secret in (NOTE, "kakao", owner, plan, "하늘", *map(str, itertools.chain(*ids))):
        assert secret not in answer.text


def test_security_24_the_document_has_the_same_list(client):
    schemas = client.get("/openapi.json").json["components"]["schemas"]
    shown = {
        "SharedPlan": ALLOWED,
        "SharedItem": ALLOWED_OF_ITEMS,
        "SharedPlace": ALLOWED_OF_PLACES,
        "SharedLeg": ALLOWED_OF_LEGS,
    }
    assert {name: sorted(schemas[name]["properties"]) for name in shown} == shown


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "ftp://x.example"])
def test_security_24_only_web_addresses_are_links(database, share, look, url):
    """Those that views don't take may have come by the import."""
    execute(
        database,
        "UPDATE itinerary_items"
        " SET leg = NULL, place = place || jsonb_build_object('url', %(url)s)",
        url=url,
    )
    (item,) = look(share()).json["items"]
    assert item["place"]["url"] is None
    assert item["leg"] is None
    feed = look(share(kind="ics"))
    assert (feed.status_code, url in feed.text) == (200, False)


def test_a_pinned_link_stays_and_a_live_one_follows(edit, share, look):
    pinned, live = share(), share(live=True)
    edit(title="두 번째")
    edit(items=[])
    titles = {name: look(link).json["title"] for name, link in (("pinned", pinned), ("live", live))}
    assert titles == {"pinned": "홍대 데이트", "live": "두 번째"}


@pytest.mark.parametrize("asking", [*itertools.product(["web", "ics"], ["GET", "HEAD"])])
def test_security_22_whatever_leads_nowhere_looks_the_same(client, database, plan, share, asking):
    kind, method = asking
    known = path_of(share(kind=kind))
    token = known.rpartition("/")[2].removesuffix(".ics")
    revoked, expired = share(kind=kind), share(kind=kind)
    client.delete(f"/v1/shares/{revoked['id']}")
    execute(
        database, "UPDATE share_links SET expires_at = now() WHERE id = %(id)s", id=expired["id"]
    )
    other = {"web": "/v1/feeds/{}.ics", "ics": "/v1/shared/{}"}[kind]
    paths = [
        known.replace(token, UNKNOWN),
        known.replace(token, "x"),
        known.replace(token, token.upper().replace("0", "A")),
        known.replace(token, "비밀" * 30),
        path_of(revoked),
        path_of(expired),
        other.format(token),
    ]

    def asked(path, **headers):
        answer = client.open(path, method=method, headers=headers)
        kept = [pair for pair in answer.headers if pair[0] != "X-Request-ID"]
        body = answer.text.replace("feeds", "shared")
        return answer.status_code, body, kept

    first, *others = (asked(path) for path in paths)
    assert first[0] == 404
    # A problem that tells no token is as long by either kind of path, but for the path.
    assert [answer[:2] for answer in others] == [first[:2]] * len(others)
    assert asked(paths[4]) == asked(paths[5]) == asked(paths[0]) == first
    assert "ETag" not in dict(first[2])
    for tag in ("*", '"1"'):
        assert asked(known, **{"If-None-Match": tag})[0] == 200
        assert asked(paths[4], **{"If-None-Match": tag}) == first
    client.post(f"/v1/itineraries/{plan}/archive")
    assert asked(known) == first
    client.post(f"/v1/itineraries/{plan}/unarchive")
    assert asked(known)[0] == 200
    client.delete(f"/v1/itineraries/{plan}", headers={"If-Match": "*"})
    assert asked(known) == first


def test_security_22_looking_has_no_effects(client, database, share):
    links = [path_of(share()), path_of(share(kind="ics"))]
    before = dump(database)
    for path, method in itertools.product(links, ("GET", "HEAD", "OPTIONS")):
        assert client.open(path, method=method).status_code == 200
    assert dump(database) == before


def test_what_is_shown_stays_with_who_looks(client, share):
    for path, status in (
        (path_of(share()), 200),
        (path_of(share(kind="ics")), 200),
        (f"/v1/shared/{UNKNOWN}", 404),
        (f"/v1/shared/{UNKNOWN}?utm_source=x", 422),
    ):
        answer = client.get(path)
        assert answer.status_code == status
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Robots-Tag"] == "noindex"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "ETag" not in answer.headers


def test_nobody_needs_a_key_and_nobody_is_asked_for_one(guarded, new_key, share):
    for link in (share(), share(kind="ics")):
        for headers in ({}, {"Authorization": "Bearer tps_test_wrong"}, new_key("ingest")):
            assert guarded.get(path_of(link), headers=headers).status_code == 200
    assert guarded.post(path_of(share()), json={}).status_code == 401


def test_security_18_each_link_has_a_limit_of_its_own(client_with, share, problem):
    limited = client_with(rate_limit_feed="2/hour")
    for link in (share(), share(kind="ics")):
        looks = [limited.get(path_of(link)) for _ in range(3)]
        assert [look.status_code for look in looks] == [200, 200, 429]
        assert link["token"] not in problem(looks[2], 429)["instance"]
        assert looks[2].headers["Retry-After"]
        assert looks[2].headers["X-Robots-Tag"] == "noindex"


def test_security_22_a_look_asks_the_primary_once(client_with, settings, plan, share):
    """What is revoked is gone at once, however far behind a replica is."""
    other = client_with(database_read_url=settings.database_url)
    database = other.application.extensions["database"]
    sent: list[Any] = []
    meant_for_replica: list[Any] = []
    assert other.get(f"/v1/itineraries/{plan}").status_code == 200
    database.listeners.append(sent.append)
    database.read_listeners.append(meant_for_replica.append)
    for link in (share(), share(kind="ics")):
        assert other.get(path_of(link)).status_code == 200
    # Meanwhile the replica is looked after, by a thread of its own.
    assert [each.server for each in sent if "share_links" in each.sql] == ["primary"] * 2
    assert meant_for_replica == []
    assert other.get(f"/v1/itineraries/{plan}").status_code == 200
    assert len(meant_for_replica) == 1


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/shared/{}"),
        ("GET", "/v1/feeds/{}.ics"),
        ("GET", "/v1/feeds/{}"),
        ("GET", "/v1/shared/{}/"),
        ("GET", "/v1//shared/{}"),
        ("GET", "/V1/Shared/{}"),
        ("GET", "/v1/shared/{}/items"),
        ("GET", "/v1/shared/{}?x=1"),
        ("GET", "/v1/sh%61red/{}"),
        ("DELETE", "/v1/shared/{}"),
        ("POST", "/v1/feeds/{}.ics"),
    ],
)
def test_security_21_no_problem_tells_a_token(client, guarded, method, path):
    for asked in (client, guarded):
        answer = asked.open(path.format(UNKNOWN), method=method)
        assert answer.status_code >= 400
        assert UNKNOWN not in answer.text
        assert UNKNOWN not in str(answer.headers)
