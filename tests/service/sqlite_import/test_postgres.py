"""The predecessor's tables in another database: as its file, whatever has become of them."""

import json
import re
import time
import tracemalloc
from contextlib import closing
from datetime import UTC, datetime
from uuid import uuid4

import psycopg2
import pytest
from click.testing import CliRunner

from plain_commands.errors import UnavailableError
from service.cli.import_predecessor import import_predecessor, import_sqlite
from service.sqlite_import import import_rows, open_database, open_tables
from service.sqlite_import.trip_tables import TRIPS
from sqlite_to_postgres import bring_in
from tests.pooler import Pooler, needs_pooler
from tests.service.sqlite_import.old_database import COUNTS
from tests.service.sqlite_import.old_tables import OldTables, question, text_of
from tests.service.sqlite_import.test_importing import fill

MB = 2**20


@pytest.fixture
def make_tables(server, execute):
    """Make databases of the predecessor."""
    made = []

    def make(revision="r3", options=""):
        name = f"old_{uuid4().hex[:12]}"
        execute(server, f"CREATE DATABASE {name} {options}")
        made.append(OldTables(server.set(database=name), revision))
        return made[-1]

    yield make
    for tables in made:
        tables.close()
        execute(server, f"DROP DATABASE {tables.url.database} WITH (FORCE)")


@pytest.fixture
def tables(make_tables):
    """A database of the first revision: a user and a completed workflow, both with the id 1."""
    made = make_tables("r1")
    made.user()
    made.workflow()
    return made


@pytest.fixture
def reader(tables):
    """A role that may only read, and only what it is given."""
    name = f"reader_{uuid4().hex[:8]}"
    tables.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'se cr@t'")
    yield name
    tables.execute(f"DROP OWNED BY {name}; DROP ROLE {name}")


def grant(tables, reader):
    tables.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {reader}")


@pytest.mark.parametrize("revision", ["r1", "r2", "r3"])
def test_a_database_and_a_file_of_the_same_planner_are_the_same(
    make_file, make_tables, report, rows, revision
):
    file, tables = make_file(revision=revision), make_tables(revision)
    fill(file)
    tables.take(file)
    told = report(tables)
    assert told["revision"] == revision
    assert "file" not in told
    assert told.counts("written") == [2, 2, 4, 2]
    assert told.counts("repaired") == [0, 0, 1, 0]
    first = rows("SELECT * FROM nodes ORDER BY id")
    again = report(file)
    assert again.counts("already_there") == [2, 2, 4, 2]
    assert again.counts("changed") == [0, 0, 0, 0]
    assert rows("SELECT * FROM nodes ORDER BY id") == first


def test_the_password_is_never_shown(tables, command, server):
    told = command(tables)
    assert told.exit_code == 0
    shown = server.set(drivername="postgresql", database=tables.url.database)
    assert told.stdout.startswith(f"{shown.render_as_string()} (revision r1)\n")


def test_a_password_can_come_from_the_environment_or_a_file(tables, command, reader, tmp_path):
    grant(tables, reader)
    without = text_of(tables.url._replace(username=reader, password=None))
    assert command(without, "--dry-run", PGPASSWORD="se cr@t").exit_code == 0
    passwords = tmp_path / "pgpass"
    passwords.write_text(f"*:*:*:{reader}:se cr@t\n", encoding="utf-8")
    passwords.chmod(0o600)
    assert command(without, "--dry-run", PGPASSFILE=str(passwords)).exit_code == 0


@needs_pooler
def test_a_reading_role_behind_a_pooler(tables, report, command, reader, tmp_path):
    url = tables.url.set(username=reader, password="se cr@t")  # noqa: S106  of this test alone
    with Pooler(url, tmp_path / "pooler.log") as pooler:
        pooled = text_of(pooler.url(url.database))
        refused = command(pooled)
        assert refused.exit_code == 1
        assert refused.stderr.endswith(
            f"GRANT USAGE ON SCHEMA public TO {reader}; "
            f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {reader}.\n"
        )
        grant(tables, reader)
        assert report(pooled).counts("written") == [1, 1, 0, 0]
        assert report(pooled).counts("already_there") == [1, 1, 0, 0]


def test_rows_that_a_policy_hides_are_not_missed_in_silence(tables, command, reader):
    grant(tables, reader)
    tables.execute("ALTER TABLE users ENABLE ROW LEVEL SECURITY")
    url = tables.url.set(username=reader, password="se cr@t")  # noqa: S106  of this test alone
    assert "a policy hides rows of it" in command(text_of(url)).stderr


def test_text_of_no_encoding_is_told(make_tables, command):
    tables = make_tables("r1", "ENCODING SQL_ASCII LOCALE 'C' TEMPLATE template0")
    tables.user()
    assert command(tables, "--dry-run").exit_code == 0
    tables.execute(r"UPDATE users SET email = convert_from('\xff', 'SQL_ASCII')")
    result = command(tables)
    assert result.exit_code == 1
    assert "public.users of" in result.stderr
    assert "can't be read: invalid byte sequence for encoding" in result.stderr


RETYPED = """
    CREATE TYPE status AS ENUM ('completed', 'failed');
    CREATE DOMAIN moment AS timestamp without time zone;
    ALTER TABLE users ALTER created_at TYPE timestamptz USING created_at AT TIME ZONE 'UTC';
    ALTER TABLE users ALTER updated_at TYPE moment;
    ALTER TABLE users ALTER username TYPE char(20);
    ALTER TABLE workflows ALTER created_at TYPE text USING created_at::text;
    ALTER TABLE workflows ALTER status TYPE status USING status::status;
    ALTER TABLE workflows ALTER search_radius TYPE numeric(10, 2);
    ALTER TABLE workflows ALTER user_intent TYPE jsonb;
    ALTER TABLE workflows ALTER final_itinerary TYPE json[] USING ARRAY['{"order": 1}'::json];
    ALTER TABLE workflows RENAME completed_at TO "Completed_At";
    ALTER TABLE nodes ALTER id DROP DEFAULT;
    ALTER TABLE nodes ALTER duration_ms TYPE varchar(20);
    ALTER TABLE nodes ALTER output_data TYPE bytea USING convert_to(output_data::text, 'UTF8');
    ALTER TABLE nodes ADD "Colour" point
"""


def test_columns_of_other_types_are_read_for_what_they_say(tables, report, rows):
    tables.execute("UPDATE workflows SET created_at = '2026-01-11 04:22:27.5'")
    tables.node(duration_ms=108, output_data='{"n": "홍"}')
    tables.execute(RETYPED)
    told = report(tables)
    assert told.counts("written") == [1, 1, 1, 0]
    assert told.counts("repaired") == [0, 0, 0, 0]
    assert told["unknown_columns"] == ["nodes.colour"]
    (user,) = rows("SELECT * FROM users")
    assert user["username"] == "test_user"
    assert user["created_at"] == datetime(2026, 1, 11, 4, 22, 27, 521293, UTC)
    (workflow,) = rows("SELECT * FROM workflows")
    assert workflow["created_at"] == datetime(2026, 1, 11, 4, 22, 27, 500000, UTC)
    assert workflow["completed_at"] == datetime(2026, 1, 11, 4, 22, 28, 524000, UTC)
    assert (workflow["status"], workflow["search_radius_m"]) == ("completed", 2000)
    assert workflow["final_itinerary"] == [{"order": 1}]
    (node,) = rows("SELECT * FROM nodes")
    assert (node["duration_ms"], node["output"]) == (108, {"n": "홍"})


@pytest.mark.parametrize(
    "moment", ["infinity", "-infinity", "0044-03-15 12:00:00 BC", "12026-01-11 04:22:27"]
)
def test_a_time_that_no_row_may_have_is_repaired_or_refuses_its_row(tables, report, moment):
    tables.user("timeless", created_at=moment)
    tables.node(started_at=moment)
    told = report(tables)
    ((reason, ids),) = told.refusals("users").items()
    assert ids == ["2"]
    assert reason.startswith("created_at is before 1970 or after 2999; ")
    assert told.repairs("nodes")["started_at is before 1970 or after 2999, now null"] == 1


PARTITIONED = """
    CREATE TABLE users (LIKE others) PARTITION BY RANGE (id);
    CREATE TABLE part PARTITION OF users DEFAULT;
    INSERT INTO users SELECT * FROM others
"""


@pytest.mark.parametrize(
    "instead",
    [
        "CREATE VIEW users AS SELECT * FROM others",
        "CREATE MATERIALIZED VIEW users AS SELECT * FROM others",
        PARTITIONED,
    ],
)
def test_what_stands_in_the_place_of_a_table_is_read_like_one(tables, report, instead):
    tables.execute(f"ALTER TABLE users RENAME TO others; {instead}")
    assert report(tables).counts("written") == [1, 1, 0, 0]


BROKEN = "ALTER TABLE nodes RENAME state_data TO state; DROP TABLE generations"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("", "can't be opened. The database refuses the user name or password of SOURCE."),
        (BROKEN, "the table generations, the column nodes.state_data are missing in its schema"),
        ("DROP TABLE generations; DROP TABLE nodes", "the table nodes, the table generations are"),
    ],
)
def test_a_database_that_is_of_no_use_is_refused_in_a_sentence(
    tables, command, reader, change, says
):
    url = tables.url
    if change:
        tables.execute(change)
    else:
        url = url.set(username=reader, password="hunter2")  # noqa: S106  a wrong one
    result = command(text_of(url))
    assert result.exit_code == 1
    assert says in result.stderr
    assert result.stderr.count("\n") == 1
    assert "hunter2" not in result.output


def test_a_schema_that_is_misspelled_is_not_taken_for_another(tables, command):
    result = command(text_of(tables.url) + "?options=-csearch_path%3Dplaner")
    assert result.exit_code == 1
    assert "the table users, the table workflows" in result.stderr
    assert result.stderr.endswith("are missing in its schema planer.\n")


def test_an_address_that_leads_nowhere_is_told(command):
    assert "refuses connections" in command("postgres://me:hunter2@127.0.0.1:1/trips").stderr
    for given in ("mysql://me:hunter2@host/trips", "host=x password=hunter2"):
        result = command(given)
        assert result.exit_code == 1
        assert "SOURCE is not a Postgres URL" in result.stderr
        assert "hunter2" not in result.output


def test_the_databases_of_this_service_are_no_source(command, make_database, database):
    assert "holds the tables of this service" in command(text_of(make_database())).stderr
    assert "holds the tables of this service" in command(database.settings.database_url).stderr


def test_a_source_that_was_adopted_is_read_where_its_tables_are(standing, command, report):
    assert standing.adopt().exit_code == 0
    refused = command(standing.text)
    assert refused.exit_code == 1
    assert "the prototype's were moved into the schema predecessor" in refused.stderr
    (parameter,) = re.findall(r"`(\?options=.*)`", refused.stderr.replace("\n", ""))
    assert report(standing.text + parameter).counts("written") == COUNTS


def test_the_database_itself_is_left_to_adopt(tables):
    url = text_of(tables.url)
    environ = {"DATABASE_URL": url, "DIRECT_DATABASE_URL": url}
    result = CliRunner().invoke(import_predecessor, [url], env=environ)
    assert result.exit_code == 1
    assert "`flask db adopt` takes over the prototype's tables" in result.stderr


def test_import_sqlite_is_for_files_and_names_them_as_before(old, database):
    url = database.settings.database_url
    environ = {"DATABASE_URL": url, "DIRECT_DATABASE_URL": url}
    run = CliRunner().invoke
    told = json.loads(run(import_sqlite, [str(old.path), "--json"], env=environ).stdout)
    assert told["file"] == told["source"] == str(old.path)
    refused = run(import_sqlite, ["postgres://me:hunter2@host/trips"], env=environ)
    assert refused.exit_code == 1
    assert "flask db import-predecessor" in refused.stderr
    assert "hunter2" not in refused.output


def test_a_planner_that_goes_on_brings_what_is_new(make_tables, report, command, rows):
    tables = make_tables("r3")
    user = tables.user()
    workflow = tables.workflow(user, status="running", completed_at=None)
    tables.node(workflow, status="running", completed_at=None)
    report(tables)
    later = "2026-01-12 00:00:00"
    tables.execute("UPDATE nodes SET status = 'completed', completed_at = %s", later)
    tables.node(workflow, started_at="2026-01-11 05:00:00", status="failed", completed_at=later)
    tables.execute(
        "UPDATE workflows SET status = 'failed', completed_at = %s, updated_at = %s", later, later
    )
    tables.workflow(tables.user("second"))
    text = command(tables, "--dry-run").stdout
    said = "Changed in the source since they were imported, and left here as they are"
    assert f"{said}: 1 of workflows, 1 of nodes.\n" in text
    again = report(tables)
    assert again.counts("written") == [1, 1, 1, 0]
    assert again.counts("already_there") == [1, 1, 1, 0]
    assert again.counts("changed") == [0, 1, 1, 0]
    (kept,) = rows(f"SELECT * FROM workflows WHERE id = '{workflow}'")
    counts = (kept["node_count"], kept["failed_node_count"], kept["last_node_seq"])
    assert (kept["status"], *counts) == ("running", 2, 1, 2)


def many_users(tables, count):
    tables.execute(
        "INSERT INTO users (username, created_at, updated_at) "
        "SELECT 'user ' || n, now(), now() FROM generate_series(2, %s) AS n",
        count,
    )


def test_a_connection_lost_in_the_middle_writes_nothing(tables, database, rows):
    many_users(tables, 5000)

    def lose(*_):
        tables.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND application_name = 'trip-planner import'"
        )

    with pytest.raises(UnavailableError, match="was lost, so nothing was written"):
        import_rows(database, open_database(text_of(tables.url), database), progress=lose)
    assert rows("SELECT count(*) FROM users") == [{"count": 0}]


def test_the_source_is_let_go_before_the_long_work_of_writing(tables, database):
    seen: dict[str, int] = {}

    def look(what, *_):
        seen.setdefault(what, sessions())

    def sessions():
        sql = (
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE datname = current_database() AND application_name = 'trip-planner import'"
        )
        # A session ends a moment after its connection.
        deadline = time.monotonic() + 10
        while "Reading itineraries" in seen and question(tables.url, sql):
            assert time.monotonic() < deadline
        return question(tables.url, sql)

    import_rows(database, open_database(text_of(tables.url), database), progress=look)
    assert seen["Reading users"] == 1
    assert seen["Writing users"] == 0


def test_tables_beside_the_new_ones_are_brought_in_on_one_connection(make_database):
    """In pieces, while the rows go out on the same connection: as it is when they are adopted."""
    url = make_database()
    with closing(psycopg2.connect(text_of(url))) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA old; SET LOCAL search_path = old")
        cursor.execute(
            "CREATE TABLE users (id serial PRIMARY KEY, username varchar(100), email varchar(255),"
            " created_at timestamp, updated_at timestamp);"
            "INSERT INTO users (username, created_at, updated_at)"
            " SELECT 'user ' || n || repeat('x', 80), now(), now() FROM generate_series(1, 9000) n;"
            "CREATE TABLE workflows (id integer, user_id integer, name text, status text,"
            " user_input text, input_type text, time_settings json, date_theme json,"
            " user_intent json, search_radius integer, final_itinerary json, created_at timestamp,"
            " updated_at timestamp, completed_at timestamp);"
            "CREATE TABLE nodes (id integer, workflow_id integer, node_name text, node_type text,"
            " execution_order integer, status text, state_data json, input_data json,"
            " output_data json, error_message text, error_traceback text, started_at timestamp,"
            " completed_at timestamp, duration_ms integer);"
            "CREATE TABLE generations (id integer, workflow_id integer, node_id integer,"
            " model_name text, model_provider text, system_prompt text, user_prompt text,"
            " full_prompt text, output text, parsed_output json, temperature float,"
            " max_tokens integer, prompt_tokens integer, completion_tokens integer,"
            " total_tokens integer, latency_ms integer, error_message text, created_at timestamp);"
            "SET LOCAL search_path = public"
        )
        with open_tables(connection, "old", name="the old tables") as source:
            assert source.counts["users"] == 9000
            told = bring_in(cursor, source, TRIPS)
        connection.commit()
        assert (told["users"].read, told["users"].written) == (9000, 9000)
        cursor.execute("SELECT count(*) FROM users")
        assert cursor.fetchone() == (9000,)


@pytest.mark.parametrize("storage", ["EXTENDED", "EXTERNAL"])
def test_memory_does_not_grow_with_rows_of_megabytes(tables, storage):
    """Also where they come after many small ones, as a planner grows, and packed or not."""
    tables.execute(f"ALTER TABLE nodes ALTER state_data SET STORAGE {storage}")
    tables.execute(
        "INSERT INTO nodes (workflow_id, node_name, node_type, execution_order, status, state_data)"
        " SELECT 1, 'plan', 'analysis', 1, 'pending',"
        "        to_json(repeat('x', CASE WHEN number > 3000 THEN %s ELSE 1 END))"
        " FROM generate_series(1, 3060) AS number",
        2 * MB,
    )
    with (
        closing(psycopg2.connect(text_of(tables.url))) as connection,
        open_tables(connection, name="here") as source,
    ):
        tracemalloc.start()
        read = sum(len(row[7]) for row in source.rows("nodes"))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert read > 120 * MB
    assert peak < (60 if storage == "EXTENDED" else 20) * MB
