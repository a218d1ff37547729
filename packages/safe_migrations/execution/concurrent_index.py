"""Finds what a concurrent index build that was cut off has left, and clears it away."""

import re
import time
from collections.abc import Callable
from typing import Any

_CREATE = re.compile(r"\s*CREATE\s+(?:UNIQUE\s+)?INDEX\s+CONCURRENTLY\b", re.IGNORECASE)
_DROP = re.compile(r"\s*DROP\s+INDEX\s+CONCURRENTLY\b", re.IGNORECASE)
_LOOK_EVERY_S = 0.5

_INDEX = """
    SELECT i.indexrelid, i.indexrelid::regclass::text, i.indisvalid,
           pg_get_indexdef(i.indexrelid), p.pid
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    LEFT JOIN pg_stat_progress_create_index p ON p.index_relid = i.indexrelid
    WHERE c.relname = %s AND c.relnamespace = coalesce(
        (SELECT relnamespace FROM pg_class WHERE oid = to_regclass(%s)), 0)
"""


def is_needed(cursor: Any, statement: str, *, resumed: bool, say: Callable[[str], None]) -> bool:
    """Prepare for a statement, and tell whether it is still to be run.

    An invalid index of the same name is dropped first: Postgres leaves one behind when a concurrent
    build fails or is killed, and refuses to build it anew (documentation, CREATE INDEX, "Building
    Indexes Concurrently"). A build that goes on in the server although its client is gone is waited
    for. With `resumed`, when an earlier run may have got so far, an index that is there already, as
    the statement defines it, or one that is gone already is not an error but done.
    """
    if _DROP.match(statement):
        return not (resumed and _is_gone(cursor, statement))
    if not _CREATE.match(statement):
        return True
    # Most revisions come without; the parser takes a quarter of a second to import.
    import postgast  # noqa: PLC0415

    parsed = postgast.parse(statement).stmts[0].stmt.index_stmt
    table = _quoted(parsed.relation.schemaname, parsed.relation.relname)
    found = _await_end_of_build(cursor, parsed.idxname, table, say)
    if found is None:
        return True
    _, name, is_valid, definition, _ = found
    if not is_valid:
        say(f"Index {name} is invalid, left by a build that was cut off: it is built again.")
        # nosemgrep: sql-of-pieces  as Postgres quotes it
        cursor.execute(f"DROP INDEX CONCURRENTLY {name}")
        return True
    if resumed and _shape(definition) == _shape(_definition_of(cursor, statement, table)):
        say(f"Index {name} is there already, built by the run that was cut off.")
        return False
    return True


def _await_end_of_build(
    cursor: Any, index: str, table: str, say: Callable[[str], None]
) -> tuple[int, str, bool, str, int | None] | None:
    is_told = False
    while True:
        cursor.execute(_INDEX, (index, table))
        found: tuple[int, str, bool, str, int | None] | None = cursor.fetchone()
        if found is None or found[4] is None:
            return found
        if not is_told:
            say(f"Index {found[1]} is being built by pid {found[4]}; waiting for it ...")
            is_told = True
        time.sleep(_LOOK_EVERY_S)


def _is_gone(cursor: Any, statement: str) -> bool:
    import postgast  # noqa: PLC0415

    dropped = postgast.parse(statement).stmts[0].stmt.drop_stmt.objects[0]
    name = _quoted(*(item.string.sval for item in dropped.list.items))
    cursor.execute("SELECT to_regclass(%s) IS NULL", (name,))
    return bool(cursor.fetchone()[0])


def _definition_of(cursor: Any, statement: str, table: str) -> str:
    """Let Postgres write the statement's index in its own words, by building it on an empty twin.

    Comparing the texts would not do: Postgres adds casts, defaults and brackets.
    """
    import postgast  # noqa: PLC0415

    tree = postgast.parse(statement)
    index = tree.stmts[0].stmt.index_stmt
    index.concurrent = False
    index.idxname = "schema_progress_twin_index"
    index.relation.schemaname, index.relation.relname = "pg_temp", "schema_progress_twin"
    cursor.execute("BEGIN")
    try:
        cursor.execute(
            # nosemgrep: sql-of-pieces  quoted
            f"CREATE TEMP TABLE schema_progress_twin (LIKE {table} INCLUDING GENERATED) "
            "ON COMMIT DROP"
        )
        cursor.execute(postgast.deparse(tree))
        cursor.execute("SELECT pg_get_indexdef('pg_temp.schema_progress_twin_index'::regclass)")
        return str(cursor.fetchone()[0])
    finally:
        cursor.execute("ROLLBACK")


def _shape(definition: str) -> tuple[bool, str]:
    """Take the names of index and table out of a definition as pg_get_indexdef writes it."""
    return definition.startswith("CREATE UNIQUE"), definition.split(" USING ", 1)[1]


def _quoted(*names: str) -> str:
    return ".".join('"' + name.replace('"', '""') + '"' for name in names if name)
