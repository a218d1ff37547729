"""API keys: who may do what, by a secret of which only the digest is kept."""

from uuid import UUID

from sqlmodel import Field

from api_access.api_key import ApiKeyColumns, key_constraints


class ApiKey(ApiKeyColumns, table=True):
    """The table of keys."""

    __tablename__ = "api_keys"
    __table_args__ = key_constraints("api_keys")

    user_id: UUID | None = Field(default=None, foreign_key="users.id", ondelete="CASCADE")
