"""Columns that become NOT NULL by reading all rows."""

from collections.abc import Iterator
from typing import Any

from postgast import pg_query_pb2 as pg

from safe_migrations.lint.added import set_not_null
from safe_migrations.lint.alter_effects import nullable_key
from safe_migrations.lint.finding import Situation
from safe_migrations.lint.replay import definition
from safe_migrations.lint.rule import Facts, rule


@rule(
    "a column that becomes NOT NULL by reading all rows under a strong lock",
    why="Postgres reads all rows of {table} under ACCESS EXCLUSIVE, so that all reads and writes "
    "wait; a constraint that is validated first spares that.",
    cure=lambda situation, found: set_not_null(situation, found.table, found.column),
)
def set_not_null_scans(situation: Situation) -> Iterator[Facts]:
    """Find columns that become NOT NULL and were not proved to be."""
    for table, command in situation.commands(pg.AT_SetNotNull, pg.AT_AddConstraint):
        known = situation.catalog.table(table)
        for column in _made_not_null(situation, table, command):
            if known is None or not known.is_proved_not_null(column):
                yield Facts(table=table, column=column)


def _made_not_null(situation: Situation, table: str, command: Any) -> tuple[str, ...]:
    if command.subtype == pg.AT_SetNotNull:
        return (command.name,)
    constraint = definition(command)
    if constraint.contype == pg.CONSTR_NOTNULL and not constraint.skip_validation:
        return tuple(item.string.sval for item in constraint.keys)
    if constraint.contype == pg.CONSTR_PRIMARY and constraint.indexname:
        return nullable_key(situation.catalog, table, constraint)
    return ()
