"""Rows of any number, whole: in memory of one page, and a lost connection costs one page."""

import json
import tracemalloc
from uuid import UUID

from json_rows import UnitOfWork, stream
from tests.json_rows.shelves import books, shelves

ROWS = 200_000


def fill(library, rows):
    """Have a shelf of a reader with many books; returns both ids."""
    reader = library.reader()
    shelf = library.shelf(reader)
    with library.database.transaction() as connection:
        connection.exec_driver_sql(
            f"INSERT INTO books (id, shelf_id, position, title) SELECT gen_random_uuid(),"
            f" '{shelf['id']}', n, '백석 시집 ' || n FROM generate_series(1, {rows}) AS n"
        )
    return UUID(reader), UUID(shelf["id"])


def test_two_hundred_thousand_rows_take_the_memory_of_a_page(library):
    reader, shelf = fill(library, ROWS)
    with UnitOfWork(library.database, owner=reader) as work:
        rows = stream(books.within(shelf), work, fields=["position", "title"])
        json.loads(next(rows))
        tracemalloc.start()
        try:
            seen = sum(1 for _ in rows)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert seen == ROWS - 1
    # All rows together are some 20 MB.
    assert peak < 3_000_000


def test_a_lost_connection_costs_a_page_and_no_row(cut_library, proxy):
    library = cut_library
    _, shelf = fill(library, 3500)
    positions = []
    with UnitOfWork(library.database) as work:
        for row in stream(books.within(shelf), work):
            positions.append(json.loads(row)["position"])
            if len(positions) % 700 == 0:
                proxy.reset()
        assert work.retries > 0
        assert work.round_trips - work.retries == 4
    assert positions == list(range(1, 3501))


def test_no_transaction_stays_open_between_pages(library):
    _, shelf = fill(library, 1001)
    with UnitOfWork(library.database) as work:
        rows = stream(books.within(shelf), work)
        next(rows)
        open_ones = (
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
            "AND state LIKE 'idle in transaction%%'"
        )
        assert library.rows(open_ones) == [(0,)]


def test_a_stream_has_the_rows_of_whom_it_is_for(library):
    _, shelf = fill(library, 3)
    stranger = UUID(library.reader())
    with UnitOfWork(library.database, owner=stranger) as work:
        assert list(stream(shelves.where(), work)) == []
        # As with a shelf that is not there: an empty stream.
        assert list(stream(books.within(shelf), work)) == []
