"""A project on Neon; a proxy that cuts connections to the database, and services behind it."""

from collections.abc import Iterator

import pytest

from tests.behind_proxy import one_proxy, proxy, serve, url
from tests.neon_api import FakeNeon

__all__ = ["one_proxy", "proxy", "serve", "url"]


@pytest.fixture
def neon() -> Iterator[FakeNeon]:
    """A project on Neon, whose operations are done at once."""
    with FakeNeon() as fake:
        fake.polls_until_done = 0
        yield fake
