"""Places for queries that no index answers: few at a time, so that all others get their turn."""

from collections.abc import Iterator
from contextlib import contextmanager

from serverless_postgres.database import Database
from smorest_sqlmodel.errors import OverloadedError


@contextmanager
def place_for_search(database: Database, wait_s: float = 0) -> Iterator[None]:
    """Take a place for a search, for as long as it runs.

    Raises OverloadedError when there is none, by default at once: waiting for one holds a thread.
    """
    places = database.searches
    if not places.acquire(timeout=wait_s):
        message = (
            "Too many searches are running. No index serves the filter or the sort order of this "
            "request: try again, or send it without them."
        )
        raise OverloadedError(message)
    try:
        yield
    finally:
        places.release()
