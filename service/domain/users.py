"""The statements about users."""

from typing import Any

from sqlalchemy import ARRAY, Select, Text, any_, bindparam, exists, func, select
from sqlalchemy.dialects.postgresql import insert

from json_rows.changes import Changed, Deleted
from json_rows.listing import Listing, Selection
from json_rows.models import for_database
from json_rows.rows import New, One, contains, given, table_of
from json_rows.statement import Query, Row, Rows, Statement, as_json, first_row, json_names
from service.models.user import User, UserCreate, UserFilter, UserProvision, UserRead
from service.models.username import oddity, spellings
from smorest_sqlmodel.errors import ConflictError, FieldError, InvalidInputError

_users = table_of(User)

_in_any_case = func.lower(func.unnest(bindparam("username", type_=ARRAY(Text))))
_is_named = func.lower(_users.c.username) == any_(
    func.array(select(_in_any_case).scalar_subquery())
)

USER = One("user", User, UserRead, goes_with={"user_id": _users.c.id})

USERS = Listing(
    "User",
    User,
    UserRead,
    filters=UserFilter,
    conditions={
        "username": _is_named,
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

NEW_USER = New(User, UserCreate, UserRead, one=USER)

CHANGED_USER = Changed("user", User, UserRead)

DELETED_USER = Deleted("user", User)


def users_like(filters: UserFilter) -> Selection:
    """List users: those that all filters fit."""
    if filters.username is None:
        return USERS.where(filters)
    return USERS.where(filters, username=spellings(filters.username))


def _of_that_name() -> Select[Any]:
    """Find the user of a name, the one whose name is written so before others."""
    is_new = _users.c.id == bindparam("new_id")
    written = func.lower(bindparam("written", type_=Text))
    return (
        as_json(_users, json_names(UserRead), _users.c.version, is_new)
        .where(_is_named)
        .order_by((func.lower(_users.c.username) == written).desc())
        .limit(1)
    )


def _provision() -> Statement:
    names = json_names(UserCreate)
    body = given(_users, names)
    new = select(*[body.c[name] for name in names]).where(~exists().where(_is_named))
    added = insert(_users).from_select(names, new).on_conflict_do_nothing()
    # A statement of its own sees what a concurrent request committed while the first one waited.
    return Statement(added, _of_that_name())


_PROVISION = _provision()
_FIND = Statement(_of_that_name())


def get_or_create(name: str, profile: UserProvision) -> Query:
    """Find the user of that name, whatever its case and spelling, or make one; atomic.

    A name that nobody can have any more finds the user who has it from before.
    """

    def judge(rows: Rows) -> Row:
        if not rows:
            message = "The email belongs to another user, or the user was renamed this very moment."
            taken = FieldError("body", "/email", "already_exists", "is already taken")
            raise ConflictError(message, errors=[taken])
        return first_row(rows)

    def judge_old(rows: Rows) -> Row:
        if not rows:
            raise InvalidInputError.of(
                location="path", name="username", code="value_error", message=str(odd)
            )
        return first_row(rows)

    written, *others = spellings(name)
    sought = {"username": [written, *others], "written": written}
    if odd := oddity(name):
        return _FIND.query({**sought, "new_id": None}, judge_old)
    user = UserCreate(username=name, **profile.model_dump())
    return _PROVISION.query({"json": for_database(user), "new_id": user.id, **sought}, judge)
