"""How Postgres tells what this project writes from what others write, such as an older program.

Not by application_name: a pooler in transaction mode leaves a client that has none with that of
the client before (seen: PgBouncer 1.18). So each statement says it of itself, or its transaction.
"""

COMMENT = "/* trip-planner */ "
"""What a statement begins with."""

SETTING = "trip_planner.writes"
SET_LOCAL = f"SET LOCAL {SETTING} = 'on'"
"""What a transaction begins with that can't choose each of its statements."""

IS_OURS = f"""
    starts_with(current_query(), '{COMMENT.strip()}')
    OR coalesce(current_setting('{SETTING}', true), '') = 'on'
"""
"""Whether the running statement is marked, in SQL."""
