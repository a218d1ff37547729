"""Model prices: what a million tokens cost, from when to when."""

from sqlalchemy import CheckConstraint, Index, Numeric, UniqueConstraint
from sqlmodel import Field, SQLModel

from json_rows.models import (
    Currency,
    Identity,
    Input,
    Money,
    Output,
    Timestamp,
    Timestamps,
    default,
    like,
)


class ModelPriceBase(SQLModel):
    """A price, as the client gives it."""

    provider: str = Field(
        min_length=1,
        max_length=100,
        description="As `model_provider` of generations names it.",
        schema_extra=like("openai"),
    )
    model: str = Field(
        min_length=1,
        max_length=255,
        description="As `model_name` of generations names it.",
        schema_extra=like("gpt-5"),
    )
    input_per_million: Money = Field(
        description="Price of a million prompt tokens.", sa_type=Numeric(18, 9)
    )
    output_per_million: Money = Field(
        description="Price of a million completion tokens.",
        sa_type=Numeric(18, 9),
        schema_extra=like(10),
    )
    currency: Currency = Field(
        default="USD",
        max_length=3,
        description="ISO 4217.",
        sa_column_kwargs=default("'USD'"),
    )
    valid_to: Timestamp | None = Field(
        default=None,
        description="The price ends before this time; null: open.",
        schema_extra=like("2027-01-01T00:00:00Z"),
    )


class ModelPriceValidity(SQLModel):
    """Since when a price holds."""

    valid_from: Timestamp = Field(
        description="Since when the price holds.", sa_column_kwargs=default("now()")
    )


class ModelPrice(Timestamps, ModelPriceValidity, ModelPriceBase, Identity, table=True):
    """The table of prices; of several that hold at a time, the youngest counts."""

    __tablename__ = "model_prices"
    __table_args__ = (
        UniqueConstraint("provider", "model", "valid_from"),
        CheckConstraint("valid_to > valid_from", name="ends_after_start"),
        CheckConstraint("input_per_million >= 0 AND output_per_million >= 0", name="not_negative"),
        Index("ix_model_prices_created_at_id", "created_at", "id"),
    )


class ModelPriceCreate(Input, ModelPriceBase, Identity):
    """A new price."""

    valid_from: Timestamp | None = Field(default=None, description="Since when, if not now.")


class ModelPriceRead(Output, Timestamps, ModelPriceValidity, ModelPriceBase, Identity):
    """A price."""


class ModelPriceFilter(Input):
    """Which prices to list."""

    provider: str | None = Field(
        default=None, max_length=100, description="Exactly.", schema_extra=like("openai")
    )
    model: str | None = Field(
        default=None, max_length=255, description="Exactly.", schema_extra=like("gpt-5")
    )
    valid_at: Timestamp | None = Field(default=None, description="Prices that hold at this time.")
