"""Writes how columns get their values, and become NOT NULL, on a table in use."""

from typing import Any

from postgast import pg_query_pb2 as pg

from safe_migrations import cookbook
from safe_migrations.lint import fixes
from safe_migrations.lint.alter_effects import column_constraint
from safe_migrations.lint.finding import Situation
from safe_migrations.lint.names import type_of, type_text
from safe_migrations.lint.naming import object_name
from safe_migrations.lint.replay import constraint_name, is_serial, without_sequence

VIRTUAL_SINCE = 18
"""The first version with virtual generated columns."""


def add(table: str, column: Any, type_: str) -> str:
    """Write how a column of a type is added, without all else."""
    return fixes.execute(
        f"ALTER TABLE {fixes.name(table)} ADD COLUMN {fixes.name(column.colname)} {type_}"
    )


def add_and_fill(
    situation: Situation, table: str, column: Any, type_: str, value: str, *, owned: str = ""
) -> list[str]:
    """Write the column and its default apart, the older rows' values as a backfill, and the rest.

    `owned` is code that belongs to the first step. These are steps for `fixes.then`.
    """
    alter = f"ALTER TABLE {fixes.name(table)} ALTER COLUMN {fixes.name(column.colname)}"
    default = fixes.execute(f"{alter} SET DEFAULT {value}")
    steps = [
        f"{add(table, column, type_)}\n{default}{owned}",
        backfill(situation, table, column.colname, value),
    ]
    key = column_constraint(column, pg.CONSTR_PRIMARY)
    kinds = (pg.CONSTR_NOTNULL, pg.CONSTR_PRIMARY, pg.CONSTR_IDENTITY)
    if is_serial(type_of(column.type_name)) or any(
        column_constraint(column, kind) is not None for kind in kinds
    ):
        steps.append(set_not_null(situation, table, column.colname))
    if key is not None:
        constraint = constraint_name(table, key)
        steps.append(fixes.key(table, constraint, "PRIMARY KEY", [column.colname]))
    return steps


def backfill(situation: Situation, table: str, column: str, value: str) -> str:
    """Write how the older rows of a table get a value."""
    found = situation.catalog.table(table)
    constraints = found.constraints.values() if found else ()
    keys = [
        columns
        for columns in situation.catalog.unique_keys(table)
        if found and all(found.is_proved_not_null(item) for item in columns)
    ]
    key = ""
    if found and not any(item.kind == "primary key" for item in constraints):
        if not keys:
            return (
                f"# {table} has no key by which a Backfill could go through it: make or keep a "
                f"unique index on NOT NULL columns until {column} is filled"
            )
        key = f", key={tuple(keys[0])!r}".replace("'", '"')
    return (
        "from safe_migrations.backfill import Backfill\n"
        f"Backfill(name={fixes.quoted(f'{table}_{column}'.replace('.', '_'))}, "
        f"table={fixes.quoted(table)}, "
        f"set={{{fixes.quoted(column)}: {fixes.quoted(value)}}}, "
        f"where={fixes.quoted(fixes.name(column) + ' IS NULL')}{key}).run(op)"
    )


def set_not_null(situation: Situation, table: str, column: str) -> str:
    """Write how a column becomes NOT NULL without a scan under ACCESS EXCLUSIVE."""
    found = situation.catalog.table(table)
    for item in found.constraints.values() if found else ():
        if item.kind == "not null" and item.columns == (column,):
            return fixes.validate(table, item.name)
    return fixes.printed(cookbook.required(fixes.place(table), column, situation.catalog.major))


def numbered(situation: Situation, table: str, column: Any) -> str:
    """Write how a column with a sequence comes to a table in use."""
    type_ = type_of(column.type_name)
    plain = without_sequence(type_).name if is_serial(type_) else type_text(column.type_name)
    schema, _, base = table.rpartition(".")
    identity = column_constraint(column, pg.CONSTR_IDENTITY)
    # An identity's own sequence comes last, and goes on where this one ends.
    bare = object_name(base, column.colname, "seq" if identity is None else "seq_before")
    sequence = fixes.name(".".join(filter(None, (schema, bare))))
    where = f"{fixes.name(table)}.{fixes.name(column.colname)}"
    number = f"nextval({fixes.literal(sequence)})"
    owned = "\n" + fixes.execute(f"ALTER SEQUENCE {sequence} OWNED BY {where}")
    first, *steps = add_and_fill(situation, table, column, plain, number, owned=owned)
    steps = [fixes.execute(f"CREATE SEQUENCE {sequence} AS {plain}") + "\n" + first, *steps]
    if identity is not None:
        when = "ALWAYS" if identity.generated_when == "a" else "BY DEFAULT"
        alter = f"ALTER COLUMN {fixes.name(column.colname)}"
        own = f"{fixes.literal(fixes.name(table))}, {fixes.literal(column.colname)}"
        go_on = f"setval(pg_get_serial_sequence({own}), last_value, is_called)"
        steps.append(
            "\n".join(
                fixes.execute(sql)
                for sql in (
                    (
                        f"ALTER TABLE {fixes.name(table)} {alter} DROP DEFAULT, "
                        f"{alter} ADD GENERATED {when} AS IDENTITY"
                    ),
                    f"SELECT {go_on} FROM {sequence}",  # noqa: S608  names, quoted
                    f"DROP SEQUENCE {sequence}",
                )
            )
        )
    return fixes.then(*steps)
