"""The models' tables as Postgres itself words them: made as temporary ones, read, rolled back.

Postgres keeps expressions parsed and prints them in its own words, so that texts of a model and of
the database can't be compared, while two definitions that it printed itself can.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Connection, Enum, MetaData, Table, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.schema import CreateIndex, CreateTable

log = logging.getLogger("alembic.autogenerate.twin")

_quote = postgresql.dialect().identifier_preparer.quote  # type: ignore[no-untyped-call]

_CONSTRAINTS = text("""
    SELECT c.relname, con.conname, con.contype::text,
           regexp_replace(pg_get_constraintdef(con.oid), ' NOT VALID$', ''), con.convalidated,
           ARRAY(SELECT a.attname::text FROM pg_attribute a
                 WHERE a.attrelid = c.oid AND a.attnum = ANY (con.conkey)
                 ORDER BY array_position(con.conkey, a.attnum))
    FROM pg_constraint con JOIN pg_class c ON c.oid = con.conrelid
    WHERE c.relnamespace = CAST(:namespace AS oid) AND c.relname = ANY (:tables)
      AND (con.contype IN ('c', 'p', 'u', 'x') OR NOT con.convalidated)
    ORDER BY 1, 2
""")
_INDEXES = text("""
    SELECT c.relname, i.relname,
           -- ON ONLY: a partitioned table's.
           replace(replace(replace(pg_get_indexdef(i.oid), ' ON ONLY ', ' ON '),
                           ' ON pg_temp.', ' ON '),
                   ' ON ' || quote_ident(n.nspname) || '.', ' ON '),
           x.indisvalid AND x.indisready,
           ARRAY(SELECT DISTINCT a.attname::text
                 FROM pg_depend d JOIN pg_attribute a
                   ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
                 WHERE d.classid = 'pg_class'::regclass AND d.objid = i.oid
                   AND d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid)
    FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class c ON c.oid = x.indrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relnamespace = CAST(:namespace AS oid) AND c.relname = ANY (:tables)
      AND NOT EXISTS (SELECT FROM pg_constraint con
                      WHERE con.conindid = i.oid AND con.contype IN ('p', 'u', 'x'))
    ORDER BY 1, 2
""")
_COLUMNS = text("""
    SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
           CASE WHEN a.attcollation <> t.typcollation THEN quote_ident(l.collname) END,
           a.attgenerated::text, a.attidentity::text, pg_get_expr(d.adbin, d.adrelid),
           pg_get_serial_sequence(format('%I.%I', n.nspname, c.relname), a.attname)
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    LEFT JOIN pg_collation l ON l.oid = a.attcollation
    WHERE c.relnamespace = CAST(:namespace AS oid) AND c.relname = ANY (:tables)
      AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY c.relname, a.attnum
""")


@dataclass(frozen=True, slots=True)
class Constraint:
    """A constraint; `kind` is `pg_constraint.contype`, `definition` lacks name and NOT VALID."""

    name: str
    kind: str
    definition: str
    is_valid: bool
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Index:
    """An index that no constraint owns; `definition` is the statement that makes it."""

    name: str
    definition: str
    is_valid: bool
    columns: tuple[str, ...]

    @property
    def nameless(self) -> str:
        """The definition without the name."""
        head, _, tail = self.definition.partition(" ON ")
        return f"{head.split()[1]} {tail}"


@dataclass(frozen=True, slots=True)
class Column:
    """A column, as `pg_attribute` describes it; `sequence` is the one it owns."""

    name: str
    type: str
    collation: str | None
    generated: str
    identity: str
    expression: str | None
    sequence: str | None

    @property
    def source(self) -> str:
        """Where a value comes from when none is given."""
        if self.generated:
            return "generated"
        if self.identity:
            return "identity"
        if self.sequence and (self.expression or "").startswith("nextval("):
            return "serial"
        return "default" if self.expression is not None else "none"


@dataclass(frozen=True, slots=True)
class Shape:
    """What a table is made of, by name."""

    columns: dict[str, Column] = field(default_factory=dict)
    constraints: dict[str, Constraint] = field(default_factory=dict)
    indexes: dict[str, Index] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Twins:
    """The tables that exist on both sides, as the database has them and as the models want them."""

    live: dict[str, Shape]
    wanted: dict[str, Shape]

    def pair(self, table: str) -> tuple[Shape, Shape] | None:
        """Both sides of a table, or None when it can't be compared in this way."""
        if table in self.live and table in self.wanted:
            return self.live[table], self.wanted[table]
        return None


_made: "WeakKeyDictionary[AutogenContext, Twins]" = WeakKeyDictionary()


def twins(autogen: AutogenContext) -> Twins:
    """Make and read the twins, once per comparison."""
    if autogen not in _made:
        assert autogen.connection is not None  # noqa: S101  there is no comparison without one
        there = set(autogen.inspector.get_table_names())
        tables = [
            table for table in autogen.sorted_tables if table.schema is None and table.name in there
        ]
        _made[autogen] = _make(autogen.connection, tables, native_enums(autogen.metadata))
    return _made[autogen]


def native_enums(metadata: MetaData | Sequence[MetaData] | None) -> dict[str, Enum]:
    """Find the native enums of the models, by name."""
    found: dict[str, Enum] = {}
    every = [metadata] if isinstance(metadata, MetaData) else metadata or ()
    for table in (table for item in every for table in item.sorted_tables):
        for column in table.columns:
            kind = getattr(column.type, "item_type", column.type)
            if isinstance(kind, Enum) and kind.native_enum and kind.name:
                found[str(kind.name)] = kind
    return found


def create_type(enum: Enum, schema: str = "") -> str:
    """Write the statement that makes a native enum."""
    return f"CREATE TYPE {schema}{_quote(str(enum.name))} AS ENUM ({labels(enum.enums)})"


def labels(values: Iterable[str]) -> str:
    """Write the values of an enum as SQL."""
    return ", ".join("'" + value.replace("'", "''") + "'" for value in values)


def _make(connection: Connection, tables: list[Table], enums: dict[str, Enum]) -> Twins:
    names = [table.name for table in tables]
    namespace = connection.scalar(text("SELECT current_schema()::regnamespace::oid"))
    live = _read(connection, namespace, names)
    wanted: dict[str, Shape] = {}
    try:
        with connection.begin_nested() as savepoint:
            # Types and tables without a schema are then made as temporary ones, and found first.
            connection.execute(
                text(
                    "SELECT set_config('search_path', "
                    "'pg_temp, ' || current_setting('search_path'), true)"
                )
            )
            for enum in enums.values():
                connection.execute(text(create_type(enum, "pg_temp.")))
            made = [table.name for table in tables if _is_made(connection, table)]
            temporary = connection.scalar(text("SELECT pg_my_temp_schema()"))
            wanted = _read(connection, temporary, made)
            savepoint.rollback()
    except SQLAlchemyError as error:
        log.warning(
            "Compared by Alembic's own means only, which misses changed CHECKs, predicates and "
            "methods of indexes, primary keys, computed expressions, EXCLUDE and collations: %s",
            _reason(error),
        )
    return Twins(live, wanted)


def _is_made(connection: Connection, table: Table) -> bool:
    try:
        with connection.begin_nested():
            connection.execute(CreateTable(table, include_foreign_key_constraints=()))
            for index in sorted(table.indexes, key=lambda item: str(item.name)):
                connection.execute(CreateIndex(index))
    except SQLAlchemyError as error:
        log.warning(
            "%s is compared by Alembic's own means only, which misses changed CHECKs, predicates "
            "and methods of indexes, primary keys, computed expressions, EXCLUDE and collations; "
            "the database can't make its model: %s",
            table.name,
            _reason(error),
        )
        return False
    return True


def _reason(error: SQLAlchemyError) -> str:
    return str(getattr(error, "orig", error)).strip().splitlines()[0]


def _read(connection: Connection, namespace: Any, names: list[str]) -> dict[str, Shape]:
    where = {"namespace": namespace, "tables": names}
    shapes = {name: Shape() for name in names}
    for table, *values in connection.execute(_COLUMNS, where):
        shapes[table].columns[values[0]] = Column(*values)
    for table, name, kind, definition, is_valid, columns in connection.execute(_CONSTRAINTS, where):
        shapes[table].constraints[name] = Constraint(
            name, kind, definition, is_valid, tuple(columns)
        )
    for table, name, definition, is_valid, columns in connection.execute(_INDEXES, where):
        shapes[table].indexes[name] = Index(name, definition, is_valid, tuple(columns))
    return shapes
