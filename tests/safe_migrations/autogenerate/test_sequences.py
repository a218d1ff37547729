"""Sequences: those that models name, and those behind serial and identity columns."""

from typing import Any

import pytest
from sqlalchemy import (
    BigInteger,
    Column,
    Identity,
    Integer,
    MetaData,
    Sequence,
    SmallInteger,
    Table,
    func,
    text,
)

OTHER = "일정 A"


def _id(kind: Any = Integer) -> Any:
    return Column("id", kind, primary_key=True)


def _trips(models: MetaData, *columns: Any, schema: str | None = None) -> None:
    Table("trips", models, _id(), *columns, schema=schema)


def new_table_with_its_sequence(models: MetaData, *, new: bool) -> None:
    if new:
        number = Sequence("numbers", start=1000, metadata=models)
        _trips(models, Column("number", BigInteger, number, server_default=number.next_value()))


def no_more_table_with_its_sequence(models: MetaData, *, new: bool) -> None:
    new_table_with_its_sequence(models, new=not new)


def sequence_without_a_column(models: MetaData, *, new: bool) -> None:
    _trips(models)
    if new:
        Sequence("Ticket numbers", increment=10, metadata=models)


def key_of_a_new_table(models: MetaData, *, new: bool) -> None:
    if new:
        Table("trips", models, Column("id", Integer, Sequence("trip_ids"), primary_key=True))


def key_of_a_table_in_use(models: MetaData, *, new: bool) -> None:
    default = [Sequence("trip_ids")] if new else []
    Table("trips", models, Column("id", Integer, *default, primary_key=True))


def key_gets_the_name_of_its_serial(models: MetaData, *, new: bool) -> None:
    default = [Sequence("trips_id_seq")] if new else []
    Table("trips", models, Column("id", Integer, *default, primary_key=True))


def column_of_a_table_in_use(models: MetaData, *, new: bool) -> None:
    number = Sequence("numbers", metadata=models) if new else None
    value = number.next_value() if number else None
    _trips(models, Column("number", Integer, server_default=value))


def named_in_a_text(models: MetaData, *, new: bool) -> None:
    value = text("nextval('numbers')") if new else None
    _trips(models, Column("number", Integer, server_default=value))


def named_in_a_function(models: MetaData, *, new: bool) -> None:
    _trips(models, Column("n", Integer, server_default=func.nextval("n_of_trips") if new else None))


def _options(models: MetaData, **options: Any) -> None:
    number = Sequence("numbers", metadata=models, **options)
    _trips(models, Column("number", BigInteger, server_default=number.next_value()))


def other_options(models: MetaData, *, new: bool) -> None:
    options = {"start": 5000, "increment": 5, "minvalue": 100, "maxvalue": 9000, "cycle": True}
    _options(models, **(options if new else {}))


def other_cache_and_type(models: MetaData, *, new: bool) -> None:
    _options(models, **({"cache": 20, "data_type": SmallInteger} if new else {}))


def downwards(models: MetaData, *, new: bool) -> None:
    if new:
        _options(models, start=-1, increment=-1, minvalue=-500, maxvalue=-1)


def elsewhere(models: MetaData, *, new: bool) -> None:
    number = Sequence("numbers", schema="other", start=7 if new else 3)
    column = Column("number", Integer, number, server_default=number.next_value())
    _trips(models, *([column] if new else []), schema="other")


def moved_elsewhere(models: MetaData, *, new: bool) -> None:
    number = Sequence("numbers", schema="other" if new else None, metadata=models)
    _trips(models, Column("number", Integer, server_default=number.next_value()))


def wider_serial(models: MetaData, *, new: bool) -> None:
    for schema in (None, "other"):
        Table("trips", models, _id(BigInteger if new else Integer), schema=schema)


def narrower_serial(models: MetaData, *, new: bool) -> None:
    wider_serial(models, new=not new)


def wider_identity(models: MetaData, *, new: bool) -> None:
    kind = BigInteger if new else Integer
    Table("trips", models, Column("id", kind, Identity(), primary_key=True), schema="other")


def options_of_an_identity(models: MetaData, *, new: bool) -> None:
    identity = Identity(always=True, start=100, increment=2, minvalue=50) if new else Identity()
    Table("trips", models, Column("id", Integer, identity, primary_key=True), schema="other")


def no_more_options_of_an_identity(models: MetaData, *, new: bool) -> None:
    options_of_an_identity(models, new=not new)


def identity_instead_of_a_serial(models: MetaData, *, new: bool) -> None:
    identity = [Identity(start=100, cache=5)] if new else []
    Table("trips", models, Column("id", Integer, *identity, primary_key=True), schema="other")


@pytest.mark.parametrize(
    "make",
    [
        new_table_with_its_sequence,
        no_more_table_with_its_sequence,
        sequence_without_a_column,
        key_of_a_new_table,
        key_of_a_table_in_use,
        key_gets_the_name_of_its_serial,
        column_of_a_table_in_use,
        named_in_a_text,
        named_in_a_function,
        other_options,
        other_cache_and_type,
        downwards,
        elsewhere,
        moved_elsewhere,
        wider_serial,
        narrower_serial,
        wider_identity,
        options_of_an_identity,
        no_more_options_of_an_identity,
        identity_instead_of_a_serial,
    ],
)
def test_a_change_goes_up_and_down_and_up(round_trip, make):
    round_trip(make)


def test_a_wider_serial_gives_wider_numbers(round_trip, drifting):
    round_trip(wider_serial)
    drifting.change(
        "SELECT setval('other.trips_id_seq', 2147483647)",
        "INSERT INTO other.trips DEFAULT VALUES",
    )
    with drifting.engine.connect() as connection:
        assert connection.scalar(text("SELECT max(id) FROM other.trips")) == 2**31


@pytest.mark.parametrize("make", [key_of_a_table_in_use, column_of_a_table_in_use])
def test_a_new_sequence_goes_on_behind_what_is_there(round_trip, drifting, make):
    rows = "INSERT INTO trips SELECT FROM generate_series(1, 9)"
    more = "UPDATE trips SET number = id" if make is column_of_a_table_in_use else "SELECT 1"
    round_trip(make, rows, more)
    name = "numbers" if make is column_of_a_table_in_use else "trip_ids"
    with drifting.engine.connect() as connection:
        assert connection.scalar(text(f"SELECT nextval('{name}')")) == 10


def test_a_raised_minimum_lifts_what_is_below_it(round_trip, drifting):
    def make(models: MetaData, *, new: bool) -> None:
        _options(models, **({"minvalue": 1000, "start": 1000} if new else {}))

    round_trip(make, "SELECT nextval('numbers') FROM generate_series(1, 5)")
    with drifting.engine.connect() as connection:
        assert connection.scalar(text("SELECT nextval('numbers')")) == 1000


CASES = (
    ("CREATE SEQUENCE extra", "remove_sequence"),
    ("ALTER SEQUENCE bookings_id_seq AS bigint", "change_sequence"),
    ("ALTER SEQUENCE bookings_id_seq INCREMENT BY 10 CYCLE", "change_sequence"),
    ("ALTER TABLE users ALTER id SET GENERATED ALWAYS SET INCREMENT BY 7", "change_sequence"),
    ("ALTER SEQUENCE bookings_id_seq OWNED BY NONE", "change_source"),
    ("ALTER TABLE bookings ALTER id DROP DEFAULT", "change_source"),
)


@pytest.mark.parametrize("schema", [None, OTHER])
@pytest.mark.parametrize(("statement", "kind"), CASES)
def test_what_was_changed_by_hand_is_seen_and_mended(drifting, statement, kind):
    drifting.change(statement)
    there = drifting.catalog()
    assert kind in {item.kind for item in drifting.differences()}
    drifting.migrate()
    drifting.run("upgrade", "head")
    assert drifting.differences() == []
    drifting.run("downgrade", "base")
    assert drifting.catalog() == there
    drifting.run("upgrade", "head")
    assert drifting.differences() == []


def test_a_sequence_that_another_column_owns_comes_home(drifting):
    drifting.change("ALTER SEQUENCE bookings_id_seq OWNED BY bookings.user_id")
    assert [item.name for item in drifting.differences()] == ["id"]
    drifting.migrate()
    drifting.run("upgrade", "head")
    assert drifting.differences() == []


def test_sequences_of_others_are_left_alone(drifting, monkeypatch):
    monkeypatch.setenv("SCHEMA_OTHER_TABLES", "legacy_*")
    drifting.change(
        "CREATE SEQUENCE legacy_numbers",
        "CREATE SEQUENCE numbers",
        "CREATE TABLE legacy_bookings (id int DEFAULT nextval('numbers'))",
    )
    assert drifting.differences() == []
