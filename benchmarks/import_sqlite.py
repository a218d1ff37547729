"""How fast `flask db import-sqlite` is, next to a bare COPY of the same rows.

    python benchmarks/import_sqlite.py [--rows 600000] [--rounds 3]

It generates a SQLite file of the predecessor's form, makes a database of its own on the server of
DATABASE_URL or an embedded one, and takes turns: the whole command in a process of its own, and
COPY FROM of exactly the rows that it left, into the same tables with their indexes and constraints.
The import has to come in at no more than three times the time of the COPY. With `pgloader` on the
PATH, that loads the same file, too, into tables of its own making and a database of its own.
"""

import argparse
import json
import os
import random
import secrets
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path

import psycopg2
from sqlalchemy import URL

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from rest import postgres  # noqa: E402

from safe_migrations.runner import upgrade  # noqa: E402  found only now
from service.schema import project  # noqa: E402

TABLES = ("users", "workflows", "nodes", "node_states", "generations")
NODES_PER_WORKFLOW = 5
GENERATIONS_PER_WORKFLOW = 4
WORKFLOWS_PER_USER = 30

SCHEMA = """
CREATE TABLE users (id INTEGER NOT NULL, username VARCHAR(100) NOT NULL, email VARCHAR(255),
    created_at DATETIME NOT NULL, updated_at DATETIME NOT NULL, PRIMARY KEY (id));
CREATE UNIQUE INDEX ix_users_username ON users (username);
CREATE UNIQUE INDEX ix_users_email ON users (email);
CREATE TABLE workflows (id INTEGER NOT NULL, user_id INTEGER NOT NULL, name VARCHAR(255) NOT NULL,
    status VARCHAR(50) NOT NULL, user_input TEXT NOT NULL, input_type VARCHAR(50),
    time_settings JSON, date_theme JSON, user_intent JSON, search_radius INTEGER,
    final_itinerary JSON, created_at DATETIME NOT NULL, updated_at DATETIME NOT NULL,
    completed_at DATETIME, PRIMARY KEY (id), FOREIGN KEY(user_id) REFERENCES users (id));
CREATE INDEX ix_workflows_user_id ON workflows (user_id);
CREATE TABLE nodes (id INTEGER NOT NULL, workflow_id INTEGER NOT NULL,
    node_name VARCHAR(255) NOT NULL, node_type VARCHAR(100) NOT NULL,
    execution_order INTEGER NOT NULL, status VARCHAR(50) NOT NULL, state_data JSON,
    input_data JSON, output_data JSON, error_message TEXT, error_traceback TEXT,
    started_at DATETIME, completed_at DATETIME, duration_ms INTEGER, PRIMARY KEY (id),
    FOREIGN KEY(workflow_id) REFERENCES workflows (id));
CREATE INDEX ix_nodes_workflow_id ON nodes (workflow_id);
CREATE TABLE generations (id INTEGER NOT NULL, workflow_id INTEGER NOT NULL, node_id INTEGER,
    model_name VARCHAR(255) NOT NULL, model_provider VARCHAR(100), system_prompt TEXT,
    user_prompt TEXT NOT NULL, full_prompt TEXT, output TEXT NOT NULL, parsed_output JSON,
    temperature FLOAT, max_tokens INTEGER, prompt_tokens INTEGER, completion_tokens INTEGER,
    total_tokens INTEGER, latency_ms INTEGER, error_message TEXT, created_at DATETIME NOT NULL,
    PRIMARY KEY (id), FOREIGN KEY(workflow_id) REFERENCES workflows (id),
    FOREIGN KEY(node_id) REFERENCES nodes (id));
CREATE INDEX ix_generations_node_id ON generations (node_id);
CREATE INDEX ix_generations_workflow_id ON generations (workflow_id);
"""

NODES = (
    ("analyze", "analysis"),
    ("activities", "search"),
    ("dining", "search"),
    ("route", "routing"),
    ("check", "test"),
)
SETTINGS = '{"enabled": true, "start_time": "14:00", "duration_hours": 6}'


def generate(path: Path, rows: int) -> None:
    """Write a file of about so many rows, of the kinds that real ones have."""
    chance = random.Random(1)  # noqa: S311  the same file each time
    per_workflow = 1 + NODES_PER_WORKFLOW + GENERATIONS_PER_WORKFLOW
    workflows = rows // per_workflow
    start = datetime(2026, 1, 1)  # noqa: DTZ001  the predecessor's times are naive
    with sqlite3.connect(path) as file:
        file.executescript("PRAGMA synchronous = OFF;" + SCHEMA)
        file.executemany(
            "INSERT INTO users VALUES (?, ?, ?, ?, ?)",
            (
                (i, f"user_{i}", f"user_{i}@example.com" if i % 3 else None, str(start), str(start))
                for i in range(1, workflows // WORKFLOWS_PER_USER + 2)
            ),
        )
        for number in range(1, workflows + 1):
            begin = start + timedelta(microseconds=chance.randrange(86_400_000_000))
            _generate_workflow(file, number, begin, chance)


def _generate_workflow(
    file: sqlite3.Connection, number: int, begin: datetime, chance: random.Random
) -> None:
    status = chance.choice(("completed", "completed", "failed", "awaiting_input"))
    end = begin + timedelta(seconds=NODES_PER_WORKFLOW + 1)
    file.execute(
        "INSERT INTO workflows VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(number, number // WORKFLOWS_PER_USER + 1, "Trip Planning Workflow", status),
            *("홍대에서 데이트하고 싶어", "region", SETTINGS, '{"theme": "cultural"}'),
            *('{"location": "\\ud64d\\ub300"}', 2000, "null"),
            *(str(begin), str(end), str(end)),
        ),
    )
    first = (number - 1) * NODES_PER_WORKFLOW + 1
    file.executemany(
        "INSERT INTO nodes VALUES (?, ?, ?, ?, 1, ?, ?, 'null', ?, NULL, NULL, ?, ?, ?)",
        [
            (
                *(first + place, number, name, kind, "completed"),
                '{"location": "\\ud64d\\ub300"}' if place == 0 else None,
                '{"n": 1}',
                *(str(begin + timedelta(seconds=place)), str(begin + timedelta(seconds=place + 1))),
                1000,
            )
            for place, (name, kind) in enumerate(NODES)
        ],
    )
    file.executemany(
        "INSERT INTO generations VALUES (?, ?, ?, 'llama3.2', 'ollama', NULL, ?, NULL, ?, 'null',"
        " 0.7, NULL, ?, ?, NULL, 0, NULL, ?)",
        [
            (
                *((number - 1) * GENERATIONS_PER_WORKFLOW + place + 1, number, first + place),
                *("홍대", "{}\n"),
                *(chance.randrange(2000), chance.randrange(500)),
                str(begin + timedelta(seconds=place + 0.5)),
            )
            for place in range(GENERATIONS_PER_WORKFLOW)
        ],
    )


@contextmanager
def empty_database() -> Iterator[URL]:
    """Make a database, and drop it after."""
    name = f"bench_import_{secrets.token_hex(4)}"
    with postgres() as server, closing(psycopg2.connect(text_of(server))) as admin:
        admin.autocommit = True
        with admin.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name}")
            try:
                yield server.set(database=name)
            finally:
                cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def own_database() -> Iterator[URL]:
    """Make a database at the newest revision, and drop it after."""
    with empty_database() as url:
        upgrade(project(), text_of(url))
        yield url


def text_of(url: URL) -> str:
    """Write a URL as libpq takes it."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def empty(connection: psycopg2.extensions.connection) -> None:
    """Empty the tables, and get what that left behind out of the way of the next measurement."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE users CASCADE")
        with suppress(psycopg2.errors.InsufficientPrivilege):
            cursor.execute("CHECKPOINT")


def time_import(file: Path, url: URL) -> tuple[float, float]:
    """Run the command; return its seconds, start of Python included, and its peak RSS in MB."""
    code = "from service.cli.import_predecessor import import_sqlite; import_sqlite()"
    environ = {**os.environ, "DATABASE_URL": text_of(url), "DIRECT_DATABASE_URL": text_of(url)}
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(file), "--json"],
        cwd=ROOT,
        env=environ,
        stdout=subprocess.PIPE,
    )
    output = process.stdout.read() if process.stdout else b""
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit("The import failed.")
    refused = sum(table["refused"] for table in json.loads(output)["tables"].values())
    if refused:
        sys.exit(f"{refused} rows were refused.")
    return seconds, usage.ru_maxrss / 1024


def time_copy(folder: Path, url: URL) -> float:
    """Load the exported rows in one transaction; return its seconds."""
    with closing(psycopg2.connect(text_of(url))) as connection, connection.cursor() as cursor:
        began = time.perf_counter()
        for table in TABLES:
            with (folder / table).open("rb") as rows:
                cursor.copy_expert(f"COPY {table} FROM STDIN", rows, size=256 * 1024)
        connection.commit()
        return time.perf_counter() - began


def time_pgloader(file: Path) -> float:
    """Load the file with pgloader into a fresh database; return its seconds."""
    with empty_database() as url:
        began = time.perf_counter()
        subprocess.run(
            ["pgloader", f"sqlite://{file}", text_of(url)],  # noqa: S607  as on the PATH
            check=True,
            stdout=subprocess.DEVNULL,
        )
        return time.perf_counter() - began


def export(folder: Path, connection: psycopg2.extensions.connection) -> int:
    """Write each table's rows to a file; return how many there are."""
    count = 0
    with connection.cursor() as cursor:
        for table in TABLES:
            with (folder / table).open("wb") as rows:
                cursor.copy_expert(f"COPY {table} TO STDOUT", rows)
            count += cursor.rowcount
    return count


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=600_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary, own_database() as url:
        folder = Path(temporary)
        file = folder / "trip_planner.db"
        generate(file, options.rows)
        connection = psycopg2.connect(text_of(url))
        connection.autocommit = True
        with connection.cursor() as cursor:
            for table in TABLES:
                # It could come at any moment, and slows down COPY many times over: see
                # sqlite_to_postgres/writing.py.
                cursor.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = off)")
        imports, copies, peaks, pgloads = [], [], [], []
        for _ in range(options.rounds):
            empty(connection)
            seconds, peak = time_import(file, url)
            imports.append(seconds)
            peaks.append(peak)
            rows = export(folder, connection)
            empty(connection)
            copies.append(time_copy(folder, url))
            if shutil.which("pgloader"):
                pgloads.append(time_pgloader(file))
        connection.close()
        size = file.stat().st_size / 1e6
    ratio = statistics.median(imports) / statistics.median(copies)
    print(f"{rows:,} rows written, from a SQLite file of {size:.1f} MB; {options.rounds} rounds")
    print("| | median s | min s | max s |\n|---|---|---|---|")
    for name, times in (("import-sqlite", imports), ("bare COPY", copies), ("pgloader", pgloads)):
        if not times:
            continue
        print(f"| {name} | {statistics.median(times):.2f} | {min(times):.2f} | {max(times):.2f} |")
    print(f"ratio {ratio:.2f} (at most 3 wanted); peak RSS of the import {max(peaks):.0f} MB")


if __name__ == "__main__":
    main()
