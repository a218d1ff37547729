"""A proxy that cuts connections to the database, and services behind it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import URL

from service.app import create_app
from service.settings import Settings
from tests.faults.proxy import Proxy
from tests.ports import HOST


@pytest.fixture(scope="session")
def one_proxy(server: URL) -> Iterator[Proxy]:
    with Proxy(server.port or 5432) as proxy:
        yield proxy


@pytest.fixture
def proxy(one_proxy: Proxy) -> Iterator[Proxy]:
    """A proxy in front of the server, with nothing wrong."""
    yield one_proxy
    one_proxy.reset()
    one_proxy.accept()
    one_proxy.speak()
    one_proxy.eat(every=0)


@pytest.fixture
def url(proxy: Proxy, make_database: Callable[[], URL]) -> str:
    """The URL of a database of one's own, through the proxy."""
    through = make_database().set(drivername="postgresql", host=HOST, port=proxy.port)
    return through.render_as_string(hide_password=False)


@pytest.fixture
def serve(url: str) -> Iterator[Callable[..., Flask]]:
    """Make services behind the proxy, each with settings of its own."""
    apps: list[Flask] = []

    def make(**settings: Any) -> Flask:
        app = create_app(Settings(**{"database_url": url, **settings}))
        apps.append(app)
        return app

    yield make
    for app in apps:
        app.extensions["database"].dispose()
