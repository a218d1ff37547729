"""Columns with a sequence that are added to a table in use."""

from collections.abc import Iterator

from postgast import pg_query_pb2 as pg

from safe_migrations.lint.added import numbered
from safe_migrations.lint.alter_effects import column_constraint
from safe_migrations.lint.finding import Situation
from safe_migrations.lint.names import type_of
from safe_migrations.lint.replay import definition, is_serial
from safe_migrations.lint.rule import Facts, rule


@rule(
    "a new identity or serial column, which rewrites the table",
    why="Every row gets a number of its own: Postgres rewrites every row under ACCESS "
    "EXCLUSIVE, so that all reads and writes wait.",
    cure=lambda situation, found: numbered(situation, found.table, found.definition),
)
def identity_column(situation: Situation) -> Iterator[Facts]:
    """Find identity and serial columns that are added."""
    for table, command in situation.commands(pg.AT_AddColumn):
        column = definition(command)
        is_identity = column_constraint(column, pg.CONSTR_IDENTITY) is not None
        if is_identity or is_serial(type_of(column.type_name)):
            yield Facts(table=table, definition=column)
