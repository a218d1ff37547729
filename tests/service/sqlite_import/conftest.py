"""Databases of the predecessor, made from its DDL, and the command that imports them."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import URL

from serverless_postgres.database import Database
from service.cli.import_predecessor import import_predecessor
from tests.service.sqlite_import.old_database import OldDatabase, written

TABLES = ("users", "workflows", "nodes", "generations")

START = "2026-01-11 04:22:27.521293"
END = "2026-01-11 04:22:28.524000"

# As SQLAlchemy made it in the predecessor; the revisions differ in what stands in braces.
SCHEMA = """
CREATE TABLE users (
    id INTEGER NOT NULL, username VARCHAR(100) NOT NULL, email VARCHAR(255),
    created_at DATETIME NOT NULL, updated_at DATETIME NOT NULL, PRIMARY KEY (id)
);
CREATE UNIQUE INDEX ix_users_username ON users (username);
CREATE UNIQUE INDEX ix_users_email ON users (email);
CREATE TABLE workflows (
    id {key} NOT NULL, {session_id} user_id INTEGER NOT NULL, name VARCHAR(255) NOT NULL,
    status VARCHAR(50) NOT NULL, user_input TEXT NOT NULL, input_type VARCHAR(50),
    time_settings JSON, {date_theme} user_intent JSON, search_radius INTEGER,
    final_itinerary JSON, created_at DATETIME NOT NULL, updated_at DATETIME NOT NULL,
    completed_at DATETIME, PRIMARY KEY (id), FOREIGN KEY(user_id) REFERENCES users (id)
);
CREATE INDEX ix_workflows_user_id ON workflows (user_id);
CREATE TABLE nodes (
    id {key} NOT NULL, workflow_id {key} NOT NULL, node_name VARCHAR(255) NOT NULL,
    node_type VARCHAR(100) NOT NULL, execution_order INTEGER NOT NULL,
    status VARCHAR(50) NOT NULL, state_data JSON, input_data JSON, output_data JSON,
    error_message TEXT, error_traceback TEXT, started_at DATETIME, completed_at DATETIME,
    duration_ms INTEGER, PRIMARY KEY (id), FOREIGN KEY(workflow_id) REFERENCES workflows (id)
);
CREATE INDEX ix_nodes_workflow_id ON nodes (workflow_id);
CREATE TABLE generations (
    id {key} NOT NULL, workflow_id {key} NOT NULL, node_id {key},
    model_name VARCHAR(255) NOT NULL, model_provider VARCHAR(100), system_prompt TEXT,
    user_prompt TEXT NOT NULL, full_prompt TEXT, output TEXT NOT NULL, parsed_output JSON,
    temperature FLOAT, max_tokens INTEGER, prompt_tokens INTEGER, completion_tokens INTEGER,
    total_tokens INTEGER, latency_ms INTEGER, error_message TEXT, created_at DATETIME NOT NULL,
    PRIMARY KEY (id), FOREIGN KEY(workflow_id) REFERENCES workflows (id),
    FOREIGN KEY(node_id) REFERENCES nodes (id)
);
CREATE INDEX ix_generations_node_id ON generations (node_id);
CREATE INDEX ix_generations_workflow_id ON generations (workflow_id);
"""


class OldFile:
    """A file of the predecessor; its methods add rows and return their ids."""

    def __init__(self, path: Path, revision: str) -> None:
        self.path: Path | str = path
        self._has_uuids = revision != "r1"
        self._file = sqlite3.connect(path)
        self._file.executescript(
            SCHEMA.format(
                key="VARCHAR(36)" if self._has_uuids else "INTEGER",
                session_id="session_id VARCHAR(255)," if self._has_uuids else "",
                date_theme="date_theme JSON," if revision != "r3" else "",
            )
        )

    def execute(self, sql: str, *values: Any) -> None:
        self._file.execute(sql, values)
        self._file.commit()

    def rows(self, table: str) -> list[dict[str, Any]]:
        found = self._file.execute(f"SELECT * FROM {table}")
        names = [name for name, *_ in found.description]
        return [dict(zip(names, row, strict=True)) for row in found]

    def close(self) -> None:
        self._file.close()

    def _with_id(self, table: str, row: dict[str, Any]) -> dict[str, Any]:
        return {"id": str(uuid4()), **row} if self._has_uuids and table != "users" else row

    def _insert(self, table: str, row: dict[str, Any]) -> Any:
        row = self._with_id(table, row)
        names, marks = ", ".join(row), ", ".join("?" * len(row))
        sql = f"INSERT INTO {table} ({names}) VALUES ({marks}) RETURNING id"
        (key,) = self._file.execute(sql, tuple(row.values())).fetchone()
        self._file.commit()
        return key

    def user(self, username: Any = "test_user", **row: Any) -> Any:
        times = {"created_at": START, "updated_at": START}
        return self._insert("users", {"username": username} | times | row)

    def workflow(self, user_id: Any = 1, **row: Any) -> Any:
        what = {"name": "Trip Planning Workflow", "user_input": "홍대", "search_radius": 2000}
        times = {"created_at": START, "updated_at": END, "completed_at": END}
        return self._insert(
            "workflows", {"user_id": user_id, "status": "completed"} | what | times | row
        )

    def node(self, workflow_id: Any = 1, **row: Any) -> Any:
        what = {"node_name": "analyze", "node_type": "analysis", "execution_order": 1}
        times = {"started_at": START, "completed_at": END}
        return self._insert(
            "nodes", {"workflow_id": workflow_id, "status": "completed"} | what | times | row
        )

    def generation(self, workflow_id: Any = 1, **row: Any) -> Any:
        what = {"model_name": "llama3.2", "user_prompt": "홍대", "output": "{}"}
        return self._insert(
            "generations", {"workflow_id": workflow_id, "created_at": START} | what | row
        )


@pytest.fixture
def make_file(tmp_path: Path) -> Iterator[Callable[..., OldFile]]:
    """Make files of the predecessor."""
    files: list[OldFile] = []

    def make(name: str = "trip_planner.db", revision: str = "r1") -> OldFile:
        files.append(OldFile(tmp_path / name, revision))
        return files[-1]

    yield make
    for file in files:
        file.close()


@pytest.fixture
def old(make_file: Callable[..., OldFile]) -> OldFile:
    """A file of the first revision, with a user and a completed workflow, both with the id 1."""
    file = make_file()
    file.user()
    file.workflow()
    return file


@pytest.fixture
def command(database: Database) -> Callable[..., Result]:
    """Run `flask db import-predecessor` on the database."""
    url = database.settings.database_url or ""

    def run(source: Path | str | OldFile, *options: str, **environ: str) -> Result:
        given = str(source.path if isinstance(source, OldFile) else source)
        environ |= {"DATABASE_URL": url, "DIRECT_DATABASE_URL": url}
        return CliRunner().invoke(import_predecessor, [given, *options], env=environ)

    return run


class ToldReport(dict[str, Any]):
    """A report as the command prints it."""

    def counts(self, what: str) -> list[int]:
        """Return the counts of one kind, in the order of the tables."""
        return [self["tables"][table][what] for table in TABLES]

    def refusals(self, table: str) -> dict[str, list[str]]:
        """Return the ids refused for each reason."""
        return {item["reason"]: item["ids"] for item in self["tables"][table]["refusals"]}

    def repairs(self, table: str) -> dict[str, int]:
        """Return the number of rows with each repair."""
        return {item["repair"]: item["rows"] for item in self["tables"][table]["repairs"]}


@pytest.fixture
def report(command: Callable[..., Result]) -> Callable[..., ToldReport]:
    """Import a source and return the report, whose sums add up."""

    def run(source: Path | str | OldFile, *options: str) -> ToldReport:
        result = command(source, "--json", *options)
        assert result.exit_code == 0, result.output
        assert not result.stderr
        told = ToldReport(json.loads(result.stdout))
        for table in told["tables"].values():
            assert table["read"] == table["written"] + table["already_there"] + table["refused"]
            assert table["refused"] == sum(len(item["ids"]) for item in table["refusals"])
        return told

    return run


@pytest.fixture
def rows(database: Database) -> Callable[[str], list[dict[str, Any]]]:
    """Send SQL to the database, and get its rows as dictionaries."""

    def query(sql: str) -> list[dict[str, Any]]:
        with database.primary.engine.connect() as connection:
            result = connection.exec_driver_sql(sql)
            return [dict(row) for row in result.mappings()] if result.returns_rows else []

    return query


@pytest.fixture
def standing(server: URL, execute: Callable[..., None]) -> Iterator[OldDatabase]:
    """A database in which the predecessor's tables stand, with what hangs on them."""
    name = f"old_{uuid4().hex[:12]}"
    execute(server, f"CREATE DATABASE {name} STRATEGY file_copy")
    database = OldDatabase(server.set(database=name))
    database.execute(
        written("r3"),
        "CREATE VIEW names AS SELECT username FROM users",
        "CREATE TABLE notes (id int, user_id int CONSTRAINT notes_user REFERENCES users)",
        "CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)",
        "INSERT INTO alembic_version VALUES ('0f02a1063bcc')",
    )
    yield database
    execute(server, f"DROP DATABASE {name} WITH (FORCE)")
