"""Workflows in the old tables that somebody still seems to be working on."""

from collections.abc import Mapping

from psycopg2 import extensions
from psycopg2.sql import SQL

RECENT_S = 600
"""How long ago an open workflow was last worked on, if somebody still does."""

# Somebody may have given times and the status other types.
_OPEN = SQL("""
    SET LOCAL timezone = 'UTC';
    SELECT count(*) FROM {workflows} AS workflow
    WHERE status::text NOT IN ('completed', 'failed', 'cancelled')
    AND greatest(workflow.updated_at::text::timestamp, workflow.created_at::text::timestamp,
                 (SELECT max(greatest(started_at::text::timestamp, completed_at::text::timestamp))
                  FROM {nodes} AS node WHERE node.workflow_id = workflow.id))
        > now() AT TIME ZONE 'UTC' - make_interval(secs => %s)
""")


def open_workflows(cursor: extensions.cursor, tables: Mapping[str, str]) -> str:
    """Say how many there are; `tables` are the old ones and where they are, as `public.users`."""
    workflows, nodes = SQL(tables["workflows"]), SQL(tables["nodes"])
    cursor.execute(_OPEN.format(workflows=workflows, nodes=nodes), (RECENT_S,))
    (count,) = cursor.fetchone() or (0,)
    noun = "workflow" if count == 1 else "workflows"
    return f"{count:,} open {noun} changed within {RECENT_S // 60} minutes" if count else ""
