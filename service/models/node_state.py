"""Node states: the agent's full state after a node."""

from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from json_rows.models import Input, Output, Timestamps, like, without
from service.models import examples


class NodeStateKey(SQLModel):
    """Whose state it is."""

    node_id: UUID = Field(
        primary_key=True,
        foreign_key="nodes.id",
        ondelete="CASCADE",
        description="The node.",
        schema_extra=like(examples.NODE),
    )


class NodeStateBase(SQLModel):
    """The full state of the agent after a node; large, and rarely read."""

    state: dict[str, Any] | list[Any] = Field(
        sa_type=JSONB,
        nullable=False,
        description="An object or an array, of whatever the agent keeps.",
        schema_extra=like(examples.STATE),
    )


class NodeState(Timestamps, NodeStateBase, NodeStateKey, table=True):
    """The table of states, one row a node at most."""

    __tablename__ = "node_states"


class NodeStateWrite(Input, NodeStateBase):
    """A state to keep, in place of the one before."""


class NodeStateRead(Output, Timestamps, NodeStateBase, NodeStateKey):
    """The state after a node."""


NodeStateSummary = without("NodeStateSummary", NodeStateRead, ("state",), base=Output)
