"""Schemathesis with a key of each scope: what each may not must neither be done nor be shown.

Thousands of requests made out of the OpenAPI document, sent with a key that only records, one that
only reads, one that is bound to a user who has nothing, and with none. `hooks.py` looks at each
answer; here the rows are counted before and after.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg2

from json_rows.unit_of_work import UnitOfWork
from serverless_postgres.database import Database
from service.domain import examples as example_rows
from service.models import examples
from service.settings import Settings

from .service import Audited

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,breach"
"""The others ask for what a key of the scope may not have."""

STRANGER = "0199c0de-0000-7000-8000-00000000f001"
CALLERS = {
    "ingest": ["--scope", "ingest"],
    "read": ["--scope", "read"],
    "stranger": ["--scope", "write", "--user", STRANGER],
    "none": [],
}


def run(service: Audited, seeds: list[int], examples_each: int) -> bool:
    """Tell whether nobody saw or did what they may not; what they did is printed."""
    _fill(service)
    is_kept = True
    for caller, options in CALLERS.items():
        key = _key(service, options) if options else ""
        before = _counts(service, caller)
        for seed in seeds:
            is_kept &= _attack(service, caller, key, seed, examples_each)
        after = _counts(service, caller)
        if after != before:
            is_kept = False
            sys.stdout.write(f"{caller} changed rows: {before} became {after}\n")
    return is_kept


def _attack(service: Audited, caller: str, key: str, seed: int, examples_each: int) -> bool:
    with TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        result = subprocess.run(
            [
                *(Path(sys.executable).with_name("schemathesis"), "--no-color"),
                *("--config-file", HERE / "schemathesis.toml", "run"),
                *("--checks", CHECKS, "--seed", str(seed), "--max-examples", str(examples_each)),
                *("--continue-on-failure", "--output-sanitize", "false"),
                *("--warnings", "off", "--report-json-path", report),
                *(("--header", f"Authorization: Bearer {key}") if key else ()),
                f"{service.url}/openapi.json",
            ],
            cwd=folder,
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT),
                "AUDIT_CALLER": caller,
                "AUDIT_USER": STRANGER if caller == "stranger" else examples.USER,
            },
            check=False,
            capture_output=True,
            text=True,
        )
        if result.returncode:
            sys.stdout.write(result.stdout + result.stderr)
        if report.exists():
            cases = json.loads(report.read_text())["test_cases"]
            sys.stdout.write(f"{caller}, seed {seed}: {cases}\n")
            sys.stdout.flush()
        return not result.returncode


def _fill(service: Audited) -> None:
    """Make the rows that the document's examples name, and a user who has none."""
    database = Database(Settings(database_url=service.database_url))
    with UnitOfWork(database) as work:
        example_rows.restore(work)
        work.execute(
            "INSERT INTO users (id, username) VALUES (%(id)s, 'stranger')", {"id": STRANGER}
        )
    database.dispose()


def _key(service: Audited, options: list[str]) -> str:
    made = subprocess.run(
        [sys.executable, "-m", "flask", "keys", "create", "--name", "audit", "--json", *options],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": service.database_url, "APP_ENV": "development"},
        check=True,
        capture_output=True,
        text=True,
    )
    return str(json.loads(made.stdout)["key"])


def _counts(service: Audited, caller: str) -> dict[str, int]:
    """Count what a caller must leave as it is: who records adds rows, who is bound their own."""
    own = f"WHERE user_id <> '{STRANGER}'" if caller == "stranger" else ""
    counted = {
        "users": f"SELECT count(*) FROM users WHERE id <> '{STRANGER}'",
        "model_prices": "SELECT count(*) FROM model_prices",
        "api_keys": "SELECT count(*) FROM api_keys",
        "itineraries": f"SELECT count(*) FROM itineraries {own}",
        "versions": f"SELECT sum(version) FROM itineraries {own}",
        "changed users": f"SELECT sum(version) FROM users WHERE id = '{examples.USER}'",
    }
    if caller == "ingest":
        del counted["users"]  # PUT by name is recording.
    else:
        counted["workflows"] = f"SELECT count(*) FROM workflows {own}"
        counted["changed"] = f"SELECT sum(version) FROM workflows {own}"
        counted["interactions"] = (
            "SELECT count(*) FROM interactions JOIN workflows ON workflows.id = workflow_id"
            f" {own.replace('user_id', 'workflows.user_id')}"
        )
    connection = psycopg2.connect(service.database_url)
    with connection, connection.cursor() as cursor:
        found = {}
        for name, sql in counted.items():
            cursor.execute(sql)
            ((found[name],),) = cursor.fetchall()
    connection.close()
    return found
