"""The statements about users."""

from sqlalchemy import bindparam, func, select
from sqlalchemy.dialects.postgresql import insert

from service.db.statement import Query, Row, Rows, Statement, as_json, first_row, json_names
from service.domain.listing import Listing
from service.domain.rows import Changed, Deleted, New, One, contains, given, table_of
from service.errors import ConflictError, FieldError
from service.models.base import for_database
from service.models.user import User, UserCreate, UserFilter, UserRead

_users = table_of(User)

USER = One("user", User, UserRead)

USERS = Listing(
    "User",
    User,
    UserRead,
    filters=UserFilter,
    conditions={
        "username": func.lower(_users.c.username) == func.lower(bindparam("username")),
        "email": func.lower(_users.c.email) == func.lower(bindparam("email")),
        "legacy_id": _users.c.legacy_id == bindparam("legacy_id"),
        "q": contains("q", _users.c.username, _users.c.display_name),
    },
    sorts={
        "created_at": _users.c.created_at,
        "updated_at": _users.c.updated_at,
        "username": _users.c.username,
    },
    default_sort="-created_at",
    unindexed=frozenset({"legacy_id", "q", "updated_at", "username"}),
    narrow=frozenset({"username", "email"}),
)

NEW_USER = New(User, UserCreate, UserRead)

CHANGED_USER = Changed("user", User, UserRead)

DELETED_USER = Deleted("user", User)


def _provision() -> Statement:
    names = json_names(UserCreate)
    body = given(_users, names)
    added = insert(_users).from_select(names, select(*[body.c[name] for name in names]))
    # A statement of its own sees what a concurrent request committed while the first one waited.
    row = as_json(
        _users, json_names(UserRead), _users.c.version, _users.c.id == bindparam("new_id")
    ).where(func.lower(_users.c.username) == func.lower(bindparam("username")))
    return Statement(added.on_conflict_do_nothing(), row)


_PROVISION = _provision()


def get_or_create(user: UserCreate) -> Query:
    """Find the user of that name, whatever its case, or make one; atomic."""

    def judge(rows: Rows) -> Row:
        if not rows:
            message = "The email belongs to another user, or the user was renamed this very moment."
            taken = FieldError("body", "/email", "already_exists", "is already taken")
            raise ConflictError(message, errors=[taken])
        return first_row(rows)

    parameters = {"json": for_database(user), "new_id": user.id, "username": user.username}
    return _PROVISION.query(parameters, judge)
