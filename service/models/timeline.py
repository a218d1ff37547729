"""The timeline of a workflow: its nodes, generations and questions in their order in time."""

from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field as PydanticField
from sqlmodel import Field

from json_rows.models import Output, Timestamp, like
from service.models import examples
from service.models.generation import GenerationSummary
from service.models.interaction import InteractionRead
from service.models.node import NodeSummary


class TimelineKind(StrEnum):
    """What an entry is."""

    NODE = "node"
    GENERATION = "generation"
    INTERACTION = "interaction"


class TimelineEntry(Output):
    """What all entries have; the member named as `kind` says holds the row, the others are null."""

    id: UUID = Field(description="That of the row.", schema_extra=like(examples.NODE))
    kind: TimelineKind = Field(description="What the entry is.")
    at: Timestamp = Field(description="When it began; for a node not begun, when it was recorded.")
    node: NodeSummary | None = Field(description="The node.")  # type: ignore[valid-type]
    generation: GenerationSummary | None = Field(  # type: ignore[valid-type]
        description="The generation."
    )
    interaction: InteractionRead | None = Field(description="The question, and its answer.")


class TimelineNode(TimelineEntry):
    """A node."""

    kind: Literal[TimelineKind.NODE]
    node: NodeSummary  # type: ignore[valid-type]
    generation: None
    interaction: None


class TimelineGeneration(TimelineEntry):
    """A generation."""

    kind: Literal[TimelineKind.GENERATION]
    node: None
    generation: GenerationSummary  # type: ignore[valid-type]
    interaction: None


class TimelineInteraction(TimelineEntry):
    """A question to a person."""

    kind: Literal[TimelineKind.INTERACTION]
    node: None
    generation: None
    interaction: InteractionRead


TimelineItem = Annotated[
    TimelineNode | TimelineGeneration | TimelineInteraction, PydanticField(discriminator="kind")
]
"""An entry of a timeline, told apart by its kind."""
