"""Tables: sizes, dead rows, reading from end to end, age, and the cache."""

import psycopg2
import pytest

from serverless_postgres.stats import Severity, tables


@pytest.fixture
def trips(execute, url):
    """A table that autovacuum leaves alone, with some thousand rows."""
    execute(
        url,
        "CREATE TABLE trips (id int PRIMARY KEY, city text) WITH (autovacuum_enabled = false)",
        "INSERT INTO trips SELECT i, 'city ' || i FROM generate_series(1, 20000) i",
        # Dead rows that are counted before the living ones are taken from none.
        "SELECT pg_stat_force_next_flush()",
    )


def test_the_tables_of_the_service_are_all_in_order(look):
    report = look("tables", limit=100)
    assert report.findings == []
    assert {"users", "workflows", "nodes"} <= {
        item["name"] for item in report.sections["tables"].facts["largest"]
    }


def test_a_database_without_tables(empty_database, look):
    report = look(to=empty_database)
    assert report.sections["tables"].facts["largest"] == []
    assert report.sections["indexes"].facts["largest"] == []


def test_what_was_moved_aside_is_not_looked_at(empty_database, execute, look):
    execute(
        empty_database,
        "CREATE SCHEMA predecessor",
        "CREATE TABLE predecessor.users (id smallserial PRIMARY KEY, email text, at timestamp)",
        "SELECT setval('predecessor.users_id_seq', 32000)",
        "CREATE TABLE predecessor.workflows (user_id smallint REFERENCES predecessor.users)",
        "CREATE INDEX ix_email ON predecessor.users (email)",
        "CREATE INDEX ix_email_again ON predecessor.users (email)",
        "INSERT INTO predecessor.users SELECT i, 'email ' || i FROM generate_series(1, 20000) i",
    )
    report = look("tables", "indexes", "sequences", to=empty_database)
    assert report.findings == []
    assert report.sections["tables"].facts["largest"] == []
    assert report.sections["indexes"].facts["largest"] == []


@pytest.mark.usefixtures("trips")
def test_dead_rows(execute, url, find):
    execute(url, "DELETE FROM trips WHERE id > 8000")
    item = find("tables", "dead-rows", "trips")
    assert item.severity == Severity.WARNING
    assert "60.0% of trips is dead (12,000 rows; vacuumed never)" in item.said
    execute(url, item.sql)
    found = find("tables", "autovacuum-off", "trips")
    assert found.sql == "ALTER TABLE trips RESET (autovacuum_enabled);"


@pytest.mark.usefixtures("trips")
def test_a_table_that_was_never_analysed(execute, url, find, look):
    item = find("tables", "never-analysed", "trips")
    assert "about 20,000 rows" in item.said
    execute(url, item.sql, "ALTER TABLE trips RESET (autovacuum_enabled)")
    assert look("tables").findings == []


@pytest.mark.usefixtures("trips")
def test_reading_from_end_to_end_often(execute, url, find, monkeypatch):
    monkeypatch.setattr(tables, "MANY_SCANS", 5)
    execute(url, "ANALYZE trips", *["SELECT FROM trips WHERE city = 'x'"] * 5)
    item = find("tables", "sequential-scans", "trips")
    assert item.said.startswith("trips was read from end to end ")
    assert item.said.endswith(" rows each; 0 times an index was used.")
    assert "EXPLAIN" in item.advice


@pytest.mark.usefixtures("trips")
def test_reading_mostly_by_an_index_is_fine(execute, url, look, monkeypatch):
    monkeypatch.setattr(tables, "MANY_SCANS", 1)
    execute(
        url,
        "ALTER TABLE trips RESET (autovacuum_enabled)",
        "ANALYZE trips",
        *["SELECT FROM trips WHERE id = 7"] * 40,
        "SELECT FROM trips WHERE city = 'x'",
        "SELECT pg_stat_force_next_flush()",
    )
    assert look("tables").findings == []


def test_old_rows(find, monkeypatch):
    monkeypatch.setattr(tables, "OLD_AGE", 0)
    item = find("tables", "wraparound", "users")
    assert (item.severity, item.sql) == (Severity.WARNING, "VACUUM (FREEZE) users;")
    monkeypatch.setattr(tables, "CRITICAL_AGE", 0)
    assert find("tables", "wraparound", "users").severity == Severity.ERROR


@pytest.mark.usefixtures("trips")
def test_a_cache_that_is_missed(find, monkeypatch):
    monkeypatch.setattr(tables, "MANY_BLOCKS", 0)
    monkeypatch.setattr(tables, "HIT_SHARE", 1.1)
    assert "shared_buffers" in find("tables", "cache-misses", "tables").advice


@pytest.mark.usefixtures("trips")
def test_sizes_are_those_that_postgres_tells(execute, url, look):
    execute(url, "ALTER TABLE trips ADD COLUMN essay text")
    execute(url, "UPDATE trips SET essay = repeat('여행 ', 9000) || id WHERE id < 50")
    (found,) = [
        item
        for item in look("tables").sections["tables"].facts["largest"]
        if item["name"] == "trips"
    ]
    connection = psycopg2.connect(
        url.set(drivername="postgresql").render_as_string(hide_password=False)
    )
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_total_relation_size('trips'), pg_indexes_size('trips'), "
            "pg_total_relation_size(reltoastrelid) FROM pg_class WHERE relname = 'trips'"
        )
        expected = cursor.fetchone()
    connection.close()
    assert (found["bytes"], found["index_bytes"], found["toast_bytes"]) == expected


def test_partitions_are_counted_once(execute, url, look):
    execute(
        url,
        "CREATE TABLE trips (id int PRIMARY KEY) PARTITION BY RANGE (id)",
        "CREATE TABLE trips_1 PARTITION OF trips FOR VALUES FROM (0) TO (500)",
        "CREATE TABLE trips_2 PARTITION OF trips FOR VALUES FROM (500) TO (1000) "
        "PARTITION BY HASH (id)",
        "CREATE TABLE trips_2a PARTITION OF trips_2 FOR VALUES WITH (MODULUS 1, REMAINDER 0)",
        "INSERT INTO trips SELECT i FROM generate_series(1, 900) i",
        "ANALYZE trips",
    )
    found = [
        item
        for item in look("tables", limit=100).sections["tables"].facts["largest"]
        if item["name"].startswith("trips")
    ]
    assert [(i["name"], i["partitions"], i["rows"]) for i in found] == [("trips", 2, 900)]


def test_a_table_that_a_schema_change_has_locked_keeps_nobody_waiting(url, look):
    text = url.set(drivername="postgresql").render_as_string(hide_password=False)
    changer = psycopg2.connect(text)
    changer.cursor().execute("ALTER TABLE users ADD COLUMN shoe_size int")
    try:
        report = look("queries", "indexes", "tables", "sequences", limit=100)
    finally:
        changer.close()
    assert "users" in {item["name"] for item in report.sections["tables"].facts["largest"]}
    assert "pk_users" in {item["name"] for item in report.sections["indexes"].facts["largest"]}
    # What can't be seen for the moment is not judged.
    assert {item.kind for item in report.findings} <= {"statements-not-counted"}
