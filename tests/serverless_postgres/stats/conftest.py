"""Databases in which something is to be found, and what is found in them."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import URL, NullPool, create_engine

from serverless_postgres.settings import PostgresSettings
from serverless_postgres.stats import Finding, Report, examine

TIME_LIMIT_S = 20
ASIDE = ("predecessor", "attic")

Look = Callable[..., Report]


@pytest.fixture
def url(make_database: Callable[[], URL]) -> URL:
    """A database of one's own, with the schema at head."""
    return make_database()


@pytest.fixture
def look(url: URL) -> Look:
    """Examine sections of the database; keyword arguments are for the settings."""

    def look(*sections: str, limit: int = 10, to: URL | None = None, **settings: Any) -> Report:
        engine = create_engine(to or url, poolclass=NullPool)
        with engine.connect() as connection:
            chosen = PostgresSettings(**settings)
            return examine(connection, chosen, aside=ASIDE, sections=sections, limit=limit)

    return look


@pytest.fixture
def find(look: Look) -> Callable[..., Finding]:
    """Wait until a finding of a kind about something is there, and return it.

    Sessions count their work when they end, which is soon after they are closed.
    """

    def find(section: str, kind: str, about: str) -> Finding:
        deadline = time.monotonic() + TIME_LIMIT_S
        while True:
            found = look(section).findings
            for item in found:
                if (item.kind, item.about) == (kind, about):
                    return item
            assert time.monotonic() < deadline, f"not found: {kind} {about} in {found}"
            time.sleep(0.05)

    return find


def kinds(report: Report) -> set[str]:
    """Name what was found."""
    return {item.kind for item in report.findings}
