"""Statements that are made up at random and taken show a stranger no row of others, when run."""

import re
from contextlib import closing, suppress
from itertools import product
from uuid import UUID

import psycopg2
from hypothesis import given, settings
from hypothesis import strategies as st

from json_rows import OwnershipError, Statement, UnitOfWork
from smorest_sqlmodel.errors import ApiError
from tests.json_rows.clubs import clubs, invitations, meetings, remarks
from tests.json_rows.shelves import books, shelves
from tests.json_rows.test_sharing import Club

HIDDEN = "비밀"
OWNED, BOOKS = shelves.owned, books.owned
AS_S = OWNED.replace("shelves.", "s.")
OF_S = "SELECT s.* FROM shelves AS s WHERE " + AS_S

SOURCES = st.sampled_from([
    *("shelves", "shelves AS s", "books", "books AS b", "c", "c AS s", "c AS b"),
    *("shelves LEFT JOIN books ON books.shelf_id = shelves.id", "books JOIN shelves ON true"),
    *("(shelves AS s CROSS JOIN books)", "LATERAL (SELECT * FROM books AS b) AS x"),
    "LATERAL (SELECT * FROM books AS x WHERE x.shelf_id = shelves.id) AS y",
    "LATERAL (SELECT * FROM books AS x WHERE x.shelf_id = s.id) AS y",
    f"LATERAL ({OF_S} OFFSET 0) AS s",
    "(SELECT shelf_id AS id FROM notes) AS s",
    "(SELECT gen_random_uuid() AS id) AS s",
])  # fmt: skip
CONDITIONS = st.sampled_from([
    *(OWNED, AS_S, BOOKS, BOOKS.replace("books.", "b.")),
    *("books.shelf_id = shelves.id", "books.shelf_id = s.id", "s.id = b.shelf_id"),
    *("c.id = books.shelf_id", "b.shelf_id = c.id", "c.id <> s.id", "true"),
    *("books.shelf_id = shelves.id IS NOT NULL", "NOT s.id = b.shelf_id"),
])  # fmt: skip
CTES = st.sampled_from([
    *("SELECT 1 AS id", "SELECT shelf_id AS id FROM books", "SELECT * FROM shelves"),
    *(f"SELECT shelves.* FROM shelves WHERE {OWNED}", OF_S, f"{OF_S} UNION {OF_S}"),
    f"SELECT s.id FROM shelves AS s WHERE {AS_S}",
    f"SELECT books.shelf_id AS id FROM books WHERE {BOOKS}",
    f"SELECT b.shelf_id AS id FROM books AS b LEFT JOIN shelves AS s ON true WHERE {AS_S}",
    f"SELECT x.id FROM shelves AS s RIGHT JOIN readers AS x ON true WHERE {AS_S}",
])  # fmt: skip


@st.composite
def selects(draw):
    """Make a SELECT of shelves and books."""
    froms = ", ".join(draw(st.lists(SOURCES, min_size=1, max_size=3)))
    conditions = draw(st.lists(CONDITIONS, min_size=1, max_size=4))
    joint = draw(st.sampled_from([" AND ", " AND ", " AND ", " OR "]))
    sql = f"SELECT * FROM {froms} WHERE {joint.join(conditions)}"
    if draw(st.booleans()):
        sql = f"SELECT * FROM ({sql}) AS z"
    return f"WITH c AS ({draw(CTES)}) {sql}"


def test_what_is_taken_shows_a_stranger_nothing(library):
    stranger = UUID(library.reader())
    other = library.reader(HIDDEN)
    for number in range(2):
        shelf = library.shelf(other, f"{HIDDEN} {number}")
        book = {"position": number, "title": HIDDEN}
        library.client().post(f"/shelves/{shelf['id']}/books", json=book)
    done = set()

    def run(sql, owner):
        with UnitOfWork(library.database, owner=owner) as work:
            return str(work.fetch(Statement(sql).query()))

    @settings(max_examples=3000, deadline=None, derandomize=True, database=None)
    @given(selects())
    def try_one(sql):
        try:
            told = run(sql, stranger)
        except (OwnershipError, psycopg2.Error, ApiError):
            return  # refused, or no SQL
        assert HIDDEN not in told, sql
        if HIDDEN in run(sql, None):
            done.add(sql)

    try_one()
    # Of those that are run, some would show others' rows, were it not for who asks.
    assert len(done) > 20


OF = {"clubs": clubs, "meetings": meetings, "remarks": remarks, "invitations": invitations}
COLUMNS = {"clubs": "name", "meetings": "title", "remarks": "text", "invitations": "code"}
PARENTS = {
    "meetings": ("club_id", "clubs"),
    "invitations": ("club_id", "clubs"),
    "remarks": ("meeting_id", "meetings"),
}
NEW = {
    "meetings": "meetings (id, version, title, status, club_id)"
    " SELECT gen_random_uuid(), 1, 'changed', 'planned', {}.id",
    "invitations": "invitations (id, code, club_id) SELECT gen_random_uuid(), 'changed', {}.id",
    "remarks": "remarks (id, text, meeting_id) SELECT gen_random_uuid(), 'changed', {}.id",
}


def changes():
    """Make statements that change a club, or what it has, by way of what it hangs on."""
    for table, (link, parent) in PARENTS.items():
        kept = [
            condition
            for name in (table, parent)
            for condition in (OF[name].owned, OF[name].writable, OF[name].theirs)
        ]
        ctes = [
            f"SELECT {parent}.* FROM {parent} WHERE {condition}"
            for condition in (OF[parent].owned, OF[parent].writable, OF[parent].theirs)
        ]
        sources = [("c", "c"), (parent, parent), (f"{parent}, c", parent), (f"c, {parent}", "c")]
        for cte, (froms, through), condition in product(ctes, sources, ["true", *kept]):
            joined = f"{table}.{link} = {through}.id AND {condition}"
            for verb in (
                f"UPDATE {table} SET {COLUMNS[table]} = 'changed' FROM {froms} WHERE {joined}",
                f"DELETE FROM {table} USING {froms} WHERE {joined}",
                f"INSERT INTO {NEW[table].format(through)} FROM {froms} WHERE {condition}",
            ):
                yield f"WITH c AS ({cte}) {verb}"


def test_what_is_taken_changes_no_row_that_may_only_be_seen(library):
    club = Club(library)
    done: dict[str, set[str]] = {role: set() for role in ("viewer", "editor", "owner")}

    def run(sql, reader):
        """Count the rows that a statement changes for somebody; it is undone."""
        with closing(library.database.primary.engine.raw_connection()) as connection:
            cursor = connection.cursor()
            cursor.execute(sql, {"owner": reader})
            return cursor.rowcount

    for sql in changes():
        with suppress(OwnershipError, psycopg2.Error):
            Statement(sql)
            for role, changing in done.items():
                if run(sql, club.readers[role]):
                    changing.add(sql)
    assert not done["viewer"]
    # Both others may do some, and the owner more.
    assert len(done["editor"]) > 20
    assert len(done["owner"]) > len(done["editor"])
    written = re.compile("(?:INTO|UPDATE|DELETE FROM) invitations")
    assert any(map(written.search, done["owner"]))
    assert not any(map(written.search, done["editor"]))
