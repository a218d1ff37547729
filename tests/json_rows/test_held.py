"""All that is held of a row: what its deletion would take, in memory of one page."""

import json
import tracemalloc
from collections import Counter
from uuid import UUID

from json_rows import Held, UnitOfWork
from tests.json_rows.shelves import readers
from tests.json_rows.test_deleting import filled_shelves
from tests.json_rows.test_streaming import fill

HELD = Held(readers)


def test_what_is_held_is_what_a_deletion_takes(library):
    reader, other = library.reader(), library.reader()
    filled_shelves(library, reader)
    filled_shelves(library, other)
    with UnitOfWork(library.database) as work:
        found = [(table, json.loads(row)) for table, row in HELD.rows(UUID(reader), work)]
    counted = Counter(table for table, _ in found)
    assert next(iter(counted)) == "readers"
    # As it is stored, but for bytes: the fingerprints and bodies of kept answers.
    (shelf, *_) = [row for table, row in found if table == "shelves"]
    assert shelf["reader_id"] == reader
    assert not {"fingerprint", "body"} & {name for _, row in found for name in row}
    assert other not in json.dumps(found)
    gone = library.client().delete(f"/readers/{reader}").json
    assert counted == {table: rows for table, rows in gone.items() if rows}


def test_many_rows_take_the_memory_of_a_page_and_hold_nothing_between(library):
    reader, _ = fill(library, 20_000)
    open_ones = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
        "AND state LIKE 'idle in transaction%%'"
    )
    with UnitOfWork(library.database, owner=reader) as work:
        rows = HELD.rows(reader, work)
        next(rows)
        assert library.rows(open_ones) == [(0,)]
        tracemalloc.start()
        try:
            seen = {json.loads(row)["id"] for table, row in rows if table == "books"}
            seen_bytes = tracemalloc.get_traced_memory()[0]
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert work.round_trips >= 21
    assert len(seen) == 20_000
    assert peak < seen_bytes + 3_000_000


def test_large_rows_are_cut_into_pages_by_their_size(library):
    reader = library.reader()
    made = {library.shelf(reader)["id"] for _ in range(9)}
    with library.database.transaction() as connection:
        connection.exec_driver_sql(
            "INSERT INTO notes (shelf_id, text) SELECT id, repeat('시', 1000000) FROM shelves"
        )
    with UnitOfWork(library.database) as work:
        found = [row for table, row in HELD.rows(UUID(reader), work) if table == "notes"]
        pages = work.round_trips
    assert {json.loads(row)["shelf_id"] for row in found} == made
    # Of 3 MB each: two make a page; the other tables take one each.
    assert pages > len(readers.table.metadata.tables)


def test_nothing_is_held_for_a_stranger(library):
    reader = library.reader()
    filled_shelves(library, reader)
    with UnitOfWork(library.database, owner=UUID(library.reader())) as work:
        assert list(HELD.rows(UUID(reader), work)) == []
