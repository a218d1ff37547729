"""Reads a Catalog from a database, in two round trips.

Facts: PostgreSQL 18, 52 "System Catalogs". The database writes its schema as statements, which go
the same way as those of revisions, so that both are judged alike.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from service.schema.lint.catalog import Catalog, Size
from service.schema.lint.names import qualified
from service.schema.lint.replay import apply
from service.schema.statements import parsed

_OURS = "n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_%'"
# From 18 on `attnotnull` also tells of a NOT NULL constraint that was never validated.
_COLUMN = """
    format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod))
    || (SELECT CASE WHEN a.attcollation <> t.typcollation THEN format(' COLLATE %I.%I',
        (SELECT nspname FROM pg_namespace WHERE oid = l.collnamespace), l.collname) ELSE '' END
        FROM pg_type t LEFT JOIN pg_collation l ON l.oid = a.attcollation WHERE t.oid = a.atttypid)
    || CASE WHEN a.attnotnull
    AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'n'
    AND NOT k.convalidated AND a.attnum = ANY (k.conkey)) THEN ' NOT NULL' ELSE '' END
"""
_SCHEMA = f"""
    SELECT 0 AS step, format('CREATE TYPE %I.%I AS ENUM ()', n.nspname, t.typname) AS statement
    FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE t.typtype = 'e' AND {_OURS}
    UNION ALL
    SELECT 0, format('CREATE DOMAIN %I.%I AS %s %s', n.nspname, t.typname,
        format_type(t.typbasetype, t.typtypmod), CASE WHEN EXISTS (
        SELECT FROM pg_constraint k WHERE k.contypid = t.oid) THEN 'CHECK (true)' ELSE '' END)
    FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
    WHERE t.typtype = 'd' AND {_OURS}
    UNION ALL
    SELECT 0, format('CREATE FUNCTION %I.%I() RETURNS void LANGUAGE sql %s AS ''''', n.nspname,
        p.proname, CASE p.provolatile WHEN 'v' THEN 'VOLATILE' ELSE 'STABLE' END)
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE p.prokind = 'f' AND {_OURS}
    UNION ALL
    SELECT 1, format('CREATE TABLE %I.%I (%s)', n.nspname, c.relname,
        (SELECT string_agg({_COLUMN}, ', ' ORDER BY a.attnum) FROM pg_attribute a
         WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped))
        || CASE WHEN c.relkind = 'p' THEN ' PARTITION BY ' || pg_get_partkeydef(c.oid) ELSE '' END
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND {_OURS}
    UNION ALL
    SELECT 1, format('CREATE MATERIALIZED VIEW %I.%I AS SELECT 1', n.nspname, c.relname)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'm' AND {_OURS}
    UNION ALL
    SELECT 1, format('CREATE VIEW %I.%I AS SELECT 1', n.nspname, c.relname)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'v' AND {_OURS}
    UNION ALL
    SELECT 2, format('ALTER TABLE %I.%I ATTACH PARTITION %s %s', n.nspname, p.relname,
        i.inhrelid::regclass, pg_get_expr(c.relpartbound, c.oid))
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_class p ON p.oid = i.inhparent
    JOIN pg_namespace n ON n.oid = p.relnamespace WHERE c.relkind IN ('r', 'p')
    AND c.relispartition AND {_OURS}
    UNION ALL
    SELECT 3, format('ALTER TABLE %I.%I ADD CONSTRAINT %I %s', n.nspname, c.relname, k.conname,
        pg_get_constraintdef(k.oid))
    FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE k.contype IN ('c', 'f', 'n', 'p', 'u', 'x') AND c.relkind IN ('r', 'p') AND {_OURS}
    UNION ALL
    SELECT 4, pg_get_indexdef(i.indexrelid)
    FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'm') AND {_OURS} AND NOT EXISTS (
        SELECT FROM pg_constraint k
        WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))
    ORDER BY 1
"""  # noqa: S608  no values of others
_SIZES = f"""
    SELECT n.nspname::text, c.relname::text, c.reltuples::bigint, pg_total_relation_size(c.oid),
        current_setting('server_version_num')::int / 10000
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'm') AND {_OURS}
    UNION ALL
    SELECT '', '', 0, 0, current_setting('server_version_num')::int / 10000
"""  # noqa: S608  no values of others


def read(connection: Connection) -> Catalog:
    """Read the schema of a database, and how large its tables are."""
    catalog = Catalog(is_live=True)
    for _, sql in _rows(connection, _SCHEMA):
        for _, tree, _ in parsed(sql):
            if tree is not None:
                apply(catalog, tree)
    for schema, name, rows, size, major in _rows(connection, _SIZES):
        catalog.major = major
        table = catalog.table(qualified((schema, name)))
        if table:
            # -1 means that nobody has counted yet.
            table.size = Size(rows if rows >= 0 else None, size)
    return catalog


def _rows(connection: Connection, sql: str) -> Sequence[Any]:
    # Without parameters, so that the percent signs are those of format() and LIKE.
    return connection.exec_driver_sql(sql, execution_options={"no_parameters": True}).all()
