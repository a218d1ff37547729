"""What can be done with keys: made, listed, revoked, and replaced by a successor.

Each is one statement, which also writes what happened into the table of audit events.
"""

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

from sqlmodel import SQLModel

from api_access.caller import Caller
from api_access.key_models import (
    KeyCreate,
    KeyFilter,
    KeyRead,
    KeyRotate,
    NewKey,
    is_later,
    new_key,
    successor,
)
from json_rows import New, Query, Resource, Row, Statement
from json_rows.frame import judge, where, written
from json_rows.statement import Rows, quoted, table_of
from smorest_sqlmodel.errors import ApiError, ConflictError, FieldError, ForbiddenError

MOST_OF_USER = 100
"""How many keys of one user may be good at a time; twice as many while they are being replaced."""

_LAST = (
    "This is the last key with the scope admin that is bound to no user: without it, keys are made "
    "by `flask keys create` only. Make another one first, or say force."
)
_OVER = "The key has been revoked or rotated, or has expired: make a new one."
_LONGER = "The key may be good for longer than the one that would replace it: make a new one."


class KeyStore:
    """The keys of a service, and the statements about them; `audit` is its table of events."""

    def __init__(self, model: type[SQLModel], audit: type[SQLModel]) -> None:
        self._audit = quoted(table_of(audit))
        self.resource = Resource(
            "key",
            model,
            KeyRead,
            owner="user_id",
            goes_with={"user_id": "user_id"},
            filters=KeyFilter,
            sorts={"created_at": f"{quoted(table_of(model))}.created_at"},
            default_sort="-created_at",
        )
        keys = self.resource
        self._new = New(
            keys,
            NewKey,
            values={"reach": "CASE WHEN given.user_id IS NULL THEN 'all' ELSE 'user' END"},
            first=[self._write_turn()],
            before={"room": self._write_room()},
            source="given, room",
            also={"audited": self._audited("key.created", "added")},
        )
        self._revoke = self._write_revoke()
        self._rotate = self._write_rotate()
        found = where(f"(%(with_past)s OR ({_is_good(keys.name)}))", keys.owned)
        self._overview = Statement(
            "SELECT coalesce(json_agg(row_to_json(shown) ORDER BY shown.created_at DESC), '[]'), "
            f"NULL::int FROM (SELECT * FROM {keys.name} WHERE {found} "
            f"ORDER BY created_at DESC LIMIT %(most)s) AS found, "
            f"{keys.row('found', keys.members.all)}"
        )
        self._rotated = Statement(
            f"SELECT row_to_json(shown), NULL::int, true, NULL::text FROM {self._given}, "
            f"{keys.name}, {keys.row(keys.name, keys.members.all)} WHERE "
            f"{keys.is_one('id')} AND {keys.name}.digest = given.digest"
        )

    def create(self, key: str, made: KeyCreate, maker: Caller | None) -> Query:
        """Make a key; `maker` is who wants one, None for somebody at a terminal.

        Raises ForbiddenError for one that may do more than they, ConflictError for one too many.
        """
        if maker is not None:
            made = _not_wider(made, maker)
        query = self._new.query(new_key(made, key), shown_once={"key": key})

        def judged(rows: Rows) -> Row:
            if not rows:
                raise _too_many()
            return query.judge(rows)

        return _by(replace(query, judge=judged), maker)

    def revoke(self, key_id: UUID, maker: Caller | None, *, force: bool) -> Query:
        """Refuse a key from now on; ConflictError for the last one that can make others."""
        query = self._revoke.query(
            {"key": key_id, "force": force}, judge("key", lambda *_: ConflictError(_LAST))
        )
        return _by(query, maker)

    def rotate(self, key_id: UUID, key: str, how: KeyRotate, maker: Caller | None) -> Query:
        """Replace a key by another one, with its name, scopes, user and expiry.

        The old one is good for a while. Raises ConflictError for one that is so no more, and
        ForbiddenError for one that may be good for longer than its maker.
        """
        following = successor(key)
        # Whoever replaces their own key gets one that ends when it does.
        limit = maker.expires_at if maker and maker.key_id != key_id else None
        parameters = {
            "key": key_id,
            "id": following.id,
            "json": written(following),
            "overlap_s": how.overlap_s,
            "limit": limit,
        }
        judged = _revealing(judge("key", _unfit), key)

        def outcome() -> Query:
            return self._rotated.query(parameters, judged)

        about = self.resource.subject(following.id, is_shown_once=True)
        query = Query(self._rotate, parameters, judged, outcome, about=about)
        return _by(query, maker)

    def overview(self, *, with_past: bool, most: int) -> Query:
        """List keys as one JSON array, the newest first: those that are good, or all."""
        return self._overview.query({"with_past": with_past, "most": most})

    @property
    def _given(self) -> str:
        return f"json_populate_record(NULL::{self.resource.name}, %(json)s::json) AS given"

    def _audited(self, action: str, source: str, detail: str = "") -> str:
        """Write an INSERT that tells of what happened to the keys in a source."""
        return (
            f"INSERT INTO {self._audit} (id, action, principal, key_id, user_id, detail)\n"
            f"SELECT gen_random_uuid(), '{action}', %(principal)s, {source}.id, {source}.user_id, "
            f"json_build_object('name', {source}.name, 'scopes', {source}.scopes{detail})\n"
            f"FROM {source} RETURNING id"
        )

    def _write_room(self) -> str:
        """Write a CTE that has a row unless a new key would be one too many of its user."""
        count = self._write_count("given.user_id")
        return f"SELECT FROM given WHERE given.user_id IS NULL OR {count} < {MOST_OF_USER}"

    def _write_count(self, user: str) -> str:
        """Write how many keys of a user are good, as SQL."""
        keys = self.resource
        assert keys.owner is not None  # noqa: S101  declared above
        theirs = where(f"other.user_id = {user}", _is_good("other"), keys.owner.sql("other"))
        return f"(SELECT count(*) FROM {keys.name} AS other WHERE {theirs})"

    def _write_turn(self) -> str:
        """Write a lock of a user's first key: who makes the next ones at once, counts in turn."""
        keys = self.resource
        assert keys.owner is not None  # noqa: S101  declared above
        theirs = where(
            "other.user_id = (%(json)s::json ->> 'user_id')::uuid", keys.owner.sql("other")
        )
        oldest = f"SELECT other.id FROM {keys.name} AS other WHERE {theirs} ORDER BY id LIMIT 1"
        return keys.lock(where(f"{keys.column('id')} = ({oldest})", keys.owned))

    def _write_revoke(self) -> Statement:
        keys = self.resource
        assert keys.owner is not None  # noqa: S101  declared above
        opens = (
            "'admin' = ANY({row}.scopes) AND {row}.reach = 'all' AND {row}.revoked_at IS NULL "
            "AND ({row}.expires_at IS NULL OR {row}.expires_at > now())"
        )
        others = where("other.id != %(key)s", opens.format(row="other"), keys.owner.sql("other"))
        left = f"EXISTS (SELECT FROM {keys.name} AS other WHERE {others})"
        is_last = f"({opens.format(row=keys.name)}) AND NOT {left}"
        found = where(opens.format(row=keys.name), keys.owned)
        lock = f"SELECT FROM {keys.name} WHERE {found} ORDER BY {keys.name}.id FOR NO KEY UPDATE"
        is_due = f"({keys.name}.revoked_at IS NULL OR {keys.name}.revoked_at > now())"
        return Statement(
            "SELECT NULL::json, NULL::int, true, NULL::text FROM revoked\n"
            f"UNION ALL SELECT NULL::json, NULL::int, NOT {is_due}, NULL::text FROM {keys.name} "
            f"WHERE {keys.is_one()} AND NOT EXISTS (SELECT FROM revoked)",
            # Two that revoke the last two at the same time see each other's.
            first=[lock],
            ctes={
                "revoked": f"UPDATE {keys.name} SET revoked_at = now() WHERE {keys.is_one()} "
                f"AND {is_due} AND (%(force)s OR NOT ({is_last})) RETURNING {keys.name}.*",
                "audited": self._audited("key.revoked", "revoked"),
            },
        )

    def _write_rotate(self) -> Statement:
        keys = self.resource
        assert keys.owner is not None  # noqa: S101  declared above
        inherited = "name, scopes, expires_at, client_id, reach, user_id"
        old = ", ".join(f"old.{name}" for name in inherited.split(", "))
        fits = f"(%(limit)s::timestamptz IS NULL OR {keys.name}.expires_at <= %(limit)s)"
        usable = f"{keys.name}.revoked_at IS NULL AND {_is_good(keys.name)}"
        count = self._write_count(f"{keys.name}.user_id")
        room = f"({keys.name}.user_id IS NULL OR {count} < {2 * MOST_OF_USER})"
        return Statement(
            f"SELECT row_to_json(shown), NULL::int, true, NULL::text FROM added, "
            f"{keys.row('added', keys.members.all)}\n"
            f"UNION ALL SELECT NULL::json, NULL::int, false, "
            f"CASE WHEN NOT ({usable}) THEN 'over' WHEN {fits} THEN 'many' ELSE 'longer' END "
            f"FROM {keys.name} "
            f"WHERE {keys.is_one()} AND NOT EXISTS (SELECT FROM added)",
            first=[keys.lock(keys.is_one())],
            ctes={
                "old": f"UPDATE {keys.name} "
                "SET revoked_at = now() + make_interval(secs => %(overlap_s)s) "
                f"WHERE {keys.is_one()} AND {usable} AND {fits} AND {room} RETURNING {keys.name}.*",
                "added": f"INSERT INTO {keys.name} (id, prefix, digest, {inherited})\n"
                f"SELECT given.id, given.prefix, given.digest, {old}\n"
                f"FROM {self._given}, old WHERE {keys.owner.sql('old')} RETURNING {keys.name}.*",
                "audited": self._audited("key.rotated", "added", ", 'of', %(key)s"),
            },
        )


def _is_good(row: str) -> str:
    return (
        f"({row}.revoked_at IS NULL OR {row}.revoked_at > now()) "
        f"AND ({row}.expires_at IS NULL OR {row}.expires_at > now())"
    )


def _not_wider(made: KeyCreate, maker: Caller) -> KeyCreate:
    """Hold a new key to what its maker may do.

    Whose it is and when it ends are as with its maker where that is not said.
    """
    if maker.owner is not None and made.user_id is None:
        made = made.model_copy(update={"user_id": maker.owner})
    if made.expires_at is None:
        made = made.model_copy(update={"expires_at": maker.expires_at})
    more = [scope for scope in made.scopes if scope not in maker.scopes]
    if more:
        what, name = f"the scope {more[0]}", "scopes"
    elif is_later(made.expires_at, maker.expires_at):
        what, name = f"a later end than {maker.expires_at}", "expires_at"
    else:
        return made
    message = f"A key makes none that may do more than itself: {what} is more."
    error = FieldError("body", f"/{name}", "too_wide", "is more than the key that asks may do")
    raise ForbiddenError(message, errors=[error])


def _too_many() -> ConflictError:
    message = f"The user has {MOST_OF_USER} keys or more that are good: revoke some of them first."
    error = FieldError("body", "/user_id", "too_many", "has too many keys")
    return ConflictError(message, errors=[error])


def _unfit(_: object, state: str) -> ApiError:
    if state == "many":
        return _too_many()
    return ForbiddenError(_LONGER) if state == "longer" else ConflictError(_OVER)


def _revealing(judged: Callable[[Rows], Row], key: str) -> Callable[[Rows], Row]:
    def revealed(rows: Rows) -> Row:
        row = judged(rows)
        return replace(row, json=row.json[:-1] + b',"key":"' + key.encode() + b'"}')

    return revealed


def _by(query: Query, maker: Caller | None) -> Query:
    principal = maker.principal if maker else "command"
    return replace(query, parameters={**query.parameters, "principal": principal})
