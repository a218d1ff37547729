"""Idempotency keys: the first answer to each keyed POST, and what it goes with."""

from uuid import UUID

from sqlmodel import Field

from json_rows.kept_answer import KeptAnswer


class IdempotencyKey(KeptAnswer, table=True):
    """The table of keyed answers.

    What is large, or changed nothing, is not kept itself: its body then only names the row.
    """

    __tablename__ = "idempotency_keys"

    # The answer is a copy of what it is about, and goes with it.
    user_id: UUID | None = Field(
        default=None, foreign_key="users.id", ondelete="CASCADE", index=True
    )
    workflow_id: UUID | None = Field(
        default=None, foreign_key="workflows.id", ondelete="CASCADE", index=True
    )
    itinerary_id: UUID | None = Field(
        default=None, foreign_key="itineraries.id", ondelete="CASCADE", index=True
    )
