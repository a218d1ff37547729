"""The table of audit events: who was given, and who was refused, which access."""

from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from json_rows.models import Timestamp, default


class AuditColumns(SQLModel):
    """What happened, when, and by whom.

    A service makes its table of this class, and adds the column `user_id`, which refers to those
    who own rows, ON DELETE CASCADE: whose key or token it was.
    """

    at: Timestamp = Field(description="When.", sa_column_kwargs=default("now()"), index=True)
    action: str = Field(max_length=50, description="What happened, such as key.created.")
    principal: str = Field(
        max_length=100, description="Who did it; `command` for somebody at a terminal."
    )
    key_id: UUID | None = Field(default=None, description="The key that it is about.")
    detail: dict[str, Any] | None = Field(default=None, sa_type=JSONB, description="What else.")
