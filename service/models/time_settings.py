"""When a trip's day starts, and how long it may last."""

from typing import Annotated

from pydantic import StringConstraints
from sqlmodel import Field

from json_rows.models import Input, like

ClockTime = Annotated[str, StringConstraints(pattern=r"^(?:[01][0-9]|2[0-3]):[0-5][0-9]$")]


class TimeSettings(Input):
    """When the day starts and how long it may last."""

    enabled: bool = Field(
        default=True,
        description="Whether the times below count.",
        schema_extra=like(example=True),
    )
    start_time: ClockTime | None = Field(
        default=None,
        description="Local wall clock time, HH:MM.",
        schema_extra=like("14:00"),
    )
    duration_hours: float | None = Field(
        default=None, ge=2, le=12, description="Longest stay.", schema_extra=like(5)
    )
