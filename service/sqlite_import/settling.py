"""What takes more than one row to settle: which of the staged rows are written, and as what.

Everything is done to all rows of a table at once. A row that is not to be written leaves its
staging table, and is counted as already there or noted in import_refused; what stays is written.
"""

from psycopg2 import extensions
from psycopg2.sql import SQL, Composable, Identifier, Literal

from service.models.username import LENGTH

PARENTS = {"workflows": "users", "nodes": "workflows", "generations": "workflows"}

_IS_SAME = {
    "users": SQL("there.created_at = new.created_at"),
    "workflows": SQL("there.created_at = new.created_at"),
    "nodes": SQL("there.workflow_id = new.workflow_id"),
    "generations": SQL("(there.workflow_id, there.created_at) = (new.workflow_id, new.created_at)"),
}
"""How to tell a row that was imported before from one that only has its id.

That happens when a database was copied and both copies grew on, counting their ids up.
"""

_HAS_CHANGED = {
    "users": SQL("new.updated_at > there.updated_at"),
    "workflows": SQL("""(new.updated_at > there.updated_at
        OR new.completed_at IS NOT NULL AND there.completed_at IS NULL)"""),
    "nodes": SQL("""(new.status <> there.status AND new.completed_at IS NOT NULL
        AND coalesce(new.completed_at > there.completed_at, true))"""),
    "generations": SQL("false"),
}
"""How to tell a row that has gone on in the source since it was imported, as far as that says.

A node has no time of its last change, and so is known by its end only; a generation never changes.
What the service has changed since is newer, and nobody misses what the source had before.
"""

_TAKE_OUT_KNOWN = SQL("""
    WITH known AS (
        DELETE FROM {staged} AS new USING {table} AS there WHERE there.id = new.id
        RETURNING new.position, new.id, new.legacy_id, ({is_same}) IS TRUE AS is_same,
                  {has_changed} AS has_changed
    ), other AS (
        INSERT INTO import_refused
        SELECT {name}, position, id, legacy_id, 'another row in the database has its id'
        FROM known WHERE NOT is_same
    )
    SELECT count(*), count(*) FILTER (WHERE has_changed) FROM known WHERE is_same
""")

_REFUSE = SQL("""
    WITH refused AS (
        DELETE FROM {staged} AS new WHERE {condition}
        RETURNING new.position, new.id, new.legacy_id, {reason} AS reason
    )
    INSERT INTO import_refused SELECT {name}, position, id, legacy_id, reason FROM refused
""")

_IS_REPEATED = SQL("""EXISTS (
    SELECT FROM {staged} AS earlier WHERE earlier.id = new.id AND earlier.position < new.position
)""")

_IS_ORPHAN = SQL("""
    NOT EXISTS (SELECT FROM {staged_parents} AS parent WHERE parent.id = new.{key})
    AND NOT EXISTS (SELECT FROM {parents} AS parent WHERE parent.id = new.{key})
""")

_WHY_ORPHAN = SQL("""
    CASE WHEN EXISTS (
        SELECT FROM import_refused AS r WHERE r.of_table = {parents_name} AND r.id = new.{key}
    ) THEN {parent_was_refused} ELSE {parent_is_missing} END
""")

_RENAME_USERS = """
    WITH taken AS (
        SELECT new.id, format(%(suffix)s, new.legacy_id) AS suffix FROM import_users AS new
        JOIN users AS there ON lower(there.username) = lower(new.username)
        UNION
        SELECT id, format(%(suffix)s, legacy_id) FROM (
            SELECT *, row_number() OVER (PARTITION BY lower(username) ORDER BY position) AS nth
            FROM import_users
        ) AS same_name WHERE nth > 1
    )
    UPDATE import_users AS new SET
        given_username = coalesce(given_username, username),
        username = left(coalesce(given_username, username), %(length)s - length(suffix)) || suffix
    FROM taken WHERE new.id = taken.id
"""

_NOTE_RENAMED = """
    UPDATE import_users SET legacy_note = concat_ws(E'\\n', legacy_note,
        'username already taken, now with the legacy id: ' || to_json(given_username))
    WHERE given_username IS NOT NULL
"""

_DROP_TAKEN_EMAILS = """
    WITH taken AS (
        SELECT new.id FROM import_users AS new
        JOIN users AS there ON lower(there.email) = lower(new.email)
        UNION
        SELECT id FROM (
            SELECT id, row_number() OVER (PARTITION BY lower(email) ORDER BY position) AS nth
            FROM import_users WHERE email IS NOT NULL
        ) AS same_email WHERE nth > 1
    )
    UPDATE import_users AS new SET
        email = NULL,
        legacy_note = concat_ws(E'\\n', legacy_note,
            'email already taken, now null: ' || to_json(email))
    FROM taken WHERE new.id = taken.id
"""

_DROP_STRANGE_NODES = """
    UPDATE import_generations AS new SET
        node_id = NULL,
        legacy_note = concat_ws(E'\\n', legacy_note,
            'node_id of no imported node of the workflow, now null: ' || to_json(legacy_node_id))
    WHERE node_id IS NOT NULL
    AND NOT EXISTS (SELECT FROM import_nodes AS node
                    WHERE node.id = new.node_id AND node.workflow_id = new.workflow_id)
    AND NOT EXISTS (SELECT FROM nodes AS node
                    WHERE node.id = new.node_id AND node.workflow_id = new.workflow_id)
"""


def settle_rows(cursor: extensions.cursor, table: str) -> tuple[int, int]:
    """Leave in the staging table what is to be written.

    Counts the rows that are there already, and those of them that the source has changed since.
    """
    staged = Identifier(f"import_{table}")
    _refuse(cursor, table, SQL("new.refused IS NOT NULL"), SQL("new.refused"))
    _refuse(cursor, table, SQL("new.id IS NULL"), Literal("it has no id"))
    known = _TAKE_OUT_KNOWN.format(
        staged=staged,
        table=Identifier(table),
        name=Literal(table),
        is_same=_IS_SAME[table],
        has_changed=_HAS_CHANGED[table],
    )
    cursor.execute(known)
    already_there, changed = cursor.fetchone() or (0, 0)
    _refuse(
        cursor, table, _IS_REPEATED.format(staged=staged), Literal("an earlier row has the same id")
    )
    if table in PARENTS:
        _refuse_orphans(cursor, table)
    return already_there, changed


def settle_names(cursor: extensions.cursor) -> None:
    """Make usernames and emails unique, whatever their case, also among those in the database.

    The first to have a name keeps it. Each round of renaming makes other names than the one before.
    """
    attempt = 1
    while True:
        suffix = " (legacy %s)" if attempt == 1 else f" (legacy %s, {attempt})"
        cursor.execute(_RENAME_USERS, {"length": LENGTH, "suffix": suffix})
        if not cursor.rowcount:
            break
        attempt += 1
    cursor.execute(_NOTE_RENAMED)
    cursor.execute(_DROP_TAKEN_EMAILS)


def settle_node_references(cursor: extensions.cursor) -> None:
    """Keep a generation's node only where that is a node of the same workflow."""
    cursor.execute(_DROP_STRANGE_NODES)


def _refuse_orphans(cursor: extensions.cursor, table: str) -> None:
    parents = PARENTS[table]
    parent = parents.removesuffix("s")
    key = Identifier(f"{parent}_id")
    condition = _IS_ORPHAN.format(
        staged_parents=Identifier(f"import_{parents}"), parents=Identifier(parents), key=key
    )
    reason = _WHY_ORPHAN.format(
        parents_name=Literal(parents),
        key=key,
        parent_was_refused=Literal(f"its {parent} was refused"),
        parent_is_missing=Literal(f"its {parent} is not in the source"),
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
