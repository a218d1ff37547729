"""API keys over REST, for those who administer them."""

from typing import Any
from uuid import UUID

from pydantic import Field

from api_access import Blueprint, Scope
from api_access.caller import caller
from api_access.guard import new_key
from api_access.key_models import KeyCreate, KeyFilter, KeyMade, KeyRead, KeyRotate
from json_rows.listing import Selection
from json_rows.models import Input
from json_rows.selection import fields_of
from json_rows.statement import Query
from service.api.guards import SCHEMA
from service.domain.keys import KEYS, keys
from service.models import examples

blueprint = Blueprint(
    "keys",
    __name__,
    url_prefix="/keys",
    description="API keys: who may do what.",
    guards=(SCHEMA,),
    path_examples=examples.PATH,
    needs=Scope.ADMIN,
    fresh=True,
)


class Revocation(Input):
    """How a key is revoked."""

    force: bool = Field(
        default=False, description="Also the last one that can make others.", examples=[False]
    )


@blueprint.get("")
@blueprint.arguments(KeyFilter, location="query")
@blueprint.paginate(keys.listing)
def list_keys(filters: KeyFilter) -> Selection:
    """List keys.

    The newest first, those that are revoked or expired, too. No answer but that to making one has a
    secret.
    """
    return keys.where(filters)


@blueprint.post("")
@blueprint.arguments(KeyCreate, example=examples.NEW_KEY)
@blueprint.response(201, KeyMade, location="get_key")
@blueprint.alt_response(200, schema=KeyMade, description="The key was there already.")
def create_key(new: KeyCreate) -> Query:
    """Make a key.

    The answer shows it, this once. It may do no more than the key that makes it: not in scopes, not
    on other users' rows, and not for longer.
    """
    return KEYS.create(new_key(), new, caller())


@blueprint.get("/<uuid:key_id>")
@blueprint.arguments(fields_of(KeyRead), location="query")
@blueprint.response(200, KeyRead)
def get_key(chosen: Any, key_id: UUID) -> Query:
    """Get a key.

    What it may do, and when it was last used; not its secret.
    """
    return keys.get(key_id, chosen.fields)


@blueprint.delete("/<uuid:key_id>")
@blueprint.arguments(Revocation, location="query")
@blueprint.response(204)
@blueprint.alt_response(409)
def revoke_key(how: Revocation, key_id: UUID) -> Query:
    """Revoke a key.

    It is refused from then on, within 30 seconds by every process. The last one that can make
    others only goes with `force`: 409.
    """
    return KEYS.revoke(key_id, caller(), force=how.force)


@blueprint.post("/<uuid:key_id>/rotate", path_examples={"key_id": examples.KEY_TO_ROTATE})
@blueprint.arguments(KeyRotate, required=False, example={"overlap_s": 3600})
@blueprint.response(201, KeyMade, location="get_key")
def rotate_key(how: KeyRotate, key_id: UUID) -> Query:
    """Replace a key by another one.

    The new one has its name, scopes, user and expiry, and answers kept for the old one are for it,
    too. The old one is good for a day longer, or as `overlap_s` says.
    """
    return KEYS.rotate(key_id, new_key(), how, caller())
