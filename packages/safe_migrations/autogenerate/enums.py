"""Compares native enums, which Alembic leaves alone: made, dropped, and their values.

Text with a CHECK is easier to change; these few lines are for whoever has a
native enum after all, so that what `migrate` writes for it runs.
"""

from collections.abc import Iterator

from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Connection, text

from safe_migrations.autogenerate.changes import Change, EnumValues, Execute, Order, Phase, Step
from safe_migrations.autogenerate.declared import native_enums
from safe_migrations.autogenerate.place import Place, place_of
from safe_migrations.autogenerate.twin import create_type, labels

_ENUMS = text("""
    SELECT n.nspname::text, t.typname::text,
           array_agg(e.enumlabel::text ORDER BY e.enumsortorder)
    FROM pg_type t JOIN pg_enum e ON e.enumtypid = t.oid
    JOIN pg_namespace n ON n.oid = t.typnamespace
    WHERE n.nspname = ANY (:schemas)
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = t.oid AND d.deptype = 'e')
    GROUP BY 1, 2 ORDER BY 1, 2
""")


def compare(autogen: AutogenContext, there: set[str | None]) -> Iterator[Change]:
    """Find native enums that one side lacks, and those whose values differ."""
    connection = autogen.connection
    assert connection is not None  # noqa: S101  there is no comparison without one
    dialect = connection.dialect
    wanted = native_enums(autogen.metadata, dialect)
    schemas = {schema or dialect.default_schema_name for schema in there}
    schemas |= {place.schema for place in wanted if place.schema}
    rows = connection.execute(_ENUMS, {"schemas": list(schemas)})
    live: dict[Place, list[str]] = {
        place_of(schema, name, dialect): values for schema, name, values in rows
    }
    for place in sorted(wanted.keys() - live.keys(), key=str):
        detail = f"The database lacks the enum {place}."
        name = place.quoted(dialect)
        make = Execute(create_type(name, wanted[place].enums))
        steps = [Step(Phase.CHANGE, [make], [Execute(f"DROP TYPE {name}")])]
        yield Change("add_enum", "", str(place), detail, steps, order=Order.NEW_TYPE)
    for place in sorted(live.keys() - wanted.keys(), key=str):
        if place.schema not in there:
            continue
        detail = f"The models lack the enum {place}."
        name = place.quoted(dialect)
        make = Execute(create_type(name, live[place]))
        steps = [Step(Phase.CHANGE, [Execute(f"DROP TYPE {name}")], [make])]
        yield Change("remove_enum", "", str(place), detail, steps, order=Order.OLD_TYPE)
    for place in sorted(live.keys() & wanted.keys(), key=str):
        if live[place] != wanted[place].enums:
            yield _change_values(connection, place, live[place], wanted[place].enums)


def _change_values(connection: Connection, place: Place, old: list[str], new: list[str]) -> Change:
    """Name the difference; `rebuilding` finds the steps, when it knows all that changes beside."""
    detail = (
        f"The enum {place} has the values {labels(new)} in the models and {labels(old)} in the "
        "database."
    )
    quoted = place.quoted(connection.dialect)
    oid = connection.scalar(text("SELECT to_regtype(:name)::oid"), {"name": quoted})
    values = EnumValues(oid, place, old, new)
    return Change("change_enum", "", str(place), detail, order=Order.REBUILD, origin=values)
