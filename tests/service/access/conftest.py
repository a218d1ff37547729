"""A service that asks who calls, and keys for it."""

import json
from dataclasses import replace
from uuid import UUID

import pytest

from api_access.key_format import KeyFormat
from api_access.key_models import KeyCreate
from json_rows import UnitOfWork
from service.app import create_app
from service.domain.keys import KEYS
from tests.service.access.world import World, operations

FORMAT = KeyFormat("tps", is_production=False)


class Key(dict[str, str]):
    """The headers of a key, its secret and its id."""

    def __init__(self, row):
        super().__init__(Authorization=f"Bearer {row['key']}")
        self.secret = row["key"]
        self.id = row["id"]


@pytest.fixture
def new_key(database):
    """Make a key: `new_key("read", user_id=...)`; it is the headers that requests send."""

    def make(*scopes, **values):
        body = {"name": "test", "scopes": list(scopes), **values}
        made = KeyCreate.model_validate_json(json.dumps(body))
        with UnitOfWork(database) as work:
            row = work.run(KEYS.create(FORMAT.make(), made, None))
        return Key(json.loads(row.json))

    return make


@pytest.fixture
def guarded(client_with, database):
    """A client of a service that asks who calls."""
    assert database
    return client_with(auth="on")


@pytest.fixture
def events(database):
    """Tell what happened to a key: the actions, in order."""

    def find(key_id):
        with UnitOfWork(database) as work:
            rows = work.execute(
                "SELECT action, principal FROM audit_events WHERE key_id = %(id)s ORDER BY at",
                {"id": UUID(key_id)},
            )
        return [tuple(row) for row in rows]

    return find


@pytest.fixture(scope="module")
def world(settings, make_database):
    """The service that asks who calls, on a database of its own."""
    url = make_database().render_as_string(hide_password=False)
    app = create_app(replace(settings, database_url=url, auth="on"))
    yield World(app)
    app.extensions["database"].dispose()


@pytest.fixture(scope="module")
def documented(world):
    """All operations of the document, by name."""
    return {operation.name: operation for operation in operations(world.app)}
