"""A stranger's tables are taken over where they stand: aside, behind a barrier, back, or gone."""

from collections.abc import Callable, Iterator
from contextlib import closing
from uuid import uuid4

import psycopg2
import pytest
from sqlalchemy import URL, BigInteger, Column, MetaData, Table, Text

from plain_commands.errors import ConflictError, InvalidInputError
from safe_migrations.adoption import (
    Adoption,
    InPlace,
    Surroundings,
    Takeover,
    aside,
    count_rows,
    find,
    forget,
    look,
    put_back,
    raise_barrier,
    what_goes,
)

METADATA = MetaData()
Table("books", METADATA, Column("id", BigInteger, primary_key=True), Column("title", Text))
Table("visits", METADATA, Column("id", BigInteger, primary_key=True))


class Old:
    """The old library's tables, as far as they are there."""

    revision = "1"
    tables = ("books",)
    unknown_columns = ()

    def __init__(self, columns):
        self.missing = () if "shelf" in columns else ("the column books.shelf",)


LIBRARY = Takeover(
    tables=("books",),
    metadata=METADATA,
    recognise=lambda found: Old(found["books"]) if "name" in found["books"] else None,
    is_ours="coalesce(current_setting('library.writes', true), '') = 'on'",
    setting="library.writes",
    owner="the new library",
    adopt="library adopt",
    bring="library bring",
    schema="old_library",
    program="the old library",
    older="the old library",
    unguarded=("visits",),
)
NEW = """
    CREATE TABLE books (id bigint PRIMARY KEY, title text);
    CREATE TABLE visits (id bigint PRIMARY KEY);
    INSERT INTO books SELECT id, name FROM old_library.books
"""


@pytest.fixture
def cursor(server: URL, execute: Callable[..., None]) -> Iterator[psycopg2.extensions.cursor]:
    """A cursor in a database with the old library's tables, and a view on them."""
    name = f"library_{uuid4().hex[:12]}"
    execute(server, f"CREATE DATABASE {name} STRATEGY file_copy")
    url = server.set(database=name, drivername="postgresql")
    execute(
        url,
        "CREATE TABLE books (id serial PRIMARY KEY, name text, shelf text)",
        "INSERT INTO books (name, shelf) VALUES ('Emma', 'A'), ('Dune', 'B')",
        "CREATE VIEW names AS SELECT name FROM books",
    )
    text = url.render_as_string(hide_password=False)
    with closing(psycopg2.connect(text)) as connection, connection.cursor() as made:
        yield made
    execute(server, f"DROP DATABASE {name} WITH (FORCE)")


def value(cursor, sql):
    cursor.execute(sql)
    return cursor.fetchone()[0]


def take_over(cursor) -> InPlace:
    """Do all of it in one transaction."""
    found = find(cursor, LIBRARY)
    assert found
    aside.make(cursor, LIBRARY)
    aside.move(cursor, LIBRARY, found.moved)
    cursor.execute(NEW)
    aside.mark(cursor, LIBRARY, found.moved, count_rows(cursor, LIBRARY))
    raise_barrier(cursor, LIBRARY)
    cursor.connection.commit()
    return found


def adopted(cursor) -> Adoption:
    """Read what the database says of it."""
    adoption = Adoption.read(cursor, LIBRARY)
    assert adoption
    return adoption


def back(cursor):
    put_back(
        cursor,
        LIBRARY,
        adopted(cursor),
        downgrade=lambda: cursor.execute("DROP TABLE books, visits"),
    )
    cursor.connection.commit()


def test_what_stands_there_is_found_with_what_hangs_on_it(cursor):
    assert Adoption.read(cursor, LIBRARY) is None
    found = find(cursor, LIBRARY)
    assert found
    assert (found.schema, found.moved, found.is_versioned) == ("public", ("public.books",), False)
    around = Surroundings.of(cursor, LIBRARY, found)
    assert around.hanging == ("view names reads books",)
    assert look(cursor, found.tables).reasons() == ""


def test_the_barrier_lets_only_the_service_through_and_says_why(cursor):
    take_over(cursor)
    assert value(cursor, "SELECT string_agg(title, ' ' ORDER BY id) FROM books") == "Emma Dune"
    with pytest.raises(psycopg2.errors.InsufficientPrivilege) as refused:
        cursor.execute("INSERT INTO books VALUES (3, 'Ulysses')")
    said = str(refused.value)
    assert "the table books is the new library's" in said
    assert said.count("The old library's table of this name was moved to old_library.books.")
    assert "SET LOCAL library.writes = on" in said
    assert "`library adopt --undo`" in said
    cursor.connection.rollback()
    cursor.execute("SET LOCAL library.writes = on; INSERT INTO books VALUES (3, 'Ulysses')")


def test_the_way_back_is_open_until_there_is_something_new(cursor):
    take_over(cursor)
    cursor.execute("INSERT INTO visits VALUES (1)")
    cursor.execute("SET LOCAL library.writes = on; INSERT INTO books VALUES (3, 'Ulysses')")
    cursor.connection.commit()
    with pytest.raises(ConflictError, match=r"1 of books written or changed since \(3\)"):
        back(cursor)
    cursor.execute("SET LOCAL library.writes = on; DELETE FROM books WHERE id = 3")
    cursor.connection.commit()
    back(cursor)
    cursor.execute("INSERT INTO books (name) VALUES ('Ulysses') RETURNING id")
    assert cursor.fetchone() == (3,)
    assert value(cursor, "SELECT to_regnamespace('old_library')") is None


def test_the_end_waits_for_what_others_have_made_on_the_old_tables(cursor):
    take_over(cursor)
    adoption = adopted(cursor)
    assert adoption.written == {"books": 2}
    with pytest.raises(ConflictError, match=r"view names depends on table old_library.books"):
        what_goes(cursor, LIBRARY, adoption)
    cursor.connection.rollback()
    cursor.execute("DROP VIEW names")
    cursor.connection.commit()
    assert "old_library.books (2 rows, " in str(what_goes(cursor, LIBRARY, adoption))
    cursor.connection.rollback()
    forget(cursor, LIBRARY)
    cursor.execute("INSERT INTO books VALUES (3, 'Ulysses')")
    assert value(cursor, "SELECT count(*) FROM books") == 3


def test_tables_that_lack_something_are_left_alone(cursor):
    cursor.execute("ALTER TABLE books DROP COLUMN shelf")
    with pytest.raises(InvalidInputError, match="like the old library's, but the column"):
        find(cursor, LIBRARY)
    cursor.execute("ALTER TABLE books DROP COLUMN name CASCADE")
    assert find(cursor, LIBRARY) is None


def test_a_name_that_somebody_else_has_is_told_with_the_way_out(cursor):
    cursor.execute("CREATE TABLE visits (day date)")
    with pytest.raises(ConflictError, match=r"the name public.visits, which is some") as no:
        find(cursor, LIBRARY)
    assert "`library bring` with this one's URL" in str(no.value)
