"""Schemas beside the default one: made, compared as fully as that one, and told apart."""

from typing import Any

import pytest
from sqlalchemy import (
    ARRAY,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    Enum,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    text,
)

from safe_migrations.autogenerate.drift import compare, find


def _id() -> Any:
    return Column("id", Integer, primary_key=True)


def _fleet(models: MetaData, *items: Any, schema: str | None = "other") -> None:
    Table("fleet", models, _id(), Column("seats", Integer), *items, schema=schema)


def missing_schema(models: MetaData, *, new: bool) -> None:
    _fleet(models)
    if new:
        kind = Enum("a", "b", name="Kind", schema="새 스키마")
        _fleet(models, Column("kind", kind), Index(None, "kind"), schema="새 스키마")


def enum_with_its_schema(models: MetaData, *, new: bool) -> None:
    kind = Enum(*(("car", "van", "bus") if new else ("car", "van")), name="kind", schema="other")
    _fleet(
        models,
        Column("kind", kind, server_default=text("'car'::other.kind")),
        Column("kinds", ARRAY(kind)),
    )


def enum_in_texts(models: MetaData, *, new: bool) -> None:
    value = "van" if new else "car"
    _fleet(
        models,
        Column("kind", Enum("car", "van", name="kind", schema="other")),
        CheckConstraint(f"kind <> '{value}'::other.kind", name="kind_ok"),
        Index("ix_seats", "seats", postgresql_where=text(f"kind = '{value}'::\"other\".kind")),
    )


def enum_of_the_default_schema(models: MetaData, *, new: bool) -> None:
    kind = Enum(*(("car", "van", "bus") if new else ("car", "van")), name="kind")
    _fleet(models, Column("kind", kind, server_default="car"))


def no_more_values_of_an_enum_of_the_default_schema(models: MetaData, *, new: bool) -> None:
    enum_of_the_default_schema(models, new=not new)


def enum_moves_to_another_schema(models: MetaData, *, new: bool) -> None:
    _fleet(models, Column("kind", Enum("a", "b", name="kind", schema="other" if new else None)))


def enums_of_one_name(models: MetaData, *, new: bool) -> None:
    for schema in (None, "other"):
        values = ["a", *(["b"] if schema or new else []), *(["c"] if schema and new else [])]
        _fleet(models, Column("kind", Enum(*values, name="kind", schema=schema)), schema=schema)


def tables_of_one_name(models: MetaData, *, new: bool) -> None:
    for schema, least in ((None, 1), ("other", 2 if new else 1)):
        _fleet(
            models,
            CheckConstraint(f"seats > {least}", name="seats_ok"),
            Index("ix_fleet_seats", "seats", postgresql_where=text(f"seats > {least}")),
            Column("half", Integer, Computed(f"seats / {least}")),
            schema=schema,
        )


def default_schema_by_its_name(models: MetaData, *, new: bool) -> None:
    check = CheckConstraint("seats > 1" if new else "seats > 0", name="seats_ok")
    kind = Enum(*(("a", "b") if new else ("a",)), name="kind", schema="public")
    _fleet(models, check, Column("kind", kind), schema="public")
    key: Any = Column("fleet_id", ForeignKey("public.fleet.id"))
    Table("stops", models, _id(), key)


def keys_across_schemas(models: MetaData, *, new: bool) -> None:
    _fleet(models)
    _fleet(models, schema=None)
    if new:
        there: Any = Column("there_id", ForeignKey("other.fleet.id"))
        Table("stops", models, _id(), there, Column("here_id", ForeignKey("fleet.id")))
        Table("rests", models, _id(), Column("here_id", ForeignKey("fleet.id")), schema="other")


def index_of_a_partitioned_table(models: MetaData, *, new: bool) -> None:
    kind = Column("kind", Text, primary_key=True, index=new)
    options: Any = {"postgresql_partition_by": "LIST (kind)", "schema": "other"}
    Table("trips", models, _id(), kind, **options)


def built_or_kept_otherwise(models: MetaData, *, new: bool) -> None:
    check = CheckConstraint("seats > 1" if new else "seats > 0", name="seats_ok")
    columns: list[Any] = [_id(), Column("seats", Integer), check]
    if new:
        columns.append(Index("ix_seats", "seats", postgresql_concurrently=True))
    Table("fleet", models, *columns, prefixes=["UNLOGGED"], schema="other")


def enum_of_another_schema_below_what_reads_it(models: MetaData, *, new: bool) -> None:
    kind = Enum("open", "closed", *(("stale",) if new else ()), name="My kind", schema="other")
    is_open = Computed("kind = 'open'", persisted=True)
    check = CheckConstraint("kind <> 'closed' OR id > 0", name="closed")
    index = Index("ix_open", "id", postgresql_where=text("kind = 'open'"))
    column: Any = Column("kind", kind, server_default=text("'open'"))
    Table("jobs", models, _id(), column, Column("is_open", Boolean, is_open), check, index)


def no_more_values_of_an_enum_below_what_reads_it(models: MetaData, *, new: bool) -> None:
    enum_of_another_schema_below_what_reads_it(models, new=not new)


@pytest.mark.parametrize(
    "make",
    [
        missing_schema,
        enum_with_its_schema,
        enum_in_texts,
        enum_of_the_default_schema,
        no_more_values_of_an_enum_of_the_default_schema,
        enum_of_another_schema_below_what_reads_it,
        no_more_values_of_an_enum_below_what_reads_it,
        enum_moves_to_another_schema,
        enums_of_one_name,
        tables_of_one_name,
        default_schema_by_its_name,
        keys_across_schemas,
        index_of_a_partitioned_table,
        built_or_kept_otherwise,
    ],
)
def test_a_change_goes_up_and_down_and_up(round_trip, make):
    round_trip(make)


def test_a_missing_schema_is_named(drifting):
    models = MetaData()
    _fleet(models, schema="My Schema")
    drifting.metadata = models
    found = [item.detail for item in drifting.differences() if item.kind.startswith("add")]
    assert found == [
        "The database lacks the schema My Schema.",
        "The database lacks the table My Schema.fleet.",
    ]


@pytest.mark.parametrize("path", ["public, ops", "ops, public", '"$user", public, ops'])
def test_the_search_path_changes_nothing(drifting, path):
    models = MetaData()
    kind = Enum("a", "b", name="kind", schema="ops")
    key: Any = Column("trip_id", ForeignKey("public.trips.id", name="fk"))
    _fleet(models, CheckConstraint("seats > 0", name="ok"), Column("kind", kind), key, schema="ops")
    Table("trips", models, _id(), schema="public")
    drifting.change("DROP TABLE bookings, users", "DROP TYPE mood", "CREATE SCHEMA ops")
    models.create_all(drifting.engine)
    name = drifting.engine.url.database
    drifting.change(f"ALTER DATABASE {name} SET search_path = {path}")
    drifting.metadata = models
    assert drifting.differences() == []
    drifting.change(
        "ALTER TABLE ops.fleet DROP CONSTRAINT ok, ADD CONSTRAINT ok CHECK (seats > 1)",
        "ALTER TYPE ops.kind ADD VALUE 'c'",
    )
    kinds = ["change_constraint", "change_enum"]
    assert sorted(item.kind for item in drifting.differences()) == kinds
    drifting.migrate()
    drifting.run("upgrade", "head")
    assert drifting.differences() == []


@pytest.mark.parametrize(
    ("rename", "names"),
    [
        ("other.fleet:public.cars", ("other", "cars", None)),
        ("public.fleet:other.fleet", (None, "fleet", "other")),
        ("other.fleet:other.cars", ("other", "cars", "other")),
    ],
)
def test_a_table_keeps_its_rows_when_it_goes_elsewhere(drifting, rename, names):
    old, table, new = names
    models = MetaData()
    Table(table, models, _id(), Column("seats", Integer), schema=new)
    here = f"{old or 'public'}.fleet"
    drifting.change(
        "DROP TABLE bookings, users",
        "DROP TYPE mood",
        "CREATE SCHEMA IF NOT EXISTS other",
        f"CREATE TABLE {here} (id serial CONSTRAINT {table}_pkey PRIMARY KEY, seats int)",
        f"INSERT INTO {here} (seats) VALUES (4)",
    )
    # A schema is compared as long as a model has it.
    Table("stays", models, _id(), schema="other")
    drifting.metadata = models
    drifting.attributes = {"renames": [rename]}
    drifting.migrate()
    drifting.run("upgrade", "head")
    with drifting.engine.connect() as connection:
        there = f"{new or 'public'}.{table}"
        assert connection.scalar(text(f"SELECT seats FROM {there}")) == 4
        sequence = text(f"SELECT pg_get_serial_sequence('{there}', 'id')")
        assert connection.scalar(sequence) == f"{there}_id_seq"
    assert drifting.differences() == []
    drifting.run("downgrade", "base")
    with drifting.engine.connect() as connection:
        assert connection.scalar(text(f"SELECT seats FROM {here}")) == 4


def test_a_table_whose_model_cant_be_made_is_named_and_the_others_are_compared(drifting):
    models = MetaData()
    check = CheckConstraint("is_fine(seats)", name="ok")
    for schema in (None, "other"):
        _fleet(models, CheckConstraint("seats > 1", name="seats_ok"), schema=schema)
    Table("cars", models, _id(), Column("seats", Integer), check, schema="other")
    drifting.change(
        "DROP TABLE bookings, users",
        "DROP TYPE mood",
        "CREATE SCHEMA other",
        "CREATE TABLE fleet (id serial PRIMARY KEY, seats int CONSTRAINT seats_ok CHECK (seats>1))",
        "CREATE TABLE other.fleet (id serial PRIMARY KEY, seats int)",
        "CREATE TABLE other.cars (id serial PRIMARY KEY, seats int)",
    )
    with drifting.engine.connect() as connection:
        found = compare(connection, models)
    assert [item.table for item in found.incomplete] == ["other.cars"]
    assert "function is_fine(integer) does not exist" in found.incomplete[0].reason
    assert [(item.kind, item.table) for item in found.differences] == [
        ("add_constraint", "other.fleet")
    ]


def test_partitions_are_left_to_their_table(drifting, capsys):
    models = MetaData()
    index_of_a_partitioned_table(models, new=True)
    drifting.change("DROP TABLE bookings, users", "DROP TYPE mood", "CREATE SCHEMA other")
    models.create_all(drifting.engine)
    drifting.change(
        "CREATE TABLE other.trips_a PARTITION OF other.trips FOR VALUES IN ('a')",
        "CREATE TABLE other.trips_b PARTITION OF other.trips FOR VALUES IN ('b')",
    )
    drifting.metadata = models
    assert drifting.differences() == []
    assert drifting.migrate() == []
    assert "partition other.trips_a and 1 more on other.trips" in capsys.readouterr().err


def test_what_no_model_can_describe_is_told_only_where_it_is(drifting, capsys):
    drifting.change("ALTER TABLE users DROP age CASCADE")
    drifting.migrate()
    assert "not compared" not in capsys.readouterr().err
    drifting.change("CREATE SCHEMA legacy", "CREATE TABLE legacy.bills (id int)")
    drifting.change("CREATE VIEW names AS SELECT name FROM users")
    drifting.run("upgrade", "head")
    assert drifting.migrate("Again") == drifting.migrate("Again")
    told = capsys.readouterr().err
    assert "Beyond what models describe, and not compared: schema legacy, view names." in told


def test_names_of_enums_and_values_are_taken_as_they_are(drifting):
    models = MetaData()
    kind = Enum("it's", 'b%:c "q"', name="My %kind", schema='odd "schema"')
    _fleet(models, Column("kind", kind), schema='odd "schema"')
    drifting.change('CREATE SCHEMA "odd ""schema"""')
    models.create_all(drifting.engine)
    with drifting.engine.connect() as connection:
        found = find(connection, models)
    assert {item.kind.partition("_")[0] for item in found} == {"remove"}
