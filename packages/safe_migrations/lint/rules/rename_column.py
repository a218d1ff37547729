"""Columns that get another name."""

from collections.abc import Iterator

from postgast import pg_query_pb2 as pg

from safe_migrations.lint import fixes
from safe_migrations.lint.finding import Situation
from safe_migrations.lint.names import relation
from safe_migrations.lint.rule import Facts, rule


def _expand_and_contract(situation: Situation, found: Facts) -> str:
    known = situation.catalog.column(found.table, found.old)
    type_ = f" of type {known.type.name}" if known else ""
    return (
        f"# add {found.new}{type_} to {found.table}; write both in the code; then\n"
        f"{fixes.copied(found.table, found.old, found.new)}\n"
        f"# read {found.new} in the code, and drop {found.old} a release later"
    )


@rule(
    "a column that is renamed",
    why="Code that runs meanwhile reads and writes {table}.{old} and fails.",
    cure=_expand_and_contract,
    breaks_release_before=True,
)
def rename_column(situation: Situation) -> Iterator[Facts]:
    """Find columns of tables that get another name."""
    for found in _renamed(situation):
        is_known = situation.is_in_use(found.table)
        is_view = found.table in situation.catalog.views
        if is_known and not is_view and not situation.is_column_new(found.table, found.old):
            yield found


@rename_column.also(
    why="Code that runs meanwhile reads {table}.{old} and fails.",
    cure="# put {new} beside it, as the last column, by CREATE OR REPLACE VIEW",
)
def of_a_view(situation: Situation) -> Iterator[Facts]:
    """Find columns of views that get another name."""
    for found in _renamed(situation):
        if found.table in situation.catalog.views and situation.is_view_in_use(found.table):
            yield found


def _renamed(situation: Situation) -> Iterator[Facts]:
    node = situation.node
    if situation.kind == "rename_stmt" and node.rename_type == pg.OBJECT_COLUMN:
        yield Facts(table=relation(node.relation), old=node.subname, new=node.newname)
