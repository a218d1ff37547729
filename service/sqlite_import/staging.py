"""Temporary tables that hold the converted rows until they are settled and written.

COPY is the fastest way in. Temporary tables need neither locks nor the log, and Postgres drops them
with the transaction, so that a pooled connection is handed on clean.
"""

from collections.abc import Iterable, Iterator
from io import BytesIO

import psycopg2.errors
from psycopg2 import extensions

from plain_commands.errors import ConfigurationError
from service.sqlite_import.converter import Fields

PIECE_CHARACTERS = 2**20

# No text has a U+0000, so it can mark what must not be escaped.
_TAB, _NEWLINE, _NULL = "\0t", "\0n", "\0N"

_TABLES = """
CREATE TEMPORARY TABLE import_refused
    (of_table text, position bigint, id uuid, legacy_id text, reason text) ON COMMIT DROP;
CREATE INDEX ON import_refused (id);

CREATE TEMPORARY TABLE import_users ON COMMIT DROP AS
SELECT 0::bigint AS position, ''::text AS refused, id, legacy_id, legacy_note,
       username, email, created_at, updated_at, ''::text AS given_username
FROM users WITH NO DATA;

CREATE TEMPORARY TABLE import_workflows ON COMMIT DROP AS
SELECT 0::bigint AS position, ''::text AS refused, id, legacy_id, legacy_note,
       user_id, session_id, name, user_input, input_type, time_settings, search_radius_m,
       user_intent, final_itinerary, metadata, status, waiting_since, completed_at, active_ms,
       created_at, updated_at
FROM workflows WITH NO DATA;

CREATE TEMPORARY TABLE import_nodes ON COMMIT DROP AS
SELECT 0::bigint AS position, ''::text AS refused, id, legacy_id, legacy_note,
       workflow_id, node_name, node_type, status, input, output, state, skip_reason,
       error_message, error_traceback, started_at, completed_at, duration_ms
FROM nodes JOIN (SELECT node_id, state FROM node_states) AS states ON node_id = id WITH NO DATA;

CREATE TEMPORARY TABLE import_generations ON COMMIT DROP AS
SELECT 0::bigint AS position, ''::text AS refused, id, legacy_id, legacy_note,
       workflow_id, node_id, ''::text AS legacy_node_id, model_provider, model_name,
       system_prompt, user_prompt, full_prompt, output, parsed_output, temperature, max_tokens,
       prompt_tokens, completion_tokens, total_tokens, latency_ms, status, error_message,
       created_at
FROM generations WITH NO DATA
"""


def create_tables(cursor: extensions.cursor) -> None:
    """Make an empty staging table for each table, with the types of its columns.

    Raises ConfigurationError when the schema is not the one that this code knows.
    """
    try:
        cursor.execute(_TABLES)
    except (psycopg2.errors.UndefinedTable, psycopg2.errors.UndefinedColumn) as error:
        message = "The database schema is not up to date: run `flask db upgrade`."
        raise ConfigurationError(message) from error


def load(
    cursor: extensions.cursor, table: str, columns: Iterable[str], rows: Iterable[Fields]
) -> None:
    """Bring rows into the staging table of `table`, in pieces of bounded size.

    Between two of them the connection is free, so that the rows may come from the same one.
    """
    names = ", ".join(columns)
    for piece in _pieces(rows):
        cursor.copy_expert(
            # nosemgrep: sql-of-pieces  names out of models/predecessor.py
            f"COPY import_{table} ({names}) FROM STDIN WITH (ENCODING 'UTF8')",
            BytesIO(_escaped(piece)),
        )
    # No plan for settling may go wrong by more than the time of an index, whatever the rows are;
    # and nobody else analyzes a temporary table.
    # nosemgrep: sql-of-pieces  a name out of models/predecessor.py
    cursor.execute(f"CREATE INDEX ON import_{table} (id); ANALYZE import_{table}")


def _pieces(rows: Iterable[Fields]) -> Iterator[str]:
    """Write rows in the text format of COPY, as many at a time as make PIECE_CHARACTERS."""
    lines: list[str] = []
    characters = 0
    for row in rows:
        line = _TAB.join([_NULL if value is None else value for value in row]) + _NEWLINE
        lines.append(line)
        characters += len(line)
        if characters > PIECE_CHARACTERS:
            yield "".join(lines)
            lines.clear()
            characters = 0
    yield "".join(lines)


def _escaped(text: str) -> bytes:
    """Escape what COPY gives a meaning to; a whole piece at a time, that is many times faster."""
    return (
        text.encode()
        .replace(b"\\", b"\\\\")
        .replace(b"\n", b"\\n")
        .replace(b"\r", b"\\r")
        .replace(b"\t", b"\\t")
        .replace(b"\0t", b"\t")
        .replace(b"\0n", b"\n")
        .replace(b"\0N", b"\\N")
    )
