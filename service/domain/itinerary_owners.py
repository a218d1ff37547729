"""What only the owner of an itinerary does: delete it, put it away, hand it over."""

from functools import partial
from typing import Any
from uuid import UUID

from json_rows.changing import has_changed
from json_rows.deleting import Deleted
from json_rows.frame import judge, unless_read_only, where
from json_rows.statement import Query, Statement
from service.domain.itineraries import itineraries
from service.models.itinerary_member import Transfer
from smorest_sqlmodel.errors import ApiError, InvalidInputError

DELETED_ITINERARY = Deleted(itineraries, by_owner=True)

_OWN = where(itineraries.is_one(), itineraries.theirs)


def _answer(changed: str, state: str) -> str:
    return f"""SELECT row_to_json(shown), changed.version, true, NULL::text
FROM changed, {itineraries.row("changed", itineraries.members.usual)}
UNION ALL SELECT row_to_json(shown), itineraries.version, false,
    {unless_read_only(state, itineraries.theirs)}
FROM itineraries, {itineraries.row("itineraries", itineraries.members.usual)}
WHERE {itineraries.is_one()} AND NOT EXISTS (SELECT FROM {changed})"""


def _put(archived_at: str, *, from_state: str) -> Statement:
    """Set when an itinerary was put away; where it is so already, nothing changes."""
    return Statement(
        _answer("changed", f"CASE WHEN NOT {itineraries.is_current()} THEN 'stale' END"),
        first=[itineraries.lock_to_write()],
        ctes={
            "changed": f"""
                UPDATE itineraries SET {itineraries.touched({"archived_at": archived_at})}
                WHERE {_OWN} AND {itineraries.is_current()}
                    AND itineraries.archived_at IS {from_state} RETURNING itineraries.*"""
        },
    )


_ARCHIVE = _put("now()", from_state="NULL")
_UNARCHIVE = _put("NULL", from_state="NOT NULL")

_NEXT = """EXISTS (
    SELECT FROM itinerary_members AS next
    WHERE next.itinerary_id = itineraries.id AND next.user_id = %(user_id)s)"""

_OF_IT = "itinerary_members.itinerary_id = itineraries.id"

# There is one owner at each moment: the one before ceases to be it by a statement before.
_TRANSFER = Statement(
    _answer("changed", f"CASE WHEN NOT {_NEXT} THEN 'nobody' END"),
    first=[
        itineraries.lock_to_write(),
        f"""UPDATE itinerary_members SET role = 'editor' FROM itineraries
            WHERE {_OWN} AND {_OF_IT} AND itinerary_members.role = 'owner'
                AND itinerary_members.user_id <> %(user_id)s AND {_NEXT}""",
        f"""UPDATE itinerary_members SET role = 'owner' FROM itineraries
            WHERE {_OWN} AND {_OF_IT} AND itinerary_members.user_id = %(user_id)s""",
    ],
    ctes={
        "changed": f"""
            UPDATE itineraries SET {itineraries.touched({"user_id": "%(user_id)s::uuid"})}
            WHERE {_OWN} AND itineraries.user_id <> %(user_id)s AND {_NEXT}
            RETURNING itineraries.*"""
    },
)


def archive(key: UUID, versions: list[int] | None, *, away: bool) -> Query:
    """Put an itinerary away, or take it out again."""
    statement = _ARCHIVE if away else _UNARCHIVE
    return _query(statement, key, partial(has_changed, itineraries.noun), versions=versions)


def transfer(key: UUID, body: Transfer) -> Query:
    """Hand an itinerary over to one of its members; who owned it may edit it from then on."""
    return _query(_TRANSFER, key, lambda *_: _no_member(), user_id=body.user_id)


def _query(statement: Statement, key: UUID, refused: Any, **parameters: Any) -> Query:
    def refusal(version: object, state: str | None) -> ApiError | None:
        return refused(version, state) if state else None

    about = itineraries.subject(key, itineraries.members.usual)
    return Query(
        statement, {"key": key, **parameters}, judge(itineraries.noun, refusal), about=about
    )


def _no_member() -> InvalidInputError:
    message = "must be a member of the itinerary: invite them first"
    return InvalidInputError.of(location="body", name="user_id", code="no_member", message=message)
