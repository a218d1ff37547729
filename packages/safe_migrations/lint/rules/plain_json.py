"""Columns of type json, whether the table is new or not."""

from collections.abc import Iterator

from postgast import pg_query_pb2 as pg

from safe_migrations.lint.finding import Situation
from safe_migrations.lint.names import relation, type_of
from safe_migrations.lint.replay import definition
from safe_migrations.lint.rule import Facts, rule


@rule(
    "a column of type json instead of jsonb",
    why="json keeps text: it has no equality, so that DISTINCT, UNION and GROUP BY fail on the "
    "table's rows, and no index serves it.",
    cure="# {table}.{column}: use postgresql.JSONB(), from sqlalchemy.dialects",
)
def plain_json(situation: Situation) -> Iterator[Facts]:
    """Find columns of type json."""
    for table, column in _json_columns(situation):
        yield Facts(table=table, column=column)


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
