"""What takes more than one row to settle: which of the staged rows are written, and as what.

Everything is done to all rows of a table at once. A row that is not to be written leaves its
staging table, and is counted as already there or noted in import_refused; what stays is written.
"""

from psycopg2 import extensions
from psycopg2.sql import SQL, Composable, Identifier, Literal

from sqlite_to_postgres.table_import import Parent, TableImport

_TAKE_OUT_KNOWN = SQL("""
    WITH known AS (
        DELETE FROM {staged} AS new USING {table} AS there WHERE there.id = new.id
        RETURNING new.position, new.id, new.source_id, ({is_same}) IS TRUE AS is_same,
                  {has_changed} AS has_changed
    ), other AS (
        INSERT INTO import_refused
        SELECT {name}, position, id, source_id, 'another row in the database has its id'
        FROM known WHERE NOT is_same
    )
    SELECT count(*), count(*) FILTER (WHERE has_changed) FROM known WHERE is_same
""")

_REFUSE = SQL("""
    WITH refused AS (
        DELETE FROM {staged} AS new WHERE {condition}
        RETURNING new.position, new.id, new.source_id, {reason} AS reason
    )
    INSERT INTO import_refused SELECT {name}, position, id, source_id, reason FROM refused
""")

_IS_REPEATED = SQL("""EXISTS (
    SELECT FROM {staged} AS earlier WHERE earlier.id = new.id AND earlier.position < new.position
)""")

# A row in the database that has the id of one that was refused is another one.
_IS_ORPHAN = SQL("""
    NOT EXISTS (SELECT FROM {staged_parents} AS parent WHERE parent.id = new.{key})
    AND (NOT EXISTS (SELECT FROM {parents} AS parent WHERE parent.id = new.{key})
        OR {was_refused})
""")

_WAS_REFUSED = SQL("""EXISTS (
    SELECT FROM import_refused AS r WHERE r.of_table = {parents_name} AND r.id = new.{key}
)""")

_WHY_ORPHAN = SQL("""
    CASE WHEN {was_refused} THEN {parent_was_refused} ELSE {parent_is_missing} END
""")


def settle_rows(cursor: extensions.cursor, table: TableImport) -> tuple[int, int]:
    """Leave in the staging table what is to be written.

    Counts the rows that are there already, and those of them that the source has changed since.
    """
    name, staged = table.name, Identifier(f"import_{table.name}")
    _refuse(cursor, name, SQL("new.refused IS NOT NULL"), SQL("new.refused"))
    _refuse(cursor, name, SQL("new.id IS NULL"), Literal("it has no id"))
    known = _TAKE_OUT_KNOWN.format(
        staged=staged,
        table=Identifier(name),
        name=Literal(name),
        is_same=SQL(table.is_same),
        has_changed=SQL(table.has_changed),
    )
    cursor.execute(known)
    already_there, changed = cursor.fetchone() or (0, 0)
    _refuse(
        cursor, name, _IS_REPEATED.format(staged=staged), Literal("an earlier row has the same id")
    )
    if table.parent:
        _refuse_orphans(cursor, name, table.parent)
    return already_there, changed


def _refuse_orphans(cursor: extensions.cursor, table: str, parent: Parent) -> None:
    key = Identifier(parent.column)
    was_refused = _WAS_REFUSED.format(parents_name=Literal(parent.table), key=key)
    condition = _IS_ORPHAN.format(
        staged_parents=Identifier(f"import_{parent.table}"),
        parents=Identifier(parent.table),
        key=key,
        was_refused=was_refused,
    )
    reason = _WHY_ORPHAN.format(
        was_refused=was_refused,
        parent_was_refused=Literal(f"its {parent.noun} was refused"),
        parent_is_missing=Literal(f"its {parent.noun} is not in the source"),
    )
    _refuse(cursor, table, condition, reason)


def _refuse(
    cursor: extensions.cursor, table: str, condition: Composable, reason: Composable
) -> None:
    cursor.execute(
        _REFUSE.format(
            staged=Identifier(f"import_{table}"),
            name=Literal(table),
            condition=condition,
            reason=reason,
        )
    )
