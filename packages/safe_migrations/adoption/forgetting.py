"""The end of the old tables: what would go with them, and that it goes."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from psycopg2 import errors, extensions
from psycopg2.sql import SQL, Identifier

from plain_commands.errors import ConflictError
from safe_migrations.adoption.aside import Adoption
from safe_migrations.adoption.barrier import lower_barrier
from safe_migrations.adoption.takeover import Takeover

_RELATIONS = """
    SELECT c.relname::text, c.relkind, pg_size_pretty(pg_total_relation_size(c.oid))
    FROM pg_class c
    WHERE c.relnamespace = to_regnamespace(%s) AND c.relkind IN ('r', 'p', 'S')
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass
                    AND d.objid = c.oid AND d.deptype IN ('a', 'i'))
    ORDER BY c.relkind DESC, 1
"""
_COUNT = SQL("SELECT count(*) FROM {}")


@dataclass(frozen=True, slots=True)
class Relation:
    """A relation of the schema, how many rows it has and how large it is, in words."""

    name: str
    rows: int
    size: str


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What goes: when it was adopted, what there is, and the rows that are nowhere else."""

    takeover: Takeover
    adoption: Adoption
    relations: tuple[Relation, ...]
    refused: dict[str, int]

    def as_json(self) -> dict[str, Any]:
        """Return it as values for JSON."""
        return {
            "adopted_at": self.adoption.adopted_at.isoformat(),
            "relations": [
                {
                    "name": f"{self.takeover.schema}.{item.name}",
                    "rows": item.rows,
                    "size": item.size,
                }
                for item in self.relations
            ],
            "refused": self.refused,
        }

    def __str__(self) -> str:
        """Say what goes, for people."""
        schema = self.takeover.schema
        listed = ", ".join(
            f"{schema}.{item.name} ({item.rows:,} row{'' if item.rows == 1 else 's'}, {item.size})"
            for item in self.relations
        )
        said = (
            f"What was adopted on {self.adoption.adopted_at:%Y-%m-%d %H:%M} UTC goes for good: "
            f"{listed}. With it goes the barrier that keeps {self.takeover.program}'s writes out."
        )
        if self.refused:
            rows = ", ".join(f"{count:,} of {table}" for table, count in self.refused.items())
            said += f" Rows that were refused then, and are nowhere else, go too: {rows}."
        return said


def what_goes(cursor: extensions.cursor, takeover: Takeover, adoption: Adoption) -> Forgotten:
    """Look at what is in the schema; raises ConflictError when others depend on it.

    That is found by trying, so the transaction of the cursor is to be rolled back.
    """
    cursor.execute(_RELATIONS, (takeover.schema,))
    found = cursor.fetchall()
    relations = tuple(
        Relation(name, _count(cursor, takeover, name), size)
        for name, kind, size in found
        if kind != "S" and name != "adoption"
    )
    kept = {item.name: item.rows - adoption.written.get(item.name, 0) for item in relations}
    refused = {table: kept[table] for table in takeover.tables if kept.get(table, 0) > 0}
    _drop(cursor, takeover, [(name, kind) for name, kind, _ in found])
    return Forgotten(takeover, adoption, relations, refused)


def forget(cursor: extensions.cursor, takeover: Takeover) -> None:
    """Drop the schema and the barrier; ConflictError, with nothing done, if others need it."""
    cursor.execute(_RELATIONS, (takeover.schema,))
    _drop(cursor, takeover, [(name, kind) for name, kind, _ in cursor.fetchall()])
    lower_barrier(cursor, takeover)
    with _refusing(takeover):
        cursor.execute(SQL("DROP SCHEMA {}").format(Identifier(takeover.schema)))


def _count(cursor: extensions.cursor, takeover: Takeover, table: str) -> int:
    cursor.execute(_COUNT.format(Identifier(takeover.schema, table)))
    (rows,) = cursor.fetchone() or (0,)
    return int(rows)


def _drop(cursor: extensions.cursor, takeover: Takeover, relations: list[tuple[str, str]]) -> None:
    """Drop relations with what is in the schema, and nothing that is elsewhere."""
    for is_sequence, kind in ((False, "TABLE"), (True, "SEQUENCE")):
        wanted = [name for name, of in relations if (of == "S") is is_sequence]
        names = [Identifier(takeover.schema, name) for name in wanted]
        if names:
            with _refusing(takeover):
                cursor.execute(SQL("DROP {} {}").format(SQL(kind), SQL(", ").join(names)))


@contextmanager
def _refusing(takeover: Takeover) -> Iterator[None]:
    """Name what others have made on what is to go, rather than take it along."""
    try:
        yield
    except errors.DependentObjectsStillExist as error:
        detail = "; ".join((error.diag.message_detail or "").splitlines())
        message = (
            "The old tables can't be dropped, as other objects depend on what is in the schema "
            f"{takeover.schema}: {detail}. Drop or change those first, if they are no longer "
            "needed, and run the command again."
        )
        raise ConflictError(message) from error
