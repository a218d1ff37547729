"""Rules on enums: their values, and others that take their place."""

from collections.abc import Iterator
from typing import Any

from postgast import pg_query_pb2 as pg

from safe_migrations.lint import fixes
from safe_migrations.lint.finding import Problem, Situation
from safe_migrations.lint.names import dotted, find, kind_of, qualified, relation, strings, type_of
from safe_migrations.lint.replay import definition


def enum_recreated(situation: Situation) -> Iterator[Problem]:
    """Find columns that go from one enum to another, which replaces it."""
    for table, command in situation.commands(pg.AT_AlterColumnType):
        column = situation.catalog.column(table, command.name)
        new = type_of(definition(command).type_name).name
        enums = situation.catalog.enums
        if column and column.type.name in enums and new in enums and column.type.name != new:
            yield Problem(
                "enum-recreated",
                f"All rows of {table} are written anew under ACCESS EXCLUSIVE, and values that the "
                "new enum lacks make it fail. Values can be added in place; they can't be removed.",
                fixes.outside_transaction(
                    fixes.execute(
                        f"ALTER TYPE {_former(situation, column.type.name)} ADD VALUE 'VALUE'"
                    )
                )
                + "\n# to be rid of a value: text with a CHECK (NOT VALID, then VALIDATE)",
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


def enum_value_renamed(situation: Situation) -> Iterator[Problem]:
    """Find values of enums that get another name."""
    node = situation.node
    if situation.kind != "alter_enum_stmt" or not node.old_val:
        return
    enum = qualified(strings(node.type_name))
    made_in = situation.catalog.enums.get(enum)
    if made_in is None or made_in not in situation.new:
        yield Problem(
            "enum-value-renamed",
            f"Code that runs meanwhile still writes {node.old_val!r}, which Postgres then refuses, "
            f"and does not know {node.new_val!r}.",
            fixes.outside_transaction(
                fixes.execute(
                    f"ALTER TYPE {fixes.name(enum)} ADD VALUE {fixes.literal(node.new_val)}"
                )
            )
            + f"\n# let the code read both and write {node.new_val!r}, then change the rows with "
            "a Backfill",
        )


def enum_value_used_in_transaction(situation: Situation) -> Iterator[Problem]:
    """Find values of enums that are used before the transaction that added them is committed."""
    for past in situation.earlier:
        tree = past.statement.tree
        if tree is None or kind_of(tree) != "alter_enum_stmt" or tree.alter_enum_stmt.old_val:
            continue
        enum, value = (
            qualified(strings(tree.alter_enum_stmt.type_name)),
            (tree.alter_enum_stmt.new_val),
        )
        made_in = situation.catalog.enums.get(enum)
        if made_in == situation.statement.revision:
            continue  # Postgres allows it for an enum of the same transaction.
        if value and _uses(situation, enum, value):
            yield Problem(
                "enum-value-used-in-transaction",
                f"Postgres refuses {value!r} until the transaction that added it is committed.",
                fixes.as_it_is(past.statement) + "\n# before the statements that use it",
            )


def _uses(situation: Situation, enum: str, value: str) -> bool:
    tree: Any = situation.statement.tree
    if all(item.sval.sval != value for item in find(tree, pg.A_Const)):
        return False
    if any(type_of(item).name == enum for item in find(tree, pg.TypeName)):
        return True
    tables = {relation(item) for item in find(tree, pg.RangeVar)}
    return any(
        column.type.name == enum
        for name in tables
        if (table := situation.catalog.table(name))
        for column in table.columns.values()
    )


RULES = (
    enum_recreated,
    enum_value_renamed,
    enum_value_used_in_transaction,
)
