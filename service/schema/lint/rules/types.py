"""Rules on types: columns that get another one, and the values of enums."""

from collections.abc import Iterator
from typing import Any

from postgast import pg_query_pb2 as pg

from service.schema.lint import fixes
from service.schema.lint.alter_effects import type_change_rewrites
from service.schema.lint.finding import Problem, Situation
from service.schema.lint.names import (
    Type,
    dotted,
    find,
    kind_of,
    qualified,
    relation,
    strings,
    text_of,
    type_of,
    type_text,
)
from service.schema.lint.replay import collation_of, definition
from service.schema.lint.types import rebuilds_indexes


def type_change_rewrites_table(situation: Situation) -> Iterator[Problem]:
    """Find changes of a column's type that write the table anew, or the column's indexes."""
    for table, command in situation.commands(pg.AT_AlterColumnType):
        new = type_of(definition(command).type_name)
        column = situation.catalog.column(table, command.name)
        if type_change_rewrites(situation.catalog, table, command):
            what = f"all rows and indexes of {table}"
        elif column and (
            rebuilds_indexes(column.type, new)
            or column.collation != collation_of(definition(command))
        ):
            indexes = situation.catalog.indexes_on(table, command.name)
            if not indexes:
                continue
            what = f"{' and '.join(indexes)}, with all rows of {table},"
        else:
            continue
        old = _written(column.type) if column else "an unknown type"
        yield Problem(
            "type-change-rewrites",
            f"From {old} to {_written(new)} Postgres writes {what} anew under ACCESS EXCLUSIVE: "
            "reads and writes wait.",
            _new_column(table, command.name, situation),
        )


def _written(type_: Type) -> str:
    modifiers = f"({', '.join(map(str, type_.modifiers))})" if type_.modifiers else ""
    return f"{type_.name}{modifiers}{'[]' * type_.is_array}"


def _new_column(table: str, column: str, situation: Situation) -> str:
    for _, command in situation.commands(pg.AT_AlterColumnType):
        if command.name == column:
            new = f"{column}_new"
            changed = definition(command)
            type_ = type_text(changed.type_name)
            value = f"CAST({fixes.name(column)} AS {type_})"
            if changed.HasField("raw_default"):  # USING
                value = text_of(changed.raw_default)
            bare = table.rpartition(".")[2]
            return (
                fixes.execute(
                    f"ALTER TABLE {fixes.name(table)} ADD COLUMN {fixes.name(new)} {type_}"
                )
                + "\n# write both in the code, then in the next revision:\n"
                "from service.schema.backfill import Backfill\n"
                f'Backfill(name="{bare}_{new}", table={fixes.quoted(table)}, '
                f"set={{{fixes.quoted(new)}: "
                f"{fixes.quoted(value)}}}, "
                f"where={fixes.quoted(f'{fixes.name(new)} IS NULL')}).run(op)\n"
                f"# read {new} in the code, and drop {column} a release later"
            )
    raise AssertionError(column)


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
    type_change_rewrites_table,
    enum_recreated,
    enum_value_renamed,
    enum_value_used_in_transaction,
)
