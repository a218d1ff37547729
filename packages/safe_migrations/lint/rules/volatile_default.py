"""Defaults that are another value in each row."""

from collections.abc import Iterator

from postgast import pg_query_pb2 as pg

from safe_migrations.lint import fixes
from safe_migrations.lint.added import add_and_fill
from safe_migrations.lint.alter_effects import column_default
from safe_migrations.lint.finding import Situation
from safe_migrations.lint.names import text_of, type_text
from safe_migrations.lint.replay import definition
from safe_migrations.lint.rule import Facts, rule
from safe_migrations.lint.volatility import is_volatile


def _default_apart(situation: Situation, found: Facts) -> str:
    column = found.definition
    type_ = type_text(column.type_name)
    return fixes.then(*add_and_fill(situation, found.table, column, type_, found.default))


@rule(
    "a new column whose default differs from row to row, which rewrites the table",
    why="The default {default} differs from row to row: Postgres rewrites every row under "
    "ACCESS EXCLUSIVE, so that all reads and writes wait.",
    cure=_default_apart,
)
def volatile_default(situation: Situation) -> Iterator[Facts]:
    """Find columns that are added with a volatile default."""
    for table, command in situation.commands(pg.AT_AddColumn):
        column = definition(command)
        default = column_default(column)
        if default is not None and is_volatile(default, situation.catalog):
            yield Facts(table=table, definition=column, default=text_of(default))
