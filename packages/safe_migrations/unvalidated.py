"""Constraints that are NOT VALID, and the rows that break them."""

from dataclasses import dataclass

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from safe_migrations.inspection import NOT_LOOKED_AT

_LOOK_FOR_MS = 1000
_CONSTRAINTS = f"""
    SELECT k.conrelid::regclass::text, k.conname::text,
           CASE k.contype
           WHEN 'c' THEN 'NOT (' || pg_get_expr(k.conbin, k.conrelid) || ')'
           WHEN 'n' THEN (SELECT quote_ident(a.attname) || ' IS NULL' FROM pg_attribute a
                          WHERE a.attrelid = k.conrelid AND a.attnum = k.conkey[1])
           WHEN 'f' THEN
               (SELECT string_agg('t.' || quote_ident(a.attname) || ' IS NOT NULL', ' AND ')
                FROM pg_attribute a WHERE a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey))
               || ' AND NOT EXISTS (SELECT FROM ' || k.confrelid::regclass::text || ' AS r WHERE '
               || (SELECT string_agg('r.' || quote_ident(r.attname) || ' = t.'
                                     || quote_ident(a.attname), ' AND ')
                   FROM unnest(k.conkey, k.confkey) AS pair (own, other)
                   JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = pair.own
                   JOIN pg_attribute r ON r.attrelid = k.confrelid AND r.attnum = pair.other)
               || ')'
           END,
           k.contype = 'n'
    FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace
    WHERE NOT k.convalidated AND k.conrelid <> 0 AND {NOT_LOOKED_AT}
    ORDER BY 1, 2
"""  # noqa: S608  constants


@dataclass(frozen=True, slots=True)
class Unvalidated:
    """A constraint that was never checked for old rows; `breaks` is true of those that break it."""

    table: str
    name: str
    breaks: str
    is_not_null: bool

    def __str__(self) -> str:
        """Name it."""
        return f"{self.name} on {self.table}"

    @property
    def way_out(self) -> str:
        """Write the statement that shows, or fills, the rows that break it."""
        if self.is_not_null:
            column = self.breaks.removesuffix(" IS NULL")
            return f"UPDATE {self.table} SET {column} = ... WHERE {self.breaks};"  # noqa: S608  shown
        return f"SELECT * FROM {self.table} AS t WHERE {self.breaks};"  # noqa: S608  shown


def constraints(connection: Connection, aside: str | None) -> list[Unvalidated]:
    """Find them, but for those in the schema `aside`."""
    rows = connection.exec_driver_sql(_CONSTRAINTS, (aside,))
    return [Unvalidated(*row) for row in rows]


def is_broken(connection: Connection, item: Unvalidated) -> bool:
    """Look for a second whether a row breaks it; the connection is in AUTOCOMMIT."""
    query = f"SELECT EXISTS (SELECT FROM {item.table} AS t WHERE {item.breaks})"  # noqa: S608
    try:
        connection.exec_driver_sql("BEGIN")
        connection.exec_driver_sql(f"SET LOCAL statement_timeout = {_LOOK_FOR_MS}")
        # nosemgrep: sql-of-pieces  all of it in Postgres's own words
        return bool(connection.exec_driver_sql(query).scalar())
    except DBAPIError:
        return False  # A large table, or one that this role may not read: nothing is known.
    finally:
        connection.exec_driver_sql("ROLLBACK")
