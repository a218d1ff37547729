"""The service with other settings than most tests have."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient

from service.app import create_app
from service.settings import Settings


@pytest.fixture(scope="module")
def client_with(settings: Settings) -> Iterator[Callable[..., FlaskClient]]:
    """Make a client of a service with some settings: `client_with(hsts_s=60)`."""
    apps = []

    def make(**values: Any) -> FlaskClient:
        apps.append(create_app(replace(settings, **values)))
        return apps[-1].test_client()

    yield make
    for app in apps:
        app.extensions["database"].dispose()
