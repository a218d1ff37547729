"""A proxy that cuts connections to the database, services behind it, and the shelves' app."""

from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import URL

from json_rows import RowsSettings
from tests.behind_proxy import one_proxy, proxy, serve, url
from tests.json_rows import shelves_app
from tests.ports import HOST

__all__ = ["one_proxy", "proxy", "serve", "url"]


class Library:
    """The shelves' app: its clients by reader, its database, and the round trips that it makes."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.database = app.extensions["database"]
        self.sent: list[str] = []
        self.database.listeners.append(lambda sent: self.sent.append(sent.sql))

    def client(self, reader: str | None = None) -> FlaskClient:
        """A client of a reader, or of nobody in particular."""
        client = self.app.test_client()
        if reader:
            client.environ_base[f"HTTP_{shelves_app.READER.upper()}"] = reader
        return client

    def reader(self, name: str = "") -> str:
        """Add a reader; returns their id."""
        made = self.client().post("/readers", json={"name": name or uuid4().hex})
        assert made.status_code == 201, made.text
        return str(made.get_json()["id"])

    def shelf(self, reader: str, name: str = "시집", **values: object) -> dict[str, object]:
        """Put up a shelf of a reader."""
        body = {"reader_id": reader, "name": name, **values}
        made = self.client().post("/shelves", json=body)
        assert made.status_code == 201, made.text
        return dict(made.get_json())

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        """Ask the database by itself."""
        with self.database.transaction() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(sql)]


@pytest.fixture
def library(empty_database: URL) -> Iterator[Library]:
    """The shelves' app on a database of its own."""
    url = empty_database.render_as_string(hide_password=False)
    app = shelves_app.create_app(RowsSettings(database_url=url))
    yield Library(app)
    app.extensions["database"].dispose()


@pytest.fixture
def cut_library(empty_database: URL, proxy) -> Iterator[Library]:
    """The shelves' app behind the proxy that cuts connections."""
    through = empty_database.set(drivername="postgresql", host=HOST, port=proxy.port)
    settings = RowsSettings(database_url=through.render_as_string(hide_password=False))
    app = shelves_app.create_app(settings)
    yield Library(app)
    app.extensions["database"].dispose()


@pytest.fixture
def new_id() -> UUID:
    """An id that no row has."""
    return uuid4()
