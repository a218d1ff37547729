"""Finds the schemas of the models that the database lacks."""

from collections.abc import Iterator

from alembic.autogenerate.api import AutogenContext

from safe_migrations.autogenerate.changes import Change, Execute, Order, Phase, Step
from safe_migrations.autogenerate.declared import schemas


def compare(autogen: AutogenContext) -> Iterator[Change]:
    """Find what is to be made first of all; no schema is dropped, others may have things there."""
    there = set(autogen.inspector.get_schema_names())
    quote = autogen.dialect.identifier_preparer.quote
    for name in sorted(schemas(autogen.metadata, autogen.dialect) - there):
        make, drop = Execute(f"CREATE SCHEMA {quote(name)}"), Execute(f"DROP SCHEMA {quote(name)}")
        detail = f"The database lacks the schema {name}."
        steps = [Step(Phase.CHANGE, [make], [drop])]
        yield Change("add_schema", "", name, detail, steps, order=Order.NEW_SCHEMA)
