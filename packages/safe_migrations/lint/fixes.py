"""Writes Alembic code for the ways out that rules recommend."""

import re
from collections.abc import Collection, Sequence
from textwrap import indent
from typing import Any

from postgast import pg_query_pb2 as pg

from safe_migrations.lint.finding import Situation
from safe_migrations.lint.names import identifier, kind_of, relation, sql_of
from safe_migrations.lint.replay import definition
from safe_migrations.statements import Statement

NEXT = "# In the next revision:"
# Comments that leave nothing to be done.
_HARMLESS = re.compile(rf"{NEXT}|# lint: allow\(|# or ")


def runs(fix: str) -> bool:
    """Tell whether a way out is code as it stands; else it holds words, as comments."""
    lines = [line.strip() for line in fix.splitlines()]
    comments = [line for line in lines if line.startswith("#")]
    return len(comments) < len(lines) and all(map(_HARMLESS.match, comments))


# What SQLAlchemy's text() takes for a parameter.
_PARAMETER = re.compile(r"(?<![:\w$\\]):(?=[\w$]+(?![:\w$]))")


def execute(sql: str) -> str:
    """Write `op.execute(...)`."""
    # nosemgrep: sql-of-pieces  code that is shown; it runs when somebody has put it into a revision
    return f"op.execute({text(sql)})"


def text(sql: str) -> str:
    """Write SQL as Python code for what SQLAlchemy makes of it: its colons are no parameters."""
    return quoted(_PARAMETER.sub(r"\:", sql))


def literal(value: str) -> str:
    """Write a string for SQL."""
    return "'" + value.replace("'", "''") + "'"


def quoted(text: str) -> str:
    """Write a string as Python code with double quotes, as the code around it has."""
    if '"' in text and "'" not in text:
        return repr(text)
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def name(text: str) -> str:
    """Write an identifier for SQL, in quotes only where it needs them."""
    return ".".join(map(identifier, text.split(".")))


def arguments(table: str) -> tuple[str, str]:
    """Write a table for an `op.` call: the name, and `, schema=...` where it has one."""
    schema, _, bare = table.rpartition(".")
    return quoted(bare), f", schema={quoted(schema)}" if schema else ""


def outside_transaction(*lines: str) -> str:
    """Write code into an autocommit block."""
    return "with op.get_context().autocommit_block():\n" + indent("\n".join(lines), "    ")


def then(*steps: str) -> str:
    """Put the code of several revisions together, the first for this one."""
    return f"\n{NEXT}\n".join(steps)


def add_column(table: str, column: Any) -> str:
    """Write how a column of a tree is added to a table."""
    return alter_table(table, pg.AT_AddColumn, pg.Node(column_def=column))


def alter_table(table: str, kind: int, defined: Any) -> str:
    """Write an ALTER TABLE with one command, from the tree of what it defines."""
    command = pg.AlterTableCmd(
        subtype=kind,
        behavior=pg.DROP_RESTRICT,
        **{"def": defined},
    )
    return _altered(table, command)


def needed(situation: Situation, table: str, columns: Collection[str], constraint: str = "") -> str:
    """Write what the line of a statement does beside it, and it needs: else nothing.

    Of one line Alembic makes several statements, and a statement may be one with many commands.
    Those count that add columns, or drop the constraint of a name.
    """
    trees = [
        past.statement.tree
        for past in situation.earlier
        if past.statement.line == situation.statement.line
    ]
    commands = [
        item.alter_table_cmd
        for tree in (*trees, situation.statement.tree)
        if tree is not None and kind_of(tree) == "alter_table_stmt"
        if relation(tree.alter_table_stmt.relation) == table
        for item in tree.alter_table_stmt.cmds
    ]
    return "".join(
        _altered(table, command) + "\n"
        for command in commands
        if (command.subtype == pg.AT_AddColumn and definition(command).colname in columns)
        or (command.subtype == pg.AT_DropConstraint and command.name == constraint)
    )


def _altered(table: str, command: Any) -> str:
    schema, _, bare = table.rpartition(".")
    alter = pg.AlterTableStmt(
        relation=pg.RangeVar(schemaname=schema, relname=bare, inh=True, relpersistence="p"),
        cmds=[pg.Node(alter_table_cmd=command)],
        objtype=pg.OBJECT_TABLE,
    )
    return execute(sql_of(pg.Node(alter_table_stmt=alter)))


def validate(table: str, constraint: str) -> str:
    """Write the validation of a constraint, which belongs into a transaction of its own."""
    return execute(f"ALTER TABLE {name(table)} VALIDATE CONSTRAINT {name(constraint)}")


def columns(names: Sequence[str]) -> str:
    """Write a list of columns as Python code."""
    return "[" + ", ".join(map(quoted, names)) + "]"


def create_index(
    index: str, table: str, on: Sequence[str], *, unique: bool = False, options: str = ""
) -> str:
    """Write the concurrent build of an index on plain columns; `options` are code, too."""
    bare, schema = arguments(table)
    is_unique = ", unique=True" if unique else ""
    return outside_transaction(
        f"op.create_index({quoted(index)}, {bare}, {columns(on)}{is_unique}{options}{schema}, "
        "postgresql_concurrently=True)"
    )


def rewritten(statement: Any, *, is_outside: bool = False, **changes: Any) -> str:
    """Write a statement with other values of its tree's fields, outside a transaction.

    `is_outside` tells that it is there already.
    """
    copy = type(statement)()
    copy.CopyFrom(statement)
    node = getattr(copy, str(copy.WhichOneof("node")))
    for field, value in changes.items():
        setattr(node, field, value)
    code = execute(sql_of(copy))
    return code if is_outside else outside_transaction(code)


def as_it_is(statement: Statement) -> str:
    """Write the statement outside a transaction."""
    return outside_transaction(execute(statement.sql))


def allow(rule: str, reason: str) -> str:
    """Write the comment that silences a finding."""
    return f"# lint: allow({rule}) {reason}"
