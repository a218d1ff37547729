"""What the tables hold, read past proxy and pooler."""

from contextlib import closing
from decimal import Decimal
from typing import Any

from tests.faults.postgres import Postgres

from .calls import Database, Kind, Row

_TIMES = """
    (EXTRACT(epoch FROM started_at) * 1000000)::bigint AS started_at,
    (EXTRACT(epoch FROM completed_at) * 1000000)::bigint AS completed_at
"""

_SELECTS = {
    Kind.WORKFLOW: f"""
        SELECT id::text, status, version, name, node_count, failed_node_count, generation_count,
            input_tokens, output_tokens, total_cost, active_ms, waiting_ms, user_input AS mark,
            coalesce(final_itinerary->>'mark', error_message) AS end_mark, {_TIMES}
        FROM workflows""",
    Kind.NODE: f"""
        SELECT id::text, workflow_id::text, seq, status, input->>'mark' AS mark,
            coalesce(output->>'mark', error_message, skip_reason) AS end_mark, {_TIMES}
        FROM nodes""",
    Kind.GENERATION: """
        SELECT id::text, workflow_id::text, user_prompt AS mark, prompt_tokens, completion_tokens,
            cost
        FROM generations""",
    Kind.INTERACTION: """
        SELECT id::text, workflow_id::text, seq, question AS mark, answer AS answer_mark,
            (EXTRACT(epoch FROM requested_at) * 1000000)::bigint AS requested_at,
            (EXTRACT(epoch FROM answered_at) * 1000000)::bigint AS answered_at
        FROM interactions""",
}


def read(postgres: Postgres) -> Database:
    """Read what there is in the end."""
    with closing(postgres.connect()) as connection, connection.cursor() as cursor:

        def rows(sql: str) -> list[Row]:
            cursor.execute(sql)
            names = [column.name for column in cursor.description]
            return [dict(zip(names, map(_plain, row), strict=True)) for row in cursor.fetchall()]

        return Database({kind: rows(sql) for kind, sql in _SELECTS.items()})


def _plain(value: Any) -> Any:
    return value if not isinstance(value, Decimal) else value.normalize()
