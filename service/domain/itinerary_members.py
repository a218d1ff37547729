"""Who is let into an itinerary: owners invite and change roles, members may leave."""

from functools import partial
from typing import Any
from uuid import UUID

from json_rows.frame import READ_ONLY, judge, unless_read_only, where
from json_rows.resource import Resource
from json_rows.statement import Query, Statement, Subject
from service.domain.itineraries import itineraries
from service.domain.users import users
from service.models.itinerary_member import (
    ItineraryMember,
    MemberCreate,
    MemberRead,
    MemberUpdate,
)
from service.models.username import spellings
from smorest_sqlmodel.errors import (
    ApiError,
    ConflictError,
    InvalidInputError,
)


def _of_person(name: str) -> str:
    return f"(SELECT users.{name} FROM users WHERE users.id = {{row}}.user_id AND {users.anybodys})"


members = Resource(
    "member",
    ItineraryMember,
    MemberRead,
    parent=itineraries,
    by_owner=True,
    or_by="user_id",
    more={name: _of_person(name) for name in ("username", "display_name")},
    sorts={"created_at": "itinerary_members.created_at"},
    default_sort="created_at",
)

_SHOWN = members.row("itinerary_members", members.members.all)
_LOCK = itineraries.lock(itineraries.is_one("parent"))
_MINE = where(itineraries.is_one("parent"), itineraries.theirs)

# By id, or by any spelling of the name, the one written so before others.
_PERSON = f"""
    SELECT users.id FROM users
    WHERE (users.id = %(user_id)s
        OR lower(users.username) = ANY(ARRAY(SELECT lower(unnest(%(username)s::text[])))))
        AND {users.anybodys}
    ORDER BY lower(users.username) = lower(%(written)s) DESC LIMIT 1"""

_FOUND = f"""itinerary_members.itinerary_id = %(parent)s
    AND itinerary_members.user_id = (SELECT person.id FROM person) AND {members.owned}"""

_MEMBER = Statement(
    f"SELECT row_to_json(shown), NULL::int FROM itinerary_members, {_SHOWN} WHERE {_FOUND}",
    ctes={"person": _PERSON},
)

_INVITE = Statement(
    f"""SELECT row_to_json(shown), NULL::int, true, NULL::text
FROM invited, {members.row("invited", members.members.all)}
UNION ALL SELECT row_to_json(shown), NULL::int, false,
    CASE WHEN NOT {itineraries.theirs} THEN '{READ_ONLY}'
        WHEN itinerary_members.role = %(role)s THEN NULL ELSE itinerary_members.role END
FROM itineraries, itinerary_members, {_SHOWN}
WHERE {itineraries.is_one("parent")} AND itinerary_members.itinerary_id = itineraries.id
    AND itinerary_members.user_id = (SELECT person.id FROM person)
UNION ALL SELECT NULL::json, NULL::int, false, {
        unless_read_only("'nobody'", itineraries.theirs)
    } FROM itineraries
WHERE {itineraries.is_one("parent")} AND NOT EXISTS (SELECT FROM invited) AND NOT EXISTS (
    SELECT FROM itinerary_members WHERE itinerary_members.itinerary_id = itineraries.id
        AND itinerary_members.user_id = (SELECT person.id FROM person))""",
    first=[_LOCK],
    ctes={
        "person": _PERSON,
        "parent": f"SELECT itineraries.* FROM itineraries WHERE {_MINE}",
        "invited": """
            INSERT INTO itinerary_members (itinerary_id, user_id, role)
            SELECT parent.id, person.id, %(role)s FROM parent, person
            ON CONFLICT (itinerary_id, user_id) DO NOTHING RETURNING itinerary_members.*""",
    },
)


_FOUND_BY_ID = """itinerary_members.itinerary_id = itineraries.id
    AND itinerary_members.user_id = %(user_id)s"""

_CHANGE = Statement(
    f"""SELECT row_to_json(shown), NULL::int, true, NULL::text
FROM changed, {members.row("changed", members.members.all)}
UNION ALL SELECT NULL::json, NULL::int, false,
    {unless_read_only("itinerary_members.role", itineraries.theirs)}
FROM itineraries, itinerary_members
WHERE {itineraries.is_one("parent")} AND {_FOUND_BY_ID} AND NOT EXISTS (SELECT FROM changed)""",
    first=[_LOCK],
    ctes={
        "changed": f"""
            UPDATE itinerary_members SET role = %(role)s FROM itineraries
            WHERE {_MINE} AND {_FOUND_BY_ID} AND itinerary_members.role <> 'owner'
            RETURNING itinerary_members.*"""
    },
)

_REMOVE = Statement(
    f"""SELECT NULL::json, NULL::int, true, NULL::text FROM gone
UNION ALL SELECT NULL::json, NULL::int, false,
    {unless_read_only("itinerary_members.role", members.writable)}
FROM itineraries, itinerary_members
WHERE {itineraries.is_one("parent")} AND {_FOUND_BY_ID} AND NOT EXISTS (SELECT FROM gone)""",
    first=[_LOCK],
    ctes={
        "gone": f"""
            DELETE FROM itinerary_members USING itineraries
            WHERE {itineraries.is_one("parent")} AND {_FOUND_BY_ID} AND {members.writable}
                AND itinerary_members.role <> 'owner' RETURNING itinerary_members.id"""
    },
)

_IS_GONE = Statement(
    f"""SELECT NULL::json, NULL::int, true, NULL::text WHERE NOT EXISTS (
    SELECT FROM itinerary_members WHERE itinerary_members.itinerary_id = %(parent)s
        AND itinerary_members.user_id = %(user_id)s AND {members.owned})"""
)


def member_of(itinerary_id: UUID, user_id: UUID) -> Query:
    """Ask for a member of an itinerary."""
    return _MEMBER.query(_sought(itinerary_id, user_id), judge(members.noun))


def invite(itinerary_id: UUID, body: MemberCreate) -> Query:
    """Let somebody in; who is in already, in the same role, is shown.

    ConflictError for another role, InvalidInputError for whom there is not. Of the answer, which
    has a name, no copy is kept: the member is shown again.
    """
    sought = _sought(itinerary_id, body.user_id, body.username)

    def again(_: object) -> Query:
        return _MEMBER.query(sought, judge(members.noun))

    return Query(
        _INVITE,
        {**sought, "role": body.role},
        judge(itineraries.noun, partial(_refused, body)),
        about=Subject(itinerary_id, again, itineraries.goes_with(), is_shown_once=True),
    )


def change_role(itinerary_id: UUID, user_id: UUID, body: MemberUpdate) -> Query:
    """Change what a member may do; ConflictError for the owner."""
    parameters = {"parent": itinerary_id, "user_id": user_id, "role": body.role}
    return _CHANGE.query(parameters, judge(members.noun, _refused_owner))


def remove(itinerary_id: UUID, user_id: UUID) -> Query:
    """Take somebody out: the owner whomever, others themselves; ConflictError for the owner."""
    parameters = {"parent": itinerary_id, "user_id": user_id}
    judged = judge(members.noun, _refused_owner)
    return Query(_REMOVE, parameters, judged, outcome=lambda: Query(_IS_GONE, parameters, judged))


def _sought(
    itinerary_id: UUID, user_id: UUID | None, username: str | None = None
) -> dict[str, Any]:
    return {
        "parent": itinerary_id,
        "user_id": user_id,
        "username": spellings(username) if username else [],
        "written": username,
    }


def _refused(body: MemberCreate, _: object, state: str | None) -> ApiError | None:
    if state is None:
        return None
    if state != "nobody":
        message = f"They are a member already, as {state}: change the role with PATCH."
        return ConflictError(message, current=state)
    name = "user_id" if body.username is None else "username"
    return InvalidInputError.of(
        location="body", name=name, code="unknown_reference", message="refers to nobody"
    )


def _refused_owner(_: object, state: str) -> ApiError:
    message = "The owner stays, and keeps the role; hand the itinerary over first."
    return ConflictError(message, current=state)
