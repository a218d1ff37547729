"""`fields=` on a single row: only those members of it that the client wants."""

from functools import cache
from typing import Any, Literal

from pydantic import Field, create_model
from sqlmodel import SQLModel

from service.api.parsing import COMMA_SEPARATED
from service.db.statement import json_names


@cache
def fields_of(read: type[SQLModel]) -> Any:
    """Make the query model of an operation that returns one row: `.fields`, or None for all."""
    names: Any = Literal[tuple(json_names(read))]
    model = create_model(
        f"{read.__name__}Selection",
        fields=(
            list[names] | None,
            Field(
                default=None,
                description="Nothing but these, and the id: the answer then lacks the other "
                "members of the schema.",
                examples=[json_names(read)[:2]],
            ),
        ),
    )
    model.model_fields["fields"].metadata.append(COMMA_SEPARATED)
    return model
