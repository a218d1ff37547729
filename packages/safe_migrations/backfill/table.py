"""The table of a backfill: whether it is there, by what it can be walked, how big it is."""

from sqlalchemy import Connection

from plain_commands.errors import ConfigurationError
from safe_migrations.backfill.definition import Backfill
from safe_migrations.backfill.statements import Key, as_text, escaped, quoted_table

# Unique, complete and without NULL: a walk along any other index would lose or repeat rows.
# (PostgreSQL 18, 52.26 "pg_index")
_KEYS = """
    SELECT i.indisprimary,
           array_agg(a.attname::text ORDER BY k.place),
           array_agg(format_type(a.atttypid, a.atttypmod) ORDER BY k.place)
    FROM pg_index i
    CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k (number, place)
    JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number
    WHERE i.indrelid = to_regclass(%(table)s) AND i.indisunique AND i.indisvalid AND i.indimmediate
      AND i.indpred IS NULL AND i.indexprs IS NULL AND k.place <= i.indnkeyatts
    GROUP BY i.indexrelid, i.indisprimary HAVING bool_and(a.attnotnull)
"""
NO_KEY = Key((), ())
"""Of a table in which no row is to be changed."""

_ESTIMATE = "SELECT reltuples::bigint FROM pg_class WHERE oid = to_regclass(%(table)s)"


def find_key(connection: Connection, backfill: Backfill) -> Key:
    """Find the columns that the table is walked by; raises ConfigurationError if none will do.

    NO_KEY where there is none, and no need for one: then no row is to be changed.
    """
    table = {"table": quoted_table(backfill.table)}
    found = connection.exec_driver_sql("SELECT to_regclass(%(table)s) IS NULL", table)
    if found.scalar_one():
        message = (
            f"Backfill {backfill.name} is about the table {backfill.table}, which is not in the "
            "database: apply the revisions before it (`flask db upgrade`)."
        )
        raise ConfigurationError(message)
    keys = connection.exec_driver_sql(_KEYS, table).all()
    for is_primary, columns, types in keys:
        if tuple(columns) == backfill.key or (is_primary and not backfill.key):
            _check_that_it_stays(backfill, columns)
            return Key(tuple(columns), tuple(types))
    if not _has_rows(connection, backfill):
        return NO_KEY
    wanted = f"unique index on ({', '.join(backfill.key)})" if backfill.key else "primary key"
    message = (
        f"The table {backfill.table} has no {wanted} by which backfill {backfill.name} could walk "
        "it: give it a `key` of NOT NULL columns that a unique index is on."
    )
    raise ConfigurationError(message)


def count_rows(connection: Connection, table: str) -> int:
    """Estimate the rows of a table; one that was never analyzed is counted."""
    name = quoted_table(table)
    estimate = connection.exec_driver_sql(_ESTIMATE, {"table": name}).scalar_one()
    if estimate > 0:
        return int(estimate)
    count = f"SELECT count(*) FROM {escaped(name)}"  # noqa: S608  quoted
    return int(connection.exec_driver_sql(count).scalar_one())


def _has_rows(connection: Connection, backfill: Backfill) -> bool:
    """Tell whether there is a row to change; without a key, no index is of help to the search."""
    condition = f" WHERE {backfill.where}" if backfill.where else ""
    query = f"SELECT EXISTS (SELECT FROM {quoted_table(backfill.table)}{condition})"  # noqa: S608
    # nosemgrep: sql-of-pieces  a revision's own
    return bool(connection.execute(as_text(query)).scalar_one())


def _check_that_it_stays(backfill: Backfill, columns: list[str]) -> None:
    if changed := set(columns) & set(backfill.set):
        message = (
            f"Backfill {backfill.name} changes {', '.join(sorted(changed))}, by which it walks the "
            "table; rows would be visited twice. Give it another `key`."
        )
        raise ConfigurationError(message)
