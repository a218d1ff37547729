"""Writes Alembic code for the ways out that rules recommend."""

from collections.abc import Sequence
from textwrap import indent
from typing import Any

from postgast import pg_query_pb2 as pg

from service.schema.lint.names import sql_of
from service.schema.statements import Statement

NEXT = "# In the next revision:"


def execute(sql: str) -> str:
    """Write `op.execute(...)`."""
    return f"op.execute({quoted(sql)})"


def quoted(text: str) -> str:
    """Write a string as Python code with double quotes, as the code around it has."""
    if '"' in text and "'" not in text:
        return repr(text)
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def name(text: str) -> str:
    """Write an identifier for SQL, in quotes only where it needs them."""
    if text == text.lower() and text.replace("_", "a").replace(".", "a").isalnum():
        return text
    return ".".join(f'"{part}"' for part in text.split("."))


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
    schema, _, bare = table.rpartition(".")
    command = pg.AlterTableCmd(
        subtype=pg.AT_AddColumn,
        behavior=pg.DROP_RESTRICT,
        **{"def": pg.Node(column_def=column)},
    )
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


def create_index(index: str, table: str, on: Sequence[str], *, unique: bool = False) -> str:
    """Write the concurrent build of an index on plain columns."""
    bare, schema = arguments(table)
    options = ", unique=True" if unique else ""
    return outside_transaction(
        f"op.create_index({quoted(index)}, {bare}, {columns(on)}{options}{schema}, "
        "postgresql_concurrently=True)"
    )


def rewritten(statement: Any, **changes: Any) -> str:
    """Write a statement with other values of its tree's fields, outside a transaction."""
    copy = type(statement)()
    copy.CopyFrom(statement)
    node = getattr(copy, str(copy.WhichOneof("node")))
    for field, value in changes.items():
        setattr(node, field, value)
    return outside_transaction(execute(sql_of(copy)))


def as_it_is(statement: Statement) -> str:
    """Write the statement outside a transaction."""
    return outside_transaction(execute(statement.sql))


def allow(rule: str, reason: str) -> str:
    """Write the comment that silences a finding."""
    return f"# lint: allow({rule}) {reason}"
