"""Percent signs, colons and CHECKs of columns come through a revision as the models have them."""

from dataclasses import replace
from typing import Any

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    text,
)

from safe_migrations.autogenerate.drift import find
from safe_migrations.runner import run


def _odd(*columns: Column[Any]) -> MetaData:
    metadata = MetaData()
    Table(
        "odd",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("kind", String(9), CheckConstraint("kind <> 'q%'", name="ck_odd_kind")),
        Column("share", String(9), server_default=text("'60%'")),
        Column("is_all", Boolean, Computed("share = '100%'")),
        *columns,
        CheckConstraint(r"kind <> '\:old'", name="ck_odd_colon"),
        Index("ix_odd", "kind", postgresql_where=text("share <> 'a%'")),
    )
    return metadata


def _migrate(migrations, metadata):
    known = replace(migrations.project, metadata=metadata)
    attributes = {"ask": None}
    run(known, "revision", "odd", autogenerate=True, attributes=attributes, x=migrations.x)
    migrations.run("upgrade", "head")


def _differences(engine, metadata):
    with engine.connect() as connection:
        return find(connection, metadata)


def test_a_new_table_is_as_the_models_have_it(migrations, engine):
    _migrate(migrations, _odd())
    assert _differences(engine, _odd()) == []
    with engine.begin() as connection:
        row = "INSERT INTO odd (id, kind) VALUES (1, 'q%%%%') RETURNING share"
        assert connection.exec_driver_sql(row).scalar() == "60%"


def test_a_table_in_use_is_as_the_models_have_it(migrations, engine, execute):
    execute(migrations.url, "CREATE TABLE odd (id int PRIMARY KEY)")
    _migrate(migrations, _odd())
    assert _differences(engine, _odd()) == []
    migrations.run("downgrade", "base")
    migrations.run("upgrade", "head")
    assert _differences(engine, _odd()) == []


def test_a_type_is_changed_by_its_own_cast(migrations, engine, execute):
    _migrate(migrations, _odd(Column("flag", Boolean)))
    execute(migrations.url, "INSERT INTO odd (id, flag) VALUES (1, true), (2, NULL)")
    _migrate(migrations, _odd(Column("flag", Integer)))
    assert _differences(engine, _odd(Column("flag", Integer))) == []
    with engine.connect() as connection:
        flags = connection.exec_driver_sql("SELECT flag FROM odd ORDER BY id").scalars().all()
    assert flags == [1, None]
