"""Where rows come from: a SQLite file or tables in Postgres, read alike."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

Row = tuple[Any, ...]
"""A flag and the values of a table's expected columns, NULL for one that is not there.

The flag is 1 when text in the row was not valid UTF-8; the offending bytes are U+FFFD then.
"""


class Source(Protocol):
    """A database that is open for reading, its rows as they were when it was opened."""

    @property
    def name(self) -> str:
        """What people call it, without secrets."""

    @property
    def revision(self) -> str:
        """Which of several known shapes its tables have (`Shape.revision`)."""

    @property
    def unknown_columns(self) -> Sequence[str]:
        """Columns that nobody asked for, as `loans.colour`."""

    @property
    def counts(self) -> Mapping[str, int]:
        """What `count(*)` says of each table, parents first."""

    @property
    def identity(self) -> str:
        """The database's name for `Keys`, made of one row (`Expected.identity`).

        It is made in the same way for all kinds of sources, so that rows get the same ids
        whichever way they come.
        """

    def rows(self, table: str) -> Iterator[Row]:
        """Stream the rows of a table, in the order in which they were added."""

    def check(self, table: str, read: int) -> None:
        """Raise InvalidInputError unless `read` rows are all that the table has."""

    def close(self) -> None:
        """Let go of what only reading took, before the long work of writing; what is told stays."""
