"""The predecessor's tables in Postgres, as `create_all` made them there."""

import re
from contextlib import closing
from typing import Any

import psycopg2
from sqlalchemy import URL

from tests.service.sqlite_import.conftest import SCHEMA, TABLES, OldFile


class OldTables(OldFile):
    """A database with the tables of the predecessor; its methods add rows and return their ids."""

    def __init__(self, url: URL, revision: str) -> None:
        self.url = url
        self.path = text_of(url)
        self._has_uuids = revision != "r1"
        self._connection = psycopg2.connect(text_of(url))
        self._connection.autocommit = True
        statements = SCHEMA.format(
            key="VARCHAR(36)" if self._has_uuids else "INTEGER",
            session_id="session_id VARCHAR(255)," if self._has_uuids else "",
            date_theme="date_theme JSON," if revision != "r3" else "",
        )
        statements = re.sub(r"\bid INTEGER", "id SERIAL", statements)
        statements = statements.replace("DATETIME", "TIMESTAMP WITHOUT TIME ZONE")
        self.execute(statements.replace("FLOAT", "DOUBLE PRECISION"))

    def execute(self, sql: str, *values: Any) -> None:
        with self._connection.cursor() as cursor:
            cursor.execute(sql, values or None)

    def close(self) -> None:
        self._connection.close()

    def take(self, file: OldFile) -> None:
        """Take over all rows of a file."""
        for table in TABLES:
            for row in file.rows(table):
                self._insert(table, row)

    def _insert(self, table: str, row: dict[str, Any]) -> Any:
        row = self._with_id(table, row)
        names, marks = ", ".join(row), ", ".join(["%s"] * len(row))
        with self._connection.cursor() as cursor:
            sql = f"INSERT INTO {table} ({names}) VALUES ({marks}) RETURNING id"
            cursor.execute(sql, tuple(row.values()))
            return next(cursor)[0]


def text_of(url: URL) -> str:
    """Write a URL as people do."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def question(url: URL, sql: str) -> Any:
    """Ask a database for one value."""
    with closing(psycopg2.connect(text_of(url))) as connection, connection.cursor() as cursor:
        cursor.execute(sql)
        return next(cursor)[0]
