"""What the models have that a database does not, asked when a statement did not fit the schema."""

from sqlalchemy import MetaData
from sqlalchemy.dialects import postgresql

from safe_migrations.status import Work

_SHOWN = 5
_COMPARE = """
    SELECT wanted."table", wanted."column", wanted.type, to_regclass(wanted."table") IS NULL,
           format_type(there.atttypid, there.atttypmod)
    FROM unnest(%(tables)s, %(columns)s, %(types)s) WITH ORDINALITY
        AS wanted ("table", "column", type, number)
    LEFT JOIN pg_attribute there ON there.attrelid = to_regclass(wanted."table")
        AND there.attname = wanted."column" AND NOT there.attisdropped
    WHERE there.attname IS NULL
       OR there.atttypid <> coalesce(to_regtype(wanted.type), there.atttypid)
    ORDER BY 4 DESC, there.attname IS NOT NULL, number
"""


def mismatch(work: Work, metadata: MetaData) -> str | None:
    """Say what the database lacks, or has otherwise than the models; None: nothing."""
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    columns = [column for table in metadata.sorted_tables for column in table.columns]
    rows = work.execute(
        _COMPARE,
        {
            "tables": [
                dialect.identifier_preparer.format_table(column.table) for column in columns
            ],
            "columns": [column.name for column in columns],
            "types": [column.type.compile(dialect) for column in columns],
        },
    )
    if not rows:
        return None
    said = list(dict.fromkeys(_said(*row) for row in rows))
    more = f" and {len(said) - _SHOWN} more" if len(said) > _SHOWN else ""
    return f"The database has {', '.join(said[:_SHOWN])}{more}, unlike the models"


def _said(table: str, column: str, wanted: str, is_missing: bool, there: str | None) -> str:  # noqa: FBT001  as the row has it
    if is_missing:
        return f"no table {table}"
    if there is None:
        return f"no {table}.{column}"
    return f"{table}.{column} as {there}, not {wanted.lower()}"
