"""What the rows of the prototype keep of where they came from."""

from sqlalchemy import Text
from sqlmodel import Field, SQLModel

from json_rows.models import like


class Imported(SQLModel):
    """Where an imported row came from."""

    legacy_id: str | None = Field(
        default=None,
        max_length=64,
        description="The row's id in the prototype.",
        schema_extra=like("17"),
    )
    legacy_note: str | None = Field(
        default=None,
        sa_type=Text,
        description="What was repaired when the row was imported.",
        schema_extra=like("status: finished became completed"),
    )
