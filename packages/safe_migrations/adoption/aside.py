"""The schema that old tables are moved aside into, and what it says of its adoption.

Nothing of them is copied or dropped. Indexes, constraints, triggers and owned sequences follow
their table, and what refers to it (views, foreign keys of other tables) does so by its OID.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from psycopg2 import extensions
from psycopg2.extras import Json
from psycopg2.sql import SQL, Identifier, Literal

from safe_migrations.adoption.takeover import Takeover

_MAKE = SQL("""
    CREATE SCHEMA {schema};
    COMMENT ON SCHEMA {schema} IS {comment};
    CREATE TABLE {schema}.adoption (
        adopted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        transaction xid8 NOT NULL DEFAULT pg_current_xact_id(),
        moved text[] NOT NULL,
        written jsonb NOT NULL
    )
""")
_MARK = SQL("INSERT INTO {schema}.adoption (moved, written) VALUES (%s, %s)")
# Neither error nor rows where there is no such schema, or where it is somebody else's.
_IS_OURS = """
    SELECT count(*) = 4 FROM pg_attribute
    WHERE attrelid = (SELECT pg_class.oid FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
                      WHERE nspname = %s AND relname = 'adoption' AND relkind = 'r')
    AND attname IN ('adopted_at', 'transaction', 'moved', 'written')
"""
_READ = SQL("""
    SELECT adopted_at, transaction::text::numeric::bigint, moved, written FROM {schema}.adoption
""")
_NAMES = "SELECT name, parse_ident(name) FROM unnest(%s) WITH ORDINALITY AS of (name, n) ORDER BY n"
_MOVE = SQL("ALTER TABLE {} SET SCHEMA {}")


@dataclass(frozen=True, slots=True)
class Adoption:
    """What the database says of an adoption that is done.

    `transaction` is the id of the one that did all of it, `moved` are tables where they were, as
    `public.users`, and `written` is how many rows went into each table that took their place.
    """

    adopted_at: datetime
    transaction: int
    moved: tuple[str, ...]
    written: dict[str, int]

    @classmethod
    def read(cls, cursor: extensions.cursor, takeover: Takeover) -> Self | None:
        """Read it; None when nothing was adopted."""
        if not is_ours(cursor, takeover):
            return None
        cursor.execute(_READ.format(schema=Identifier(takeover.schema)))
        row = cursor.fetchone()
        if row is None:
            return None
        # jsonb has an order of its own.
        others = row[3].keys() - set(takeover.tables)
        written = {table: row[3][table] for table in (*takeover.tables, *others)}
        return cls(row[0], row[1], tuple(row[2]), written)


def is_ours(cursor: extensions.cursor, takeover: Takeover) -> bool:
    """Tell whether there is the schema, and it is not somebody else's of the same name."""
    cursor.execute(_IS_OURS, (takeover.schema,))
    row = cursor.fetchone()
    return bool(row and row[0])


def make(cursor: extensions.cursor, takeover: Takeover) -> None:
    """Make the schema and the table of its adoption; errors of psycopg2 when that can't be."""
    comment = (
        f"The tables of {takeover.older}, as `{takeover.adopt}` moved them aside; nobody uses them."
    )
    cursor.execute(_MAKE.format(schema=Identifier(takeover.schema), comment=Literal(comment)))


def mark(
    cursor: extensions.cursor, takeover: Takeover, moved: tuple[str, ...], written: dict[str, int]
) -> None:
    """Note in the transaction that does it all what it has moved and written."""
    cursor.execute(_MARK.format(schema=Identifier(takeover.schema)), (list(moved), Json(written)))


def move(cursor: extensions.cursor, takeover: Takeover, tables: tuple[str, ...]) -> None:
    """Move tables, named as `public.users`, into the schema."""
    for schema, name in _names(cursor, tables):
        cursor.execute(_MOVE.format(Identifier(schema, name), Identifier(takeover.schema)))


def move_back(cursor: extensions.cursor, takeover: Takeover, tables: tuple[str, ...]) -> None:
    """Move tables, named as they were, out of the schema to where they were."""
    for schema, name in _names(cursor, tables):
        cursor.execute(_MOVE.format(Identifier(takeover.schema, name), Identifier(schema)))


def _names(cursor: extensions.cursor, tables: tuple[str, ...]) -> list[tuple[str, str]]:
    cursor.execute(_NAMES, (list(tables),))
    return [tuple(names) for _, names in cursor.fetchall()]
