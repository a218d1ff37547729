"""Writes Alembic code for the ways out that rules recommend."""

import ast
import io
import re
import tokenize
from collections.abc import Collection, Iterable
from textwrap import indent
from typing import Any

from alembic.autogenerate.api import AutogenContext
from alembic.autogenerate.render import render_op
from alembic.operations.ops import CreateIndexOp, MigrateOperation
from alembic.runtime.migration import MigrationContext
from postgast import pg_query_pb2 as pg
from sqlalchemy.sql.elements import conv

from safe_migrations import cookbook
from safe_migrations.autogenerate import rendering  # noqa: F401  says how recipes are written
from safe_migrations.autogenerate.changes import Phase, Step
from safe_migrations.autogenerate.place import Place
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
    return altered(table, command)


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
        altered(table, command) + "\n"
        for command in commands
        if (command.subtype == pg.AT_AddColumn and definition(command).colname in columns)
        or (command.subtype == pg.AT_DropConstraint and command.name == constraint)
    )


def altered(table: str, command: Any) -> str:
    """Write an ALTER TABLE with a command of a tree."""
    schema, _, bare = table.rpartition(".")
    alter = pg.AlterTableStmt(
        relation=pg.RangeVar(schemaname=schema, relname=bare, inh=True, relpersistence="p"),
        cmds=[pg.Node(alter_table_cmd=command)],
        objtype=pg.OBJECT_TABLE,
    )
    return execute(sql_of(pg.Node(alter_table_stmt=alter)))


def place(table: str) -> Place:
    """Name the schema and the table of a name with or without a schema."""
    schema, _, bare = table.rpartition(".")
    return Place(schema or None, bare)


def printed(steps: Iterable[Step]) -> str:
    """Write the upgrade of a recipe, each phase as the code of a revision."""
    phases: dict[Phase, list[MigrateOperation]] = {}
    for step in steps:
        phases.setdefault(step.phase, []).extend(step.up)
    return then(*("\n".join(map(rendered, phases[phase])) for phase in sorted(phases)))


def rendered(operation: MigrateOperation) -> str:
    """Write an operation as Alembic does, but with double quotes, and what it takes for granted."""
    options = {"alembic_module_prefix": "op.", "sqlalchemy_module_prefix": "sa."}
    context = MigrationContext.configure(dialect_name="postgresql")
    autogen = AutogenContext(context, opts={**options, "user_module_prefix": None})
    module = ast.parse("\n".join(render_op(autogen, operation)))
    for node in ast.walk(module):
        if isinstance(node, ast.Call):
            node.keywords = [item for item in node.keywords if not _is_usual(item)]
    return _in_double_quotes(ast.unparse(module))


def _is_usual(keyword: ast.keyword) -> bool:
    usual = {"schema": None, "table_name": "", "unique": False}
    value = keyword.value.value if isinstance(keyword.value, ast.Constant) else ...
    return keyword.arg in usual and usual[keyword.arg] == value


def _in_double_quotes(code: str) -> str:
    lines = ["", *code.splitlines()]
    for token in reversed([*tokenize.generate_tokens(io.StringIO(code).readline)]):
        if token.type == tokenize.STRING:
            (at, start), (_, end) = token.start, token.end
            text = quoted(ast.literal_eval(token.string))
            lines[at] = lines[at][:start] + text + lines[at][end:]
    return "\n".join(lines[1:])


def validate(table: str, constraint: str) -> str:
    """Write the validation of a constraint, which belongs into a transaction of its own."""
    return printed([cookbook.validated(place(table), constraint)])


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


def key(
    table: str,
    constraint: str,
    kind: str,
    on: Iterable[str],
    *,
    timing: str = "",
    is_replaced: bool = False,
    **options: Any,
) -> str:
    """Write UNIQUE or PRIMARY KEY by way of an index that is built concurrently."""
    at = place(table)
    index = cookbook.index_of_key(constraint, is_replaced=is_replaced)
    build = CreateIndexOp(
        conv(index),
        at.name,
        list(on),
        schema=at.schema,
        unique=True,
        postgresql_concurrently=True,
        **options,
    )
    replaces = constraint if is_replaced else None
    step = cookbook.key(at, constraint, kind, build, timing=timing, replaces=replaces)
    return printed([step])


def copied(table: str, old: str, new: str) -> str:
    """Write the Backfill that copies a column of a table into another one."""
    return (
        "from safe_migrations.backfill import Backfill\n"
        f'Backfill(name="{table.replace(".", "_")}_{new}", table={quoted(table)}, '
        f"set={{{quoted(new)}: {quoted(name(old))}}}, where={quoted(f'{name(new)} IS NULL')})"
        ".run(op)"
    )


def is_plain_element(item: Any) -> bool:
    """Tell whether an index has a column in the way that is usual."""
    element = item.index_elem
    return bool(
        element.name
        and not (element.opclass or element.opclassopts or element.collation)
        and element.ordering == pg.SORTBY_DEFAULT
        and element.nulls_ordering == pg.SORTBY_NULLS_DEFAULT
    )


def partition_by_partition(index: Any) -> str:
    """Write how a partitioned table gets an index."""
    tree = pg.Node()
    tree.CopyFrom(index)
    tree.index_stmt.relation.inh = False
    tree.index_stmt.concurrent = False
    return (
        f"# {execute(sql_of(tree))}, then for each partition a concurrent build "
        "and ALTER INDEX ... ATTACH PARTITION"
    )


def as_it_is(statement: Statement) -> str:
    """Write the statement outside a transaction."""
    return outside_transaction(execute(statement.sql))


def allow(rule: str, reason: str) -> str:
    """Write the comment that silences a finding."""
    return f"# lint: allow({rule}) {reason}"
