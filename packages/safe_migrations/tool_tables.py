"""The tables that the schema commands keep beside those of the models, and that nobody compares."""

VERSIONS = "alembic_version"
JOURNAL = "schema_progress"
BACKFILLS = "backfills"
HISTORY = "schema_history"
TOOL_TABLES = (VERSIONS, JOURNAL, BACKFILLS, HISTORY)
