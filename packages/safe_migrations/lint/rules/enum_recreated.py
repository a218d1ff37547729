"""Columns that go from one enum to another, which replaces it."""

from collections.abc import Iterator

from postgast import pg_query_pb2 as pg

from safe_migrations.lint import fixes
from safe_migrations.lint.finding import Situation
from safe_migrations.lint.names import dotted, kind_of, qualified, type_of
from safe_migrations.lint.replay import definition
from safe_migrations.lint.rule import Facts, rule


def _added_in_place(situation: Situation, found: Facts) -> str:
    add = f"ALTER TYPE {_former(situation, found.enum)} ADD VALUE 'VALUE'"
    return (
        fixes.outside_transaction(fixes.execute(add))
        + "\n# to remove a value: text with a CHECK (NOT VALID, then VALIDATE)"
    )


def _former(situation: Situation, enum: str) -> str:
    """Write the name of an enum as it was before the transaction gave it another, to drop it."""
    schema = enum.rpartition(".")[0]
    for tree in (past.statement.tree for past in situation.earlier):
        if tree is not None and kind_of(tree) == "rename_stmt":
            node = tree.rename_stmt
            is_type = node.rename_type == pg.OBJECT_TYPE
            if is_type and qualified(filter(None, (schema, node.newname))) == enum:
                return fixes.name(dotted(node.object))
    return fixes.name(enum)


@rule(
    "an enum that is replaced by another, which rewrites the table",
    why="All rows of {table} are rewritten under ACCESS EXCLUSIVE, and values that the new enum "
    "lacks make it fail. Values can be added in place; they can't be removed.",
    cure=_added_in_place,
)
def enum_recreated(situation: Situation) -> Iterator[Facts]:
    """Find columns that get another enum for their type."""
    enums = situation.catalog.enums
    for table, command in situation.commands(pg.AT_AlterColumnType):
        column = situation.catalog.column(table, command.name)
        new = type_of(definition(command).type_name).name
        if column and column.type.name in enums and new in enums and column.type.name != new:
            yield Facts(table=table, enum=column.type.name)
