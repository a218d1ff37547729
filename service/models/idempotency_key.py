"""Idempotency keys: the first answer to each keyed POST, kept for its repetitions."""

from uuid import UUID

from sqlalchemy import Index, LargeBinary
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from service.models.base import Timestamp, default


class IdempotencyKey(SQLModel, table=True):
    """The table of keyed answers.

    A row without an answer is a request in progress: it is only ever seen by its own transaction.
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
    fingerprint: bytes = Field(sa_type=LargeBinary, description="SHA-256 of the request body.")
    status: int | None = None
    headers: dict[str, str] | None = Field(default=None, sa_type=JSONB)
    body: bytes | None = Field(default=None, sa_type=LargeBinary)
    # The answer is a copy of what it is about, and goes with it.
    user_id: UUID | None = Field(default=None, foreign_key="users.id", ondelete="CASCADE")
    workflow_id: UUID | None = Field(default=None, foreign_key="workflows.id", ondelete="CASCADE")
    created_at: Timestamp = Field(sa_column_kwargs=default("now()"))
    expires_at: Timestamp
