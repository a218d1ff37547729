"""Idempotency keys: the first answer to each keyed POST, kept for its repetitions."""

from uuid import UUID

from sqlalchemy import BigInteger, Index, LargeBinary
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from json_rows.models import Timestamp, default


class IdempotencyKey(SQLModel, table=True):
    """The table of keyed answers.

    What is large, or changed nothing, is not kept itself: its body then only names the row.
    """

    __tablename__ = "idempotency_keys"
    __table_args__ = (
        Index("ix_idempotency_keys_expires_at", "expires_at"),
        Index("ix_idempotency_keys_user_id", "user_id"),
        Index("ix_idempotency_keys_workflow_id", "workflow_id"),
    )

    principal: str = Field(primary_key=True, max_length=100)
    method: str = Field(primary_key=True, max_length=10)
    path: str = Field(primary_key=True, max_length=500)
    key: str = Field(primary_key=True, max_length=255)
    fingerprint: bytes = Field(
        sa_type=LargeBinary, description="SHA-256 of the body and the query."
    )
    status: int | None = None
    headers: dict[str, str] | None = Field(default=None, sa_type=JSONB)
    body: bytes | None = Field(default=None, sa_type=LargeBinary)
    shown_id: UUID | None = Field(
        default=None, description="The row that is read again to answer, where no answer is kept."
    )
    caller: int | None = Field(
        default=None,
        sa_type=BigInteger,
        description="Who sent the request: a keyed hash of the address.",
    )
    # The answer is a copy of what it is about, and goes with it.
    user_id: UUID | None = Field(default=None, foreign_key="users.id", ondelete="CASCADE")
    workflow_id: UUID | None = Field(default=None, foreign_key="workflows.id", ondelete="CASCADE")
    created_at: Timestamp = Field(sa_column_kwargs=default("now()"))
    expires_at: Timestamp
