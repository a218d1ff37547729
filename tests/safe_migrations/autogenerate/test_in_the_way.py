"""What `migrate` can't know or make: it asks or refuses, and names the way out."""

import re

import pytest
from sqlalchemy import Column, ForeignKey, Integer, MetaData, Table, text
from sqlalchemy.exc import DBAPIError

from plain_commands.errors import ConfigurationError
from safe_migrations.execution.explanation import explain
from tests.safe_migrations.autogenerate.cases import METADATA

TRIGGER = """
    CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
    CREATE TRIGGER touched BEFORE UPDATE OF nick ON users EXECUTE FUNCTION touch()
"""


@pytest.mark.parametrize(
    ("made", "named"),
    [
        ("CREATE VIEW names AS SELECT nick FROM users", "the view names"),
        (TRIGGER, "the trigger touched on table users"),
        (
            "CREATE POLICY mine ON users USING (nick = current_user)",
            "the policy mine on table users",
        ),
    ],
)
def test_what_hangs_on_a_column_and_is_in_no_model_is_named(drifting, made, named):
    drifting.change("ALTER TABLE users ALTER nick TYPE varchar(10)", made)
    with pytest.raises(ConfigurationError) as raised:
        drifting.migrate()
    assert named in raised.value.detail
    assert "flask db revision" in raised.value.detail
    assert raised.value.members == {"in_the_way": [named]}
    assert drifting.files() == []
    assert {item.kind for item in drifting.differences()} == {"change_column"}


def test_what_hangs_on_an_enum_and_is_in_no_model_is_named(drifting):
    drifting.change(
        "ALTER TYPE mood ADD VALUE 'extra'",
        "CREATE FUNCTION greet(mood) RETURNS text LANGUAGE sql RETURN 'hello'",
    )
    with pytest.raises(ConfigurationError, match=r"the function greet\(mood\)"):
        drifting.migrate()


def test_values_that_are_added_stay_below_what_no_model_has(drifting):
    _lose_a_mood(drifting)
    drifting.change("CREATE VIEW moods AS SELECT mood FROM users")
    drifting.migrate()
    assert "The added values stay" in drifting.files()[0]
    drifting.run("upgrade", "head")
    drifting.run("downgrade", "base")
    drifting.run("upgrade", "head")
    assert drifting.differences() == []


def test_a_value_in_use_is_not_taken_back_without_a_word(drifting):
    _lose_a_mood(drifting)
    drifting.migrate()
    drifting.run("upgrade", "head")
    drifting.change("UPDATE users SET mood = 'glad'")
    with pytest.raises(DBAPIError) as raised:
        drifting.run("downgrade", "base")
    said = explain(raised.value).detail
    assert "UPDATE users SET mood = ... WHERE mood = 'glad'" in said
    drifting.change("UPDATE users SET mood = 'ok'")
    drifting.run("downgrade", "base")


def test_numbers_that_become_times_are_not_guessed(drifting):
    _count_in(drifting, 1000)
    with pytest.raises(ConfigurationError) as raised:
        drifting.migrate()
    assert "can't be seen" in raised.value.detail
    assert "--epochs users.created_at:s" in raised.value.detail
    assert raised.value.members == {"epochs": ["users.created_at"]}
    assert drifting.files() == []


@pytest.mark.parametrize("how", ["attribute", "x", "ask"])
def test_who_knows_what_numbers_count_says_so(drifting, how):
    before = drifting.differences()
    _count_in(drifting, 1000)
    if how == "attribute":
        drifting.attributes = {"epochs": ["users.created_at:ms"]}
    elif how == "x":
        drifting.x = ["epochs=users.created_at:ms"]
    else:
        drifting.attributes = {"ask": lambda question: "milliseconds" in question}
    numbers, there = _created_at(drifting), drifting.catalog()
    drifting.migrate()
    drifting.run("upgrade", "head")
    assert drifting.differences() == before
    assert [value.isoformat() for value in _created_at(drifting)] == [
        "2026-01-02T03:04:05.678000+00:00"
    ] * 2
    drifting.run("downgrade", "base")
    assert _created_at(drifting) == numbers
    assert drifting.catalog() == there


def test_a_unit_that_cant_be_read_is_refused(drifting):
    drifting.attributes = {"epochs": ["users.created_at:days"]}
    drifting.change("ALTER TABLE users DROP age")
    with pytest.raises(ConfigurationError, match="has no unit"):
        drifting.migrate()


def test_the_names_of_what_is_in_a_renamed_table_follow(drifting):
    drifting.change(
        "ALTER TABLE bookings RENAME TO stays",
        "ALTER TABLE stays RENAME CONSTRAINT pk_bookings TO pk_stays",
        "ALTER TABLE stays RENAME CONSTRAINT fk_bookings_user_id_users TO fk_stays_user_id_users",
        "ALTER TABLE stays RENAME CONSTRAINT bookings_apart TO stays_apart",
        "ALTER INDEX ix_bookings_user_id RENAME TO ix_stays_user_id",
        "ALTER SEQUENCE bookings_id_seq RENAME TO stays_id_seq",
    )
    there = drifting.catalog()
    drifting.attributes = {"renames": ["stays:bookings"]}
    assert drifting.migrate() == ["Mend it"]
    drifting.run("upgrade", "head")
    assert drifting.differences() == []
    assert not re.search("stays(?!_a)", str(drifting.catalog()))
    drifting.run("downgrade", "base")
    assert drifting.catalog() == there


def test_a_renamed_table_takes_the_names_that_postgres_gave(drifting):
    drifting.change(
        "CREATE TABLE friends (id serial PRIMARY KEY, user_id int REFERENCES users)",
    )
    drifting.attributes = {"renames": ["friends:guests"], "no_renames": True}
    # Without a naming convention, as the database came by its names.
    drifting.metadata = MetaData()
    for table in METADATA.tables.values():
        table.to_metadata(drifting.metadata)
    Table(
        "guests",
        drifting.metadata,
        Column("id", Integer, primary_key=True),
        Column("user_id", ForeignKey("users.id")),
    )
    drifting.migrate()
    drifting.run("upgrade", "head")
    with drifting.engine.connect() as connection:
        names = connection.scalars(
            text("""
            SELECT conname FROM pg_constraint WHERE conrelid = 'guests'::regclass
              AND contype IN ('f', 'p')
            UNION ALL SELECT pg_get_serial_sequence('guests', 'id') ORDER BY 1
        """)
        ).all()
    assert names == ["guests_pkey", "guests_user_id_fkey", "public.guests_id_seq"]
    drifting.run("downgrade", "base")
    drifting.run("upgrade", "head")
    assert drifting.differences() == []


def _lose_a_mood(drifting):
    drifting.change(
        "ALTER TABLE users ALTER mood DROP DEFAULT, ALTER mood TYPE text",
        "DROP TYPE mood",
        "CREATE TYPE mood AS ENUM ('sad', 'ok')",
        "ALTER TABLE users ALTER mood TYPE mood USING mood::mood, ALTER mood SET DEFAULT 'ok'",
    )


def _count_in(drifting, per_second):
    drifting.change(
        "DROP INDEX ix_users_new, ix_users_created_at",
        "ALTER TABLE users ALTER created_at DROP DEFAULT, ALTER created_at TYPE bigint "
        f"USING extract(epoch FROM '2026-01-02 03:04:05.678Z'::timestamptz) * {per_second}",
        "CREATE INDEX ix_users_new ON users (created_at) WHERE state = 'new'",
        "CREATE INDEX ix_users_created_at ON users (created_at DESC)",
    )


def _created_at(drifting):
    with drifting.engine.connect() as connection:
        return connection.scalars(text("SELECT created_at FROM users")).all()
