"""A database in Postgres with the predecessor's tables, and `flask db adopt` on it."""

import json
from contextlib import closing
from typing import Any

import psycopg2
from click.testing import CliRunner, Result
from sqlalchemy import URL

from service.cli.groups import db

TABLES = ("users", "workflows", "nodes", "generations")

# As SQLAlchemy made it in the predecessor; the revisions differ in what stands in braces.
SCHEMA = """
CREATE TABLE users (
    id SERIAL PRIMARY KEY, username VARCHAR(100) NOT NULL, email VARCHAR(255),
    created_at TIMESTAMP NOT NULL, updated_at TIMESTAMP NOT NULL
);
CREATE UNIQUE INDEX ix_users_username ON users (username);
CREATE UNIQUE INDEX ix_users_email ON users (email);
CREATE TABLE workflows (
    id {own_key} PRIMARY KEY, {session_id} user_id INTEGER NOT NULL REFERENCES users (id),
    name VARCHAR(255) NOT NULL, status VARCHAR(50) NOT NULL, user_input TEXT NOT NULL,
    input_type VARCHAR(50), time_settings JSON, {date_theme} user_intent JSON,
    search_radius INTEGER, final_itinerary JSON, created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL, completed_at TIMESTAMP
);
CREATE INDEX ix_workflows_user_id ON workflows (user_id);
CREATE TABLE nodes (
    id {own_key} PRIMARY KEY, workflow_id {key} NOT NULL REFERENCES workflows (id),
    node_name VARCHAR(255) NOT NULL, node_type VARCHAR(100) NOT NULL,
    execution_order INTEGER NOT NULL, status VARCHAR(50) NOT NULL, state_data JSON,
    input_data JSON, output_data JSON, error_message TEXT, error_traceback TEXT,
    started_at TIMESTAMP, completed_at TIMESTAMP, duration_ms INTEGER
);
CREATE INDEX ix_nodes_workflow_id ON nodes (workflow_id);
CREATE TABLE generations (
    id {own_key} PRIMARY KEY, workflow_id {key} NOT NULL REFERENCES workflows (id),
    node_id {key} REFERENCES nodes (id), model_name VARCHAR(255) NOT NULL,
    model_provider VARCHAR(100), system_prompt TEXT, user_prompt TEXT NOT NULL, full_prompt TEXT,
    output TEXT NOT NULL, parsed_output JSON, temperature FLOAT, max_tokens INTEGER,
    prompt_tokens INTEGER, completion_tokens INTEGER, total_tokens INTEGER, latency_ms INTEGER,
    error_message TEXT, created_at TIMESTAMP NOT NULL
);
CREATE INDEX ix_generations_workflow_id ON generations (workflow_id);
"""

# A good workflow and a failed one: 2 users, 2 workflows, 4 nodes, 1 generation.
ROWS = """
INSERT INTO users (username, email, created_at, updated_at) VALUES
    ('test_user', 'test@example.com', '2026-01-11 04:22:27.52', '2026-01-11 04:22:27.52'),
    ('error_test_user', NULL, '2026-01-11 04:22:28', '2026-01-11 04:22:28');
INSERT INTO workflows
    (id, user_id, name, status, user_input, search_radius, final_itinerary, created_at,
     updated_at, completed_at) VALUES
    ({a}, 1, 'Trip Planning Workflow', 'completed', '홍대', 2000, '[]',
     '2026-01-11 04:22:28', '2026-01-11 04:22:30', '2026-01-11 04:22:30'),
    ({b}, 2, 'Trip Planning Workflow', 'failed', '에러', 2000, 'null',
     '2026-01-11 04:22:28', '2026-01-11 04:22:30', '2026-01-11 04:22:30');
INSERT INTO nodes
    (id, workflow_id, node_name, node_type, execution_order, status, state_data, started_at,
     completed_at, duration_ms) VALUES
    ({a}, {a}, 'analyze', 'analysis', 1, 'completed', '{{"a": 1}}',
     '2026-01-11 04:22:28', '2026-01-11 04:22:29', 108),
    ({b}, {a}, 'search', 'search', 1, 'completed', NULL,
     '2026-01-11 04:22:28.5', '2026-01-11 04:22:29', 52),
    ({c}, {a}, 'dine', 'search', 1, 'skipped', NULL,
     '2026-01-11 04:22:29', '2026-01-11 04:22:29', NULL),
    ({d}, {b}, 'failing', 'test', 1, 'failed', NULL,
     '2026-01-11 04:22:29', '2026-01-11 04:22:29.5', 14);
INSERT INTO generations
    (id, workflow_id, node_id, model_name, user_prompt, output, latency_ms, created_at) VALUES
    ({a}, {a}, {a}, 'llama3.2', '홍대', '{{}}', 0, '2026-01-11 04:22:28.7');
"""
COUNTS = [2, 2, 4, 1]


def written(revision: str, *, rows: bool = True) -> str:
    """Write the SQL of one revision of the predecessor's schema."""
    is_r1 = revision == "r1"
    schema = SCHEMA.format(
        own_key="SERIAL" if is_r1 else "VARCHAR(36)",
        key="INTEGER" if is_r1 else "VARCHAR(36)",
        session_id="" if is_r1 else "session_id VARCHAR(255),",
        date_theme="" if revision == "r3" else "date_theme JSON,",
    )
    uuid = "'8d25f390-558d-4506-933f-6233f390d08{}'"
    keys = {name: str(n) if is_r1 else uuid.format(name) for n, name in enumerate("abcd", 1)}
    return schema + (ROWS.format(**keys) if rows else "")


class OldDatabase:
    """The database, and what happens to it."""

    def __init__(self, url: URL) -> None:
        self.url = url
        self.text = url.set(drivername="postgresql").render_as_string(hide_password=False)

    def connect(self) -> Any:
        return psycopg2.connect(self.text)

    def execute(self, *statements: str) -> list[tuple[Any, ...]]:
        """Run statements in autocommit, and return the rows of the last one."""
        with closing(self.connect()) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement)
                return cursor.fetchall() if cursor.description else []

    def value(self, query: str) -> Any:
        return self.execute(query)[0][0]

    def environ(self) -> dict[str, str]:
        return {"DATABASE_URL": self.text, "DIRECT_DATABASE_URL": self.text}

    def adopt(self, *options: str, **environ: str) -> Result:
        return CliRunner().invoke(db, ["adopt", *options], env={**self.environ(), **environ})

    def report(self, *options: str) -> dict[str, Any]:
        result = self.adopt("--json", *options)
        assert result.exit_code == 0, result.output
        told: dict[str, Any] = json.loads(result.stdout)
        return told

    def counts(self, schema: str) -> list[int]:
        return [self.value(f"SELECT count(*) FROM {schema}.{table}") for table in TABLES]

    @property
    def fingerprint(self) -> list[tuple[Any, ...]]:
        """All that is in the catalogs of the database, and the rows of the predecessor."""
        return self.execute(
            "SELECT nspname, relname, relkind::text, relfilenode FROM pg_class "
            "JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname !~ '^pg_|^information_' "
            "ORDER BY 1, 2"
        )

    @property
    def is_old(self) -> bool:
        """Whether it is as it was before the adoption."""
        return self.value("SELECT to_regnamespace('predecessor') IS NULL") and (
            self.counts("public") == COUNTS
            and self.value("SELECT to_regclass('node_states') IS NULL")
        )

    @property
    def is_adopted(self) -> bool:
        """Whether it is as it is after the adoption."""
        return (
            self.value("SELECT to_regnamespace('predecessor') IS NOT NULL")
            and self.counts("public") == self.counts("predecessor") == COUNTS
            and self.value("SELECT count(*) FROM predecessor.adoption") == 1
        )
