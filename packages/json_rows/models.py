"""What every model builds on: constraint names, shared columns, field types, input rules."""

import re
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import cache
from typing import Annotated, Any, cast
from uuid import UUID
from zoneinfo import available_timezones

from pydantic import (
    MISSING,
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    GetJsonSchemaHandler,
    PlainSerializer,
    SerializationInfo,
    StringConstraints,
    WithJsonSchema,
    create_model,
    model_validator,
)
from pydantic import Field as PydanticField
from pydantic_core import CoreSchema
from sqlalchemy import CheckConstraint, ColumnElement, column, func, text
from sqlmodel import Field, SQLModel
from sqlmodel._compat import SQLModelConfig
from sqlmodel.main import FieldInfoMetadata
from uuid_utils.compat import uuid7

from json_rows.statement import JsonText

NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
"""Names for all constraints: `SQLModel.metadata.naming_convention = NAMING_CONVENTION`.

Set it before the first table class is made: constraints take their names when they are created.
"""

INT_MAX = 2**31 - 1
"""Largest value of a Postgres integer column."""


_RFC_3339 = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:[Zz]|[+-]\d{2}:\d{2})", re.ASCII
)
_DECIMAL = re.compile(r"-?\d+(?:\.\d+)?(?:e[+-]?\d{1,2})?", re.ASCII)


_UTC = timedelta()
_FARTHEST_ZONE = timedelta(hours=16)
"""Postgres takes no offset as large as this."""


def _parse_time(value: Any) -> Any:
    """Take RFC 3339 only: pydantic takes numbers, other separators and bare dates besides."""
    if isinstance(value, datetime):
        return value
    if isinstance(value, str) and _RFC_3339.fullmatch(value):
        # In strict mode what a BeforeValidator passes on must be of the type already.
        return datetime.fromisoformat(value.upper())
    message = "must be an RFC 3339 date-time with a zone, such as 2026-01-11T14:00:00+09:00"
    raise ValueError(message)


def _parse_amount(value: Any) -> Any:
    """Take plain numbers only: Python takes "1_000", " 5 " and digits of other scripts besides."""
    if isinstance(value, Decimal) or value is None:
        return value
    if not isinstance(value, bool) and _DECIMAL.fullmatch(str(value)):
        return Decimal(str(value))
    message = "must be a number"
    raise ValueError(message)


def _money(value: Decimal, info: SerializationInfo) -> float | str:
    return str(value) if info.context is EXACT else float(value)


def _is_plausible(moment: datetime) -> datetime:
    if not 1970 <= moment.year <= 2999:  # noqa: PLR2004  the bounds stand in the message
        message = "must lie between the years 1970 and 2999"
        raise ValueError(message)
    if abs(moment.utcoffset() or _UTC) >= _FARTHEST_ZONE:
        message = "must have an offset of less than 16 hours from UTC"
        raise ValueError(message)
    return moment


_NO_PLACE = frozenset({"Factory", "localtime", "CET", "EET", "MET", "WET"})
"""What some systems have among their zones, and Postgres does not know or take as a place's.

Some it takes for abbreviations of an offset, without the summer time that these zones have.
"""


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(available_timezones() - _NO_PLACE)


def _is_time_zone(name: str) -> str:
    if name not in _time_zones():
        message = "must be a name of the IANA time zone database, such as Asia/Seoul"
        raise ValueError(message)
    return name


class Described:
    """Adds keywords to the JSON Schema of a type, such as its `format` or `examples`."""

    def __init__(self, **keywords: Any) -> None:
        self._keywords = keywords

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {**handler(schema), **self._keywords}


Timestamp = Annotated[
    AwareDatetime,
    BeforeValidator(_parse_time),
    AfterValidator(_is_plausible),
    WithJsonSchema(
        {
            "type": "string",
            "format": "date-time",
            "pattern": "^(?:19[7-9][0-9]|2[0-9]{3})-.*(?:[Zz]|[+-](?:0[0-9]|1[0-5]):[0-5][0-9])$",
            "examples": ["2026-01-11T14:00:00+09:00"],
        }
    ),
]
"""An RFC 3339 date-time with its zone; the years keep it inside what JSON and Postgres share."""

TimeZone = Annotated[
    str, AfterValidator(_is_time_zone), Described(format="time-zone", examples=["Asia/Seoul"])
]
"""A name of the IANA time zone database."""

EXACT = object()
"""The context in which amounts are written as texts, so that none of their digits is lost."""

Money = Annotated[
    Decimal,
    PydanticField(ge=0, max_digits=18, decimal_places=9),
    BeforeValidator(_parse_amount),
    PlainSerializer(_money, when_used="json"),
    WithJsonSchema({"type": "number", "examples": [1.25]}, mode="serialization"),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "minimum": 0, "exclusiveMaximum": 10**9},
                {"type": "string", "pattern": r"^[0-9]{1,9}(?:\.[0-9]{1,9})?$"},
            ],
            "examples": [1.25],
        },
        mode="validation",
    ),
]
"""An amount that is not negative, NUMERIC(18,9) in the database and a number in JSON.

A text keeps all its digits.
"""


Currency = Annotated[str, StringConstraints(pattern="^[A-Z]{3}$"), Described(examples=["USD"])]
"""An ISO 4217 code."""


MOST_MONEY = 10**9
"""What an amount must stay below."""


def like(example: Any) -> dict[str, Any]:
    """Give a field an example: `Field(schema_extra=like("Dune"))`."""
    return {"examples": [example]}


def default(sql: str, **options: Any) -> dict[str, Any]:
    """Let the database fill a column that the service leaves out."""
    return {"server_default": text(sql), **options}


def one_of(name: str, vocabulary: type[StrEnum]) -> CheckConstraint:
    """Hold a text column to a closed vocabulary: the values of one Python enum."""
    allowed = ", ".join(f"'{member.value}'" for member in vocabulary)
    return CheckConstraint(f"{name} IN ({allowed})", name=f"{name}_known")


def iff(condition: str, then: str) -> str:
    """Word a CHECK: one holds exactly when the other does."""
    return f"({condition}) = ({then})"


def lower(name: str) -> ColumnElement[str]:
    """Word an index on `lower(column)`: names that differ in case only are the same."""
    return cast("ColumnElement[str]", func.lower(column(name)))


class Identity(SQLModel):
    """A UUIDv7 primary key that the client may choose."""

    id: UUID = Field(
        default_factory=uuid7,
        primary_key=True,
        description="UUIDv7; a client may choose its own, which makes a repeated POST harmless.",
        schema_extra=like("0199c0de-0000-7000-8000-0000000000ff"),
    )


class Timestamps(SQLModel):
    """When the row came to be and when it last changed."""

    created_at: Timestamp = Field(
        description="When the row came to be.", sa_column_kwargs=default("now()")
    )
    updated_at: Timestamp = Field(
        description="When it last changed.", sa_column_kwargs=default("now()")
    )


class Versioned(SQLModel):
    """A number that grows with every change; the ETag is made of it."""

    version: int = Field(
        description="The ETag is made of it.",
        sa_column_kwargs=default("1"),
        schema_extra=like(1),
    )


class Input(SQLModel):
    """Rules for what comes in: unknown fields are refused, and so are NaN and infinity."""

    model_config = SQLModelConfig(
        extra="forbid", allow_inf_nan=False, ser_json_inf_nan="constants", validate_by_name=False
    )

    # SQLModel's own `__init__` makes pydantic validate JSON by way of Python, where "5" passes for
    # a number. Input is never a table, so pydantic's will do.
    __init__ = BaseModel.__init__


def for_database(body: SQLModel, *, only_given: bool = False) -> JsonText:
    """Write a validated body as the JSON that statements take: all of it, or what was given."""
    # What `model_dump_json` makes a str of.
    written = body.__pydantic_serializer__.to_json(
        body, by_alias=True, exclude_unset=only_given, context=EXACT
    )
    return JsonText(written)


class Output(SQLModel):
    """Rules for what goes out: every field is always present."""

    model_config = SQLModelConfig(json_schema_serialization_defaults_required=True)

    @model_validator(mode="before")
    @classmethod
    def _read_row_by_field_names(cls, row: Any) -> Any:
        """Take a row's fields by their own names: `row.metadata` is SQLAlchemy's, not the row's."""
        if not isinstance(row, SQLModel):
            return row
        return {
            field.alias or name: getattr(row, name)
            for name, field in cls.model_fields.items()
            if hasattr(row, name)
        }


def without(
    name: str, model: type[SQLModel], fields: tuple[str, ...], *, base: type[SQLModel]
) -> type[SQLModel]:
    """Derive a model that lacks some fields, such as those too heavy for a list."""
    kept: dict[str, Any] = {
        field_name: (field.annotation, field)
        for field_name, field in model.model_fields.items()
        if field_name not in fields
    }
    return cast("type[SQLModel]", create_model(name, __base__=base, __doc__=model.__doc__, **kept))


def partial(
    name: str,
    model: type[SQLModel],
    *,
    base: type[SQLModel],
    only: tuple[str, ...] = (),
) -> type[SQLModel]:
    """Derive a model whose fields (all, or `only` some) may be absent, none written a second time.

    An absent field stays absent in `model_dump`; an explicit null is refused unless the field of
    `model` is nullable.
    """
    fields: dict[str, Any] = {}
    for field_name, field in model.model_fields.items():
        if only and field_name not in only:
            continue
        constraints = [item for item in field.metadata if not isinstance(item, FieldInfoMetadata)]
        annotation: Any = field.annotation
        for constraint in constraints:
            annotation = Annotated[annotation, constraint]
        fields[field_name] = (
            annotation | MISSING,
            PydanticField(
                default=MISSING,
                alias=field.alias,
                description=field.description,
                examples=field.examples,
            ),
        )
    return cast(
        "type[SQLModel]", create_model(name, __base__=base, __doc__=model.__doc__, **fields)
    )
