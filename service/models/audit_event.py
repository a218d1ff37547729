"""Audit events: keys made, rotated and revoked, access refused, people erased."""

from uuid import UUID

from sqlmodel import Field

from api_access.audit import AuditColumns
from json_rows.models import Identity


class AuditEvent(AuditColumns, Identity, table=True):
    """The table of audit events."""

    __tablename__ = "audit_events"

    user_id: UUID | None = Field(
        default=None, foreign_key="users.id", ondelete="CASCADE", index=True
    )
