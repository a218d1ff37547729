"""NOT NULL on a column that is there: proved while everybody reads and writes."""

from alembic.operations import ops
from alembic.operations.ops import MigrateOperation
from sqlalchemy import Connection

from safe_migrations import cookbook
from safe_migrations.autogenerate.changes import Phase, Remark, Step
from safe_migrations.autogenerate.place import Place


def required(
    connection: Connection,
    op: ops.AlterColumnOp,
    phase: Phase,
    *before: MigrateOperation,
) -> list[Step]:
    """Have the constraint hold for new rows in `phase`, and for the older ones once validated."""
    return cookbook.required(
        Place(op.schema, op.table_name),
        op.column_name,
        int((connection.dialect.server_version_info or (0,))[0]),
        phase,
        before=before,
        before_validation=[_remark(op)],
    )


def _remark(op: ops.AlterColumnOp) -> Remark:
    place = f"{op.schema}." if op.schema else ""
    table, column = f"{place}{op.table_name}", op.column_name
    return Remark(
        f"VALIDATE fails, harmlessly, as long as {table}.{column} is NULL in a row. Fill such rows "
        "here, before it, with",
        # Not at the start of a line: linters take it for code that somebody has commented out.
        f'a constant FILL = Backfill("{op.table_name}_{column}", table="{table}", '
        f'set={{"{column}": "..."}}, where="{column} IS NULL")',
        "and FILL.run(op).",
    )
