"""What the tables and sequences of a schema are made of, as Postgres itself words it."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from typing import Any, TypeVar

from sqlalchemy import Connection, text

_CONSTRAINTS = text("""
    SELECT c.relname, con.conname, con.contype::text,
           regexp_replace(pg_get_constraintdef(con.oid), ' NOT VALID$', ''), con.convalidated,
           ARRAY(SELECT a.attname::text FROM pg_attribute a
                 WHERE a.attrelid = c.oid AND a.attnum = ANY (con.conkey)
                 ORDER BY array_position(con.conkey, a.attnum))
    FROM pg_constraint con JOIN pg_class c ON c.oid = con.conrelid
    WHERE c.oid = ANY (CAST(:tables AS regclass[]))
      AND (con.contype IN ('c', 'p', 'u', 'x') OR NOT con.convalidated)
    ORDER BY 1, 2
""")
_INDEXES = text("""
    SELECT c.relname, i.relname,
           -- ON ONLY: a partitioned table's.
           replace(replace(replace(pg_get_indexdef(i.oid), ' ON ONLY ', ' ON '),
                           ' ON pg_temp.', ' ON ' || :prefix),
                   ' ON ' || quote_ident(n.nspname) || '.', ' ON ' || :prefix),
           x.indisvalid AND x.indisready,
           ARRAY(SELECT DISTINCT a.attname::text
                 FROM pg_depend d JOIN pg_attribute a
                   ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
                 WHERE d.classid = 'pg_class'::regclass AND d.objid = i.oid
                   AND d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid)
    FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class c ON c.oid = x.indrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid = ANY (CAST(:tables AS regclass[]))
      AND NOT EXISTS (SELECT FROM pg_constraint con
                      WHERE con.conindid = i.oid AND con.contype IN ('p', 'u', 'x'))
    ORDER BY 1, 2
""")
_COLUMNS = text("""
    SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
           CASE WHEN a.attcollation <> t.typcollation THEN quote_ident(l.collname) END,
           a.attgenerated::text, a.attidentity::text, pg_get_expr(d.adbin, d.adrelid),
           CASE WHEN s.relnamespace = c.relnamespace THEN :prefix || quote_ident(s.relname)
                ELSE s.oid::regclass::text END,
           q.seqrelid = o.sequence, q.seqtypid::regtype::text, q.seqstart, q.seqincrement,
           q.seqmin, q.seqmax, q.seqcache, q.seqcycle
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    LEFT JOIN pg_collation l ON l.oid = a.attcollation
    CROSS JOIN LATERAL (
        SELECT pg_get_serial_sequence(
            format('%I.%I', n.nspname, c.relname), a.attname)::regclass::oid AS sequence
    ) o
    LEFT JOIN LATERAL (
        SELECT refobjid FROM pg_depend JOIN pg_sequence ON seqrelid = refobjid
        WHERE classid = 'pg_attrdef'::regclass AND objid = d.oid
          AND refclassid = 'pg_class'::regclass LIMIT 1
    ) u ON d.oid IS NOT NULL
    LEFT JOIN pg_sequence q ON q.seqrelid = coalesce(u.refobjid, o.sequence)
    LEFT JOIN pg_class s ON s.oid = q.seqrelid
    WHERE c.oid = ANY (CAST(:tables AS regclass[]))
      AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY c.relname, a.attnum
""")
_SEQUENCES = text("""
    SELECT c.relname, q.seqtypid::regtype::text, q.seqstart, q.seqincrement, q.seqmin, q.seqmax,
           q.seqcache, q.seqcycle
    FROM pg_sequence q JOIN pg_class c ON c.oid = q.seqrelid
    WHERE c.relnamespace = CAST(:namespace AS oid) AND c.relname = ANY (:names)
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
class Numbers:
    """Which numbers a sequence gives, as `pg_sequence` has it."""

    type: str
    start: int
    increment: int
    minimum: int
    maximum: int
    cache: int
    cycle: bool


@dataclass(frozen=True, slots=True)
class Column:
    """A column, as `pg_attribute` describes it.

    `sequence` is the one that its default uses, or else the one that it owns.
    """

    name: str
    type: str
    collation: str | None
    generated: str
    identity: str
    expression: str | None
    sequence: str | None
    is_owner: bool | None
    numbers: Numbers | None

    @property
    def source(self) -> str:
        """Where a value comes from when none is given."""
        if self.generated:
            return "generated"
        if self.identity:
            return "identity"
        if self.is_owner:
            return "serial" if (self.expression or "").startswith("nextval(") else "idle"
        return "default" if self.expression is not None else "none"


@dataclass(frozen=True, slots=True)
class Shape:
    """What a table is made of, by name."""

    columns: dict[str, Column] = field(default_factory=dict)
    constraints: dict[str, Constraint] = field(default_factory=dict)
    indexes: dict[str, Index] = field(default_factory=dict)

    def reworded(self, reword: Callable[[str], str]) -> "Shape":
        """Change the words of all it is made of."""
        return Shape(
            {name: _reworded(item, reword) for name, item in self.columns.items()},
            {name: _reworded(item, reword) for name, item in self.constraints.items()},
            {name: _reworded(item, reword) for name, item in self.indexes.items()},
        )


_Item = TypeVar("_Item", Column, Constraint, Index)


def _reworded(item: _Item, reword: Callable[[str], str]) -> _Item:
    """Change the words of an item, but not its name."""
    texts: dict[str, Any] = {
        one.name: reword(value)
        for one in fields(item)
        if one.name != "name" and isinstance(value := getattr(item, one.name), str)
    }
    return replace(item, **texts)


def read(connection: Connection, tables: dict[str, str], prefix: str) -> dict[str, Shape]:
    """Read tables of a schema, whose names in SQL stand beside them.

    `prefix` is what the names of what belongs to them are to have before them.
    """
    shapes = {name: Shape() for name in tables}
    at: dict[str, Any] = {"tables": list(tables.values())}
    for table, *rest in connection.execute(_COLUMNS, {**at, "prefix": prefix}):
        numbers = None if rest[6] is None else Numbers(*rest[8:])
        shapes[table].columns[rest[0]] = Column(*[*rest[:8], numbers])
    for table, *rest, columns in connection.execute(_CONSTRAINTS, at):
        constraint = Constraint(*[*rest, tuple(columns)])
        shapes[table].constraints[constraint.name] = constraint
    for table, *rest, columns in connection.execute(_INDEXES, {**at, "prefix": prefix}):
        index = Index(*[*rest, tuple(columns)])
        shapes[table].indexes[index.name] = index
    return shapes


def read_sequences(connection: Connection, namespace: int, names: list[str]) -> dict[str, Numbers]:
    """Read sequences of a schema."""
    rows = connection.execute(_SEQUENCES, {"namespace": namespace, "names": names})
    return {name: Numbers(*rest) for name, *rest in rows}


def rewording(words: dict[str, str]) -> Callable[[str], str]:
    """Make what replaces words, each as a whole."""
    pattern = re.compile(rf"\b({'|'.join(words)})\b")
    return lambda given: pattern.sub(lambda match: words[match[1]], given)
