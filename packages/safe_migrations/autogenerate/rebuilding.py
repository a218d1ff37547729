"""Native enums with other values: these are added, or the type is made anew in all its columns."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from alembic.operations.ops import MigrateOperation
from sqlalchemy import Connection, Dialect, text

from safe_migrations.autogenerate.changes import EnumValues, Execute, Order, Phase, Remark, Step
from safe_migrations.autogenerate.dependents import Column, Dependent
from safe_migrations.autogenerate.place import prefix
from safe_migrations.autogenerate.twin import labels

_USES = text("""
    SELECT CASE WHEN c.relnamespace = current_schema()::regnamespace THEN ''
                ELSE n.nspname || '.' END || c.relname, a.attname::text,
           c.oid::regclass::text, quote_ident(a.attname), t.typelem <> 0
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_type t ON t.oid = a.atttypid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND NOT a.attisdropped
      AND :oid IN (t.oid, nullif(t.typelem, 0))
    ORDER BY 3, 4
""")


@dataclass(frozen=True, slots=True)
class Use:
    """A column of the type, or of arrays of it."""

    table: str
    name: str
    quoted_table: str
    quoted: str
    is_array: bool

    @property
    def column(self) -> Column:
        """Name it as `Dependent.columns` does."""
        return self.table, self.name


def uses(connection: Connection, values: EnumValues) -> list[Use]:
    """Find the columns of an enum."""
    return [Use(*row) for row in connection.execute(_USES, {"oid": values.oid})]


def rebuilt(values: EnumValues, columns: Collection[Use], dialect: Dialect) -> Step:
    """Make the type anew, where a value goes or changes its place."""
    up = _recreated(values, values.new, columns, dialect)
    down = _recreated(values, values.old, columns, dialect)
    return Step(Phase.CHANGE, up, down, Order.REBUILD)


def extended(
    values: EnumValues,
    columns: Collection[Use],
    hanging: Collection[Dependent],
    in_the_way: Sequence[str],
    dialect: Dialect,
) -> Step:
    """Add values; to take them back, make the type anew, and all that hangs on it."""
    down: list[MigrateOperation]
    if in_the_way:
        remark = f"The added values stay: Postgres removes none while {in_the_way[0]} is there."
        down = [Remark(remark)]
    else:
        quote = dialect.identifier_preparer.quote
        gone = sorted(hanging, key=lambda item: item.orders[0])
        back = sorted(hanging, key=lambda item: item.orders[1])
        down = [
            *(Execute(sql) for item in gone for sql in item.drop(quote)),
            *_recreated(values, values.old, columns, dialect),
            *(Execute(sql) for item in back for sql in item.make(quote)),
        ]
    # Where they stay they may be there already.
    unless = "IF NOT EXISTS " if in_the_way else ""
    up = list(_added(values, values.place.quoted(dialect), unless))
    return Step(Phase.VALUES, up, down, Order.REBUILD)


def _added(values: EnumValues, quoted: str, unless: str) -> Iterator[MigrateOperation]:
    for position, value in enumerate(values.new):
        if value in values.old:
            continue
        place = f"BEFORE {labels(values.old[:1])}"
        if position:
            place = f"AFTER {labels([values.new[position - 1]])}"
        yield Execute(f"ALTER TYPE {quoted} ADD VALUE {unless}{labels([value])} {place}")


def _recreated(
    values: EnumValues,
    wanted: Sequence[str],
    columns: Collection[Use],
    dialect: Dialect,
) -> list[MigrateOperation]:
    """Make the type anew; a row that holds a value that is gone makes the statement fail."""
    quoted = values.place.quoted(dialect)
    former = dialect.identifier_preparer.quote(f"former_{values.place.name}")
    statements = [
        f"ALTER TYPE {quoted} RENAME TO {former}",
        f"CREATE TYPE {quoted} AS ENUM ({labels(wanted)})",
    ]
    for table in dict.fromkeys(use.quoted_table for use in columns):
        actions = []
        for use in (use for use in columns if use.quoted_table == table):
            suffix = "[]" if use.is_array else ""
            new = f"{quoted}{suffix}"
            actions.append(
                f"ALTER COLUMN {use.quoted} TYPE {new} USING {use.quoted}::text{suffix}::{new}"
            )
        statements.append(f"ALTER TABLE {table} {', '.join(actions)}")
    statements.append(f"DROP TYPE {prefix(values.place.schema, dialect)}{former}")
    return [Execute(statement) for statement in statements]
