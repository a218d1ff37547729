"""NOT NULL on a column that is there: proved while everybody reads and writes."""

from hashlib import md5

from alembic.operations import ops
from alembic.operations.ops import MigrateOperation
from sqlalchemy import Connection
from sqlalchemy.sql.elements import conv

from safe_migrations.autogenerate.changes import Execute, Phase, Remark, Step

NOT_VALID_SINCE = 18
"""The first version with `NOT NULL ... NOT VALID`."""
_LONGEST_NAME = 63


def required(
    connection: Connection,
    op: ops.AlterColumnOp,
    phase: Phase,
    *before: MigrateOperation,
) -> list[Step]:
    """Have the constraint hold for new rows in `phase`, and for the older ones once validated."""
    quote = connection.dialect.identifier_preparer.quote
    place = f"{quote(op.schema)}." if op.schema else ""
    table = f"ALTER TABLE {place}{quote(op.table_name)}"
    column = quote(op.column_name)
    is_18 = int((connection.dialect.server_version_info or (0,))[0]) >= NOT_VALID_SINCE
    name = _name(op.table_name, op.column_name, "" if is_18 else "ck_")
    validate = Execute(f"{table} VALIDATE CONSTRAINT {quote(name)}")
    validation = Step(Phase.VALIDATE, [_remark(op), validate])
    enforce = ops.AlterColumnOp(
        op.table_name,
        op.column_name,
        schema=op.schema,
        existing_type=op.modify_type or op.existing_type,
        modify_nullable=False,
    )
    enforce.existing_nullable = True
    if is_18:
        add = Execute(f"{table} ADD CONSTRAINT {quote(name)} NOT NULL {column} NOT VALID")
        return [Step(phase, [*before, add], [enforce.reverse()]), validation]
    # A validated CHECK spares SET NOT NULL its scan.
    check = Execute(f"{table} ADD CONSTRAINT {quote(name)} CHECK ({column} IS NOT NULL) NOT VALID")
    drop = ops.DropConstraintOp(conv(name), op.table_name, type_="check", schema=op.schema)
    return [
        Step(phase, [*before, check], [drop]),
        validation,
        Step(Phase.ENFORCE, [enforce, drop], [check, enforce.reverse()]),
    ]


def _remark(op: ops.AlterColumnOp) -> Remark:
    place = f"{op.schema}." if op.schema else ""
    table, column = f"{place}{op.table_name}", op.column_name
    return Remark(
        f"VALIDATE fails, harmlessly, as long as {table}.{column} is NULL in a row. Fill such rows "
        'here, before it (docs/ALEMBIC_GUIDE.md, "Step by step: NOT NULL"), with',
        # Not at the start of a line: linters take it for code that somebody has commented out.
        f'a constant FILL = Backfill("{op.table_name}_{column}", table="{table}", '
        f'set={{"{column}": "..."}}, where="{column} IS NULL")',
        "and FILL.run(op).",
    )


def _name(table: str, column: str, prefix: str) -> str:
    """Name the constraint as the guide does; what Postgres would cut off still tells it apart."""
    name = f"{prefix}{table}_{column}_not_null"
    if len(name.encode()) <= _LONGEST_NAME:
        return name
    digest = md5(name.encode(), usedforsecurity=False).hexdigest()[-4:]
    tail = f"_{digest}_not_null"
    start = name.encode()[: _LONGEST_NAME - len(tail)].decode(errors="ignore")
    return start + tail
