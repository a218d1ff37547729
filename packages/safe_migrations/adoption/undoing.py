"""The way back: the old tables where they were, as long as the new ones hold nothing of their own.

That can be told from the rows alone: each says which transaction has written it as it is.
"""

from collections.abc import Callable
from dataclasses import dataclass

from psycopg2 import extensions
from psycopg2.sql import SQL, Identifier, Literal
from sqlalchemy import Table

from plain_commands.errors import ConflictError
from safe_migrations.adoption import aside
from safe_migrations.adoption.aside import Adoption
from safe_migrations.adoption.barrier import lower_barrier
from safe_migrations.adoption.takeover import Takeover

EXAMPLES = 5

_THERE = "SELECT name FROM unnest(%s) AS name WHERE to_regclass(quote_ident(name)) IS NOT NULL"
_LOCK = SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE")
_COUNT = SQL("""
    SELECT count(*), count(*) FILTER (WHERE xmin <> {transaction}::text::xid) FROM {table}
""")
_CHANGED = SQL("""
    SELECT {key}::text FROM {table} WHERE xmin <> {transaction}::text::xid ORDER BY 1 LIMIT {few}
""")
_DROP = SQL("DROP TABLE IF EXISTS {}")
_END = SQL("DROP TABLE {schema}.adoption; DROP SCHEMA {schema}")
_IS_AS_WRITTEN = SQL("SELECT count(*) FROM {schema}.adoption WHERE xmin = %s::text::xid")


@dataclass(frozen=True, slots=True)
class Own:
    """What a table holds that the adoption has not written, and how many of its rows are gone."""

    table: str
    changed: int
    examples: tuple[str, ...]
    gone: int

    def __str__(self) -> str:
        """Say it in a few words."""
        said = []
        if self.changed:
            more = ", ..." if self.changed > len(self.examples) else ""
            said.append(
                f"{self.changed:,} of {self.table} written or changed since "
                f"({', '.join(self.examples)}{more})"
            )
        if self.gone:
            said.append(f"{self.gone:,} of {self.table} deleted since")
        return ", ".join(said)


def put_back(
    cursor: extensions.cursor,
    takeover: Takeover,
    adoption: Adoption,
    *,
    downgrade: Callable[[], None],
) -> None:
    """Put the old tables back where they were, in the transaction of a cursor.

    `downgrade` takes all revisions back in that transaction, whose tables and those of the tools
    are dropped. Raises ConflictError when there are rows that would be lost, with nothing done.
    """
    _check_not_restored(cursor, takeover, adoption)
    if own := own_rows(cursor, takeover, adoption):
        message = (
            "The old tables can't be put back: what the service has written since the adoption "
            f"of {adoption.adopted_at:%Y-%m-%d %H:%M} UTC would be lost: "
            f"{'; '.join(map(str, own))}. New rows can be deleted through the service's API, after "
            "which this command may be run again. Changed rows can't be undone, but the old ones "
            f"can be read in the schema {takeover.schema}."
        )
        raise ConflictError(message)
    downgrade()
    for table in takeover.tools:
        cursor.execute(_DROP.format(Identifier(table)))
    aside.move_back(cursor, takeover, adoption.moved)
    lower_barrier(cursor, takeover)
    cursor.execute(_END.format(schema=Identifier(takeover.schema)))


def _check_not_restored(cursor: extensions.cursor, takeover: Takeover, adoption: Adoption) -> None:
    """Raise ConflictError for a dump that was restored, whose rows are all of one transaction."""
    cursor.execute(_IS_AS_WRITTEN.format(schema=Identifier(takeover.schema)), (_xid(adoption),))
    if cursor.fetchone() == (0,):
        message = (
            "This database was restored from a dump after the adoption, so there is no telling "
            "which rows have changed since. Go back with a dump from before the adoption, or on "
            "Neon with `flask neon restore`; the old rows can be read in the schema "
            f"{takeover.schema}."
        )
        raise ConflictError(message)


def count_rows(cursor: extensions.cursor, takeover: Takeover) -> dict[str, int]:
    """Count the rows of the service's tables, by which it is seen later that some are gone."""
    found = {}
    for table in _tables(cursor, takeover):
        cursor.execute(SQL("SELECT count(*) FROM {}").format(Identifier(table.name)))
        (found[table.name],) = cursor.fetchone() or (0,)
    return found


def own_rows(cursor: extensions.cursor, takeover: Takeover, adoption: Adoption) -> list[Own]:
    """Find what the service's tables hold of their own, and lock them so that it stays so."""
    tables = _tables(cursor, takeover)
    if tables:
        names = SQL(", ").join(Identifier(table.name) for table in tables)
        cursor.execute(_LOCK.format(names))
    found = (_own(cursor, adoption, table) for table in tables)
    return [own for own in found if own.changed or own.gone]


def _xid(adoption: Adoption) -> int:
    """Return what xmin is of a row of the adoption's: the id without its epoch."""
    return adoption.transaction % 2**32


def _tables(cursor: extensions.cursor, takeover: Takeover) -> list[Table]:
    """Find the service's tables whose rows count, as far as they are there."""
    every = takeover.metadata.sorted_tables
    wanted = [item for item in every if item.name not in takeover.unguarded]
    cursor.execute(_THERE, ([item.name for item in wanted],))
    there = {name for (name,) in cursor.fetchall()}
    return [item for item in wanted if item.name in there]


def _own(cursor: extensions.cursor, adoption: Adoption, table: Table) -> Own:
    names = {
        "table": Identifier(table.name),
        "transaction": Literal(_xid(adoption)),
        "few": Literal(EXAMPLES),
    }
    cursor.execute(_COUNT.format(**names))
    there, changed = cursor.fetchone() or (0, 0)
    examples: list[str] = []
    if changed:
        (key, *_) = table.primary_key.columns
        cursor.execute(_CHANGED.format(key=Identifier(key.name), **names))
        examples = [row[0] for row in cursor]
    gone = max(0, adoption.written.get(table.name, 0) - there)
    return Own(table.name, changed, tuple(examples), gone)
