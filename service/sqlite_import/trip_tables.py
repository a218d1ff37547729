"""The tables of trips, as an import brings their rows in: what is the same, and what is written."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from psycopg2 import extensions

from serverless_postgres.mark import Mark
from service.settings import Settings
from service.sqlite_import.generations import GenerationFields, convert_generation
from service.sqlite_import.itineraries import (
    BESIDE,
    ItineraryFields,
    convert_itinerary,
    write_itineraries,
)
from service.sqlite_import.nodes import NodeFields, convert_node
from service.sqlite_import.user_names import settle_names
from service.sqlite_import.users import UserFields, convert_user
from service.sqlite_import.workflows import WorkflowFields, convert_workflow
from sqlite_to_postgres import Import, Parent, TableImport

NAMESPACE = UUID("5ab15c4b-cddd-4bd4-879e-27e763f0c6a6")
"""Of the ids made here. Changing it makes every database once imported look like a new one."""

LOCK = 0x7472_6970
"""The key of the lock that keeps a second import waiting: "trip" in ASCII."""

_DROP_STRANGE_NODES = """
    UPDATE import_generations AS new SET
        node_id = NULL,
        note = concat_ws(E'\\n', note,
            'node_id of no imported node of the workflow, now null: ' || to_json(legacy_node_id))
    WHERE node_id IS NOT NULL
    AND NOT EXISTS (SELECT FROM import_nodes AS node
                    WHERE node.id = new.node_id AND node.workflow_id = new.workflow_id)
    AND NOT EXISTS (SELECT FROM nodes AS node
                    WHERE node.id = new.node_id AND node.workflow_id = new.workflow_id)
"""

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

# The row locks that this takes keep the service from giving a seq to a node in the meantime.
_KNOWN_WORKFLOWS = """
    UPDATE workflows AS workflow SET
        node_count = workflow.node_count + new.node_count,
        failed_node_count = workflow.failed_node_count + new.failed_node_count,
        generation_count = workflow.generation_count + new.generation_count,
        input_tokens = workflow.input_tokens + new.input_tokens,
        output_tokens = workflow.output_tokens + new.output_tokens,
        last_node_seq = workflow.last_node_seq + new.node_count,
        version = workflow.version + 1,
        updated_at = now()
    FROM import_tally AS new WHERE new.workflow_id = workflow.id
"""

_WORKFLOWS = """
    INSERT INTO workflows
        (id, legacy_id, legacy_note, user_id, session_id, name, user_input, input_type,
         time_settings, search_radius_m, user_intent, final_itinerary, metadata, status,
         waiting_since, completed_at, active_ms, started_at, created_at, updated_at,
         node_count, failed_node_count, last_node_seq, generation_count, input_tokens,
         output_tokens)
    SELECT id, source_id, note, user_id, session_id, name, user_input, input_type,
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
            new.started_at, CASE WHEN new.status = 'running' THEN workflow.started_at END),
        completed_at = greatest(workflow.completed_at, new.started_at),
        duration_ms = coalesce(new.duration_ms, floor(1000 *
            extract(epoch FROM greatest(workflow.completed_at, new.started_at) - new.started_at))),
        note = concat_ws(E'\\n', new.note,
            'node still ' || new.status || ' in a closed workflow, now cancelled')
    FROM workflows AS workflow
    WHERE workflow.id = new.workflow_id AND workflow.completed_at IS NOT NULL
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
    SELECT new.id, new.source_id, new.note, new.workflow_id,
           workflow.last_node_seq - tally.node_count + row_number() OVER (
               PARTITION BY new.workflow_id ORDER BY new.started_at, new.position),
           new.node_name, new.node_type, new.status, new.input,
           CASE WHEN new.output ->> 'skip_reason' = new.skip_reason
                THEN nullif(new.output - 'skip_reason', '{}') ELSE new.output END,
           new.skip_reason, new.error_message, new.error_traceback,
           coalesce(new.started_at, CASE WHEN new.status IN ('running', 'completed', 'failed')
                                         THEN workflow.started_at END),
           coalesce(new.completed_at, CASE WHEN new.status NOT IN ('pending', 'running')
                                           THEN workflow.started_at END),
           new.duration_ms,
           coalesce(new.started_at, new.completed_at, workflow.created_at),
           coalesce(new.completed_at, new.started_at, workflow.created_at)
    FROM import_nodes AS new
    JOIN workflows AS workflow ON workflow.id = new.workflow_id
    JOIN import_tally AS tally ON tally.workflow_id = new.workflow_id
"""

_NODE_STATES = """
    INSERT INTO node_states (node_id, state, created_at, updated_at)
    SELECT node.id, new.state, node.updated_at, node.updated_at
    FROM import_nodes AS new JOIN nodes AS node ON node.id = new.id
    WHERE new.state IS NOT NULL
"""

_OF_WORKFLOW = Parent("workflows", "workflow_id", "workflow")


def _settle(cursor: extensions.cursor) -> None:
    """Settle names and references, and count what each workflow is about to get."""
    settle_names(cursor)
    cursor.execute(_DROP_STRANGE_NODES)
    cursor.execute(_TALLY)


def _write_workflows(cursor: extensions.cursor) -> int:
    cursor.execute(_KNOWN_WORKFLOWS)
    cursor.execute(_WORKFLOWS)
    return cursor.rowcount


def _write_nodes(cursor: extensions.cursor) -> int:
    cursor.execute(_CANCEL_OPEN_NODES)
    cursor.execute(_NODES)
    written = cursor.rowcount
    cursor.execute(_NODE_STATES)
    return written


def _table(
    name: str, convert: Callable[..., Any], fields: tuple[str, ...], **more: Any
) -> TableImport:
    return TableImport(name, convert, fields, source_id="legacy_id", note="legacy_note", **more)


# The ids of two databases that were one once, and have both grown since, are the same for different
# rows: hence `is_same`. A node has no time of its last change, and so is known to have gone on by
# its end only; a generation never changes. What the service has changed is newer, and nobody
# misses what the source had before.
TRIPS = Import(
    tables=(
        _table(
            "users",
            convert_user,
            UserFields._fields,
            staged={"given_username": "text"},
            is_same="there.created_at = new.created_at",
            has_changed="new.updated_at > there.updated_at",
        ),
        _table(
            "workflows",
            convert_workflow,
            WorkflowFields._fields,
            parent=Parent("users", "user_id", "user"),
            is_same="there.created_at = new.created_at",
            has_changed="""(new.updated_at > there.updated_at
                OR new.completed_at IS NOT NULL AND there.completed_at IS NULL)""",
            write=_write_workflows,
        ),
        _table(
            "nodes",
            convert_node,
            NodeFields._fields,
            parent=_OF_WORKFLOW,
            staged={"state": "jsonb"},
            is_same="there.workflow_id = new.workflow_id",
            has_changed="""(new.status <> there.status AND new.completed_at IS NOT NULL
                AND coalesce(new.completed_at > there.completed_at, true))""",
            write=_write_nodes,
            beside=("node_states",),
        ),
        _table(
            "generations",
            convert_generation,
            GenerationFields._fields,
            parent=_OF_WORKFLOW,
            staged={"legacy_node_id": "text"},
            is_same="(there.workflow_id, there.created_at) = (new.workflow_id, new.created_at)",
        ),
        _table(
            "itineraries",
            convert_itinerary,
            ItineraryFields._fields,
            made_of="workflows",
            parent=_OF_WORKFLOW,
            staged={"version_id": "uuid", "items": "jsonb"},
            # The workflow may have been deleted since.
            is_same="""(coalesce(there.workflow_id, new.workflow_id), there.created_at)
                = (new.workflow_id, new.created_at)""",
            write=write_itineraries,
            beside=BESIDE,
        ),
    ),
    namespace=NAMESPACE,
    lock=LOCK,
    settle=_settle,
    setup=Mark(Settings.application).set_local,
)
