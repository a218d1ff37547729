"""Columns that go."""

from collections.abc import Iterator

from postgast import pg_query_pb2 as pg

from safe_migrations.lint import fixes
from safe_migrations.lint.finding import Situation
from safe_migrations.lint.names import dotted, strings
from safe_migrations.lint.rule import Facts, rule

_TYPES = {pg.OBJECT_TYPE, pg.OBJECT_DOMAIN}


@rule(
    "a column that is dropped",
    why="Code that runs meanwhile reads {table}.{column} and fails; the values are lost.",
    cure="# first release code that no longer reads it, then:\n{allow} last read in release X",
    breaks_release_before=True,
)
def drop_column(situation: Situation) -> Iterator[Facts]:
    """Find columns that are dropped."""
    for table, command in situation.commands(pg.AT_DropColumn):
        if not situation.is_column_new(table, command.name):
            yield Facts(table=table, column=command.name)


def _without_cascade(_: Situation, found: Facts) -> str:
    drop = f"DROP EXTENSION {', '.join(map(fixes.name, found.extensions))}"
    why = "# without CASCADE Postgres refuses it, and names what is in the way:"
    return f"{why}\n{fixes.execute(drop)}"


@drop_column.also(
    why="With CASCADE all columns, indexes and views that use {extensions} go, too: code that runs "
    "meanwhile reads them and fails; the values are lost.",
    cure=_without_cascade,
)
def with_an_extension(situation: Situation) -> Iterator[Facts]:
    """Find extensions that take along what is made of them."""
    node = situation.node
    if _cascades(situation) and node.remove_type == pg.OBJECT_EXTENSION:
        yield Facts(extensions=strings(node.objects))


@drop_column.also(
    why="With CASCADE {columns} go, too: code that runs meanwhile reads them and fails; the values "
    "are lost.",
    cure="# first release code that no longer reads them, then:\n{allow} last read in release X",
)
def with_their_type(situation: Situation) -> Iterator[Facts]:
    """Find types whose columns go with them."""
    if not _cascades(situation) or situation.node.remove_type not in _TYPES:
        return
    for name in map(dotted, situation.node.objects):
        columns = [
            f"{table.name}.{column.name}"
            for table in situation.catalog.of_type(name)
            if situation.is_in_use(table.name)
            for column in table.columns.values()
            if column.type.name == name
        ]
        if columns:
            yield Facts(columns=columns)


def _cascades(situation: Situation) -> bool:
    return situation.kind == "drop_stmt" and situation.node.behavior == pg.DROP_CASCADE
