"""What a database holds: its schema as Postgres writes it, and a fingerprint of its rows."""

from dataclasses import dataclass

from sqlalchemy import Connection

from safe_migrations.tool_tables import TOOL_TABLES

_USER_SCHEMA = "n.nspname <> 'information_schema' AND NOT starts_with(n.nspname, 'pg_')"
# Each as: kind, table or type, name, definition.
_SCHEMA = f"""
    SELECT 'column', c.oid::regclass::text, a.attname::text,
           concat_ws(' ', format_type(a.atttypid, a.atttypmod),
                     CASE WHEN a.attnotnull THEN 'NOT NULL' END,
                     pg_get_expr(d.adbin, d.adrelid), nullif(a.attidentity, ''),
                     nullif(a.attgenerated, ''), nullif(a.attcollation, t.typcollation))
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
      AND {_USER_SCHEMA}
    UNION ALL
    SELECT 'constraint', k.conrelid::regclass::text, k.conname::text, pg_get_constraintdef(k.oid)
    FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace
    WHERE k.conrelid <> 0 AND {_USER_SCHEMA}
    UNION ALL
    SELECT 'index', i.indrelid::regclass::text, c.relname::text,
           pg_get_indexdef(i.indexrelid) || CASE WHEN i.indisvalid THEN '' ELSE ' INVALID' END
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {_USER_SCHEMA}
    UNION ALL
    SELECT 'trigger', g.tgrelid::regclass::text, g.tgname::text, pg_get_triggerdef(g.oid)
    FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace WHERE NOT g.tgisinternal AND {_USER_SCHEMA}
    UNION ALL
    SELECT 'enum value', e.enumtypid::regtype::text, e.enumlabel::text, ''
    FROM pg_enum e
    UNION ALL
    SELECT 'view', c.oid::regclass::text, '', pg_get_viewdef(c.oid)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('v', 'm') AND {_USER_SCHEMA}
    UNION ALL
    SELECT 'function', p.oid::regprocedure::text, '', md5(pg_get_functiondef(p.oid))
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE p.prokind IN ('f', 'p') AND {_USER_SCHEMA}
      AND NOT EXISTS (SELECT FROM pg_depend x WHERE x.objid = p.oid AND x.deptype = 'e')
"""  # noqa: S608  constants
_COLUMNS = f"""
    SELECT c.oid::regclass::text, array_agg(a.attname::text), array_agg(quote_ident(a.attname))
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relkind = 'r' AND {_USER_SCHEMA}
    GROUP BY c.oid
"""  # noqa: S608  constants

Schema = dict[tuple[str, str, str], str]


@dataclass(frozen=True, slots=True)
class Contents:
    """A table's rows: how many, and for each column how many have a value and a sum of hashes."""

    rows: int
    columns: dict[str, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A database at one moment: definitions of its schema, and its tables' contents."""

    schema: Schema
    tables: dict[str, Contents]

    @property
    def rows(self) -> dict[str, int]:
        """The number of rows of each table."""
        return {table: contents.rows for table, contents in self.tables.items()}


def read_snapshot(connection: Connection) -> Snapshot:
    """Read schema and contents; every table is read once as a whole."""
    schema = read_schema(connection)
    tables = {}
    for table, names, quoted in connection.exec_driver_sql(_COLUMNS):
        if table not in TOOL_TABLES:
            tables[table] = _read_contents(connection, table, names, quoted)
    return Snapshot(schema, tables)


def read_schema(connection: Connection) -> Schema:
    """Read the definitions alone."""
    return {
        (kind, table, name): definition
        for kind, table, name, definition in connection.exec_driver_sql(_SCHEMA)
        if table not in TOOL_TABLES
    }


def _read_contents(
    connection: Connection, table: str, names: list[str], quoted: list[str]
) -> Contents:
    # A sum does not depend on the order of the rows; hashtext takes what is equal as text alike.
    wanted = [
        f'count({name}), coalesce(sum(hashtext({name}::text COLLATE "C")), 0)' for name in quoted
    ]
    query = f"SELECT {', '.join(['count(*)', *wanted])} FROM {table}"  # noqa: S608  quoted names
    # nosemgrep: sql-of-pieces  as Postgres quotes them
    rows, *figures = connection.exec_driver_sql(query.replace("%", "%%")).one()
    pairs = zip(figures[::2], figures[1::2], strict=True)
    return Contents(rows, dict(zip(names, pairs, strict=True)))


def schema_differences(before: Schema, after: Schema) -> list[str]:
    """Say in sentences what of a schema is gone, new or changed."""
    found = [f"{_name(key)} is gone." for key in sorted(before.keys() - after.keys())]
    found += [f"{_name(key)} is left over." for key in sorted(after.keys() - before.keys())]
    found += [
        f"{_name(key)} was `{before[key]}`, and is `{after[key]}`."
        for key in sorted(before.keys() & after.keys())
        if before[key] != after[key]
    ]
    return found


def data_differences(before: Snapshot, after: Snapshot) -> list[str]:
    """Say in sentences which tables have other rows, and which columns other values."""
    found = []
    for table in sorted(before.tables.keys() & after.tables.keys()):
        was, now = before.tables[table], after.tables[table]
        if was.rows != now.rows:
            found.append(f"Table {table} had {was.rows:,} rows, and has {now.rows:,}.")
            continue
        found += [
            f"Column {table}.{name} had {was.columns[name][0]:,} values, and has "
            f"{now.columns[name][0]:,}{_same_count(was.columns[name], now.columns[name])}."
            for name in sorted(was.columns.keys() & now.columns.keys())
            if was.columns[name] != now.columns[name]
        ]
    found += [
        f"Table {table} had {before.tables[table].rows:,} rows, and is gone."
        for table in sorted(before.tables.keys() - after.tables.keys())
        if before.tables[table].rows
    ]
    return found


def _same_count(was: tuple[int, int], now: tuple[int, int]) -> str:
    return " others" if was[0] == now[0] else ""


def _name(key: tuple[str, str, str]) -> str:
    kind, table, name = key
    return f"{kind.capitalize()} {table}.{name}" if name else f"{kind.capitalize()} {table}"
