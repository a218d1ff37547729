"""How fast `flask db adopt` is, next to a bare INSERT ... SELECT of the same rows.

    DATABASE_URL=postgresql://... python benchmarks/adopt.py [--rows 600000] [--rounds 3]

It generates rows as benchmarks/import_sqlite.py does, loads them into tables of the predecessor's
form in a database of its own, and takes turns: the whole command in a process of its own on a copy
of that database, and an INSERT ... SELECT of exactly the rows that it left, into the same tables
with their indexes and constraints, in one transaction. The adoption has to come in at no more than
three times the time of that.
"""

import argparse
import json
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from io import BytesIO
from pathlib import Path

import psycopg2
from import_sqlite import ROOT, TABLES, empty_database, generate, text_of
from psycopg2.extensions import cursor as Cursor  # noqa: N812  a class by psycopg2's own name
from sqlalchemy import URL

COLUMNS = {
    "DATETIME": "TIMESTAMP",
    "id INTEGER NOT NULL,": "id SERIAL,",
}
PIECE = 10_000


def load(file: Path, cursor: Cursor) -> None:
    """Make the tables of a SQLite file, with its rows."""
    with closing(sqlite3.connect(file)) as source:
        made = source.execute("SELECT sql, type, name FROM sqlite_master WHERE sql IS NOT NULL")
        for sql, kind, name in made.fetchall():
            statement = sql
            for old, new in COLUMNS.items():
                statement = statement.replace(old, new)
            cursor.execute(statement)
            if kind != "table":
                continue
            rows = source.execute(f"SELECT * FROM {name}")  # noqa: S608  a name of its own
            while piece := rows.fetchmany(PIECE):
                lines = "".join("\t".join(map(_written, row)) + "\n" for row in piece)
                cursor.copy_expert(f"COPY {name} FROM STDIN", BytesIO(lines.encode()))
    cursor.execute("ANALYZE")


def _written(value: object) -> str:
    if value is None:
        return r"\N"
    return str(value).replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")


def time_adoption(url: URL) -> tuple[float, float]:
    """Run the command; return its seconds, start of Python included, and its peak RSS in MB."""
    code = "from service.cli.adopt import adopt; adopt()"
    environ = {**os.environ, "DATABASE_URL": text_of(url), "DIRECT_DATABASE_URL": text_of(url)}
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-c", code, "--json"],
        cwd=ROOT,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    output = process.stdout.read() if process.stdout else b""
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"The adoption failed: {output.decode()}")
    refused = sum(table["refused"] for table in json.loads(output)["tables"].values())
    if refused:
        sys.exit(f"{refused} rows were refused.")
    return seconds, usage.ru_maxrss / 1024


def time_insert(cursor: Cursor) -> tuple[float, int]:
    """Empty the new tables and fill them again with the same rows; return seconds and rows."""
    cursor.execute("DROP SCHEMA predecessor CASCADE; CREATE SCHEMA bare")
    for table in TABLES:
        # Autovacuum could come at any moment: see sqlite_to_postgres/writing.py.
        cursor.execute(
            f"CREATE TABLE bare.{table} AS TABLE {table};"
            f"ALTER TABLE {table} SET (autovacuum_enabled = off)"
        )
    cursor.execute("TRUNCATE users CASCADE")
    cursor.execute("CHECKPOINT")
    count = 0
    began = time.perf_counter()
    cursor.execute("BEGIN")
    for table in TABLES:
        cursor.execute(f"INSERT INTO {table} SELECT * FROM bare.{table}")  # noqa: S608  constants
        count += cursor.rowcount
    cursor.execute("COMMIT")
    return time.perf_counter() - began, count


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=600_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    adoptions, inserts, peaks, rows = [], [], [], 0
    with tempfile.TemporaryDirectory() as temporary:
        file = Path(temporary) / "trip_planner.db"
        generate(file, options.rows)
        for _ in range(options.rounds):
            with (
                empty_database() as url,
                closing(psycopg2.connect(text_of(url))) as connection,
            ):
                connection.autocommit = True
                with connection.cursor() as cursor:
                    load(file, cursor)
                    cursor.execute("CHECKPOINT")
                    seconds, peak = time_adoption(url)
                    adoptions.append(seconds)
                    peaks.append(peak)
                    seconds, rows = time_insert(cursor)
                    inserts.append(seconds)
    ratio = statistics.median(adoptions) / statistics.median(inserts)
    print(f"{rows:,} rows written; {options.rounds} rounds")
    print("| | median s | min s | max s |\n|---|---|---|---|")
    for name, times in (("adopt", adoptions), ("bare INSERT ... SELECT", inserts)):
        print(f"| {name} | {statistics.median(times):.2f} | {min(times):.2f} | {max(times):.2f} |")
    print(f"ratio {ratio:.2f} (at most 3 wanted); peak RSS of the adoption {max(peaks):.0f} MB")


if __name__ == "__main__":
    main()
