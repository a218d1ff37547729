"""Rules on columns that are added or must no longer be NULL."""

from collections.abc import Iterator
from typing import Any

from postgast import pg_query_pb2 as pg

from safe_migrations.lint import fixes
from safe_migrations.lint.added import (
    POSTGRES_18,
    add,
    add_and_fill,
    backfill,
    numbered,
    set_not_null,
)
from safe_migrations.lint.alter_effects import (
    column_constraint,
    column_default,
    is_stored,
    nullable_key,
    sets_stored,
)
from safe_migrations.lint.finding import Problem, Situation
from safe_migrations.lint.names import relation, text_of, type_of, type_text
from safe_migrations.lint.replay import definition, is_serial
from safe_migrations.lint.volatility import is_volatile

_REWRITE = "writes every row anew under ACCESS EXCLUSIVE, so that all reads and writes wait"
_NEUTRAL = {
    **dict.fromkeys(("bpchar", "text", "varchar"), "''"),
    **dict.fromkeys(("float4", "float8", "int2", "int4", "int8", "numeric"), "0"),
    **dict.fromkeys(("timestamp", "timestamptz"), "now()"),
    "bool": "false",
    "date": "CURRENT_DATE",
    "interval": "'0'",
    "jsonb": "'{}'",
}
"""What stands for no value yet in columns of a type; none of it is written to the rows."""


def not_null_without_default(situation: Situation) -> Iterator[Problem]:
    """Find NOT NULL columns for which the rows that are there have no value."""
    for table, command in situation.commands(pg.AT_AddColumn):
        column = definition(command)
        must = any(
            column_constraint(column, kind) is not None
            for kind in (pg.CONSTR_NOTNULL, pg.CONSTR_PRIMARY)
        )
        if must and not _has_value(column):
            yield Problem(
                "not-null-without-default",
                f"Postgres refuses it as soon as {table} has a row, and code of the release before "
                f"inserts rows without {column.colname}.",
                _with_value(table, column),
            )


def _with_value(table: str, column: Any) -> str:
    """Write the column with a constant that old rows and older code's INSERTs get, or nullable."""
    type_ = type_text(column.type_name)
    value = _NEUTRAL.get(type_of(column.type_name).name)
    if type_of(column.type_name).is_array:
        value = "'{}'"
    if value is None:
        later = f"# NOT NULL a release later, when all code that runs writes {column.colname}"
        return f"{add(table, column, type_)}\n{later}"
    which = "# or another value, which old rows and INSERTs of the release before get:"
    return f"{which}\n{add(table, column, f'{type_} NOT NULL DEFAULT {value}')}"


def _has_value(column: Any) -> bool:
    return (
        is_serial(type_of(column.type_name))
        or column_default(column) is not None
        or any(
            column_constraint(column, kind) is not None
            for kind in (pg.CONSTR_GENERATED, pg.CONSTR_IDENTITY)
        )
    )


def volatile_default(situation: Situation) -> Iterator[Problem]:
    """Find defaults that are another value in each row."""
    for table, command in situation.commands(pg.AT_AddColumn):
        column = definition(command)
        default = column_default(column)
        if default is not None and is_volatile(default, situation.catalog):
            value = text_of(default)
            yield Problem(
                "volatile-default",
                f"The default {value} differs from row to row: Postgres {_REWRITE}.",
                fixes.then(
                    *add_and_fill(situation, table, column, type_text(column.type_name), value)
                ),
            )


def stored_generated_column(situation: Situation) -> Iterator[Problem]:
    """Find generated columns that are stored, and new expressions of such."""
    for table, command in situation.commands(pg.AT_AddColumn):
        column = definition(command)
        if is_stored(column):
            generated = column_constraint(column, pg.CONSTR_GENERATED)
            value, type_ = text_of(generated.raw_expr), type_text(column.type_name)
            virtual = f"{type_} GENERATED ALWAYS AS ({value}) VIRTUAL"
            plain = fixes.then(
                "# with a trigger or the application filling it for new rows:\n"
                + add(table, column, type_),
                backfill(situation, table, column.colname, value),
            )
            has_virtual = situation.catalog.major >= POSTGRES_18
            yield Problem(
                "stored-generated-column",
                f"Postgres {_REWRITE}.",
                add(table, column, virtual) if has_virtual else plain,
            )
    for table, command in situation.commands(pg.AT_SetExpression):
        if not sets_stored(situation.catalog, table, command):
            continue
        yield Problem(
            "stored-generated-column",
            f"A stored column's new expression {_REWRITE}.",
            f"# add a column beside {table}.{command.name}, fill it with a Backfill, and let the "
            "code read that one",
        )


def identity_column(situation: Situation) -> Iterator[Problem]:
    """Find columns with a sequence that are added to a table in use."""
    for table, command in situation.commands(pg.AT_AddColumn):
        column = definition(command)
        type_ = type_of(column.type_name)
        if column_constraint(column, pg.CONSTR_IDENTITY) is None and not is_serial(type_):
            continue
        yield Problem(
            "identity-column",
            f"Every row gets a number of its own: Postgres {_REWRITE}.",
            numbered(situation, table, column),
        )


def domain_column(situation: Situation) -> Iterator[Problem]:
    """Find added columns of a domain with constraints, which Postgres checks row by row."""
    for table, command in situation.commands(pg.AT_AddColumn):
        column = definition(command)
        if type_of(column.type_name).name in situation.catalog.domains:
            yield Problem(
                "table-rewrite",
                f"The domain has constraints: Postgres {_REWRITE}.",
                f"# give {table}.{column.colname} the domain's base type, and add the domain's "
                "CHECK as a constraint with postgresql_not_valid=True",
            )


def set_not_null_scans(situation: Situation) -> Iterator[Problem]:
    """Find columns that become NOT NULL by reading all rows."""
    for table, command in situation.commands(pg.AT_SetNotNull, pg.AT_AddConstraint):
        found = situation.catalog.table(table)
        for column in _made_not_null(situation, table, command):
            if found is None or not found.is_proved_not_null(column):
                yield Problem(
                    "set-not-null-scans",
                    f"Postgres reads all rows of {table} under ACCESS EXCLUSIVE, so that all reads "
                    "and writes wait; a constraint that is validated first spares that.",
                    set_not_null(situation, table, column),
                )


def _made_not_null(situation: Situation, table: str, command: Any) -> tuple[str, ...]:
    if command.subtype == pg.AT_SetNotNull:
        return (command.name,)
    constraint = definition(command)
    if constraint.contype == pg.CONSTR_NOTNULL and not constraint.skip_validation:
        return tuple(item.string.sval for item in constraint.keys)
    if constraint.contype == pg.CONSTR_PRIMARY and constraint.indexname:
        return nullable_key(situation.catalog, table, constraint)
    return ()


def plain_json(situation: Situation) -> Iterator[Problem]:
    """Find columns of type json, whether the table is new or not."""
    for table, column in _json_columns(situation):
        yield Problem(
            "plain-json",
            "json keeps text: it has no equality, so that DISTINCT, UNION and GROUP BY fail on the "
            "table's rows, and no index serves it.",
            f"# {table}.{column}: use postgresql.JSONB(), from sqlalchemy.dialects",
        )


def _json_columns(situation: Situation) -> Iterator[tuple[str, str]]:
    node = situation.node
    if situation.kind == "create_stmt":
        columns = [item.column_def for item in node.table_elts if item.HasField("column_def")]
    elif situation.kind == "alter_table_stmt":
        columns = []
        for item in node.cmds:
            command = item.alter_table_cmd
            if command.subtype in {pg.AT_AddColumn, pg.AT_AlterColumnType}:
                column = pg.ColumnDef()
                column.CopyFrom(definition(command))
                column.colname = column.colname or command.name
                columns.append(column)
    else:
        return
    for column in columns:
        if type_of(column.type_name).name == "json":
            yield relation(node.relation), column.colname


RULES = (
    not_null_without_default,
    volatile_default,
    stored_generated_column,
    identity_column,
    domain_column,
    set_not_null_scans,
    plain_json,
)
