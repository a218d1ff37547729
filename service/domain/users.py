"""What can be done with users."""

from functools import partial

from api_access.identities import Owners
from json_rows.changing import Changed
from json_rows.frame import contains, written
from json_rows.inserting import New, insert
from json_rows.listing import Selection, Slow
from json_rows.resource import Resource
from json_rows.statement import Query, Row, Rows, Statement, first_row
from service.models.audit_event import AuditEvent
from service.models.user import User, UserCreate, UserFilter, UserProvision, UserRead
from service.models.user_identity import UserIdentity
from service.models.username import oddity, spellings
from smorest_sqlmodel.errors import ConflictError, FieldError, InvalidInputError

_IS_NAMED = "lower(users.username) = ANY(ARRAY(SELECT lower(unnest(%(username)s::text[]))))"

users = Resource(
    "user",
    User,
    UserRead,
    owner="id",
    known=True,
    goes_with={"user_id": "id"},
    filters=UserFilter,
    conditions={
        "username": _IS_NAMED,
        "email": "lower(users.email) = lower(%(email)s)",
        "q": Slow(contains("q", "users.username", "users.display_name")),
    },
    sorts={
        "created_at": "users.created_at",
        "updated_at": Slow("users.updated_at"),
        "username": Slow("users.username"),
    },
    default_sort="-created_at",
    narrow=frozenset({"username", "email"}),
)

NEW_USER = New(users, UserCreate)
CHANGED_USER = Changed(users)

OWNERS = Owners(
    UserIdentity,
    AuditEvent,
    # By a name that tells nothing, and belongs to nobody: they choose their own afterwards.
    new="""
        INSERT INTO users (id, username)
        SELECT user_id, 'user-' || right(user_id::text, 12) FROM linked""",
)
"""Who the subjects of an issuer of tokens are."""


def users_like(filters: UserFilter) -> Selection:
    """List users: those that all filters fit."""
    if filters.username is None:
        return users.where(filters)
    return users.where(filters, username=spellings(filters.username))


# The one whose name is written so before others.
_OF_THAT_NAME = f"""
    SELECT row_to_json(shown), users.version, users.id = %(new_id)s
    FROM users, {users.row("users", users.members.all)}
    WHERE {_IS_NAMED} AND {users.owned}
    ORDER BY lower(users.username) = lower(%(written)s) DESC
    LIMIT 1"""

_NEW_OF_THAT_NAME = insert(
    users,
    UserCreate,
    source=f"""(
        SELECT given.* FROM json_populate_record(NULL::users, %(json)s::json) AS given
        WHERE NOT EXISTS (SELECT FROM users WHERE {_IS_NAMED} AND {users.owned})
    ) AS given""",
    on_conflict="ON CONFLICT DO NOTHING ",
)

_FIND = Statement(_OF_THAT_NAME)
# A statement of its own sees what a concurrent request committed while the first one waited.
_PROVISION = Statement(_OF_THAT_NAME, first=[_NEW_OF_THAT_NAME])


def get_or_create(name: str, profile: UserProvision) -> Query:
    """Find the user of that name, whatever its case and spelling, or make one; atomic.

    A name that nobody can have any more finds the user who has it from before.
    """
    written_so, *others = spellings(name)
    sought = {"username": [written_so, *others], "written": written_so}
    if odd := oddity(name):
        return _FIND.query({**sought, "new_id": None}, partial(_judge_odd, str(odd)))
    user = UserCreate(username=name, **profile.model_dump())
    return _PROVISION.query({"json": written(user), "new_id": user.id, **sought}, _judge)


def _judge(rows: Rows) -> Row:
    if not rows:
        message = "The email belongs to another user, or the user was renamed this very moment."
        taken = FieldError("body", "/email", "already_exists", "is already taken")
        raise ConflictError(message, errors=[taken])
    return first_row(rows)


def _judge_odd(odd: str, rows: Rows) -> Row:
    if not rows:
        raise InvalidInputError.of(
            location="path", name="username", code="value_error", message=odd
        )
    return first_row(rows)
