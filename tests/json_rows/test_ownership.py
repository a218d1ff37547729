"""A statement that forgets whose rows it means stops the service; all else is let through."""

import pytest

from json_rows import (
    Changed,
    Listing,
    New,
    OwnershipError,
    Resource,
    RowsSettings,
    Statement,
    Transition,
    ownership,
)
from tests.json_rows import shelves_app
from tests.json_rows.clubs import clubs, invitations, meetings
from tests.json_rows.shelf_models import (
    BookCreate,
    Reader,
    ReaderRead,
    Shelf,
    ShelfCreate,
    ShelfFilter,
    ShelfRead,
    ShelfSummary,
)
from tests.json_rows.shelves import books, readers, shelves

OWNED = shelves.owned
AS_S = OWNED.replace("shelves.", "s.")
BOOKS = books.owned

REFUSED = {
    "FROM": "SELECT * FROM shelves WHERE id = %(key)s",
    "no WHERE": "SELECT * FROM shelves",
    "upper case": "SELECT * FROM SHELVES",
    "quoted": 'SELECT * FROM "shelves"',
    "escapes": r'SELECT * FROM U&"\0073helves"',
    "schema": "SELECT * FROM public.shelves",
    "schema, quoted": 'SELECT * FROM "public" . "shelves"',
    "database": "SELECT * FROM postgres.public.shelves",
    "star": "SELECT * FROM shelves *",
    "no space": "SELECT*FROM(SELECT*FROM shelves)AS x",
    "comment between": "SELECT * FROM/* */shelves",
    "comma": "SELECT * FROM pg_class, shelves",
    "comma behind a function": "SELECT * FROM generate_series(1, 2) AS n, shelves",
    "comma behind a subquery": "SELECT * FROM (SELECT 1) AS one, shelves",
    "comma behind LATERAL": "SELECT * FROM pg_class, LATERAL (SELECT 1) AS one, shelves",
    "JOIN": "SELECT * FROM pg_class JOIN shelves ON true",
    "LEFT JOIN": f"SELECT * FROM pg_class LEFT JOIN shelves ON {OWNED}",
    "owned on the wrong side": f"SELECT * FROM shelves LEFT JOIN pg_class ON {OWNED}",
    "in parentheses": "SELECT * FROM (shelves CROSS JOIN pg_class)",
    "ONLY": "SELECT * FROM ONLY shelves",
    "ONLY ()": "SELECT * FROM ONLY (shelves)",
    "TABLE": "TABLE shelves",
    "TABLE in a subquery": "SELECT * FROM (TABLE shelves) AS x",
    "alias": f"SELECT * FROM shelves AS s, shelves WHERE {OWNED}",
    "alias without AS": f"SELECT * FROM shelves s, shelves WHERE {OWNED}",
    "alias with columns": f"SELECT * FROM shelves AS s (a, b), shelves WHERE {OWNED}",
    "another's alias": f"SELECT * FROM shelves AS s, readers AS shelves WHERE {OWNED}",
    "TABLESAMPLE": "SELECT * FROM shelves TABLESAMPLE SYSTEM (1)",
    "UPDATE": "UPDATE shelves SET name = 'x'",
    "UPDATE ONLY": "UPDATE ONLY shelves AS s SET name = 'x'",
    "UPDATE FROM": f"UPDATE shelves AS s SET name = 'x' FROM shelves WHERE {OWNED}",
    "UPDATE another from it": "UPDATE pg_class SET relname = shelves.name FROM shelves",
    "owned in SET": f"UPDATE shelves SET name = CASE WHEN {OWNED} THEN 'x' END",
    "DELETE": "DELETE FROM shelves WHERE id = %(key)s",
    "DELETE USING": "DELETE FROM pg_class USING shelves WHERE true",
    "INSERT": "INSERT INTO shelves (id, reader_id, name) VALUES (%(a)s, %(b)s, %(c)s)",
    "INSERT of a child": "INSERT INTO books (id, shelf_id) VALUES (%(a)s, %(b)s)",
    "INSERT of a child, the wrong column": f"INSERT INTO books (id, shelf_id)"
    f" SELECT shelves.id, %(b)s FROM shelves WHERE {OWNED}",
    "INSERT over another's": f"INSERT INTO shelves (id, reader_id) SELECT given.id, given.reader_id"
    f" FROM given WHERE {OWNED.replace('shelves.', 'given.')}"
    " ON CONFLICT (id) DO UPDATE SET reader_id = excluded.reader_id",
    "INSERT over another's child": "WITH mine AS (SELECT shelves.* FROM shelves WHERE " + OWNED
    + ") INSERT INTO notes (shelf_id) SELECT mine.id FROM mine"
    " ON CONFLICT ON CONSTRAINT notes_pkey DO UPDATE SET text = (shelf_id)",
    "INSERT from it": "INSERT INTO pg_class (relname) SELECT name FROM shelves",
    "MERGE": f"MERGE INTO shelves USING pg_class ON {OWNED} WHEN MATCHED THEN DELETE",
    "TRUNCATE": "TRUNCATE shelves",
    "COPY": "COPY shelves TO STDOUT",
    "LOCK": "LOCK TABLE shelves",
    "a second statement": "SELECT 1; SELECT * FROM shelves",
    "sub-select": "SELECT (SELECT max(name) FROM shelves)",
    "EXISTS": "SELECT 1 WHERE EXISTS (SELECT FROM shelves WHERE id = %(key)s)",
    "IN": "SELECT 1 WHERE %(key)s IN (SELECT id FROM shelves)",
    "ARRAY": "SELECT ARRAY(SELECT id FROM shelves)",
    "CTE": "WITH x AS (SELECT * FROM shelves) SELECT * FROM x",
    "CTE that writes": "WITH x AS (DELETE FROM shelves RETURNING id) SELECT * FROM x",
    "CTE MATERIALIZED": "WITH x AS NOT MATERIALIZED (SELECT * FROM shelves) SELECT 1",
    "CTE in a subquery": "SELECT * FROM (WITH x AS (SELECT * FROM shelves) SELECT * FROM x) AS y",
    "CTE of its name": "WITH shelves AS (SELECT * FROM pg_class)"
    f" SELECT * FROM shelves WHERE {OWNED}",
    "UNION ALL": f"SELECT name FROM shelves WHERE {OWNED} UNION ALL SELECT name FROM shelves",
    "UNION": f"SELECT name FROM shelves WHERE {OWNED} UNION SELECT name FROM shelves",
    "EXCEPT": f"SELECT name FROM shelves EXCEPT SELECT name FROM shelves WHERE {OWNED}",
    "INTERSECT in parentheses": f"SELECT * FROM ((SELECT name FROM shelves) INTERSECT"
    f" (SELECT name FROM shelves WHERE {OWNED})) AS x",
    "UNION in a subquery": f"SELECT * FROM (SELECT name FROM shelves WHERE {OWNED}"
    " UNION ALL SELECT name FROM shelves) AS x",
    "OR": f"SELECT * FROM shelves WHERE {OWNED} OR true",
    "OR before": f"SELECT * FROM shelves WHERE true OR id = id AND {OWNED}",
    "NOT": f"SELECT * FROM shelves WHERE NOT {OWNED}",
    "IS NOT NULL": f"SELECT * FROM shelves WHERE {OWNED} IS NOT NULL",
    "CASE": f"SELECT * FROM shelves WHERE CASE WHEN true AND {OWNED} AND true"
    " THEN true ELSE true END",
    "BETWEEN": f"SELECT * FROM shelves WHERE false BETWEEN false AND {OWNED} AND true",
    "selected": f"SELECT *, {OWNED} FROM shelves",
    "ordered": f"SELECT * FROM shelves ORDER BY {OWNED}",
    "FILTER": f"SELECT count(*) FILTER (WHERE {OWNED}) FROM shelves",
    "HAVING": f"SELECT id FROM shelves GROUP BY id, reader_id HAVING {OWNED}",
    "RETURNING": f"DELETE FROM shelves RETURNING {OWNED}",
    "in a text": "SELECT * FROM shelves WHERE name = '" + OWNED.replace("'", "") + "'",
    "in a dollar text": f"SELECT * FROM shelves WHERE name = $x$ WHERE true AND {OWNED} $x$",
    "in a comment": f"SELECT * FROM shelves -- WHERE {OWNED}",
    "in a long comment": f"SELECT * FROM shelves /* WHERE {OWNED} */",
    "in a nested comment": f"SELECT * FROM shelves /* /* */ WHERE {OWNED} */",
    "a quote in a comment": f"SELECT * FROM shelves /* ' */ WHERE name = 'x' /* ' AND {OWNED} */",
    "escaped quote": f"SELECT * FROM shelves WHERE name = E'\\' OR {OWNED} AND '",
    "a mark": "SELECT * FROM shelves WHERE §1:shelves§",
    "another row's condition": f"SELECT * FROM shelves, shelves AS s WHERE {AS_S}",
    "another table's condition": "SELECT * FROM shelves WHERE " + readers.owned,
    "the outer row's condition": f"SELECT (SELECT max(name) FROM shelves AS s WHERE {OWNED})"
    f" FROM shelves WHERE {OWNED}",
    "a child by its key": "SELECT * FROM books WHERE books.id = %(key)s",
    "a child of no row": "SELECT * FROM books WHERE books.shelf_id = shelves.id",
    "a child of other rows": "SELECT * FROM books, pg_class AS shelves"
    " WHERE books.shelf_id = shelves.id",
    "a child of hidden rows": f"SELECT * FROM shelves AS s WHERE {AS_S} AND EXISTS (SELECT FROM"
    " pg_class AS s, books WHERE books.shelf_id = s.id)",
    "a child of another arm's": f"SELECT 1 FROM pg_class AS s WHERE EXISTS (SELECT FROM books WHERE"
    f" books.shelf_id = s.id) UNION ALL SELECT 1 FROM shelves AS s WHERE {AS_S}",
    "a child of any CTE": "WITH changed AS (SELECT %(key)s::uuid AS id)"
    " SELECT * FROM books, changed WHERE books.shelf_id = changed.id",
    "a child of a CTE with another id": f"WITH changed AS (SELECT pg_class.oid AS id FROM shelves,"
    f" pg_class WHERE {OWNED}) SELECT * FROM books, changed WHERE books.shelf_id = changed.id",
    "a child, or": f"SELECT * FROM shelves, books WHERE {OWNED} AND (books.shelf_id = shelves.id"
    " OR true)",
    "a child, outer": f"SELECT * FROM books LEFT JOIN shelves ON books.shelf_id = shelves.id"
    f" WHERE {OWNED.replace('%(owner)s::uuid IS NULL', 'true')}",
    "IS DISTINCT FROM": "SELECT 1 IS DISTINCT FROM 2 FROM shelves",
    "LATERAL": "SELECT * FROM pg_class, LATERAL (SELECT * FROM shelves) AS x",
    "behind a column named so": "SELECT t.from FROM pg_class AS t, shelves WHERE t.where = 1",
}  # fmt: skip

TAKEN = {
    "plain": f"SELECT * FROM shelves WHERE {OWNED}",
    "among others": f"SELECT * FROM shelves WHERE id = %(key)s AND {OWNED} AND name <> 'a OR b'",
    "alias": f"SELECT * FROM shelves AS s WHERE {AS_S}",
    "alias without AS": f"SELECT * FROM shelves s WHERE {AS_S} ORDER BY s.name LIMIT 1",
    "an OR of its own": f"SELECT * FROM shelves WHERE (name = 'x' OR name = 'y') AND {OWNED}",
    "both": f"SELECT * FROM shelves, shelves AS s WHERE {OWNED} AND {AS_S}",
    "joined": f"SELECT * FROM shelves LEFT JOIN pg_class ON true WHERE {OWNED}",
    "a text": "SELECT 'FROM shelves', E'\\' FROM shelves', $$ FROM shelves $$",
    "a comment": "SELECT 1 -- FROM shelves\n/* FROM shelves */",
    "a column of the name": "SELECT pg_class.shelves FROM pg_class",
    "a name of the name": "SELECT count(*) AS shelves FROM pg_class",
    "its row type": "SELECT * FROM json_populate_record(NULL::shelves, %(json)s::json)",
    "a longer name": "SELECT * FROM shelves_of_others, my_shelves",
    "UNION": f"SELECT name FROM shelves WHERE {OWNED} UNION SELECT name FROM shelves AS s"
    f" WHERE {AS_S}",
    "UPDATE": f"UPDATE shelves AS s SET name = 'x' FROM pg_class WHERE {AS_S}",
    "DELETE": f"DELETE FROM shelves USING pg_class WHERE {OWNED} RETURNING shelves.id",
    "a child": f"SELECT * FROM books WHERE {BOOKS}",
    "a child with its parent": f"SELECT * FROM shelves, books WHERE {OWNED}"
    " AND books.shelf_id = shelves.id",
    "a child, the other way": f"SELECT * FROM shelves AS s JOIN books AS b ON true WHERE {AS_S}"
    " AND s.id = b.shelf_id",
    "a child within": f"SELECT (SELECT count(*) FROM books WHERE books.shelf_id = shelves.id)"
    f" FROM shelves WHERE {OWNED}",
    "a child of a CTE": f"WITH mine AS (SELECT shelves.* FROM shelves WHERE {OWNED})"
    " SELECT * FROM books, mine AS m WHERE books.shelf_id = m.id",
    "a child of what was deleted": f"WITH gone AS (DELETE FROM shelves WHERE {OWNED}"
    " RETURNING shelves.id) SELECT * FROM books, gone WHERE books.shelf_id = gone.id",
    "a new child": f"INSERT INTO books (id, shelf_id, position) SELECT %(a)s, shelves.id, 1"
    f" FROM shelves WHERE {OWNED}",
    "a new child of a new row": "WITH added AS (INSERT INTO shelves (id, reader_id, name)"
    f" SELECT given.id, given.reader_id, '' FROM given WHERE {OWNED.replace('shelves.', 'given.')}"
    " RETURNING shelves.*) INSERT INTO books (shelf_id) SELECT added.id FROM added",
    "what is everybody's": "SELECT * FROM pg_class",
    "a setting": "SET LOCAL work_mem = '64MB'",
}  # fmt: skip


SEEN, CHANGED, OWN = clubs.owned, clubs.writable, clubs.theirs
OF_SEEN = f"WITH c AS (SELECT clubs.* FROM clubs WHERE {SEEN})"
OF_CHANGED = f"WITH c AS (SELECT clubs.* FROM clubs WHERE {CHANGED})"
OF_OWN = f"WITH c AS (SELECT clubs.* FROM clubs WHERE {OWN})"
JOINED = "meetings.club_id = clubs.id"

ONLY_SEEN = {
    "UPDATE": f"UPDATE clubs SET name = 'x' WHERE {SEEN}",
    "DELETE": f"DELETE FROM clubs WHERE {SEEN}",
    "DELETE in a CTE": f"WITH c AS (DELETE FROM clubs WHERE {SEEN} RETURNING clubs.id)"
    " SELECT * FROM c",
    "INSERT": "INSERT INTO clubs (id, reader_id) SELECT given.id, given.reader_id FROM given WHERE "
    + SEEN.replace("clubs.", "given."),
    "UPDATE of a child": f"UPDATE meetings SET title = 'x' WHERE {meetings.owned}",
    "UPDATE of a child by its parent": f"UPDATE meetings SET title = 'x' FROM clubs"
    f" WHERE {JOINED} AND {SEEN}",
    "UPDATE of a child by a parent of another name": "UPDATE meetings SET title = 'x'"
    f" FROM clubs AS c WHERE meetings.club_id = c.id AND {SEEN.replace('clubs.', 'c.')}",
    "DELETE of a child by its parent": f"DELETE FROM meetings USING clubs WHERE {JOINED}"
    f" AND {SEEN}",
    "UPDATE of a child by a CTE": f"{OF_SEEN} UPDATE meetings SET title = 'x' FROM c"
    " WHERE meetings.club_id = c.id",
    "UPDATE of a child by a CTE of a CTE": f"{OF_SEEN}, d AS (SELECT c.* FROM c) UPDATE meetings"
    " SET title = 'x' FROM d WHERE meetings.club_id = d.id",
    "INSERT of a child": f"INSERT INTO meetings (id, club_id) SELECT %(a)s, clubs.id FROM clubs"
    f" WHERE {SEEN}",
    "INSERT of a child by a CTE": f"{OF_SEEN} INSERT INTO meetings (id, club_id) SELECT %(a)s, c.id"
    " FROM c",
    "INSERT over a child by a CTE": f"{OF_SEEN} INSERT INTO minutes (club_id) SELECT c.id FROM c"
    " ON CONFLICT (club_id) DO UPDATE SET text = 'x'",
    "UPDATE of a grandchild": f"{OF_SEEN}, m AS (SELECT meetings.* FROM meetings, c"
    " WHERE meetings.club_id = c.id) UPDATE remarks SET text = 'x' FROM m"
    " WHERE remarks.meeting_id = m.id",
    "DELETE of a grandchild": f"DELETE FROM remarks USING meetings WHERE {meetings.owned}"
    " AND remarks.meeting_id = meetings.id",
    "INSERT of the owner's": f"{OF_CHANGED} INSERT INTO invitations (id, club_id)"
    " SELECT %(a)s, c.id FROM c",
    "UPDATE of the owner's": f"UPDATE invitations SET code = 'x' WHERE {invitations.owned}",
    "UPDATE of the owner's by its parent": f"{OF_CHANGED} UPDATE invitations SET code = 'x' FROM c"
    " WHERE invitations.club_id = c.id",
    "DELETE of the owner's by its parent": f"DELETE FROM invitations USING clubs WHERE {CHANGED}"
    " AND invitations.club_id = clubs.id",
    "both, of which the weaker one is the row's": f"UPDATE meetings SET title = 'x'"
    f" FROM clubs, clubs AS c WHERE {SEEN} AND {CHANGED.replace('clubs.', 'c.')} AND {JOINED}",
}  # fmt: skip
MAY_CHANGE = {
    "SELECT": f"SELECT * FROM clubs WHERE {SEEN}",
    "SELECT of a child by its parent": f"SELECT * FROM clubs, meetings WHERE {SEEN} AND {JOINED}",
    "SELECT of the owner's by its parent": f"{OF_SEEN} SELECT * FROM invitations, c"
    " WHERE invitations.club_id = c.id",
    "SELECT FOR UPDATE": f"SELECT FROM clubs WHERE {SEEN} FOR NO KEY UPDATE",
    "UPDATE": f"UPDATE clubs SET name = 'x' WHERE {SEEN} AND {CHANGED}",
    "UPDATE by the owner": f"UPDATE clubs SET name = 'x' WHERE {OWN}",
    "DELETE by the owner": f"DELETE FROM clubs WHERE {OWN}",
    "INSERT": "INSERT INTO clubs (id, reader_id) SELECT given.id, given.reader_id FROM given WHERE "
    + OWN.replace("clubs.", "given."),
    "UPDATE of a child": f"UPDATE meetings SET title = 'x' WHERE {meetings.writable}",
    "UPDATE of a child by its parent": f"UPDATE meetings SET title = 'x' FROM clubs"
    f" WHERE {JOINED} AND {CHANGED}",
    "UPDATE of a child by what was changed": f"WITH c AS (UPDATE clubs SET name = 'x'"
    f" WHERE {CHANGED} RETURNING clubs.*) UPDATE meetings SET title = 'x' FROM c"
    " WHERE meetings.club_id = c.id",
    "INSERT of a child": f"{OF_CHANGED} INSERT INTO meetings (id, club_id) SELECT %(a)s, c.id"
    " FROM c",
    "INSERT of the owner's": f"{OF_OWN} INSERT INTO invitations (id, club_id) SELECT %(a)s, c.id"
    " FROM c",
    "DELETE of the owner's": f"DELETE FROM invitations WHERE {invitations.writable}",
    "DELETE of a grandchild": f"{OF_CHANGED}, m AS (SELECT meetings.* FROM meetings, c"
    " WHERE meetings.club_id = c.id) DELETE FROM remarks USING m WHERE remarks.meeting_id = m.id",
    "INSERT of the owner's into what is new": "WITH added AS (INSERT INTO clubs (id, reader_id)"
    " SELECT given.id, CASE WHEN " + OWN.replace("clubs.", "given.") + " THEN given.reader_id END"
    " FROM given RETURNING clubs.*) INSERT INTO invitations (id, club_id) SELECT %(a)s, added.id"
    " FROM added",
}  # fmt: skip


@pytest.mark.parametrize("name", ONLY_SEEN)
def test_what_changes_rows_that_may_only_be_seen_is_refused(name):
    with pytest.raises(OwnershipError, match="where it may only be seen"):
        Statement(ONLY_SEEN[name])


@pytest.mark.parametrize("name", MAY_CHANGE)
def test_what_changes_rows_as_their_owner_lets_is_taken(name):
    assert Statement(MAY_CHANGE[name]).sql == MAY_CHANGE[name]


@pytest.mark.parametrize("name", REFUSED)
def test_what_forgets_the_owner_is_refused(name):
    with pytest.raises(OwnershipError, match="A statement"):
        Statement(REFUSED[name])


@pytest.mark.parametrize("name", TAKEN)
def test_what_keeps_to_the_owner_is_taken(name):
    assert Statement(TAKEN[name]).sql == TAKEN[name]


@pytest.fixture
def declared(monkeypatch):
    """What a test declares is forgotten again."""
    monkeypatch.setattr(ownership, "_DECLARED", [])


def of_shelves(**options):
    return Resource("shelf", Shelf, ShelfRead, owner="reader_id", **options)


def page(**options):
    return Listing("Shelf", "shelves", ShelfRead, sorts={"id": "shelves.id"}, default_sort="id",
                   **options)  # fmt: skip


FORGETFUL = {
    "condition": lambda: of_shelves(
        more={"books": "NULL::json"},
        sorts={"name": "shelves.name"},
        default_sort="name",
        filters=ShelfFilter,
        conditions={"title": "EXISTS (SELECT FROM books WHERE books.title = %(title)s)"},
    ),
    "more": lambda: of_shelves(more={"books": "(SELECT json_agg(title) FROM books)"}),
    "more, nested": lambda: of_shelves(
        more={"books": lambda: books.nested(order="position", on="true")}
    ),
    "source": lambda: page(more={"books": "NULL::json"}),
    "also of New": lambda: New(
        shelves, ShelfCreate, also={"x": "UPDATE books SET position = 1 FROM added"}
    ),
    "before of New": lambda: New(shelves, ShelfCreate, before={"x": "SELECT * FROM shelves"}),
    "more of New": lambda: New(books, BookCreate, more={"title": "(SELECT name FROM shelves)"}),
    "also of Changed": lambda: Changed(shelves, also={"x": "DELETE FROM books"}),
    "also of Transition": lambda: Transition(shelves, to="closed", also={"x": "DELETE FROM books"}),
    "done of Transition": lambda: Transition(
        shelves, to="paused", done="EXISTS (SELECT FROM questions WHERE questions.text = 'x')"
    ),
    "values of Transition": lambda: Transition(
        shelves, to="closed", values={"name": "(SELECT max(shelves.name) FROM shelves)"}
    ),
}


@pytest.mark.usefixtures("declared")
@pytest.mark.parametrize("name", FORGETFUL)
def test_a_service_with_a_forgetful_statement_does_not_start(name, empty_database):
    FORGETFUL[name]()
    url = empty_database.render_as_string(hide_password=False)
    with pytest.raises(OwnershipError, match="without saying whose rows it means"):
        shelves_app.create_app(RowsSettings(database_url=url))


@pytest.mark.usefixtures("declared")
def test_a_statement_before_its_tables_are_known_is_checked_at_the_start(
    empty_database, monkeypatch
):
    owners = dict(ownership._OWNERS)  # noqa: SLF001  the order of imports has no other face
    monkeypatch.setattr(ownership, "_OWNERS", {})
    early = Statement("SELECT * FROM shelves")
    ownership._OWNERS.update(owners)  # noqa: SLF001  see above
    url = empty_database.render_as_string(hide_password=False)
    with pytest.raises(OwnershipError, match="names shelves without"):
        shelves_app.create_app(RowsSettings(database_url=url))
    assert early.sql


@pytest.mark.parametrize("name", ["owner", "limit", "after_key", "after_id"])
def test_a_filter_does_not_take_the_place_of_who_asks(name):
    with pytest.raises(ValueError, match=f"filters can't be called .'{name}'"):
        page(conditions={name: f"shelves.reader_id = %({name})s"})


@pytest.mark.parametrize("row", ["books", "b", '"B"', "public.books"])
def test_a_list_for_somebody_joins_what_is_theirs(row):
    owned = BOOKS.replace("books.", f"{row}.")
    sent = ownership.of_somebody(f"SELECT {row}.id FROM books WHERE {owned} AND {OWNED}")
    theirs = "SELECT shelves.id FROM shelves WHERE shelves.reader_id = %(owner)s::uuid"
    assert sent == (f"SELECT {row}.id FROM books WHERE {row}.shelf_id IN ({theirs}) AND {OWNED}")


def test_a_table_has_one_owner_only():
    assert Resource("shelf", Shelf, ShelfSummary, owner="reader_id").owned == shelves.owned
    with pytest.raises(TypeError, match="Rows of shelves have another owner by now"):
        Resource("shelf", Shelf, ShelfSummary, owner="{row}.name = %(owner)s::text")


def test_rows_of_anybody_are_read_where_a_resource_says_that_they_are_known(monkeypatch):
    with pytest.raises(TypeError, match="Rows of readers are not known to others"):
        str(readers.anybodys)
    monkeypatch.setattr(ownership, "_OWNERS", {})
    assert Resource("shelf", Shelf, ShelfSummary, owner="reader_id").owner
    known = Resource("reader", Reader, ReaderRead, owner="id", known=True)
    Statement(f"SELECT readers.name FROM readers WHERE {known.anybodys}")
    Statement(f"SELECT readers.name FROM readers WHERE {known.owned}")
    for sql in (
        f"UPDATE readers SET name = 'x' WHERE {known.anybodys}",
        f"DELETE FROM readers WHERE {known.anybodys}",
        f"SELECT * FROM shelves WHERE {known.anybodys.replace('readers.', 'shelves.')}",
        f"SELECT readers.name FROM readers WHERE true OR {known.anybodys}",
    ):
        with pytest.raises(OwnershipError):
            Statement(sql)
