"""The settled rows, written into the tables of the service."""

from psycopg2 import extensions

_TALLY = """
    CREATE TEMPORARY TABLE import_tally ON COMMIT DROP AS
    SELECT workflow_id,
           coalesce(node_count, 0) AS node_count,
           coalesce(failed_node_count, 0) AS failed_node_count,
           coalesce(generation_count, 0) AS generation_count,
           coalesce(input_tokens, 0) AS input_tokens,
           coalesce(output_tokens, 0) AS output_tokens
    FROM (
        SELECT workflow_id, count(*) AS node_count,
               count(*) FILTER (WHERE status = 'failed') AS failed_node_count
        FROM import_nodes GROUP BY workflow_id
    ) AS of_nodes
    FULL JOIN (
        SELECT workflow_id, count(*) AS generation_count,
               sum(prompt_tokens) AS input_tokens, sum(completion_tokens) AS output_tokens
        FROM import_generations GROUP BY workflow_id
    ) AS of_generations USING (workflow_id);
    ANALYZE import_tally
"""

_LOCK = """
    LOCK TABLE users, workflows, nodes, node_states, generations IN SHARE UPDATE EXCLUSIVE MODE
"""

_USERS = """
    INSERT INTO users (id, legacy_id, legacy_note, username, email, created_at, updated_at)
    SELECT id, legacy_id, legacy_note, username, email, created_at, updated_at FROM import_users
"""

# The row locks that this takes keep the service from giving a seq to a node in the meantime.
_KNOWN_WORKFLOWS = """
    UPDATE workflows AS run SET
        node_count = run.node_count + new.node_count,
        failed_node_count = run.failed_node_count + new.failed_node_count,
        generation_count = run.generation_count + new.generation_count,
        input_tokens = run.input_tokens + new.input_tokens,
        output_tokens = run.output_tokens + new.output_tokens,
        last_node_seq = run.last_node_seq + new.node_count,
        version = run.version + 1,
        updated_at = now()
    FROM import_tally AS new WHERE new.workflow_id = run.id
"""

_WORKFLOWS = """
    INSERT INTO workflows
        (id, legacy_id, legacy_note, user_id, session_id, name, user_input, input_type,
         time_settings, search_radius_m, user_intent, final_itinerary, metadata, status,
         waiting_since, completed_at, active_ms, started_at, created_at, updated_at,
         node_count, failed_node_count, last_node_seq, generation_count, input_tokens,
         output_tokens)
    SELECT id, legacy_id, legacy_note, user_id, session_id, name, user_input, input_type,
           time_settings, search_radius_m, user_intent, final_itinerary, metadata, status,
           waiting_since, completed_at, active_ms, created_at, created_at, updated_at,
           coalesce(node_count, 0), coalesce(failed_node_count, 0), coalesce(node_count, 0),
           coalesce(generation_count, 0), coalesce(input_tokens, 0), coalesce(output_tokens, 0)
    FROM import_workflows LEFT JOIN import_tally ON workflow_id = id
"""

_CANCEL_OPEN_NODES = """
    UPDATE import_nodes AS new SET
        status = 'cancelled',
        started_at = coalesce(
            new.started_at, CASE WHEN new.status = 'running' THEN run.started_at END),
        completed_at = greatest(run.completed_at, new.started_at),
        duration_ms = coalesce(new.duration_ms, floor(1000 *
            extract(epoch FROM greatest(run.completed_at, new.started_at) - new.started_at))),
        legacy_note = concat_ws(E'\\n', new.legacy_note,
            'node still ' || new.status || ' in a closed workflow, now cancelled')
    FROM workflows AS run
    WHERE run.id = new.workflow_id AND run.completed_at IS NOT NULL
    AND new.status IN ('pending', 'running')
"""

# The seqs of new nodes follow those that the workflow had before it was told of them.
_NODES = """
    INSERT INTO nodes
        (id, legacy_id, legacy_note, workflow_id, seq, node_name, node_type, status, input,
         output, skip_reason, error_message, error_traceback,
         started_at,
         completed_at,
         duration_ms, created_at, updated_at)
    SELECT new.id, new.legacy_id, new.legacy_note, new.workflow_id,
           run.last_node_seq - tally.node_count + row_number() OVER (
               PARTITION BY new.workflow_id ORDER BY new.started_at, new.position),
           new.node_name, new.node_type, new.status, new.input,
           CASE WHEN new.output ->> 'skip_reason' = new.skip_reason
                THEN nullif(new.output - 'skip_reason', '{}') ELSE new.output END,
           new.skip_reason, new.error_message, new.error_traceback,
           coalesce(new.started_at, CASE WHEN new.status IN ('running', 'completed', 'failed')
                                         THEN run.started_at END),
           coalesce(new.completed_at, CASE WHEN new.status NOT IN ('pending', 'running')
                                           THEN run.started_at END),
           new.duration_ms,
           coalesce(new.started_at, new.completed_at, run.created_at),
           coalesce(new.completed_at, new.started_at, run.created_at)
    FROM import_nodes AS new
    JOIN workflows AS run ON run.id = new.workflow_id
    JOIN import_tally AS tally ON tally.workflow_id = new.workflow_id
"""

_NODE_STATES = """
    INSERT INTO node_states (node_id, state, created_at, updated_at)
    SELECT node.id, new.state, node.updated_at, node.updated_at
    FROM import_nodes AS new JOIN nodes AS node ON node.id = new.id
    WHERE new.state IS NOT NULL
"""

_GENERATIONS = """
    INSERT INTO generations
        (id, legacy_id, legacy_note, workflow_id, node_id, model_provider, model_name,
         system_prompt, user_prompt, full_prompt, output, parsed_output, temperature, max_tokens,
         prompt_tokens, completion_tokens, total_tokens, latency_ms, status, error_message,
         created_at)
    SELECT id, legacy_id, legacy_note, workflow_id, node_id, model_provider, model_name,
           system_prompt, user_prompt, full_prompt, output, parsed_output, temperature, max_tokens,
           prompt_tokens, completion_tokens, total_tokens, latency_ms, status, error_message,
           created_at
    FROM import_generations
"""


def tally_workflows(cursor: extensions.cursor) -> None:
    """Count, for each workflow, what is to be written of its nodes and generations."""
    cursor.execute(_TALLY)


def keep_vacuum_away(cursor: extensions.cursor) -> None:
    """Keep autovacuum from the tables until the end; readers and writers don't notice.

    It would count none of the rows that are being written. A table that looks empty is searched by
    any index, and each foreign key that is checked costs a walk through all of it (seen: minutes).
    """
    cursor.execute(_LOCK)


def _write_users(cursor: extensions.cursor) -> int:
    return _write(cursor, "users", _USERS)


def _write_workflows(cursor: extensions.cursor) -> int:
    cursor.execute(_KNOWN_WORKFLOWS)
    return _write(cursor, "workflows", _WORKFLOWS)


def _write_nodes(cursor: extensions.cursor) -> int:
    cursor.execute(_CANCEL_OPEN_NODES)
    written = _write(cursor, "nodes", _NODES)
    _write(cursor, "node_states", _NODE_STATES)
    return written


def _write_generations(cursor: extensions.cursor) -> int:
    return _write(cursor, "generations", _GENERATIONS)


def _write(cursor: extensions.cursor, table: str, statement: str) -> int:
    cursor.execute(statement)
    written = cursor.rowcount
    if written:
        # For the foreign keys of the next table: see keep_vacuum_away.
        # nosemgrep: sql-of-pieces  a name out of WRITE
        cursor.execute(f"ANALYZE {table}")
    return written


WRITE = {
    "users": _write_users,
    "workflows": _write_workflows,
    "nodes": _write_nodes,
    "generations": _write_generations,
}
"""How to write what is staged for each table; each returns how many rows it wrote."""
