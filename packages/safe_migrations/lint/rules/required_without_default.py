"""Columns for which INSERTs of the release before have no value."""

from collections.abc import Iterable, Iterator
from typing import Any

from postgast import pg_query_pb2 as pg

from safe_migrations.lint import fixes
from safe_migrations.lint.alter_effects import column_constraint, column_default
from safe_migrations.lint.catalog import Catalog, Column
from safe_migrations.lint.finding import Situation
from safe_migrations.lint.names import (
    dotted,
    kind_of,
    not_null_columns,
    qualified,
    relation,
    strings,
    type_of,
)
from safe_migrations.lint.replay import constrained_columns, definition, sets_default
from safe_migrations.lint.rule import Facts, rule
from safe_migrations.statements import Statement

_INSERT = 1 << 2  # TRIGGER_TYPE_INSERT in Postgres's source
_LOSING = {pg.AT_ColumnDefault, pg.AT_DropExpression, pg.AT_DropIdentity}
_REQUIRING = {pg.AT_AddConstraint, pg.AT_SetNotNull}
_UNDOING = {pg.AT_AddIdentity, pg.AT_DropColumn, pg.AT_DropNotNull}


def _default(_: Situation, found: Facts) -> str:
    bare, schema = fixes.arguments(found.table)
    return (
        "# until no code of the release before runs, a default that its INSERTs get:\n"
        f"# op.alter_column({bare}, {fixes.quoted(found.column)}, server_default=...{schema})"
    )


@rule(
    "a column that ends up NOT NULL without a default, so that INSERTs of the release before fail",
    why="{table}.{column} ends NOT NULL without a default: INSERTs of the release before, which "
    "leave it out, fail.",
    cure=_default,
    breaks_release_before=True,
)
def required_without_default(situation: Situation) -> Iterator[Facts]:
    """Find columns that end NOT NULL without a value for INSERTs that leave them out."""
    for table, name in (*_required(situation), *_lost(situation)):
        if not (_is_undone(situation, table, name) or _is_filled(situation, table, name)):
            yield Facts(table=table, column=name)


def _required(situation: Situation) -> Iterator[tuple[str, str]]:
    for table, command in situation.commands(*_REQUIRING):
        for name in _made_required(situation.catalog, table, command):
            column = _column(situation, table, name)
            if column and situation.is_new(column.made_in) and not column.has_value:
                yield table, name


def _lost(situation: Situation) -> Iterator[tuple[str, str]]:
    """Name the columns that lose their value.

    Of a column that running code knows, only that counts: who writes it today goes on to.
    """
    for table, command in situation.commands(*_LOSING):
        column = _column(situation, table, command.name)
        is_losing = column is not None and column.has_value and _loses(command)
        if column and is_losing and _is_required(situation, table, column):
            yield table, column.name


def _column(situation: Situation, table: str, name: str) -> Column | None:
    """Find a column as it is before its command; the statement itself may have added it."""
    known = situation.catalog.column(table, name)
    if known is not None:
        return known
    for _, command in situation.commands(pg.AT_AddColumn):
        added = definition(command)
        if added.colname == name:
            return Column(
                name,
                type_of(added.type_name),
                is_not_null=column_constraint(added, pg.CONSTR_NOTNULL) is not None,
                made_in=situation.statement.revision,
                has_default=column_default(added) is not None,
                is_identity=column_constraint(added, pg.CONSTR_IDENTITY) is not None,
            )
    return None


def _made_required(catalog: Catalog, table: str, command: Any) -> Iterable[str]:
    if command.subtype == pg.AT_SetNotNull:
        return (command.name,)
    constraint = definition(command)
    if constraint.contype == pg.CONSTR_CHECK and constraint.is_enforced:
        return not_null_columns(constraint.raw_expr)
    if constraint.contype == pg.CONSTR_PRIMARY and constraint.indexname:
        schema = table.rpartition(".")[0]
        index = catalog.indexes.get(qualified(filter(None, (schema, constraint.indexname))))
        return index.columns if index else ()
    if constraint.contype in {pg.CONSTR_NOTNULL, pg.CONSTR_PRIMARY}:
        return constrained_columns(constraint)
    return ()


def _loses(command: Any) -> bool:
    return command.subtype != pg.AT_ColumnDefault or not sets_default(command)


def _is_required(situation: Situation, table: str, column: Column) -> bool:
    found = situation.catalog.table(table)
    if found is None or column.name not in found.columns:
        return column.is_not_null
    return column.is_not_null or any(
        column.name in (item.columns if item.kind == "not null" else ())
        or (
            item.kind == "check"
            and item.is_enforced
            and item.condition is not None
            and column.name in not_null_columns(item.condition)
        )
        for item in found.constraints.values()
    )


def _is_undone(situation: Situation, table: str, column: str) -> bool:
    """Tell whether the revision itself gives the column a value again, or drops it."""
    return any(_undoes(statement, table, column) for statement in situation.later) or any(
        _undoes_command(command, column) for command in _after(situation, column)
    )


def _after(situation: Situation, column: str) -> list[Any]:
    """List the commands of the same statement that come after the last that takes the value."""
    commands = [item.alter_table_cmd for item in situation.node.cmds]
    taking = [
        at
        for at, item in enumerate(commands)
        if item.name == column and item.subtype in _LOSING | _REQUIRING
    ]
    return commands[taking[-1] :] if taking else []


def _undoes(statement: Statement, table: str, column: str) -> bool:
    tree = statement.tree
    if tree is None:
        return False
    if kind_of(tree) == "drop_stmt":
        return table in map(dotted, tree.drop_stmt.objects)
    if kind_of(tree) != "alter_table_stmt" or relation(tree.alter_table_stmt.relation) != table:
        return False
    return any(_undoes_command(item.alter_table_cmd, column) for item in tree.alter_table_stmt.cmds)


def _undoes_command(command: Any, column: str) -> bool:
    is_default = command.subtype == pg.AT_ColumnDefault and sets_default(command)
    return command.name == column and (is_default or command.subtype in _UNDOING)


def _is_filled(situation: Situation, table: str, column: str) -> bool:
    """Tell whether a trigger gives new rows a value, as it is usual while a column is new."""
    functions = [
        function
        for item in situation.catalog.dependents
        if item.kind == "trigger" and item.table == table and item.tree is not None
        if item.tree.create_trig_stmt.row and item.tree.create_trig_stmt.events & _INSERT
        for function in situation.catalog.functions.get(
            qualified(strings(item.tree.create_trig_stmt.funcname)), ()
        )
    ]
    return any(f"new.{column}" in (item.body or "").lower() for item in functions)
