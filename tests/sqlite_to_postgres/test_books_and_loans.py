"""A stranger's file: what it lacks, what is refused, and the same rows again, whichever way."""

from dataclasses import replace
from pathlib import Path

import psycopg2
import pytest

from plain_commands.errors import InvalidInputError, NotFoundError
from serverless_postgres.settings import PostgresSettings
from sqlite_to_postgres import (
    Expected,
    Parent,
    RefusedError,
    Shape,
    TableImport,
    bring_in,
    open_database,
    open_file,
    open_tables,
)


@pytest.fixture
def imported(path, connection, bring):
    """Import the file; a tuple per table: read, written, already there, changed, refused."""

    def run(plan=bring.LIBRARY, progress=None):
        with connection.cursor() as cursor, open_file(path, bring.EXPECTED) as source:
            tables = bring_in(cursor, source, plan, progress)
        connection.commit()
        return {
            name: (of.read, of.written, of.already_there, of.changed, of.refused)
            for name, of in tables.items()
        }

    return run


def rows(connection, sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


def test_what_can_be_kept_is_and_the_rest_is_noted(imported, connection):
    assert imported() == {"books": (2, 2, 0, 0, 0), "loans": (3, 1, 0, 0, 2)}
    sql = "SELECT title, pages, added::timestamp::text, repairs FROM books ORDER BY title"
    assert rows(connection, sql) == [
        (
            "Dune",
            None,
            "2026-01-11 04:22:27",
            (
                'pages out of range or not a whole number, now null: "many"\n'
                "added in seconds since 1970, converted: 1768105347"
            ),
        ),
        ("Emma", 474, "2026-01-11 04:22:27", None),
    ]
    sql = "SELECT title, lent::text FROM loans JOIN books ON books.id = book_id"
    assert rows(connection, f"SET timezone = 'UTC'; {sql}") == [("Emma", "2026-01-11 04:22:00+00")]


def test_the_same_file_again_brings_what_is_new(imported, file, connection):
    imported()
    file.execute("INSERT INTO loans VALUES (4, 2, 'returned', '2026-02-01')")
    assert imported() == {"books": (2, 0, 2, 0, 0), "loans": (4, 1, 1, 0, 2)}
    assert rows(connection, "SELECT count(*) FROM loans") == [(2,)]


def test_what_has_gone_on_in_the_file_is_counted_and_what_is_another_row_refused(
    imported, file, bring
):
    books, loans = bring.LIBRARY.tables
    books = replace(
        books,
        is_same="there.added = new.added",
        has_changed="new.pages IS DISTINCT FROM there.pages",
    )
    plan = replace(bring.LIBRARY, tables=(books, loans))
    imported(plan)
    file.execute("UPDATE books SET pages = 500 WHERE id = 1")
    file.execute("UPDATE books SET added = '2020-01-01' WHERE id = 2")
    assert imported(plan)["books"] == (2, 0, 1, 1, 1)


def test_a_table_may_be_written_in_a_way_of_its_own(imported, bring, connection):
    def write(cursor):
        cursor.execute(
            "INSERT INTO books (id, title, pages, added) "
            "SELECT id, upper(title), length(shelf), added FROM import_books"
        )
        return cursor.rowcount

    def settle(cursor):
        cursor.execute("UPDATE import_books SET shelf = 'A1'")

    books, loans = bring.LIBRARY.tables
    books = replace(books, staged={"shelf": "text"}, write=write)
    told: list[tuple[str, int, int]] = []
    plan = replace(bring.LIBRARY, tables=(books, loans), settle=settle)
    imported(plan, lambda *step: told.append(step))
    assert rows(connection, "SELECT title, pages FROM books ORDER BY 1") == [
        ("DUNE", 2),
        ("EMMA", 2),
    ]
    assert told[0] == ("Reading books", 2, 10)
    assert told[-1] == ("Writing loans", 10, 10)


def test_a_rollback_takes_all_of_it_back(path, connection, bring):
    with (
        connection.cursor() as cursor,
        open_file(path, bring.EXPECTED) as source,
    ):
        assert bring_in(cursor, source, bring.LIBRARY)["books"].written == 2
    connection.rollback()
    assert rows(connection, "SELECT count(*) FROM books") == [(0,)]


@pytest.fixture
def old_tables(connection):
    """The file's tables in a schema of the same database, of types of somebody's choice."""
    with connection.cursor() as cursor:
        cursor.execute("""
            CREATE SCHEMA old;
            CREATE TABLE old.books (id int, title varchar(90), pages text, added timestamp);
            CREATE TABLE old.loans (id int, book_id int, state varchar(9), lent timestamptz);
            INSERT INTO old.books VALUES (1, 'Emma', '474', '2026-01-11 04:22:27');
            INSERT INTO old.loans VALUES (1, 1, 'lent', '2026-01-11 13:22+09')
        """)
    connection.commit()


@pytest.mark.usefixtures("old_tables")
def test_tables_in_postgres_give_the_same_rows_as_the_file(imported, connection, bring):
    imported()
    with (
        connection.cursor() as cursor,
        open_tables(connection, bring.EXPECTED, "old", name="here") as source,
    ):
        tables = bring_in(cursor, source, bring.LIBRARY)
    connection.commit()
    assert [(of.written, of.already_there) for of in tables.values()] == [(0, 1), (0, 1)]


@pytest.mark.usefixtures("old_tables")
def test_another_database_is_read_by_its_url(connection, library, bring):
    url = f"{library}?options=-csearch_path%3Dold"
    with (
        connection.cursor() as cursor,
        open_database(url, bring.EXPECTED, PostgresSettings()) as source,
    ):
        tables = bring_in(cursor, source, bring.LIBRARY)
        assert tables["loans"].written == 1
    with (
        pytest.raises(InvalidInputError, match="holds what is not to be read in old"),
        open_database(
            url,
            bring.EXPECTED,
            PostgresSettings(),
            refuse=lambda _cursor, _found, schema: f"holds what is not to be read in {schema}.",
        ),
    ):
        pass


def test_what_is_missing_is_named(file, path, bring):
    file.execute("ALTER TABLE books DROP COLUMN pages")
    file.execute("DROP TABLE loans")
    with pytest.raises(InvalidInputError) as refused, open_file(path, bring.EXPECTED):
        pass
    assert str(refused.value) == (
        f"{path} is not a database of the library: the table loans, the column books.pages are "
        "missing in it."
    )


def test_shapes_that_are_known_may_lack_a_column(file, path):
    file.execute("ALTER TABLE books DROP COLUMN pages")
    columns = {"books": ("id", "title", "pages")}

    def shape(found):
        return Shape.of(found, columns, revision="first", without=(("books", "pages"),))

    expected = Expected(columns, ("books", ("id", "title")), "the library", shape=shape)
    with open_file(path, expected) as source:
        assert (source.revision, source.unknown_columns) == ("first", ("books.added",))
        assert list(source.rows("books")) == [(0, 1, "Emma", None), (0, 2, "Dune", None)]


def test_a_file_that_is_none_is_told(bring, tmp_path):
    for path, error in ((tmp_path / "none.db", NotFoundError), (Path(__file__), InvalidInputError)):
        with pytest.raises(error), open_file(path, bring.EXPECTED):
            pass


def test_a_table_that_postgres_does_not_have_is_an_error_of_its_own(imported, connection):
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE loans")
    connection.commit()
    with pytest.raises(psycopg2.errors.UndefinedTable):
        imported()


SHORT = 300


def stamp(values, keys, row):
    """A stamp for each book of a known length; one of many pages has none, and one too long."""
    _, book_id, title, pages, _ = row
    if type(pages) is not int:
        return None
    if pages > SHORT:
        message = "too long for a stamp"
        raise RefusedError(message)
    values.note("stamped by hand")
    return keys.of("books", book_id), title


def test_rows_can_be_made_of_those_of_another_table(imported, file, connection, bring):
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE stamps (id uuid PRIMARY KEY, book_id uuid NOT NULL REFERENCES books,"
            " title text, source_id text, repairs text)"
        )
    connection.commit()
    stamps = TableImport(
        "stamps",
        stamp,
        ("book_id", "title"),
        made_of="books",
        source_id="source_id",
        note="repairs",
        parent=Parent("books", "book_id", "book"),
    )
    plan = replace(bring.LIBRARY, tables=(*bring.LIBRARY.tables, stamps))
    file.execute("INSERT INTO books VALUES (3, 'Momo', 300, '2026-01-11'), (4, 'No', 9, NULL)")
    done = []
    progress = lambda _, part, whole: done.append((part, whole))  # noqa: E731
    told = imported(plan, progress)
    # Of the four books one has no length; one is too long, and one was refused itself.
    assert told["stamps"] == (3, 1, 0, 0, 2)
    assert done[-1] == (14, 14)
    found = rows(
        connection, "SELECT stamps.id, stamps.title, source_id, stamps.repairs FROM stamps"
    )
    assert [row[1:] for row in found] == [("Momo", "3", "stamped by hand")]
    assert rows(connection, "SELECT count(*) FROM books WHERE id IN (SELECT id FROM stamps)") == [
        (0,)
    ]
    assert imported(plan)["stamps"] == (3, 0, 1, 0, 2)
    assert rows(connection, "SELECT id FROM stamps") == [found[0][:1]]
