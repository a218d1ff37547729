"""Columns of tables in Postgres, and how their values are read.

Somebody may have given them other types than a SQLite file has: whatever it is, it is read as such
a file would give it.
"""

from dataclasses import dataclass
from typing import Any

import psycopg2
from psycopg2 import extensions
from psycopg2.sql import SQL, Composable, Identifier


def _as_bytes(value: Any, cursor: Any) -> bytes | None:
    return None if value is None else bytes(psycopg2.BINARY(value, cursor))


BYTES = extensions.new_type(psycopg2.BINARY.values, "BYTES", _as_bytes)
"""Reads binary values as SQLite gives them."""

_TYPES = "SELECT oid, format_type(oid, NULL), typcategory FROM pg_type WHERE oid = ANY(%s::oid[])"

# As SQLAlchemy writes them into SQLite files, so that an id made of them is the same. Beyond these
# years, and for infinity, `to_char` says something else.
_TIME = SQL("""CASE WHEN {0} >= '0001-01-01' AND {0} < '10000-01-01'
    THEN to_char({0}, 'YYYY-MM-DD HH24:MI:SS.US') ELSE {0}::text END""")

_INTEGERS = {"smallint", "integer", "bigint"}
_PLAIN = {*_INTEGERS, "real", "double precision"}
_WRITTEN = {
    "timestamp without time zone": _TIME,
    "timestamp with time zone": SQL(_TIME.string.replace("{0}", "({0} AT TIME ZONE 'UTC')")),
    "numeric": SQL("trim_scale({0})::text"),
    "bytea": SQL("{0}"),
    **dict.fromkeys(_PLAIN, SQL("{0}")),
}
_AS_JSON = SQL("to_json({0})::text")
_AS_TEXT = SQL("{0}::text")


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name in small letters and as it is, its type, and the SQL for its values."""

    name: str
    identifier: Identifier
    type: str
    value: Composable

    @property
    def size(self) -> Composable:
        """SQL for the bytes that a value takes, which need not be read for that."""
        return SQL("coalesce(pg_column_size({}), 0)").format(self.identifier)

    @property
    def is_integer(self) -> bool:
        """Whether its values put rows into order."""
        return self.type in _INTEGERS


def describe(cursor: extensions.cursor, table: Identifier) -> list[Column]:
    """Describe the columns of a table, or of whatever stands in its place."""
    cursor.execute(SQL("SELECT * FROM {} LIMIT 0").format(table))
    # With the types that domains are made of.
    found = [(column.name, column.type_code) for column in cursor.description or ()]
    cursor.execute(_TYPES, ([oid for _, oid in found],))
    types = {oid: (name, category) for oid, name, category in cursor}
    columns: dict[str, Column] = {}
    # A name in small letters goes before one that differs from it in its case.
    for name, oid in sorted(found, key=lambda item: item[0] != item[0].lower()):
        kind, category = types[oid]
        by_category = _AS_JSON if category in {"A", "C"} else _AS_TEXT
        value = _WRITTEN.get(kind, by_category).format(Identifier(name))
        columns.setdefault(name.lower(), Column(name.lower(), Identifier(name), kind, value))
    return list(columns.values())
