"""Compares native enums, which Alembic leaves alone: made, dropped, and their values.

This service holds its vocabularies in text with a CHECK; these few lines are for whoever has a
native enum after all, so that what `migrate` writes for it runs.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from alembic.autogenerate.api import AutogenContext
from alembic.operations.ops import MigrateOperation
from sqlalchemy import Connection, text

from service.schema.autogenerate.changes import Change, Execute, Order, Phase, Step
from service.schema.autogenerate.twin import create_type, labels, native_enums

_ENUMS = text("""
    SELECT t.typname::text, array_agg(e.enumlabel::text ORDER BY e.enumsortorder)
    FROM pg_type t JOIN pg_enum e ON e.enumtypid = t.oid
    WHERE t.typnamespace = current_schema()::regnamespace
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = t.oid AND d.deptype = 'e')
    GROUP BY 1 ORDER BY 1
""")
_USES = text("""
    SELECT c.oid::regclass::text, quote_ident(a.attname), t.typelem <> 0,
           pg_get_expr(d.adbin, d.adrelid)
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE c.relkind IN ('r', 'p') AND NOT a.attisdropped
      AND c.relnamespace = current_schema()::regnamespace
      AND to_regtype(quote_ident(:name)) IN (t.oid, nullif(t.typelem, 0))
    ORDER BY 1, 2
""")


@dataclass(frozen=True, slots=True)
class _Use:
    """A column of the type, or of arrays of it."""

    table: str
    column: str
    is_array: bool
    default: str | None


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
            yield _change_values(connection, quote, name, live[name], wanted[name].enums)


def _change_values(
    connection: Connection,
    quote: Callable[[str], str],
    name: str,
    old: list[str],
    new: list[str],
) -> Change:
    uses = [_Use(*row) for row in connection.execute(_USES, {"name": name})]
    quoted, former = quote(name), quote(f"former_{name}")
    back = _recreate(quoted, former, old, uses)
    up = _recreate(quoted, former, new, uses)
    if [value for value in new if value in old] == old:
        up = list(_add_values(quoted, old, new))
    detail = (
        f"The enum {name} has the values {labels(new)} in the models and {labels(old)} in the "
        "database."
    )
    steps = [Step(Phase.VALUES, up, back)]
    return Change("change_enum", "", name, detail, steps, order=Order.NEW_TYPE)


def _add_values(quoted: str, old: Sequence[str], new: Sequence[str]) -> Iterator[MigrateOperation]:
    for position, value in enumerate(new):
        if value in old:
            continue
        place = f"AFTER {labels([new[position - 1]])}" if position else f"BEFORE {labels(old[:1])}"
        yield Execute(f"ALTER TYPE {quoted} ADD VALUE {labels([value])} {place}")


def _recreate(
    quoted: str, former: str, values: Sequence[str], uses: list[_Use]
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
    statements.append(f"DROP TYPE {former}")
    return [Execute(statement) for statement in statements]
