"""What has its name from a table and a column, and gets another one with them."""

from collections.abc import Iterator

from sqlalchemy import Connection, text

from safe_migrations.autogenerate.place import Place, prefix

_LONGEST_NAME = 63
_NAMED_AFTER = text("""
    SELECT 'sequence', s.relname::text, ARRAY[a.attname::text]
    FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
    JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
    WHERE d.classid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
      AND d.refclassid = 'pg_class'::regclass AND d.refobjid = to_regclass(:table)
    UNION ALL
    SELECT 'key', con.conname::text,
           ARRAY(SELECT a.attname::text FROM pg_attribute a
                 WHERE a.attrelid = con.conrelid AND a.attnum = ANY (con.conkey)
                 ORDER BY array_position(con.conkey, a.attnum))
    FROM pg_constraint con WHERE con.contype = 'f' AND con.conrelid = to_regclass(:table)
    ORDER BY 1, 2
""")


def along(
    connection: Connection, place: Place, former: str, column: tuple[str, str] | None
) -> Iterator[tuple[str, str]]:
    """Find sequences and foreign keys to which Postgres gave a name made of the old one.

    `former` is the name that the table had, `column` the old and the new name of one. What it
    returns are statements, there and back.
    """
    dialect = connection.dialect
    quote = dialect.identifier_preparer.quote
    old_column, new_column = column or ("", "")
    before, table = prefix(place.schema, dialect), place.quoted(dialect)
    for kind, name, columns in connection.execute(_NAMED_AFTER, {"table": table}):
        old_columns = [old_column if one == new_column else one for one in columns]
        tail = "seq" if kind == "sequence" else "fkey"
        old = "_".join([former, *old_columns, tail])
        new = "_".join([place.name, *columns, tail])
        if name != old or old == new or len(new.encode()) > _LONGEST_NAME:
            continue
        old, new = quote(old), quote(new)
        if kind == "sequence":
            alter = "ALTER SEQUENCE"
            yield f"{alter} {before}{old} RENAME TO {new}", f"{alter} {before}{new} RENAME TO {old}"
        else:
            alter = f"ALTER TABLE {table} RENAME CONSTRAINT"
            yield f"{alter} {old} TO {new}", f"{alter} {new} TO {old}"
