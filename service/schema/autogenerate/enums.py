"""Compares native enums, which Alembic leaves alone: made, dropped, and their values.

This service holds its vocabularies in text with a CHECK; these few lines are for whoever has a
native enum after all, so that what `migrate` writes for it runs.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from alembic.autogenerate.api import AutogenContext
from alembic.operations.ops import MigrateOperation
from sqlalchemy import Connection, text

from service.schema.autogenerate.changes import Change, Execute, Order, Phase, Step
from service.schema.autogenerate.declared import native_enums
from service.schema.autogenerate.place import Place, place_of, prefix
from service.schema.autogenerate.twin import create_type, labels

_ENUMS = text("""
    SELECT n.nspname::text, t.typname::text,
           array_agg(e.enumlabel::text ORDER BY e.enumsortorder)
    FROM pg_type t JOIN pg_enum e ON e.enumtypid = t.oid
    JOIN pg_namespace n ON n.oid = t.typnamespace
    WHERE n.nspname = ANY (:schemas)
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = t.oid AND d.deptype = 'e')
    GROUP BY 1, 2 ORDER BY 1, 2
""")
_USES = text("""
    SELECT c.oid::regclass::text, quote_ident(a.attname), t.typelem <> 0,
           pg_get_expr(d.adbin, d.adrelid)
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE c.relkind IN ('r', 'p') AND NOT a.attisdropped
      AND to_regtype(:name) IN (t.oid, nullif(t.typelem, 0))
    ORDER BY 1, 2
""")


@dataclass(frozen=True, slots=True)
class _Use:
    """A column of the type, or of arrays of it."""

    table: str
    column: str
    is_array: bool
    default: str | None


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
    dialect = connection.dialect
    quoted = place.quoted(dialect)
    former = dialect.identifier_preparer.quote(f"former_{place.name}")
    uses = [_Use(*row) for row in connection.execute(_USES, {"name": quoted})]
    before = prefix(place.schema, dialect)
    back = _recreate(quoted, before, former, old, uses)
    up = _recreate(quoted, before, former, new, uses)
    if [value for value in new if value in old] == old:
        up = list(_add_values(quoted, old, new))
    detail = (
        f"The enum {place} has the values {labels(new)} in the models and {labels(old)} in the "
        "database."
    )
    steps = [Step(Phase.VALUES, up, back)]
    return Change("change_enum", "", str(place), detail, steps, order=Order.NEW_TYPE)


def _add_values(quoted: str, old: Sequence[str], new: Sequence[str]) -> Iterator[MigrateOperation]:
    for position, value in enumerate(new):
        if value in old:
            continue
        place = f"AFTER {labels([new[position - 1]])}" if position else f"BEFORE {labels(old[:1])}"
        yield Execute(f"ALTER TYPE {quoted} ADD VALUE {labels([value])} {place}")


def _recreate(
    quoted: str, before: str, former: str, values: Sequence[str], uses: list[_Use]
) -> list[MigrateOperation]:
    """Make the type anew; a row that holds a value that is gone makes the statement fail."""
    statements = [
        f"ALTER TYPE {quoted} RENAME TO {former}",
        f"CREATE TYPE {quoted} AS ENUM ({labels(values)})",
    ]
    for use in uses:
        alter = f"ALTER TABLE {use.table} ALTER COLUMN {use.column}"
        suffix = "[]" if use.is_array else ""
        if use.default:
            statements.append(f"{alter} DROP DEFAULT")
        statements.append(
            f"{alter} TYPE {quoted}{suffix} USING {use.column}::text{suffix}::{quoted}{suffix}"
        )
        if use.default:
            statements.append(f"{alter} SET DEFAULT {use.default}")
    statements.append(f"DROP TYPE {before}{former}")
    return [Execute(statement) for statement in statements]
