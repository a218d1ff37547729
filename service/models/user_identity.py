"""User identities: which user the subject of an issuer of tokens is."""

from uuid import UUID

from sqlmodel import Field

from api_access.identity import IdentityColumns


class UserIdentity(IdentityColumns, table=True):
    """The table of identities."""

    __tablename__ = "user_identities"

    user_id: UUID = Field(foreign_key="users.id", ondelete="CASCADE", index=True)
