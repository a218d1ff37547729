"""Links that owners make to their itineraries, and what those see who have one."""

import hashlib
import secrets
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import partial
from uuid import UUID

from json_rows.changing import Changed
from json_rows.inserting import New
from json_rows.resource import Resource
from json_rows.statement import Query, Row, Rows, Statement, first_row
from service.domain.itineraries import itineraries
from service.domain.itinerary_times import times
from service.exports.ics import calendar
from service.exports.plan import Plan
from service.models.itinerary_item import ItemRead
from service.models.share_link import (
    USUAL,
    ShareCreate,
    ShareKind,
    ShareLink,
    ShareRead,
    ShareRevocation,
    ShareWrite,
)
from service.models.shared_plan import SharedItem, SharedLeg, SharedPlace, SharedPlan
from smorest_sqlmodel.errors import NotFoundError

TOKEN_BYTES = 20
"""160 bits, which nobody guesses; as hex, which no mail program and no chat breaks."""

REFRESH = timedelta(hours=1)
"""How often calendars are asked to look again."""

shares = Resource(
    "link",
    ShareLink,
    ShareRead,
    parent=itineraries,
    by_owner=True,
    more={"live": "({row}.pinned_version IS NULL)"},
    sorts={"created_at": "share_links.created_at"},
    default_sort="-created_at",
)

# A link goes with the membership of who made it: a foreign key says so.
_MAKER = {"created_by": "%(owner)s::uuid"}
_CURRENT = "coalesce(given.pinned_version, parent.current_version)"

NEW_LIVE_SHARE = New(shares, ShareWrite, values=_MAKER)
NEW_PINNED_SHARE = New(shares, ShareWrite, values={**_MAKER, "pinned_version": _CURRENT})
REVOKED_SHARE = Changed(shares, values={"revoked_at": "coalesce(share_links.revoked_at, now())"})


def new_token() -> str:
    """Make up what lets in whoever has it."""
    return secrets.token_hex(TOKEN_BYTES)


def new_share(
    new: ShareCreate, itinerary: UUID, token: str, shown_once: Mapping[str, str] | None = None
) -> Query:
    """Make a link; `shown_once` is what its answer has besides, such as the token."""
    usual = datetime.now(UTC) + USUAL[new.kind]
    # As Postgres writes bytes. It never sees the token, which would stand in its log.
    body = ShareWrite(
        id=new.id,
        kind=new.kind,
        pinned_version=new.pinned_version,
        expires_at=new.expires_at or usual,
        digest=rf"\x{_digest(token).hex()}",
    )
    make = NEW_LIVE_SHARE if new.shows_edits else NEW_PINNED_SHARE
    return make.query(body, itinerary, shown_once=shown_once)


def revoke_share(key: UUID) -> Query:
    """Revoke a link, once and for all; one that was revoked before stays as it is."""
    return REVOKED_SHARE.query(key, ShareRevocation(revoked_at=datetime.now(UTC)))


# What a link leads to, as whoever has it may see it


def _object(source: str, names: Iterable[str], instead: Mapping[str, str] | None = None) -> str:
    """Write some members of a row or an object as JSON; `{}` in the source is their name."""
    members = {name: source.format(name) for name in names} | dict(instead or {})
    pairs = ", ".join(f"'{name}', {sql}" for name, sql in members.items())
    return f"json_build_object({pairs})"


_URL = "itinerary_items.place ->> 'url'"
_PLACE = _object(
    "itinerary_items.place -> '{}'",
    SharedPlace.model_fields,
    # Whatever else came in some other way is no link for a stranger's browser.
    {"url": f"CASE WHEN {_URL} ~* '^https?://' THEN {_URL} END"},
)
_LEG = _object("itinerary_items.leg -> '{}'", SharedLeg.model_fields)
_MADE = {
    "place": _PLACE,
    "leg": f"CASE WHEN jsonb_typeof(itinerary_items.leg) = 'object' THEN {_LEG} END",
    **times("itinerary_items", "itinerary_versions"),
}


def _seen(kind: ShareKind, item: str, more: Mapping[str, str] | None = None) -> Statement:
    """Write the statement that finds what a link leads to, if it leads anywhere at this moment.

    One that never was, that is over, or whose plan is put away: there is no row, whichever it is.
    """
    plan = [name for name in SharedPlan.model_fields if name != "items"]
    shown = {name: f"itinerary_versions.{name}" for name in plan} | {
        "items": f"""coalesce((
            SELECT json_agg({item} ORDER BY itinerary_items.position)
            FROM itinerary_items WHERE itinerary_items.version_id = itinerary_versions.id
        ), '[]')""",
        **(more or {}),
    }
    members = ", ".join(f"{sql} AS {name}" for name, sql in shown.items())
    return Statement(
        f"""SELECT row_to_json(shown), NULL::int, true
        FROM share_links, itineraries, itinerary_versions, LATERAL (SELECT {members}) AS shown
        WHERE share_links.digest = %(digest)s AND share_links.kind = '{kind}'
            AND share_links.revoked_at IS NULL AND share_links.expires_at > now()
            AND itineraries.id = share_links.itinerary_id AND {itineraries.owned}
            AND itineraries.archived_at IS NULL
            AND itinerary_versions.itinerary_id = itineraries.id
            AND itinerary_versions.number
                = coalesce(share_links.pinned_version, itineraries.current_version)"""
    )


_SHARED = _seen(ShareKind.WEB, _object("itinerary_items.{}", SharedItem.model_fields, _MADE))
_FED = _seen(
    ShareKind.ICS,
    # What calendars are not to show is there, as null.
    _object(
        "itinerary_items.{}",
        [*SharedItem.model_fields, "item_id"],
        dict.fromkeys(ItemRead.model_fields.keys() - {*SharedItem.model_fields, "item_id"}, "NULL")
        | _MADE,
    ),
    {
        "made_at": "itinerary_versions.created_at",
        "number": "itinerary_versions.number",
        "link_id": "share_links.id",
    },
)


class Feed(Plan):
    """A plan as a calendar is fed with it: which version, and by which link."""

    number: int
    link_id: UUID


def shared_plan(token: str) -> Query:
    """Find what a link for the web shows; NotFoundError where it shows nothing."""
    return _SHARED.query({"digest": _digest(token)}, _judge)


def shared_feed(token: str) -> Query:
    """Find what a calendar is made of; NotFoundError where a link leads to none."""
    return _FED.query({"digest": _digest(token)}, _judge)


def feed_of(row: Row) -> bytes:
    """Write the calendar of what `shared_feed` has found.

    Without a day there are no times: it is empty then, so that who subscribes early is not refused.
    """
    feed = Feed.model_validate_json(row.json)
    if feed.plan_date is None:
        feed = feed.model_copy(update={"items": [], "plan_date": date(1970, 1, 1)})
    uid = partial(_uid, feed.link_id)
    return calendar(feed, uid=uid, sequence=feed.number, name=feed.title, refresh=REFRESH)


def _uid(link: UUID, item: UUID) -> str:
    """Name an event: the same from version to version, and another one by each link."""
    return f"{hashlib.sha256(link.bytes + item.bytes).hexdigest()[:32]}@trip-planner"


def _digest(token: str) -> bytes:
    """Digest a token: neither it nor what somebody takes for one reaches SQL."""
    return hashlib.sha256(token.encode()).digest()


def _judge(rows: Rows) -> Row:
    if not rows:
        message = "This link leads nowhere: there is no such link, or it is over."
        raise NotFoundError(message)
    return first_row(rows)
