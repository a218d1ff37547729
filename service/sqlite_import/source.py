"""Where the predecessor's rows come from: a SQLite file or tables in Postgres, read alike."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from service.sqlite_import.predecessor import Revision

Row = tuple[Any, ...]
"""A flag and the values of a table's COLUMNS, NULL for one that is not there.

The flag is 1 when text in the row was not valid UTF-8; the offending bytes are U+FFFD then.
"""


class Source(Protocol):
    """A database of the predecessor that is open, its rows as they were when it was opened."""

    @property
    def name(self) -> str:
        """What people call it, without secrets."""

    @property
    def revision(self) -> Revision:
        """The revision of its schema."""

    @property
    def unknown_columns(self) -> Sequence[str]:
        """Columns that no revision has, as `nodes.colour`."""

    @property
    def counts(self) -> Mapping[str, int]:
        """What `count(*)` says of each table, parents first."""

    @property
    def identity(self) -> str:
        """The database's name for keys.py, made of the first user it ever had.

        It is made in the same way for all kinds of sources, so that rows get the same ids
        whichever way they come.
        """

    def rows(self, table: str) -> Iterator[Row]:
        """Stream the rows of a table, in the order in which they came to be."""

    def check(self, table: str, read: int) -> None:
        """Raise InvalidInputError unless `read` rows are all that the table has."""

    def close(self) -> None:
        """Let go of what only reading took, before the long work of writing; what is told stays."""
