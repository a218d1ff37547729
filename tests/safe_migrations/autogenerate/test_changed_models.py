"""Models as they change in the hands of people: what `migrate` writes runs, up and down and up."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    Enum,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
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


def value_removed_below_an_index(models: MetaData, *, new: bool) -> None:
    kind = Enum("active", "deleted", *(() if new else ("frozen",)), name="status")
    live = Index("uq_accts_live", "id", unique=True, postgresql_where=text("status <> 'deleted'"))
    default = text("'active'")
    Table("accts", models, _id(), Column("status", kind, server_default=default), live)


def value_added_below_an_index(models: MetaData, *, new: bool) -> None:
    value_removed_below_an_index(models, new=not new)


def value_removed_below_a_check(models: MetaData, *, new: bool) -> None:
    kind = Enum("open", "closed", *(() if new else ("stale",)), name="status")
    closed = CheckConstraint("status <> 'closed' OR id > 0", name="closed")
    Table("tickets", models, _id(), Column("status", kind, nullable=False), closed)


def value_added_below_a_check(models: MetaData, *, new: bool) -> None:
    value_removed_below_a_check(models, new=not new)


def value_removed_below_a_computed_column(models: MetaData, *, new: bool) -> None:
    kind = Enum("open", "closed", *(() if new else ("stale",)), name="status")
    is_open = Computed("status = 'open'", persisted=True)
    Table(
        "jobs",
        models,
        _id(),
        Column("status", kind, nullable=False),
        Column("is_open", Boolean, is_open, nullable=False, comment="It's", index=True),
        UniqueConstraint("id", "is_open"),
    )


def value_added_below_a_computed_column(models: MetaData, *, new: bool) -> None:
    value_removed_below_a_computed_column(models, new=not new)


def value_removed_below_a_foreign_key(models: MetaData, *, new: bool) -> None:
    kind = Enum("red", "blue", *(() if new else ("grey",)), name="colour")
    Table("colours", models, Column("code", kind, primary_key=True))
    Table("walls", models, _id(), Column("code", kind, ForeignKey("colours.code")))


def value_added_below_a_foreign_key(models: MetaData, *, new: bool) -> None:
    value_removed_below_a_foreign_key(models, new=not new)


def value_removed_that_all_around_it_names(models: MetaData, *, new: bool) -> None:
    kind = Enum(*(("b", "c") if new else ("a", "b")), name="kind")
    value = "c" if new else "a"
    column: Any = Column("kind", kind, server_default=text(f"'{value}'"))
    check = CheckConstraint(f"kind <> '{value}'", name="kind")
    index = Index("ix_kind", "id", postgresql_where=text(f"kind = '{value}'"))
    left: list[Any] = [Column("left", kind, server_default=text("'a'"))]
    came: list[Any] = [Column("came", kind, server_default=text("'c'"))]
    text_then: Any = Column("other", Text if new else kind)
    Table("trips", models, _id(), column, check, index, text_then, *(came if new else left))
    if not new:
        Table("gone", models, _id(), Column("kind", kind), CheckConstraint("kind <> 'a'", name="k"))


def enum_becomes_a_computed_column_beside_a_value_removed(models: MetaData, *, new: bool) -> None:
    kind = Enum(*(("b", "c") if new else ("a", "b")), name="kind")
    before: Any = Column("place", kind, nullable=False)
    after: Any = Column("place", Integer, Computed("id + 1", persisted=True))
    Table("trips", models, _id(), Column("kind", kind), after if new else before)


def key_to_a_unique_of_the_same_go(models: MetaData, *, new: bool) -> None:
    unique: list[Any] = [UniqueConstraint("code")] if new else []
    key: list[Any] = [ForeignKey("hosts.code")] if new else []
    Table("hosts", models, _id(), Column("code", Text), *unique)
    Table("stays", models, _id(), Column("host", Text, *key))
    if new:
        Table("rooms", models, _id(), Column("host", ForeignKey("hosts.code")))


def no_more_key_to_a_unique(models: MetaData, *, new: bool) -> None:
    key_to_a_unique_of_the_same_go(models, new=not new)


def key_to_another_primary_key(models: MetaData, *, new: bool) -> None:
    code = Column("code", Integer, nullable=False, primary_key=new)
    Table("hosts", models, Column("id", Integer, primary_key=True), code, UniqueConstraint("id"))
    Table("stays", models, _id(), Column("host", ForeignKey("hosts.id")))


def type_below_what_reads_it(models: MetaData, *, new: bool) -> None:
    check = CheckConstraint("size > 1" if new else "length(size) > 1", name="size")
    double = Computed("size + size" if new else "size || size", persisted=True)
    kind = Integer if new else Text
    Table(
        "trips",
        models,
        _id(),
        Column("size", kind, server_default=text("3" if new else "'three'"), comment="Old"),
        Column("double", kind, double, index=True),
        check,
        Index("ix_trips_size", text("(size + 1)" if new else "lower(size)")),
    )


def type_below_what_stays_the_same(models: MetaData, *, new: bool) -> None:
    kind = BigInteger if new else Integer
    Table(
        "trips",
        models,
        Column("id", kind, primary_key=True),
        Column("parent", kind, ForeignKey("trips.id")),
        Column("size", String(10) if new else String(5)),
        Column("lower", Text, Computed("lower(size)", persisted=True), index=True),
        CheckConstraint("parent <> 0", name="parent"),
    )


def computed_column_becomes_a_plain_one(models: MetaData, *, new: bool) -> None:
    computed: list[Any] = [] if new else [Computed("a + 1", persisted=True)]
    Table("trips", models, _id(), Column("a", Integer), Column("b", Integer, *computed, index=True))


def plain_column_becomes_a_computed_one(models: MetaData, *, new: bool) -> None:
    computed_column_becomes_a_plain_one(models, new=not new)


def keys_without_names(models: MetaData, *, new: bool) -> None:
    keys: list[Any] = [ForeignKeyConstraint(["a", "b"], ["hosts.a", "hosts.b"])] if new else []
    models.naming_convention = {}
    host = [Column(name, Integer, primary_key=True) for name in "ab"]
    Table("hosts", models, *host)
    Table("stays", models, _id(), Column("a", Integer), Column("b", Integer), *keys)


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
        keys_without_names,
        value_removed_below_an_index,
        value_added_below_an_index,
        value_removed_below_a_check,
        value_added_below_a_check,
        value_removed_below_a_computed_column,
        value_added_below_a_computed_column,
        value_removed_below_a_foreign_key,
        value_added_below_a_foreign_key,
        value_removed_that_all_around_it_names,
        enum_becomes_a_computed_column_beside_a_value_removed,
        key_to_a_unique_of_the_same_go,
        no_more_key_to_a_unique,
        key_to_another_primary_key,
        type_below_what_reads_it,
        type_below_what_stays_the_same,
        computed_column_becomes_a_plain_one,
        plain_column_becomes_a_computed_one,
    ],
)
def test_a_change_goes_up_and_down_and_up(round_trip, make: Callable[..., None]):
    round_trip(make)


@pytest.mark.parametrize("schema", ["일정 A"])
@pytest.mark.parametrize(
    "make",
    [
        value_added_below_a_computed_column,
        value_added_below_a_foreign_key,
        value_removed_that_all_around_it_names,
        enum_becomes_a_computed_column_beside_a_value_removed,
        key_to_another_primary_key,
        type_below_what_reads_it,
        computed_column_becomes_a_plain_one,
    ],
)
def test_what_is_in_the_way_is_in_another_schema(round_trip, make: Callable[..., None]):
    round_trip(make)
