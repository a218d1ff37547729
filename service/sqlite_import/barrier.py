"""The barrier: what the old planner still sends after the move fails, and says why.

Its statements would fit the service's tables, which have the names of its own: a row it adds, or a
status it sets, would go in past the counters, the versions and the rules of the service. So a
trigger on each of these tables lets only what is marked as the service's own through. It goes with
the schema that its function is in.
"""

from psycopg2 import extensions
from psycopg2.sql import SQL, Identifier, Literal

from serverless_postgres.mark import Mark
from service.settings import Settings
from service.sqlite_import.aside import SCHEMA
from service.sqlite_import.predecessor import COLUMNS

TRIGGER = "keep_out_the_old_planner"
_MARK = Mark(Settings.application)
_DETAIL = (
    "The old planner's table of this name was moved to %I.%I. What is not the service's own would "
    "write past its counters and versions."
)
_HINT = (
    "Stop the old planner, and write through the service's API; by hand: BEGIN; SET LOCAL "
    f"{_MARK.setting} = on; ... The way back to the old tables is `flask db adopt --undo`; "
    "`flask db adopt --forget` drops them, and this barrier."
)
# The class of error is none that clients take for passing, and try again.
_FUNCTION = """
    CREATE OR REPLACE FUNCTION {schema}.{trigger}() RETURNS trigger LANGUAGE plpgsql AS $barrier$
    BEGIN
        RAISE EXCEPTION USING
            ERRCODE = 'insufficient_privilege',
            MESSAGE = format('nothing was written: since %s UTC the table %s is the trip planner '
                'service''s', {since}, TG_RELID::regclass),
            DETAIL = format({detail}, {aside}, TG_TABLE_NAME),
            HINT = {hint};
    END $barrier$
"""
# The condition is looked at once a statement; the function is not even called for the service.
_TRIGGER = f"""
    CREATE OR REPLACE TRIGGER {{trigger}}
    BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON {{table}} FOR EACH STATEMENT
    WHEN (NOT ({_MARK.is_ours}))
    EXECUTE FUNCTION {{schema}}.{{trigger}}()
"""
_DROP_TRIGGER = "DROP TRIGGER IF EXISTS {trigger} ON {table}"
_DROP_FUNCTION = "DROP FUNCTION IF EXISTS {schema}.{trigger}()"
_NAMES = {"schema": Identifier(SCHEMA), "trigger": Identifier(TRIGGER)}


def raise_barrier(cursor: extensions.cursor) -> None:
    """Let nobody but the service write into its tables, from the end of the transaction on.

    The schema is there already; what is raised again is as if raised now.
    """
    cursor.execute("SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI')")
    (since,) = cursor.fetchone() or ("",)
    cursor.execute(
        SQL(_FUNCTION).format(
            **_NAMES,
            aside=Literal(SCHEMA),
            since=Literal(since),
            detail=Literal(_DETAIL),
            hint=Literal(_HINT),
        )
    )
    for table in COLUMNS:
        cursor.execute(SQL(_TRIGGER).format(**_NAMES, table=Identifier(table)))


def lower_barrier(cursor: extensions.cursor) -> None:
    """Let others write into the service's tables again."""
    for table in COLUMNS:
        cursor.execute(SQL(_DROP_TRIGGER).format(**_NAMES, table=Identifier(table)))
    cursor.execute(SQL(_DROP_FUNCTION).format(**_NAMES))
