"""The barrier: what the old program still sends after the move fails, and says why.

Its statements would fit the service's tables, which have the names of its own: a row it adds, or a
status it sets, would go in past the counters, the versions and the rules of the service. So a
trigger on each of these tables lets only what is marked as the service's own through. It goes with
the schema that its function is in.
"""

from psycopg2 import extensions
from psycopg2.sql import SQL, Identifier, Literal

from safe_migrations.adoption.takeover import Takeover, opening

# The class of error is none that clients take for passing, and try again.
_FUNCTION = """
    CREATE OR REPLACE FUNCTION {schema}.{trigger}() RETURNS trigger LANGUAGE plpgsql AS $barrier$
    BEGIN
        RAISE EXCEPTION USING
            ERRCODE = 'insufficient_privilege',
            MESSAGE = format('nothing was written: since %s UTC the table %s is %s''s',
                {since}, TG_RELID::regclass, {owner}),
            DETAIL = format({detail}, {aside}, TG_TABLE_NAME),
            HINT = {hint};
    END $barrier$
"""
# The condition is looked at once a statement; the function is not even called for the service.
_TRIGGER = """
    CREATE OR REPLACE TRIGGER {trigger}
    BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table} FOR EACH STATEMENT
    WHEN (NOT ({is_ours}))
    EXECUTE FUNCTION {schema}.{trigger}()
"""
_DROP_TRIGGER = "DROP TRIGGER IF EXISTS {trigger} ON {table}"
_DROP_FUNCTION = "DROP FUNCTION IF EXISTS {schema}.{trigger}()"


def raise_barrier(cursor: extensions.cursor, takeover: Takeover) -> None:
    """Let nobody but the service write into its tables, from the end of the transaction on.

    The schema is there already; what is raised again is as if raised now.
    """
    program, names = takeover.program, _names(takeover)
    detail = (
        f"{opening(program)}'s table of this name was moved to %I.%I. What is not "
        "the service's own would write past its counters and versions."
    )
    hint = (
        f"Stop {program}, and write through the service's API; by hand: BEGIN; SET LOCAL "
        f"{takeover.setting} = on; ... The way back to the old tables is `{takeover.adopt} "
        f"--undo`; `{takeover.adopt} --forget` drops them, and this barrier."
    )
    cursor.execute("SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI')")
    (since,) = cursor.fetchone() or ("",)
    cursor.execute(
        SQL(_FUNCTION).format(
            **names,
            aside=Literal(takeover.schema),
            owner=Literal(takeover.owner),
            since=Literal(since),
            detail=Literal(detail),
            hint=Literal(hint),
        )
    )
    for table in takeover.tables:
        trigger = SQL(_TRIGGER).format(
            **names, table=Identifier(table), is_ours=SQL(takeover.is_ours)
        )
        cursor.execute(trigger)


def lower_barrier(cursor: extensions.cursor, takeover: Takeover) -> None:
    """Let others write into the service's tables again."""
    names = _names(takeover)
    for table in takeover.tables:
        cursor.execute(SQL(_DROP_TRIGGER).format(**names, table=Identifier(table)))
    cursor.execute(SQL(_DROP_FUNCTION).format(**names))


def _names(takeover: Takeover) -> dict[str, Identifier]:
    return {"schema": Identifier(takeover.schema), "trigger": Identifier(takeover.trigger)}
