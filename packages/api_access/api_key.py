"""The table of keys: which columns a service's table has."""

from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, LargeBinary, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field, SQLModel

from json_rows.models import Identity, Timestamp, default, iff, like, one_of


class Scope(StrEnum):
    """What a key may do: `write` reads, too, and `admin` does all; `ingest` only records."""

    INGEST = "ingest"
    READ = "read"
    WRITE = "write"
    ADMIN = "admin"


class Reach(StrEnum):
    """Whose rows a key sees: all, or those of one user."""

    ALL = "all"
    USER = "user"


class KeyBase(SQLModel):
    """What is said of a key."""

    name: str = Field(
        min_length=1,
        max_length=100,
        description="What the key is for.",
        schema_extra=like("planning agent"),
    )
    scopes: list[Scope] = Field(
        sa_type=ARRAY(Text),
        nullable=False,
        description="What it may do.",
        schema_extra=like(["ingest"]),
    )
    expires_at: Timestamp | None = Field(default=None, description="From when on it is refused.")


class KeyRecord(SQLModel):
    """What the service keeps of a key."""

    client_id: UUID = Field(
        description="Who has it: stays the same when the key is rotated.",
        schema_extra=like("0199c0de-0000-7000-8000-000000000071"),
    )
    prefix: str = Field(
        max_length=12, description="How the key begins.", schema_extra=like("tps_live_4fJ")
    )
    reach: Reach = Field(sa_type=Text, description="Whose rows it sees.", schema_extra=like("all"))
    created_at: Timestamp = Field(
        description="When it was made.", sa_column_kwargs=default("now()")
    )
    last_used_at: Timestamp | None = Field(
        default=None, description="When it was last used, to the minute or so."
    )
    revoked_at: Timestamp | None = Field(
        default=None, description="From when on it is refused, as it was revoked or rotated."
    )


class ApiKeyColumns(KeyRecord, KeyBase, Identity):
    """What a key is known by; of its secret there is only the SHA-256.

    A service makes its table of this class, and adds the column `user_id`, which refers to those
    who own rows, ON DELETE CASCADE, and `KEY_CONSTRAINTS`.
    """

    digest: bytes = Field(sa_type=LargeBinary)


def key_constraints(table: str) -> tuple[CheckConstraint | Index, ...]:
    """Make the constraints and indexes of a table of keys."""
    scopes = ", ".join(f"'{scope}'" for scope in Scope)
    return (
        one_of("reach", Reach),
        # One that sees all because nobody said whose it is would fail open.
        CheckConstraint(iff("reach = 'user'", "user_id IS NOT NULL"), name="reach_says_whose"),
        CheckConstraint(
            f"cardinality(scopes) > 0 AND scopes <@ ARRAY[{scopes}]", name="scopes_known"
        ),
        CheckConstraint("octet_length(digest) = 32", name="digest_is_sha256"),
        Index(f"uq_{table}_digest", "digest", unique=True),
        Index(f"ix_{table}_user_id", "user_id"),
        Index(f"ix_{table}_client_id", "client_id"),
        Index(f"ix_{table}_created_at_id", "created_at", "id"),
    )
