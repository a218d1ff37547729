"""Generated columns that are stored, and new expressions of such."""

from collections.abc import Iterator

from postgast import pg_query_pb2 as pg

from safe_migrations.lint import fixes
from safe_migrations.lint.added import VIRTUAL_SINCE, add, backfill
from safe_migrations.lint.alter_effects import column_constraint, is_stored, sets_stored
from safe_migrations.lint.finding import Situation
from safe_migrations.lint.names import text_of, type_text
from safe_migrations.lint.replay import definition
from safe_migrations.lint.rule import Facts, rule


def _virtual_or_plain(situation: Situation, found: Facts) -> str:
    table, column = found.table, found.definition
    value = text_of(column_constraint(column, pg.CONSTR_GENERATED).raw_expr)
    type_ = type_text(column.type_name)
    if situation.catalog.major >= VIRTUAL_SINCE:
        return add(table, column, f"{type_} GENERATED ALWAYS AS ({value}) VIRTUAL")
    return fixes.then(
        "# with a trigger or the application filling it for new rows:\n"
        + add(table, column, type_),
        backfill(situation, table, column.colname, value),
    )


@rule(
    "a stored generated column, which rewrites the table",
    why="Postgres rewrites every row under ACCESS EXCLUSIVE, so that all reads and writes wait.",
    cure=_virtual_or_plain,
)
def stored_generated_column(situation: Situation) -> Iterator[Facts]:
    """Find generated columns that are added and stored."""
    for table, command in situation.commands(pg.AT_AddColumn):
        column = definition(command)
        if is_stored(column):
            yield Facts(table=table, definition=column)


@stored_generated_column.also(
    why="A stored column's new expression rewrites every row under ACCESS EXCLUSIVE, so that "
    "all reads and writes wait.",
    cure="# add a column beside {table}.{column}, fill it with a Backfill, and let the code read "
    "that one",
)
def another_expression(situation: Situation) -> Iterator[Facts]:
    """Find stored columns that get another expression."""
    for table, command in situation.commands(pg.AT_SetExpression):
        if sets_stored(situation.catalog, table, command):
            yield Facts(table=table, column=command.name)
