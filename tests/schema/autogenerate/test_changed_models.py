"""Models as they change in the hands of people: what `migrate` writes runs, up and down and up."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import (
    Column,
    Computed,
    Enum,
    ForeignKey,
    Identity,
    Integer,
    MetaData,
    Table,
    Text,
)

LONG = "t" * 55


def _id() -> Any:
    return Column("id", Integer, primary_key=True)


def quoted_enum(models: MetaData, *, new: bool) -> None:
    values = ("it's", 'b%:c "q"') if new else ("it's",)
    others: list[Any] = [Column("kinds", Enum("p", name="my kind"))] if new else []
    Table("trips", models, _id(), Column("mood", Enum(*values, name="MyMood")), *others)


def longer_enum_in_text(models: MetaData, *, new: bool) -> None:
    values = ("low", "highest") if new else ("low", "high")
    kind = Enum(*values, name="level", native_enum=False, create_constraint=True)
    Table("trips", models, _id(), Column("level", kind))


def foreign_keys_whose_names_want_quotes_or_are_too_long(models: MetaData, *, new: bool) -> None:
    keys: list[Any] = [
        Column("Parent", ForeignKey("order.id")),
        Column("a_rather_long_column_name", ForeignKey(f"{LONG}.id")),
    ]
    Table("order", models, _id(), *(keys if new else ()))
    Table(LONG, models, _id())


def index_of_a_partitioned_table(models: MetaData, *, new: bool) -> None:
    kind = Column("kind", Text, primary_key=True, index=new)
    Table("trips", models, _id(), kind, postgresql_partition_by="LIST (kind)")


def no_more_index_of_a_partitioned_table(models: MetaData, *, new: bool) -> None:
    index_of_a_partitioned_table(models, new=not new)


def tables_in_a_circle(models: MetaData, *, new: bool) -> None:
    Table("trips", models, _id())
    if new:
        Table("hosts", models, _id(), Column("guest_id", ForeignKey("guests.id")))
        Table("guests", models, _id(), Column("host_id", ForeignKey("hosts.id")))


def no_more_tables_in_a_circle(models: MetaData, *, new: bool) -> None:
    tables_in_a_circle(models, new=not new)


def key_to_be_made_afterwards(models: MetaData, *, new: bool) -> None:
    Table("trips", models, _id())
    if new:
        Table("hosts", models, _id(), Column("trip_id", ForeignKey("trips.id", use_alter=True)))


def options_of_an_identity(models: MetaData, *, new: bool) -> None:
    identity = Identity(always=True, start=100, increment=2) if new else Identity()
    Table("trips", models, Column("id", Integer, identity, primary_key=True))


def computed_column_goes_with_its_source(models: MetaData, *, new: bool) -> None:
    columns: list[Any] = [Column("days", Integer), Column("nights", Integer, Computed("days - 1"))]
    Table("trips", models, _id(), *(() if new else columns))


def other_schema(models: MetaData, *, new: bool) -> None:
    columns: list[Any] = [
        Column("name", Text, index=True, nullable=not new),
        Column("place", Integer if new else Text),
    ]
    added: list[Any] = [Column("trip_id", ForeignKey("trips.id"), nullable=False)] if new else []
    Table("trips", models, _id())
    Table("stays", models, _id(), *columns, *added, schema="other")
    if new:
        Table("rooms", models, _id(), schema="other")


@pytest.mark.filterwarnings("ignore:Cannot correctly sort tables")
@pytest.mark.parametrize(
    "make",
    [
        quoted_enum,
        longer_enum_in_text,
        foreign_keys_whose_names_want_quotes_or_are_too_long,
        index_of_a_partitioned_table,
        no_more_index_of_a_partitioned_table,
        tables_in_a_circle,
        no_more_tables_in_a_circle,
        key_to_be_made_afterwards,
        options_of_an_identity,
        computed_column_goes_with_its_source,
        other_schema,
    ],
)
def test_a_change_goes_up_and_down_and_up(round_trip, make: Callable[..., None]):
    round_trip(make)
