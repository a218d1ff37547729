"""Tables and views that go."""

from collections.abc import Iterator
from typing import Any

from postgast import pg_query_pb2 as pg

from safe_migrations.lint.finding import Situation
from safe_migrations.lint.names import dotted, find, relation
from safe_migrations.lint.rule import Facts, rule


@rule(
    "a table or view that is dropped",
    why="Code that runs meanwhile uses {table} and fails; the rows are lost.",
    cure="# first release code that no longer uses it, then:\n{allow} last used in release X",
    breaks_release_before=True,
)
def drop_table(situation: Situation) -> Iterator[Facts]:
    """Find tables that are dropped, alone or with their schema."""
    for name in dropped_tables(situation):
        yield Facts(table=name)
    node = situation.node
    is_schema = situation.kind == "drop_stmt" and node.remove_type == pg.OBJECT_SCHEMA
    for item in node.objects if is_schema and node.behavior == pg.DROP_CASCADE else ():
        yield Facts(table=f"all tables of {dotted(item)}")


def dropped_tables(situation: Situation) -> Iterator[str]:
    """Name the tables in use that a statement drops."""
    is_drop = situation.kind == "drop_stmt"
    if is_drop and situation.node.remove_type in {pg.OBJECT_TABLE, pg.OBJECT_FOREIGN_TABLE}:
        for name in map(dotted, situation.node.objects):
            if situation.is_in_use(name):
                yield name


@drop_table.also(
    why="Code that runs meanwhile reads the view {view} and fails.",
    cure="# first release code that no longer reads it, then:\n{allow} last read in release X",
)
def of_a_view(situation: Situation) -> Iterator[Facts]:
    """Find views that go and don't come back in the same transaction."""
    node = situation.node
    is_in_use = {pg.OBJECT_VIEW: situation.is_view_in_use, pg.OBJECT_MATVIEW: situation.is_in_use}
    if situation.kind != "drop_stmt" or node.remove_type not in is_in_use:
        return
    made = {
        relation(item)
        for statement in situation.revision
        if statement.tree is not None and statement.transaction == situation.statement.transaction
        for item in _made_views(statement.tree)
    }
    for name in map(dotted, node.objects):
        if is_in_use[node.remove_type](name) and name not in made:
            yield Facts(view=name)


def _made_views(tree: Any) -> list[Any]:
    views = [item.view for item in find(tree, pg.ViewStmt)]
    return views + [item.into.rel for item in find(tree, pg.CreateTableAsStmt)]
