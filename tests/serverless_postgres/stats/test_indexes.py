"""Indexes that are not used, do the work of others, are missing or broken."""

import psycopg2
import pytest

from serverless_postgres.stats import Severity, circumstances, indexes


@pytest.fixture
def about(look):
    """What is found about indexes: kind, and what it is about."""

    def about():
        return {(item.kind, item.about) for item in look("indexes").findings}

    return about


def test_the_indexes_of_the_service_are_all_in_order(look):
    assert look("indexes").findings == []


def test_of_two_equal_indexes_the_unused_one_may_go(execute, url, find):
    execute(
        url,
        "CREATE TABLE trips (id int, city text)",
        "INSERT INTO trips SELECT i, 'city ' || i FROM generate_series(1, 5000) i",
        "CREATE INDEX ix_kept ON trips (city)",
        "ANALYZE trips",
        "SELECT id FROM trips WHERE city = 'city 7'",
        "CREATE INDEX ix_again ON trips (city)",
    )
    item = find("indexes", "duplicate-index", "ix_again")
    assert item.severity == Severity.WARNING
    assert "is the same as ix_kept on trips" in item.said
    assert item.sql == "DROP INDEX CONCURRENTLY ix_again;"


def test_an_index_that_begins_another_is_redundant(execute, url, about):
    execute(
        url,
        "CREATE TABLE trips (a int, b int, c text)",
        "CREATE INDEX ix_a ON trips (a)",
        "CREATE INDEX ix_a_b ON trips (a, b) INCLUDE (c)",
        "CREATE INDEX ix_a_with_c ON trips (a) INCLUDE (c)",
    )
    assert about() == {("redundant-index", "ix_a"), ("redundant-index", "ix_a_with_c")}


@pytest.mark.parametrize(
    "index",
    [
        "CREATE INDEX ix_other ON trips (b)",
        "CREATE INDEX ix_other ON trips (a DESC)",
        "CREATE INDEX ix_other ON trips (a) WHERE b > 0",
        "CREATE INDEX ix_other ON trips (a) INCLUDE (d)",
        "CREATE INDEX ix_other ON trips USING hash (a)",
        "CREATE INDEX ix_other ON trips (c text_pattern_ops)",
        "CREATE INDEX ix_other ON trips (lower(c))",
        "CREATE UNIQUE INDEX ix_other ON trips (a)",
        "ALTER TABLE trips ADD CONSTRAINT ix_other UNIQUE (a)",
    ],
)
def test_an_index_that_does_something_of_its_own_is_not(execute, url, about, index):
    execute(
        url,
        "CREATE TABLE trips (a int, b int, c text, d text)",
        "CREATE INDEX ix_a_b ON trips (a, b)",
        "CREATE INDEX ix_c_b ON trips (c, b)",
        index,
    )
    assert about() == set()


def test_the_index_of_a_constraint_stays_and_its_copy_goes(execute, url, about):
    execute(
        url,
        "CREATE TABLE trips (id int CONSTRAINT pk_trips PRIMARY KEY)",
        "CREATE UNIQUE INDEX uq_again ON trips (id)",
        "CREATE INDEX ix_again ON trips (id)",
    )
    assert about() == {("duplicate-index", "uq_again"), ("duplicate-index", "ix_again")}


def test_a_large_index_that_nobody_uses(execute, url, find, monkeypatch):
    execute(
        url,
        "CREATE TABLE trips (id int PRIMARY KEY, city text)",
        "INSERT INTO trips SELECT i, 'city ' || i FROM generate_series(1, 50000) i",
        "CREATE INDEX ix_city ON trips (city)",
    )
    item = find("indexes", "unused-index", "ix_city")
    assert (item.severity, item.sql) == (Severity.NOTE, None)
    assert "says little" in item.said
    monkeypatch.setattr(circumstances, "DAY_S", 0)
    item = find("indexes", "unused-index", "ix_city")
    assert (item.severity, item.sql) == (Severity.WARNING, "DROP INDEX CONCURRENTLY ix_city;")


def test_an_index_that_is_small_used_or_for_a_foreign_key_is_not_unused(
    execute, url, about, monkeypatch
):
    monkeypatch.setattr(indexes, "WORTH_BYTES", 20_000)
    execute(
        url,
        "CREATE TABLE trips (id int, city int, owner_id uuid REFERENCES users (id), small int)",
        "INSERT INTO trips SELECT i, i, NULL, NULL FROM generate_series(1, 3000) i",
        "CREATE INDEX ix_city ON trips (city)",
        "CREATE INDEX ix_owner_id ON trips (owner_id)",
        "CREATE INDEX ix_small ON trips (small) WHERE small IS NOT NULL",
        "ANALYZE trips",
        "SELECT id FROM trips WHERE city = 7",
    )
    assert about() == set()


def test_a_foreign_key_without_an_index(execute, url, find):
    execute(
        url,
        "CREATE TABLE trips (id int, owner_id uuid CONSTRAINT fk_owner REFERENCES users (id))",
        "CREATE INDEX ix_some ON trips (owner_id) WHERE id > 5",
    )
    item = find("indexes", "foreign-key-without-index", "trips (owner_id)")
    assert item.severity == Severity.NOTE
    assert item.sql == "CREATE INDEX CONCURRENTLY ON trips (owner_id);"
    execute(
        url,
        "INSERT INTO trips SELECT i FROM generate_series(1, 10000) i",
        "ANALYZE trips",
    )
    item = find("indexes", "foreign-key-without-index", "trips (owner_id)")
    assert item.severity == Severity.WARNING
    assert "reads all of about 10,000 rows" in item.said


def test_a_foreign_key_is_served_by_an_index_that_begins_with_it_in_any_order(execute, url, about):
    execute(
        url,
        "CREATE TABLE days (trip int, day int, PRIMARY KEY (trip, day))",
        "CREATE TABLE stops (day int, trip int, owner_id uuid REFERENCES users (id), "
        "FOREIGN KEY (trip, day) REFERENCES days)",
        "CREATE INDEX ix_day_trip ON stops (day, trip, owner_id)",
        "CREATE INDEX ix_owner ON stops (owner_id) WHERE owner_id IS NOT NULL",
    )
    assert about() == set()


def test_an_index_whose_build_failed(execute, url, find):
    execute(url, "CREATE TABLE odd (id int)", "INSERT INTO odd VALUES (1), (1)")
    with pytest.raises(psycopg2.errors.UniqueViolation):
        execute(url, "CREATE UNIQUE INDEX CONCURRENTLY uq_odd ON odd (id)")
    item = find("indexes", "invalid-index", "uq_odd")
    assert (item.severity, item.sql) == (Severity.ERROR, "DROP INDEX CONCURRENTLY uq_odd;")


def test_names_are_quoted_and_carry_their_schema_where_needed(execute, url, about, look):
    execute(
        url,
        'CREATE SCHEMA "보관"',
        'CREATE TABLE "보관"."여행" ("도 시" int)',
        'CREATE INDEX "색인" ON "보관"."여행" ("도 시")',
        'CREATE INDEX "같은 색인" ON "보관"."여행" ("도 시")',
        'CREATE TABLE "50%" ("a%" uuid REFERENCES users (id))',
    )
    (dropped,) = [item for item in look("indexes").findings if item.kind == "duplicate-index"]
    assert dropped.sql in {
        'DROP INDEX CONCURRENTLY "보관"."색인";',
        'DROP INDEX CONCURRENTLY "보관"."같은 색인";',
    }
    execute(url, dropped.sql)
    assert about() == {("foreign-key-without-index", '"50%" ("a%")')}
    (missing,) = look("indexes").findings
    execute(url, missing.sql)
    assert about() == set()


def test_partitions_count_as_their_table(execute, url, look):
    execute(
        url,
        "CREATE TABLE trips (id int, city int) PARTITION BY RANGE (id)",
        "CREATE TABLE trips_1 PARTITION OF trips FOR VALUES FROM (0) TO (10)",
        "CREATE TABLE trips_2 PARTITION OF trips FOR VALUES FROM (10) TO (20)",
        "CREATE INDEX ix_city ON trips (city)",
        "CREATE INDEX ix_again ON trips (city)",
    )
    report = look("indexes", limit=100)
    (item,) = report.findings
    assert item.about in {"ix_city", "ix_again"}
    assert item.sql == f"DROP INDEX {item.about};"
    execute(url, item.sql)
    facts = look("indexes", limit=100).sections["indexes"].facts
    assert [i["table"] for i in facts["largest"] if i["table"].startswith("trips")] == ["trips"]
