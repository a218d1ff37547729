"""Whole imports: every revision, once and again, beside other databases and other people."""

import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime

import psycopg2
import pytest
from click.testing import CliRunner

from service.cli.import_predecessor import import_sqlite
from service.sqlite_import.trip_tables import LOCK
from sqlite_to_postgres import importing, writing

START = datetime(2026, 1, 11, 4, 22, 27, 521293, UTC)


def fill(file):
    """Add what the real file has: a good workflow and a failed one, the nodes not in order."""
    first, second = file.user(email="test@example.com"), file.user("error_test_user")
    good = file.workflow(
        first,
        input_type="region",
        time_settings='{"enabled": true, "start_time": "14:00", "duration_hours": 6}',
        user_intent='{"location": "\\ud64d\\ub300"}',
        final_itinerary='[{"order": 1, "location": {"x": 126.9222}}]',
    )
    reason = '{"skip_reason": "불필요"}'
    file.node(good, node_name="third", status="skipped", started_at=None, output_data=reason)
    later = {"started_at": "2026-01-11 04:22:27.637295", "duration_ms": 52}
    file.node(good, node_name="second", output_data='{"n": 1}', input_data="null", **later)
    node = file.node(good, node_name="first", duration_ms=108, state_data='{"a": [1]}')
    tokens = {"prompt_tokens": 10, "completion_tokens": 5}
    file.generation(good, node_id=node, latency_ms=0, temperature=0.7, **tokens)
    file.generation(good, error_message="timeout", output="", prompt_tokens=1)
    bad = file.workflow(second, status="failed", time_settings="null", user_intent="null")
    file.node(bad, node_name="failing", node_type="test", status="failed", error_message="e")


@pytest.fixture(params=["r1", "r2", "r3"])
def filled(request, make_file):
    file = make_file(revision=request.param)
    fill(file)
    if request.param != "r3":
        file.execute("""UPDATE workflows SET date_theme = '{"theme": "cultural"}'""")
    if request.param != "r1":
        file.execute("UPDATE workflows SET session_id = 'abc'")
    return request.param, file


def test_workflows_of_every_revision(filled, report, rows):
    revision, file = filled
    told = report(file)
    assert told["revision"] == revision
    assert told.counts("read") == told.counts("written") == [2, 2, 4, 2]
    assert told.counts("repaired") == [0, 0, 1, 0]
    good, bad = rows("SELECT * FROM workflows ORDER BY status")
    assert good["started_at"] == good["created_at"] == START
    assert (good["active_ms"], good["waiting_ms"]) == (1002, 0)
    assert (good["node_count"], good["failed_node_count"], good["last_node_seq"]) == (3, 0, 3)
    assert (bad["node_count"], bad["failed_node_count"], bad["last_node_seq"]) == (1, 1, 1)
    assert good["generation_count"] == 2
    assert (good["input_tokens"], good["output_tokens"]) == (11, 5)
    assert (good["total_cost"], good["currency"]) == (None, None)
    assert good["user_intent"] == {"location": "홍대"}
    assert good["final_itinerary"] == [{"order": 1, "location": {"x": 126.9222}}]
    settings = {"enabled": True, "start_time": "14:00", "duration_hours": 6}
    assert (good["time_settings"], bad["time_settings"]) == (settings, None)
    assert bad["user_intent"] is None
    assert good["session_id"] == (None if revision == "r1" else "abc")
    theme = {"date_theme": {"theme": "cultural"}}
    assert good["metadata"] == (None if revision == "r3" else theme)


def test_nodes_and_generations_of_every_revision(filled, report, rows):
    report(filled[1])
    nodes = {node["node_name"]: node for node in rows("SELECT * FROM nodes")}
    first, second, third, failing = (
        nodes[name] for name in ("first", "second", "third", "failing")
    )
    assert [node["seq"] for node in (first, second, third, failing)] == [1, 2, 3, 1]
    assert [node["duration_ms"] for node in (first, second, third)] == [108, 52, None]
    assert (second["input"], second["output"]) == (None, {"n": 1})
    assert (third["skip_reason"], third["output"]) == ("불필요", None)
    assert (failing["node_type"], failing["error_message"]) == ("other", "e")
    assert failing["legacy_note"] == 'node_type unknown, now other: "test"'
    (state,) = rows("SELECT node_id, state FROM node_states")
    assert state == {"node_id": first["id"], "state": {"a": [1]}}

    done, failed = rows("SELECT * FROM generations ORDER BY status")
    assert (failed["status"], failed["output"], failed["node_id"]) == ("failed", "", None)
    assert (done["status"], done["latency_ms"], done["temperature"]) == ("completed", 0, 0.7)
    assert (done["node_id"], done["workflow_id"]) == (first["id"], first["workflow_id"])
    assert (done["cost"], done["cost_source"], done["currency"]) == (None, "unknown", None)


def test_an_empty_database_gives_zeros(make_file, report):
    told = report(make_file())
    assert told.counts("read") == told.counts("written") == [0, 0, 0, 0]


def test_imported_again_from_elsewhere_nothing_changes(filled, report, rows, tmp_path):
    tables = ("users", "workflows", "nodes", "node_states", "generations")
    _, file = filled
    report(file)
    before = [rows(f"SELECT * FROM {table}") for table in tables]
    copy = tmp_path / "elsewhere.sqlite"
    shutil.copy(file.path, copy)
    told = report(copy)
    assert told.counts("already_there") == [2, 2, 4, 2]
    assert told.counts("written") == told.counts("repaired") == [0, 0, 0, 0]
    assert [rows(f"SELECT * FROM {table}") for table in tables] == before


def test_a_grown_file_adds_its_new_rows(old, report, rows):
    old.node(node_name="a")
    report(old)
    rows("UPDATE workflows SET name = 'renamed since'")
    rows("UPDATE nodes SET node_name = 'renamed since'")
    old.execute("UPDATE nodes SET node_name = 'changed in the old file'")
    old.node(node_name="before a", started_at="2026-01-01 00:00:00", status="failed")
    old.node(node_name="open", status="running", completed_at=None)
    old.generation(prompt_tokens=7)
    old.workflow(old.user("other"))
    told = report(old)
    assert told.counts("written") == [1, 1, 2, 1]
    assert told.counts("already_there") == [1, 1, 1, 0]
    (workflow,) = rows("SELECT * FROM workflows WHERE legacy_id = '1'")
    assert (workflow["name"], workflow["version"]) == ("renamed since", 2)
    assert (workflow["node_count"], workflow["failed_node_count"]) == (3, 1)
    assert (workflow["generation_count"], workflow["input_tokens"]) == (1, 7)
    assert workflow["last_node_seq"] == 3
    nodes = rows("SELECT seq, node_name, status FROM nodes ORDER BY seq")
    assert [tuple(node.values()) for node in nodes] == [
        (1, "renamed since", "completed"),
        (2, "before a", "failed"),
        (3, "open", "cancelled"),
    ]


def test_databases_that_count_from_one_do_not_collide(make_file, report, rows):
    for name in ("anna", "berta"):
        file = make_file(f"{name}.db")
        file.user(name)
        file.workflow()
        file.node()
        file.generation()
        assert report(file).counts("written") == [1, 1, 1, 1]
    assert len({row["id"] for row in rows("SELECT id FROM nodes")}) == 2


def test_copies_that_grew_apart_are_told_apart(old, report, tmp_path):
    fork = tmp_path / "fork.db"
    shutil.copy(old.path, fork)
    old.workflow(created_at="2026-02-01 00:00:00")
    old.node(1)
    report(old)
    with closing(sqlite3.connect(fork)) as file:
        file.executescript("""
            INSERT INTO workflows (id, user_id, name, status, user_input, created_at, updated_at)
                VALUES (2, 1, 'w', 'running', 'i', '2026-03-01', '2026-03-01');
            INSERT INTO nodes (id, workflow_id, node_name, node_type, execution_order, status)
                VALUES (1, 2, 'n', 'search', 1, 'skipped')
        """)
    told = report(fork)
    assert told.counts("already_there") == [1, 1, 0, 0]
    assert told.refusals("workflows") == {"another row in the database has its id": ["2"]}
    assert told.refusals("nodes") == {"another row in the database has its id": ["1"]}


def test_a_dry_run_tells_the_same_and_writes_nothing(make_file, report, rows):
    file = make_file()
    fill(file)
    file.node(99)
    for found in (0, 4):
        rehearsed = report(file, "--dry-run")
        assert rows("SELECT count(*) FROM nodes") == [{"count": found}]
        done = report(file)
        assert (rehearsed.pop("dry_run"), done.pop("dry_run")) == (True, False)
        assert rehearsed == done


def test_a_second_import_waits_and_then_says_so(old, command, database, monkeypatch):
    monkeypatch.setattr(importing, "LOCK_TIMEOUT", "50ms")
    with database.transaction() as other:
        other.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")
        result = command(old)
    assert result.exit_code == 1
    assert result.stderr == "Error: Another import is running; try again when it is done.\n"
    assert command(old).exit_code == 0


@pytest.fixture
def refused_after(command, rows, monkeypatch):
    """Import a file while somebody else sends SQL before the first row is written."""

    def run(old, sql):
        def write_users_late(cursor, table):
            if table.name == "users":
                rows(sql)
            return write(cursor, table)

        write = writing.write
        with monkeypatch.context() as patched:
            patched.setattr(writing, "write", write_users_late)
            result = command(old)
        assert result.exit_code == 1
        assert "run the import again" in result.stderr

    return run


def test_a_name_taken_in_the_meantime_takes_everything_back(old, command, rows, refused_after):
    refused_after(old, "INSERT INTO users (id, username) VALUES (gen_random_uuid(), 'TEST_USER')")
    assert rows("SELECT count(*) FROM workflows") == [{"count": 0}]
    assert command(old).exit_code == 0


def test_a_workflow_deleted_in_the_meantime_loses_no_node_silently(
    old, command, rows, refused_after
):
    """Its node would be neither written nor refused."""
    assert command(old).exit_code == 0
    old.node()
    refused_after(old, "DELETE FROM users")
    assert command(old).exit_code == 0
    assert rows("SELECT count(*) FROM nodes") == [{"count": 1}]


def test_an_old_schema_is_told(old, make_database):
    url = make_database().set(drivername="postgresql").render_as_string(hide_password=False)
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute("ALTER TABLE nodes DROP COLUMN legacy_note")
        connection.commit()
    environ = {"DATABASE_URL": url, "DIRECT_DATABASE_URL": url}
    result = CliRunner().invoke(import_sqlite, [str(old.path)], env=environ)
    assert result.exit_code == 1
    assert result.stderr == (
        "Error: The database schema is not up to date: run `flask db upgrade`.\n"
    )
