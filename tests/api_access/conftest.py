"""An issuer of tokens."""

from collections.abc import Iterator

import pytest

from tests.issuer import Issuer


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with Issuer() as issuer:
        yield issuer
