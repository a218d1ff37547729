"""Drops beside something alike that is added, as a rename looks to autogeneration."""

from collections.abc import Iterator

from postgast import pg_query_pb2 as pg

from safe_migrations.lint import fixes
from safe_migrations.lint.finding import Situation
from safe_migrations.lint.rule import Facts, rule
from safe_migrations.lint.rules.drop_table import dropped_tables
from safe_migrations.lint.twins import added_instead, created_instead


def _keep_and_copy(_: Situation, found: Facts) -> str:
    copied = fixes.copied(found.table, found.column, found.twin)
    return f"# keep {found.column} for now; after adding {found.twin}:\n{copied}"


@rule(
    "a drop beside a new column or table of the same kind, which is how autogenerate sees a rename",
    why="{table}.{twin} has the type of {column}, which is dropped: if this is a rename, all "
    "values are lost.",
    cure=_keep_and_copy,
)
def drop_and_add_is_rename(situation: Situation) -> Iterator[Facts]:
    """Find columns that are dropped where one of their type is added."""
    for table, command in situation.commands(pg.AT_DropColumn):
        if not situation.is_column_new(table, command.name):
            twin = added_instead(situation, table, command.name)
            if twin:
                yield Facts(table=table, column=command.name, twin=twin)


@drop_and_add_is_rename.also(
    why="{twin} has the columns of {table}, which is dropped: if this is a rename, all rows are "
    "lost.",
    cure="# keep {table} for now; write both in the code, copy its rows to {twin} in batches, and "
    "drop it a release after the last code that reads it",
)
def of_a_table(situation: Situation) -> Iterator[Facts]:
    """Find tables that are dropped where one with their columns is made."""
    for table in dropped_tables(situation):
        twin = created_instead(situation, table)
        if twin:
            yield Facts(table=table, twin=twin)
