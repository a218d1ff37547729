"""Compares native enums, which Alembic leaves alone: made, dropped, and their values.

This service holds its vocabularies in text with a CHECK; these few lines are for whoever has a
native enum after all, so that what `migrate` writes for it runs.
"""

from collections.abc import Iterator

from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Connection, text

from service.schema.autogenerate.changes import Change, EnumValues, Execute, Order, Phase, Step
from service.schema.autogenerate.twin import create_type, labels, native_enums

_ENUMS = text("""
    SELECT t.typname::text, array_agg(e.enumlabel::text ORDER BY e.enumsortorder)
    FROM pg_type t JOIN pg_enum e ON e.enumtypid = t.oid
    WHERE t.typnamespace = current_schema()::regnamespace
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = t.oid AND d.deptype = 'e')
    GROUP BY 1 ORDER BY 1
""")


def compare(autogen: AutogenContext) -> Iterator[Change]:
    """Find native enums that one side lacks, and those whose values differ."""
    connection = autogen.connection
    assert connection is not None  # noqa: S101  there is no comparison without one
    quote = autogen.dialect.identifier_preparer.quote
    live: dict[str, list[str]] = dict(tuple(row) for row in connection.execute(_ENUMS))
    wanted = native_enums(autogen.metadata)
    for name in sorted(wanted.keys() - live.keys()):
        detail = f"The database lacks the enum {name}."
        make, drop = Execute(create_type(wanted[name])), Execute(f"DROP TYPE {quote(name)}")
        steps = [Step(Phase.CHANGE, [make], [drop])]
        yield Change("add_enum", "", name, detail, steps, order=Order.NEW_TYPE)
    for name in sorted(live.keys() - wanted.keys()):
        detail = f"The models lack the enum {name}."
        drop = Execute(f"DROP TYPE {quote(name)}")
        make = Execute(f"CREATE TYPE {quote(name)} AS ENUM ({labels(live[name])})")
        steps = [Step(Phase.CHANGE, [drop], [make])]
        yield Change("remove_enum", "", name, detail, steps, order=Order.OLD_TYPE)
    for name in sorted(live.keys() & wanted.keys()):
        if live[name] != wanted[name].enums:
            yield _change_values(connection, quote(name), name, live[name], wanted[name].enums)


def _change_values(
    connection: Connection, quoted: str, name: str, old: list[str], new: list[str]
) -> Change:
    """Name the difference; `rebuilding` finds the steps, when it knows all that changes beside."""
    detail = (
        f"The enum {name} has the values {labels(new)} in the models and {labels(old)} in the "
        "database."
    )
    oid = connection.scalar(text("SELECT to_regtype(:name)::oid"), {"name": quoted})
    values = EnumValues(oid, name, quoted, old, new)
    return Change("change_enum", "", name, detail, order=Order.REBUILD, origin=values)
