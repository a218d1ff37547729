"""Finds what a revision adds in the place of what it drops, as a rename looks to autogeneration.

A foreign key is no such twin: two columns that lead somewhere are both of its type, and no more
alike for that. Nor is a generated column, an identity or one that another dropped column goes with.
"""

from collections.abc import Iterator
from typing import Any

from postgast import pg_query_pb2 as pg

from safe_migrations.lint.alter_effects import column_constraint
from safe_migrations.lint.catalog import Column, Table
from safe_migrations.lint.finding import Situation
from safe_migrations.lint.names import Type, kind_of, relation, strings, type_of
from safe_migrations.lint.replay import definition, is_serial, without_sequence

_OF_ITS_OWN = (
    pg.CONSTR_FOREIGN,
    pg.CONSTR_GENERATED,
    pg.CONSTR_IDENTITY,
    pg.CONSTR_PRIMARY,
)


def added_instead(situation: Situation, table: str, name: str) -> str | None:
    """Find the column that the revision adds for one that it drops; None if that is a guess."""
    found, dropped = situation.catalog.table(table), situation.catalog.column(table, name)
    if found is None or dropped is None or not _is_plain(found, dropped):
        return None
    alike = [
        str(added.colname)
        for command in _commands(situation, table, pg.AT_AddColumn)
        if type_of((added := definition(command)).type_name) == dropped.type
        if added.colname != name and not _is_of_its_own(situation, table, added)
    ]
    # The first that goes is the twin of the first that comes, as they stand in the revision; of
    # those that are gone already, nobody knows the type any more.
    gone = [
        command.name
        for command in _commands(situation, table, pg.AT_DropColumn)
        if (other := found.columns.get(command.name, dropped)).type == dropped.type
        if _is_plain(found, other)
    ]
    place = gone.index(name) if name in gone else 0
    return alike[place] if place < len(alike) else None


def _is_plain(table: Table, column: Column) -> bool:
    is_key = any(
        item.kind == "foreign key" and column.name in item.columns
        for item in table.constraints.values()
    )
    return not (is_key or column.generated or column.is_identity)


def _is_of_its_own(situation: Situation, table: str, added: Any) -> bool:
    if is_serial(type_of(added.type_name)):
        return True
    if any(column_constraint(added, kind) is not None for kind in _OF_ITS_OWN):
        return True
    return any(
        constraint.contype == pg.CONSTR_FOREIGN and added.colname in strings(constraint.fk_attrs)
        for command in _commands(situation, table, pg.AT_AddConstraint)
        for constraint in (definition(command),)
    )


def _commands(situation: Situation, table: str, kind: int) -> Iterator[Any]:
    for statement in situation.revision:
        if statement.tree is None or kind_of(statement.tree) != "alter_table_stmt":
            continue
        node = statement.tree.alter_table_stmt
        if relation(node.relation) == table:
            for item in node.cmds:
                if item.alter_table_cmd.subtype == kind:
                    yield item.alter_table_cmd


def created_instead(situation: Situation, name: str) -> str | None:
    """Find the table that the revision makes with the columns of one that it drops."""
    dropped = situation.catalog.table(name)
    if dropped is None or not dropped.columns:
        return None
    columns = {column.name: column.type.name for column in dropped.columns.values()}
    for statement in situation.revision:
        if statement.tree is None or kind_of(statement.tree) != "create_stmt":
            continue
        node = statement.tree.create_stmt
        made = {
            item.column_def.colname: _stored(type_of(item.column_def.type_name))
            for item in node.table_elts
            if item.HasField("column_def")
        }
        if made == columns and relation(node.relation) != name:
            return relation(node.relation)
    return None


def _stored(type_: Type) -> str:
    return without_sequence(type_).name
