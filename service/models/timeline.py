"""The timeline of a run: its steps and LLM calls in the order in which they began."""

from enum import StrEnum
from uuid import UUID

from sqlmodel import Field, SQLModel

from service.models.base import Output, Timestamp, partial
from service.models.generation import GenerationSummary
from service.models.node import NodeSummary


class TimelineKind(StrEnum):
    """What an entry is."""

    NODE = "node"
    GENERATION = "generation"


class TimelineEntry(Output):
    """A step or an LLM call; the member named as `kind` says holds it, the other is null."""

    id: UUID
    kind: TimelineKind
    at: Timestamp = Field(description="When it began; for a step not begun, when it was recorded.")
    node: NodeSummary | None = None  # type: ignore[valid-type]
    generation: GenerationSummary | None = None  # type: ignore[valid-type]


TimelineFields = partial("TimelineFields", TimelineEntry, base=SQLModel, required=("id",))
