"""Users over REST."""

from typing import Any
from uuid import UUID

from sqlmodel import SQLModel

from api_access import Blueprint, Scope
from json_rows.listing import Selection
from json_rows.selection import fields_of
from json_rows.statement import Query
from json_rows.work import asker
from service.api.guards import SCHEMA
from service.domain.person import ERASED_USER
from service.domain.users import (
    CHANGED_USER,
    NEW_USER,
    get_or_create,
    users,
    users_like,
)
from service.models import examples
from service.models.user import (
    SoughtUser,
    UserCreate,
    UserFilter,
    UserProvision,
    UserRead,
    UserUpdate,
)

blueprint = Blueprint(
    "users",
    __name__,
    url_prefix="/users",
    description="The people whose wishes are planned.",
    guards=(SCHEMA,),
    path_examples=examples.PATH,
)


@blueprint.get("", needs=Scope.ADMIN, of_all=True)
@blueprint.arguments(UserFilter, location="query")
@blueprint.paginate(users.listing)
def list_users(filters: UserFilter) -> Selection:
    """List users.

    The newest first, unless `sort` says otherwise; filters that are given all hold.
    """
    return users_like(filters)


@blueprint.post("", of_all=True)
@blueprint.arguments(UserCreate, example=examples.NEW_USER)
@blueprint.response(201, UserRead, etag=True, location="get_user")
@blueprint.alt_response(200, schema=UserRead, description="The user was there already.")
def create_user(new: UserCreate) -> Query:
    """Create a user.

    The username and the email must be free, whatever their case. With an id of the client's own the
    request can be repeated: it finds the user that it made.
    """
    return NEW_USER.query(new)


@blueprint.get("/<uuid:user_id>")
@blueprint.arguments(fields_of(UserRead), location="query")
@blueprint.response(200, UserRead, etag=True)
def get_user(chosen: Any, user_id: UUID) -> Query:
    """Get a user.

    The ETag is what a later change or deletion sends as `If-Match`.
    """
    return users.get(user_id, chosen.fields)


@blueprint.patch("/<uuid:user_id>")
@blueprint.arguments(UserUpdate, example={"display_name": "하늘이"})
@blueprint.arguments(fields_of(UserRead), location="query")
@blueprint.if_match()
@blueprint.response(200, UserRead, etag=True)
@blueprint.alt_response(409)
def update_user(changes: SQLModel, chosen: Any, user_id: UUID, versions: list[int] | None) -> Query:
    """Change a user.

    Members that are absent stay as they are. The username and the email must be free: 409.
    """
    return CHANGED_USER.query(user_id, changes, versions, chosen.fields)


@blueprint.delete("/<uuid:user_id>")
@blueprint.if_match()
@blueprint.response(200, dict[str, int | None], example=examples.RECEIPT)
def delete_user(user_id: UUID, versions: list[int] | None) -> Query:
    """Erase a person.

    Everything held about them goes with the user, at once: workflows, itineraries, keys, kept
    answers. The answer is a receipt, which counts the rows that went, by table. Where an earlier
    attempt did it, whose answer was lost, the count is null: nobody knows any more.
    """
    return ERASED_USER.query(user_id, versions, principal=asker().principal)


@blueprint.put("/by-username/<path:username>", needs=Scope.INGEST, of_all=True)
@blueprint.arguments(SoughtUser, location="path")
@blueprint.arguments(UserProvision, required=False, example={"locale": "ko-KR"})
@blueprint.response(201, UserRead, etag=True)
@blueprint.alt_response(200, schema=UserRead, description="The user was there already.")
@blueprint.alt_response(409)
def get_or_create_user(name: SoughtUser, profile: UserProvision) -> Query:
    """Get the user of that name, or create one.

    Of concurrent requests one creates the user; all of them get it. The body tells what a new user
    gets; a user who is there stays as is.
    """
    return get_or_create(name.username, profile)
