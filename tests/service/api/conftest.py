"""What several tests of the API stand on."""

import pytest

from tests.service.api.talk import Talk


@pytest.fixture
def talk(client, make):
    """A workflow that is running, and talks with a person."""
    return Talk(client, make.workflow()["id"])
