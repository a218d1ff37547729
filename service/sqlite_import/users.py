"""Users of the predecessor, converted."""

import re
from typing import NamedTuple

from service.models.username import LENGTH, fold, oddity
from sqlite_to_postgres.keys import Keys
from sqlite_to_postgres.source import Row
from sqlite_to_postgres.values import Values

EMAIL_LENGTH = 255
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


class UserFields(NamedTuple):
    """What is staged of a user, as text for COPY."""

    username: str
    email: str | None
    created_at: str
    updated_at: str


def convert_user(values: Values, _keys: Keys, row: Row) -> UserFields:
    """Convert a user; RefusedError for one without created_at."""
    _, legacy_id, username, email, created, updated = row
    created_at = values.required_moment("created_at", created)
    updated_at = values.moment_or("updated_at", updated, created_at, "created_at")
    return UserFields(
        username=_username(values, username, legacy_id),
        email=_email(values, email),
        created_at=str(created_at),
        updated_at=str(updated_at),
    )


def _username(values: Values, given: object, legacy_id: object) -> str:
    given_text = values.text("username", given) or ""
    name = given_text.strip()
    if name != given_text:
        values.note("white space around username removed", given_text)
    if oddity(name):
        values.note("username can pass for another, kept as it is")
    elif (folded := fold(name)) != name:
        values.note("username in another spelling, now as all are", name)
        name = folded
    substitute = f"user (legacy {legacy_id})"
    return values.name("username", name, LENGTH, substitute)


def _email(values: Values, given: object) -> str | None:
    email = values.text("email", given)
    if email is None or (len(email) <= EMAIL_LENGTH and _EMAIL.fullmatch(email)):
        return email
    values.note("email is no address, now null", email)
    return None
