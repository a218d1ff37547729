"""`fields=` where the answer is a single row: only those members of it that the client wants."""

from functools import cache
from typing import Any, Literal

from pydantic import MISSING, Field, create_model
from sqlmodel import SQLModel

from json_rows.statement import json_names
from smorest_sqlmodel.parsing import COMMA_SEPARATED

_ALL = "Only these members, and the id: the answer lacks the others of the schema."
_LIGHT = f"{_ALL} Without `fields` it has those that lists show."


@cache
def fields_of(read: type[SQLModel], summary: type[SQLModel] | None = None) -> Any:
    """Make the query model of an operation that returns one row: `.fields`, or None for the usual.

    Those are all members, or the ones of `summary`.
    """
    names: Any = Literal[tuple(json_names(read))]
    model = create_model(
        f"{read.__name__}Selection",
        fields=(
            list[names] | None,
            Field(
                default=None,
                description=_LIGHT if summary else _ALL,
                examples=[json_names(read)[:2]],
            ),
        ),
    )
    model.model_fields["fields"].metadata.append(COMMA_SEPARATED)
    return model


@cache
def changed(read: type[SQLModel], summary: type[SQLModel]) -> type[SQLModel]:
    """Make the shape of an answer to a change: `summary`, and what else of `read` `fields` names.

    That `fields` leaves members out is said in words, as with `GET`.
    """
    return with_more(
        f"{read.__name__.removesuffix('Read')}Changed", summary, read, parameter="fields"
    )


def with_more(
    name: str, summary: type[SQLModel], read: type[SQLModel], *, parameter: str
) -> type[SQLModel]:
    """Derive a model of `summary` that may also have the other members of `read`: on demand."""
    usual = set(json_names(summary))
    more: dict[str, Any] = {
        field_name: (
            field.annotation | MISSING,
            Field(
                default=MISSING,
                alias=field.alias,
                description=f"{field.description} Only with `{parameter}`.",
                examples=field.examples,
            ),
        )
        for field_name, field in read.model_fields.items()
        if (field.alias or field_name) not in usual
    }
    return create_model(name, __base__=summary, __doc__=read.__doc__, **more)
