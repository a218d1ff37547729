"""NOT NULL columns for which the rows that are there have no value."""

from collections.abc import Iterator
from typing import Any

from postgast import pg_query_pb2 as pg

from safe_migrations.lint.added import add
from safe_migrations.lint.alter_effects import column_constraint, column_default
from safe_migrations.lint.finding import Situation
from safe_migrations.lint.names import type_of, type_text
from safe_migrations.lint.replay import definition, is_serial
from safe_migrations.lint.rule import Facts, rule

_NEUTRAL = {
    **dict.fromkeys(("bpchar", "text", "varchar"), "''"),
    **dict.fromkeys(("float4", "float8", "int2", "int4", "int8", "numeric"), "0"),
    **dict.fromkeys(("timestamp", "timestamptz"), "now()"),
    "bool": "false",
    "date": "CURRENT_DATE",
    "interval": "'0'",
    "jsonb": "'{}'",
}
"""What stands for no value yet in columns of a type; none of it is written to the rows."""


def _with_value(_: Situation, found: Facts) -> str:
    """Write the column with a constant that old rows and older code's INSERTs get, or nullable."""
    column = found.definition
    type_ = type_text(column.type_name)
    value = _NEUTRAL.get(type_of(column.type_name).name)
    if type_of(column.type_name).is_array:
        value = "'{}'"
    if value is None:
        later = f"# NOT NULL a release later, when all code that runs writes {column.colname}"
        return f"{add(found.table, column, type_)}\n{later}"
    which = "# or another value, which old rows and INSERTs of the release before get:"
    return f"{which}\n{add(found.table, column, f'{type_} NOT NULL DEFAULT {value}')}"


@rule(
    "a new NOT NULL column without a value for the rows that are there",
    why="Postgres refuses it as soon as {table} has a row, and code of the release before inserts "
    "rows without {column}.",
    cure=_with_value,
)
def not_null_without_default(situation: Situation) -> Iterator[Facts]:
    """Find NOT NULL columns that are added without a value."""
    for table, command in situation.commands(pg.AT_AddColumn):
        column = definition(command)
        must = any(
            column_constraint(column, kind) is not None
            for kind in (pg.CONSTR_NOTNULL, pg.CONSTR_PRIMARY)
        )
        if must and not _has_value(column):
            yield Facts(table=table, column=column.colname, definition=column)


def _has_value(column: Any) -> bool:
    return (
        is_serial(type_of(column.type_name))
        or column_default(column) is not None
        or any(
            column_constraint(column, kind) is not None
            for kind in (pg.CONSTR_GENERATED, pg.CONSTR_IDENTITY)
        )
    )
