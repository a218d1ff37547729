"""`flask db stats`: its text, its JSON and its exit codes."""

import json
import re
import socket
import threading
from contextlib import closing

import psycopg2
import pytest
from click.testing import CliRunner
from rich.cells import cell_len

from safe_migrations.commands.stats import SECTIONS, WIDTH
from serverless_postgres import stats
from serverless_postgres.stats import activity, statements
from serverless_postgres.stats.circumstances import Circumstances
from service.cli.groups import db


@pytest.fixture
def run(monkeypatch):
    def run(*arguments, url="", **environment):
        for name, value in {"DATABASE_URL": url, **environment}.items():
            monkeypatch.setenv(name, value)
        return CliRunner().invoke(db, ["stats", *arguments])

    return run


@pytest.fixture(scope="module")
def url(make_database):
    made = make_database().set(drivername="postgresql")
    return made.render_as_string(hide_password=False)


def test_all_sections_for_people(run, url):
    done = run(url=url)
    assert done.exit_code == 0
    for title in (
        "Database      postgresql://postgres:***@",
        "Statements, by their total time",
        "Connections to this database",
        "Indexes, the largest first",
        "Tables, the largest first",
        "Settings of the server",
    ):
        assert f"\n{title}" in f"\n{done.stdout}"
    assert max(map(len, done.stdout.splitlines())) <= WIDTH
    assert "Traceback" not in done.output


def test_the_sections_that_were_asked_for_only(run, url):
    done = run("tables", "sequences", "--limit", "2", url=url)
    assert done.exit_code == 0
    assert "Indexes" not in done.stdout
    assert "Sequences: none" in done.stdout
    _, _, tables = done.stdout.partition("Tables, the largest first\n")
    assert len(tables.partition("\nand ")[0].splitlines()) == 3


def test_as_json(run, url):
    done = run("--json", url=url)
    assert done.exit_code == 0
    found = json.loads(done.stdout)
    assert tuple(found["sections"]) == SECTIONS == tuple(stats.SECTIONS)
    assert found["database"]["url"].startswith("postgresql://postgres:***@")
    assert {"kind", "severity", "about", "said", "advice", "sql"} == set(found["findings"][0])
    connections = found["sections"]["connections"]
    assert connections["max_connections"] == 100
    assert connections["pool_per_process"] == 15


def test_connections_by_application_and_state_against_what_there_may_be(run, url):
    with closing(psycopg2.connect(url, application_name="reporting")) as session:
        session.cursor().execute("SELECT 1")
        done = run("connections", url=url, POOL_SIZE="2", POOL_MAX_OVERFLOW="1")
    (line,) = [line for line in done.stdout.splitlines() if "reporting" in line]
    assert line.split()[0] == "1"
    assert "idle in transaction" in line
    assert (
        "of 100 connections are used, 3 are reserved. A process of the application takes up to 3 "
        in (" ".join(done.stdout.split()))
    )


def test_without_pg_stat_statements_it_says_how_to_get_it(run, url):
    done = run("queries", url=url)
    assert done.exit_code == 0
    assert "Statements, by their total time: not counted: see below" in done.stdout
    assert "note     pg_stat_statements is not switched on" in done.stdout
    assert done.stdout.rstrip().endswith("1 note.")
    assert "CREATE EXTENSION IF NOT EXISTS pg_stat_statements;" in done.stdout
    assert json.loads(run("queries", "--json", url=url).stdout)["sections"]["queries"] == {
        "statements": None,
        "running": [],
        "blocked": [],
    }


@pytest.mark.parametrize(
    ("available", "preloaded", "is_neon", "said", "advice"),
    [
        (False, "", False, "", "Install PostgreSQL's contrib modules"),
        (True, "", False, "", "Set shared_preload_libraries = 'pg_stat_statements'"),
        (True, "auto_explain, pg_stat_statements", False, "", "The server is ready for it"),
        (True, None, True, "", "On Neon it has only to be created"),
        (True, "pg_stat_statements", False, "permission denied", "Set shared_preload_libraries"),
    ],
)
def test_the_way_to_pg_stat_statements_is_that_of_the_server(
    available, preloaded, is_neon, said, advice
):
    about = Circumstances("18.4", 18, "trips", None, "me", True, False, is_neon, None)  # noqa: FBT003
    availability = {"schema": None, "is_available": available, "preloaded": preloaded}
    (finding,) = statements.missing(availability, about, said).findings()
    assert finding.advice.startswith(advice) or advice in finding.advice
    assert said in finding.said


def test_who_holds_others_up_is_named_with_the_way_out(run, url):
    with (
        closing(psycopg2.connect(url, application_name="forgetful")) as holder,
        closing(psycopg2.connect(url)) as waiting,
    ):
        holder.cursor().execute("LOCK TABLE model_prices")
        pid = holder.info.backend_pid
        thread = threading.Thread(
            target=lambda: waiting.cursor().execute("SELECT 1 FROM model_prices")
        )
        thread.start()
        try:
            for _ in range(100):
                done = run("queries", "--json", url=url)
                if "blocking-session" in done.stdout:
                    break
        finally:
            holder.rollback()
            thread.join()
    assert done.exit_code == 0
    (finding,) = [
        item for item in json.loads(done.stdout)["findings"] if item["severity"] == "error"
    ]
    assert finding["sql"] == f"SELECT pg_terminate_backend({pid});"


def test_a_long_statement_is_cut_and_no_number_is(run, url, monkeypatch):
    monkeypatch.setattr(activity, "LONG_S", 0)
    row = re.compile(r"^ *\d.* reporting +SELECT.*$", re.MULTILINE)
    with closing(psycopg2.connect(url, application_name="reporting")) as session:
        pid = session.info.backend_pid

        def work() -> None:
            with pytest.raises(psycopg2.errors.QueryCanceled):
                session.cursor().execute(f"SELECT pg_sleep(60), '{'서울 ' * 50}'")

        thread = threading.Thread(target=work)
        thread.start()
        try:
            for _ in range(100):
                done = run("queries", url=url)
                if row.search(done.stdout):
                    break
        finally:
            session.cancel()
            thread.join()
    (line,) = row.findall(done.stdout)
    assert line.split()[0] == str(pid)
    assert line.endswith("…")
    assert cell_len(line) <= WIDTH


def test_a_database_that_can_not_be_reached_is_an_error_without_its_password(run):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = f"postgresql://me:s3cret@127.0.0.1:{port}/trips"
    done = run(url=url)
    assert done.exit_code == 1
    assert done.stderr.startswith("Error: ")
    assert done.stdout == ""
    done = run("--json", url=url)
    assert done.exit_code == 1
    assert json.loads(done.stdout)["error"]["message"]
    assert "s3cret" not in done.output
    assert "Traceback" not in done.output


def test_a_role_that_may_see_little_is_told_so(run, execute, make_database):
    database = make_database()
    execute(database, "DROP ROLE IF EXISTS modest_of_stats", "CREATE ROLE modest_of_stats LOGIN")
    try:
        execute(database, "ALTER ROLE modest_of_stats PASSWORD 'modest'")
        modest = database.set(username="modest_of_stats", password="modest")  # noqa: S106
        done = run(url=modest.render_as_string(hide_password=False))
        assert done.exit_code == 0
        assert 'GRANT pg_monitor TO "modest_of_stats";' in " ".join(done.stdout.split())
    finally:
        execute(database, "DROP OWNED BY modest_of_stats", "DROP ROLE modest_of_stats")


def test_what_is_no_section_or_number_is_a_mistake_of_usage(run):
    for arguments in (("nonsense",), ("--limit", "0")):
        done = run(*arguments)
        assert done.exit_code == 1  # 2 is drift, for programs that run `flask db`.
        assert done.stderr.startswith("Usage: ")


def test_all_is_well_where_nothing_is_to_be_done(run, url):
    done = run("sequences", "connections", url=url)
    assert done.stdout.endswith("\nAll is well.\n")
    assert activity.LONG_S > 0
