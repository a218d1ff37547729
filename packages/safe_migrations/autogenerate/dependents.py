"""What hangs on columns, types and keys in the database, each with the statements that make it."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

from sqlalchemy import Connection, RowMapping, text

from safe_migrations.autogenerate.changes import Order

# PostgreSQL 18, "pg_depend": what a definition reads, each of its columns a row.
_OBJECTS = text("""
    WITH ours AS (
        SELECT c.oid, c.relkind,
               CASE WHEN c.relnamespace = current_schema()::regnamespace THEN ''
                    ELSE n.nspname || '.' END || c.relname AS said,
               CASE WHEN c.relnamespace = current_schema()::regnamespace THEN ''
                    ELSE quote_ident(n.nspname) || '.' END AS prefix, quote_ident(c.relname) AS bare
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    ), objects AS (
        SELECT 'pg_constraint'::regclass AS class, con.oid, con.contype::text AS kind,
               o.said, o.prefix, o.bare, con.conname::text AS name, con.conindid AS key,
               pg_get_constraintdef(con.oid) AS definition, con.convalidated AS is_valid,
               false AS is_plain, NULL AS comment
        FROM pg_constraint con JOIN ours o ON o.oid = con.conrelid
        WHERE con.contype IN ('c', 'f', 'p', 'u', 'x') AND con.conparentid = 0
        UNION ALL
        SELECT 'pg_class'::regclass, i.oid, 'i', o.said, o.prefix, o.bare, i.relname, i.oid,
               CASE WHEN c.relnamespace = current_schema()::regnamespace
                    THEN replace(replace(pg_get_indexdef(i.oid), ' ON ONLY ', ' ON '),
                                 ' ON ' || c.relnamespace::regnamespace::text || '.', ' ON ')
                    ELSE replace(pg_get_indexdef(i.oid), ' ON ONLY ', ' ON ') END,
               x.indisvalid,
               x.indexprs IS NULL AND x.indpred IS NULL, NULL
        FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN ours o ON o.oid = x.indrelid
        JOIN pg_class c ON c.oid = x.indrelid
        WHERE NOT i.relispartition AND NOT EXISTS (SELECT FROM pg_constraint con
                          WHERE con.conindid = i.oid AND con.contype IN ('p', 'u', 'x'))
        UNION ALL
        SELECT 'pg_attrdef'::regclass, d.oid, CASE a.attgenerated WHEN '' THEN 'd' ELSE 'g' END,
               o.said, o.prefix, o.bare, a.attname, 0,
               CASE a.attgenerated WHEN '' THEN pg_get_expr(d.adbin, d.adrelid)
               ELSE quote_ident(a.attname) || ' ' || format_type(a.atttypid, a.atttypmod)
                || coalesce(' COLLATE ' || (SELECT quote_ident(l.collname) FROM pg_collation l
                    JOIN pg_type t ON t.oid = a.atttypid
                    WHERE l.oid = a.attcollation AND l.oid <> t.typcollation), '')
                || ' GENERATED ALWAYS AS (' || pg_get_expr(d.adbin, d.adrelid) || ')'
                || CASE a.attgenerated WHEN 's' THEN ' STORED' ELSE ' VIRTUAL' END
                || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END END,
               true, false, quote_literal(col_description(o.oid, a.attnum))
        FROM pg_attrdef d JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
        JOIN ours o ON o.oid = a.attrelid
    )
    SELECT q.kind, q.said AS table, q.prefix, q.prefix || q.bare AS quoted, q.name, q.definition,
           q.is_valid, q.is_plain, q.comment, q.oid, q.key,
           ARRAY(SELECT DISTINCT ARRAY[t.said, a.attname::text]
                 FROM pg_depend d
                 JOIN ours t ON t.oid = d.refobjid
                 JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
                 WHERE d.classid = q.class AND d.objid = q.oid AND d.objsubid = 0
                   AND d.refclassid = 'pg_class'::regclass AND a.attnum > 0
                   AND NOT (q.kind IN ('d', 'g') AND t.said = q.said AND a.attname = q.name)
           ) AS columns,
           ARRAY(SELECT DISTINCT coalesce(e.typelem, d.refobjid)::oid FROM pg_depend d
                 LEFT JOIN pg_type e ON e.oid = d.refobjid AND e.typcategory = 'A'
                 WHERE d.classid = q.class AND d.objid = q.oid
                   AND d.refclassid = 'pg_type'::regclass) AS types
    FROM objects q ORDER BY q.said, q.kind, q.name
""")
# What no model describes, and what can't be made anew here: it is named.
_OTHERS = text("""
    SELECT DISTINCT t.said, a.attname::text,
           CASE d.classid WHEN 'pg_rewrite'::regclass
                THEN (SELECT 'the view ' || w.ev_class::regclass::text FROM pg_rewrite w
                      WHERE w.oid = d.objid)
                WHEN 'pg_class'::regclass THEN 'the partitioning of ' || t.said
                ELSE 'the ' || pg_describe_object(d.classid, d.objid, 0) END
    FROM pg_depend d
    JOIN (SELECT c.oid, c.relkind,
                 CASE WHEN c.relnamespace = current_schema()::regnamespace THEN ''
                      ELSE n.nspname || '.' END || c.relname AS said
          FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
          WHERE c.relkind IN ('r', 'p')) t ON t.oid = d.refobjid
    JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
    WHERE d.refclassid = 'pg_class'::regclass
      AND (d.classid IN ('pg_rewrite'::regclass, 'pg_trigger'::regclass, 'pg_policy'::regclass,
                         'pg_publication_rel'::regclass)
           OR d.classid = 'pg_class'::regclass AND d.objid = t.oid AND t.relkind = 'p')
    ORDER BY 3
""")
_OTHERS_OF_TYPE = text("""
    SELECT DISTINCT 'the ' || pg_describe_object(d.classid, d.objid, d.objsubid)
    FROM pg_depend d
    WHERE d.refclassid = 'pg_type'::regclass AND d.deptype = 'n'
      AND d.refobjid IN (SELECT t.oid FROM pg_type t WHERE :oid IN (t.oid, t.typelem))
      AND (d.classid IN ('pg_proc'::regclass, 'pg_type'::regclass, 'pg_cast'::regclass,
                         'pg_operator'::regclass, 'pg_rewrite'::regclass)
           OR d.classid = 'pg_class'::regclass AND (SELECT c.relkind NOT IN ('r', 'p', 'i', 'I')
                                                    FROM pg_class c WHERE c.oid = d.objid))
    ORDER BY 1
""")

Column = tuple[str, str]
"""A table, as `Change.table` names it, and a column of it."""

_ORDERS = {
    "c": (Order.OLD_CONSTRAINT, Order.NEW_CONSTRAINT),
    "d": (Order.OLD_SOURCE, Order.NEW_SOURCE),
    "f": (Order.OLD_FOREIGN_KEY, Order.NEW_FOREIGN_KEY),
    "g": (Order.OLD_COMPUTED, Order.NEW_COMPUTED),
    "i": (Order.OLD_INDEX, Order.NEW_INDEX),
    "p": (Order.OLD_CONSTRAINT, Order.NEW_CONSTRAINT),
    "u": (Order.OLD_CONSTRAINT, Order.NEW_CONSTRAINT),
    "x": (Order.OLD_CONSTRAINT, Order.NEW_CONSTRAINT),
}


@dataclass(frozen=True, slots=True)
class Dependent:
    """A constraint, an index, a default or a computed column; `kind` is that of `pg_constraint`.

    The kind is `i` for an index, `d` for a default, `g` for a computed column. `key` is the index
    that it is or hangs on. `is_plain` tells an index of nothing but columns, which Postgres makes
    anew itself when one of them gets another type.
    """

    kind: str
    table: str
    prefix: str
    quoted: str
    name: str
    definition: str
    is_valid: bool
    is_plain: bool
    comment: str | None
    oid: int
    key: int
    columns: frozenset[Column] = field(default_factory=frozenset)
    types: frozenset[int] = field(default_factory=frozenset)

    @property
    def orders(self) -> tuple[Order, Order]:
        """When it goes, and when it comes back."""
        return _ORDERS[self.kind]

    def drop(self, quote: Callable[[str], str]) -> list[str]:
        """Write the statement that removes it."""
        alter = f"ALTER TABLE {self.quoted}"
        match self.kind:
            case "d":
                return [f"{alter} ALTER COLUMN {quote(self.name)} DROP DEFAULT"]
            case "g":
                return [f"{alter} DROP COLUMN {quote(self.name)}"]
            case "i":
                return [f"DROP INDEX {self.prefix}{quote(self.name)}"]
        return [f"{alter} DROP CONSTRAINT {quote(self.name)}"]

    def make(self, quote: Callable[[str], str]) -> list[str]:
        """Write the statements that bring it back as it was."""
        alter = f"ALTER TABLE {self.quoted}"
        match self.kind:
            case "d":
                return [f"{alter} ALTER COLUMN {quote(self.name)} SET DEFAULT {self.definition}"]
            case "g":
                made = [f"{alter} ADD COLUMN {self.definition}"]
                if self.comment:
                    column = f"{self.quoted}.{quote(self.name)}"
                    made.append(f"COMMENT ON COLUMN {column} IS {self.comment}")
                return made
            case "i":
                return [self.definition]
        return [f"{alter} ADD CONSTRAINT {quote(self.name)} {self.definition}"]


def read(connection: Connection) -> list[Dependent]:
    """Read all there are."""
    return [_dependent(row) for row in connection.execute(_OBJECTS).mappings()]


def _dependent(row: RowMapping) -> Dependent:
    columns = frozenset((table, column) for table, column in row["columns"])
    return Dependent(**{**row, "columns": columns, "types": frozenset(row["types"])})


def others(connection: Connection, columns: Collection[Column], types: Iterable[int]) -> list[str]:
    """Name what is in the way of these columns' or types' being made anew, in words."""
    found = [said for table, name, said in connection.execute(_OTHERS) if (table, name) in columns]
    for oid in types:
        found += connection.scalars(_OTHERS_OF_TYPE, {"oid": oid})
    return list(dict.fromkeys(found))
