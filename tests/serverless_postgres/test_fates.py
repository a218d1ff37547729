"""The one word on errors of the database: lost, passing or hopeless."""

from contextlib import closing

import psycopg2
import pytest
from sqlalchemy import URL
from sqlalchemy.exc import OperationalError

from serverless_postgres.losses import fate, is_connection_loss
from serverless_postgres.refusals import Fate


def raised(server: URL, state: str, said: str = "made up") -> psycopg2.Error:
    """Have Postgres raise an error with an SQLSTATE."""
    url = server.set(drivername="postgresql").render_as_string(hide_password=False)
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        with pytest.raises(psycopg2.Error) as told:
            cursor.execute(f"DO $$ BEGIN RAISE '{said}' USING ERRCODE = '{state}'; END $$")
        assert told.value.pgcode == state
        return told.value


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        *((state, Fate.LOST) for state in ("08000", "08001", "08003", "08006", "08007")),
        *((state, Fate.LOST) for state in ("57P01", "57P02", "57P03", "57P05")),
        # psycopg2 makes an InternalError of it.
        ("25P03", Fate.LOST),
        ("53300", Fate.LOST),
        ("40001", Fate.PASSING),
        ("40P01", Fate.PASSING),
        ("55P03", Fate.PASSING),
        # Cancelled, the disk is full, dropped, no permission, no such table, a duplicate.
        *((state, Fate.HOPELESS) for state in ("57014", "53100", "57P04", "42501")),
        *((state, Fate.HOPELESS) for state in ("42P01", "23505", "XX000")),
    ],
)
def test_the_sqlstate_tells(server, state, expected):
    assert fate(raised(server, state)) is expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("server conn crashed?", Fate.LOST),
        ("pgbouncer cannot connect to server", Fate.LOST),
        ("query_wait_timeout", Fate.LOST),
        ("no such user: me", Fate.HOPELESS),
        ("server login failed: FATAL: password authentication failed", Fate.HOPELESS),
    ],
)
def test_of_a_pooler_the_text_tells(server, said, expected):
    assert fate(raised(server, "08P01", said)) is expected


def test_a_text_is_no_word_where_there_is_an_sqlstate(server):
    assert fate(raised(server, "42P01", "Connection refused")) is Fate.HOPELESS


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (psycopg2.InterfaceError("connection already closed"), Fate.LOST),
        (psycopg2.OperationalError("server closed the connection unexpectedly"), Fate.LOST),
        (psycopg2.DatabaseError("SSL SYSCALL error: EOF detected"), Fate.LOST),
        (psycopg2.OperationalError("timeout expired"), Fate.LOST),
        (psycopg2.OperationalError('database "a" does not exist'), Fate.HOPELESS),
        (psycopg2.ProgrammingError("no results to fetch"), Fate.HOPELESS),
        (ConnectionResetError("Connection refused"), Fate.HOPELESS),
    ],
)
def test_without_an_sqlstate_the_text_tells(error, expected):
    assert fate(error) is expected


def test_what_sqlalchemy_has_wrapped_is_the_same():
    wrapped = OperationalError("SELECT 1", {}, psycopg2.OperationalError("timeout expired"))
    assert fate(wrapped) is Fate.LOST
    assert is_connection_loss(wrapped)
