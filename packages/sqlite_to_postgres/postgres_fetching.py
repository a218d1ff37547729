"""Rows fetched from a cursor in Postgres, as many at a time as memory should hold."""

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any

from psycopg2 import extensions

from sqlite_to_postgres.source import Row

FIRST_ROWS, MOST_ROWS = 10, 1000
MOST_CHARACTERS = 4 * 2**20
MOST_BYTES = 2**19
"""Where they lie, rows are often compressed."""


def fetched(cursor: extensions.cursor, sizes: Iterator[int]) -> Iterator[Row]:
    """Fetch the rows of a cursor, the more at a time the smaller they are.

    That is told by those before, and by `sizes`: the bytes of each row, as far as they are known.
    """
    ahead: deque[int] = deque()
    size = FIRST_ROWS
    while rows := cursor.fetchmany(_fitting(sizes, ahead, size)):
        yield from rows
        size = max(1, min(MOST_ROWS, 4 * size, MOST_CHARACTERS // _largest(rows)))


def _fitting(sizes: Iterator[int], ahead: deque[int], most: int) -> int:
    """Tell how many of the next rows, of `most`, do not take too much together."""
    count = held = 0
    while count < most:
        if not ahead:
            size = next(sizes, None)
            if size is None:
                return most
            ahead.append(size)
        if count and held + ahead[0] > MOST_BYTES:
            break
        held += ahead.popleft()
        count += 1
    return count


def _largest(rows: Sequence[Row]) -> int:
    """Tell how many characters a row has at most; column by column, that is many times faster."""
    return 1 + sum(_longest(column) for column in zip(*rows, strict=True))


def _longest(column: Sequence[Any]) -> int:
    try:
        return max(map(len, filter(None, column)), default=0)
    except TypeError:
        # Numbers, which have no length.
        return 0
