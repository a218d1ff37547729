"""Keys as they come in and go out: the family of models around a service's table of them."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import MISSING, AfterValidator, PlainSerializer
from sqlmodel import Field
from uuid_utils.compat import uuid7

from api_access.api_key import KeyBase, KeyRecord, Scope
from api_access.key_format import SHOWN, digest_of
from json_rows.models import Identity, Input, Output, Timestamp, like

DAY_S = 86_400
LONGEST_OVERLAP_S = 30 * DAY_S

Digest = Annotated[bytes, PlainSerializer(lambda digest: f"\\x{digest.hex()}", when_used="json")]
"""As Postgres reads a bytea."""


def _distinct(scopes: list[Scope]) -> list[Scope]:
    if len(set(scopes)) != len(scopes):
        message = "must not name a scope twice"
        raise ValueError(message)
    return scopes


class KeyCreate(Input, KeyBase, Identity):
    """A new key."""

    scopes: Annotated[list[Scope], AfterValidator(_distinct)] = Field(
        min_length=1,
        max_length=len(Scope),
        description="What it may do: `admin` includes all, `write` includes `read` and `ingest`.",
        schema_extra=like(["ingest"]),
    )
    user_id: UUID | None = Field(
        default=None,
        description="Whose rows it sees; null: all, or those of the user of the key that makes it.",
        schema_extra=like(None),
    )
    expires_at: Timestamp | None = Field(
        default=None,
        description="From when on it is refused; null: when the key that makes it is, or never.",
    )


class KeyRotate(Input):
    """How a key is replaced."""

    overlap_s: int = Field(
        default=DAY_S,
        ge=0,
        le=LONGEST_OVERLAP_S,
        description="For how many seconds the old key is good for, besides the new one.",
        schema_extra=like(3600),
    )


class NewKey(Input, KeyBase, Identity):
    """A key as it is inserted: of the secret it has the digest."""

    user_id: UUID | None = None
    client_id: UUID
    prefix: str
    digest: Digest


class Successor(Input, Identity):
    """What of a key is new when it replaces another one."""

    prefix: str
    digest: Digest


class KeyRead(Output, KeyRecord, KeyBase, Identity):
    """A key, without its secret."""

    user_id: UUID | None = Field(
        description="Whose rows it sees; null: all.",
        schema_extra=like("0199c0de-0000-7000-8000-000000000001"),
    )


class KeyMade(KeyRead):
    """A key that was just made, with its secret."""

    key: str | MISSING = Field(
        default=MISSING,
        description="The key itself. It is shown this once: a repeated request is answered "
        "without it.",
        schema_extra=like("tps_live_..."),
    )


class KeyFilter(Input):
    """Which keys to list."""

    user_id: UUID | None = Field(
        default=None,
        description="Those bound to this user.",
        schema_extra=like("0199c0de-0000-7000-8000-000000000001"),
    )


def new_key(made: KeyCreate, key: str) -> NewKey:
    """Write what is kept of a new key."""
    given: dict[str, Any] = made.model_dump()
    return NewKey(**given, client_id=uuid7(), prefix=key[:SHOWN], digest=digest_of(key))


def successor(key: str) -> Successor:
    """Write what is kept of a key that replaces another one."""
    return Successor(prefix=key[:SHOWN], digest=digest_of(key))


def is_later(expires_at: datetime | None, limit: datetime | None) -> bool:
    """Tell whether a key would outlive a limit."""
    return limit is not None and (expires_at is None or expires_at > limit)
