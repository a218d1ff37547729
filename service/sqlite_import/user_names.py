"""Usernames and emails of users that are imported, where somebody has them already."""

from psycopg2 import extensions

from service.models.username import LENGTH

_RENAME_USERS = """
    WITH taken AS (
        SELECT new.id, format(%(suffix)s, new.source_id) AS suffix FROM import_users AS new
        JOIN users AS there ON lower(there.username) = lower(new.username)
        UNION
        SELECT id, format(%(suffix)s, source_id) FROM (
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
    UPDATE import_users SET note = concat_ws(E'\\n', note,
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
        note = concat_ws(E'\\n', note,
            'email already taken, now null: ' || to_json(email))
    FROM taken WHERE new.id = taken.id
"""


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
