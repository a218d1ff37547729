"""A SQLite file: whether it is one and undamaged, what tables it has, and their rows."""

import re
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from plain_commands.errors import InvalidInputError, NotFoundError
from sqlite_to_postgres.expected import Expected
from sqlite_to_postgres.source import Row
from sqlite_to_postgres.sqlite_table import Table

BUSY_TIMEOUT_S = 5

_MAGIC = b"SQLite format 3\0"
_HEADER_BYTES = 100
_OF_VALUES = re.compile(r" value in |CHECK constraint failed in ")
_BEING_WRITTEN = "is being written by another program; stop that, and try again."


class SqliteFile:
    """A file that is open, its rows as they were when it was opened."""

    def __init__(
        self,
        path: Path,
        expected: Expected,
        connection: sqlite3.Connection,
        state: tuple[int, int] | None = None,
    ) -> None:
        """Look at the tables; InvalidInputError, naming what is missing, unless all are there.

        `state` is that of the file where nothing keeps other programs from writing to it.
        """
        self._path = path
        self._expected = expected
        self._connection = connection
        self._state = state
        self._tables = {name: Table(connection, name) for name in expected.columns}
        self.name = str(path)
        found = expected.judged({name: of.columns for name, of in self._tables.items()})
        if found.missing:
            raise InvalidInputError(expected.not_whole(self.name, found.missing, "it"))
        self.revision = found.revision
        self.unknown_columns = found.unknown_columns
        self.counts = {name: table.count() for name, table in self._tables.items()}
        self.identity = self._identity()

    def rows(self, table: str) -> Iterator[Row]:
        """Stream the rows of a table; a row is a flag (see `Table.rows`) and its values."""
        return self._tables[table].rows(self._expected.columns[table])

    def check(self, table: str, read: int) -> None:
        """Raise InvalidInputError unless `read` rows are all that the table has."""
        if self._state and self._state != _state(self._path):
            message = f"{self._path} {_BEING_WRITTEN}"
            raise InvalidInputError(message)
        if read != self.counts[table]:
            message = (
                f"{self._path} is damaged (count(*) of {table} is {self.counts[table]}, but "
                f"{read} rows can be read), so nothing of it was imported; REINDEX a copy of it, "
                "or save what can be with the command .recover of sqlite3."
            )
            raise InvalidInputError(message)

    def close(self) -> None:
        """Close the file early."""
        self._connection.close()

    def _identity(self) -> str:
        """Name the database by the first row of one of its tables.

        That stays the same when the file is copied, moved or vacuumed, and when rows are added; two
        databases that count their ids from 1 differ in it, unless one is a copy of the other. Were
        that row deleted or changed, the next import would take the database for a new one.
        """
        table, (key, *others) = self._expected.identity
        said = " || '/' || ".join([key, *(f"hex({name})" for name in others)])
        first = self._connection.execute(
            # nosemgrep: sql-of-pieces  names that are expected
            f"SELECT {said} FROM {table} WHERE {key} IS NOT NULL ORDER BY {key} LIMIT 1"  # noqa: S608
        ).fetchone()
        return str(first[0]) if first else ""


@contextmanager
def open_file(path: Path, expected: Expected) -> Iterator[SqliteFile]:
    """Open a file for reading, in one transaction; nothing is ever written to it.

    Raises NotFoundError for a missing file, and InvalidInputError for one that can't be read, is no
    database, is damaged (also while its rows are read) or lacks something that is expected.
    """
    header = _read_header(path)
    try:
        address, state = _address(path, header)
        with closing(
            sqlite3.connect(address, uri=True, isolation_level=None, timeout=BUSY_TIMEOUT_S)
        ) as connection:
            # Whoever made the file may have made functions run in its views and columns.
            connection.execute("PRAGMA trusted_schema = OFF")
            connection.execute("BEGIN")
            _check_pages(path, connection)
            yield SqliteFile(path, expected, connection, state)
    except sqlite3.DatabaseError as error:
        raise InvalidInputError(_describe(path, error)) from error


def _read_header(path: Path) -> bytes:
    """Read the database header (SQLite's "Database File Format", 1.3), checked against the size."""
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            message = f"{path} is a directory; name the SQLite file in it."
            raise InvalidInputError(message)
        if not stat.S_ISREG(status.st_mode):
            message = f"{path} is not a regular file."
            raise InvalidInputError(message)
        with path.open("rb") as file:
            header = file.read(_HEADER_BYTES)
    except FileNotFoundError:
        message = f"There is no file {path}."
        raise NotFoundError(message) from None
    except PermissionError:
        message = f"{path} may not be read: check its permissions."
        raise InvalidInputError(message) from None
    except (OSError, ValueError) as error:
        message = f"{path} can't be opened: {error}."
        raise InvalidInputError(message) from None
    if not header:
        message = f"{path} is empty: it has 0 bytes and holds no database."
        raise InvalidInputError(message)
    if not header.startswith(_MAGIC[: len(header)]):
        message = f"{path} is not a SQLite database."
        raise InvalidInputError(message)
    if status.st_size < _size(header):
        message = (
            f"{path} is cut off: it has {status.st_size} bytes, and by its header should have "
            f"{_size(header)}. Copy it again."
        )
        raise InvalidInputError(message)
    return header


def _size(header: bytes) -> int:
    """Compute the database's size in bytes; what an old SQLite left unsaid counts as one header."""
    is_said = header[24:28] == header[92:96]
    page_bytes = int.from_bytes(header[16:18]) or 1
    pages = int.from_bytes(header[28:32]) if is_said else 0
    # 1 stands for 65536, which does not fit into the header's two bytes.
    return max(pages * (65536 if page_bytes == 1 else page_bytes), _HEADER_BYTES)


def _address(path: Path, header: bytes) -> tuple[str, tuple[int, int] | None]:
    """Write the URI to open; also the state of a file that SQLite is told not to lock."""
    address = path.resolve().as_uri() + "?mode=ro"
    is_in_wal_mode = header[18] == 2  # noqa: PLR2004  "file format write version"
    log = path.resolve().with_name(path.resolve().name + "-wal")
    if not is_in_wal_mode or log.exists():
        return address, None
    # No other program has it open, and SQLite would want to create files beside it.
    return f"{address}&immutable=1", _state(path)


def _state(path: Path) -> tuple[int, int]:
    """Tell the time of the last change and the size of a file."""
    status = path.stat()
    return status.st_mtime_ns, status.st_size


def _check_pages(path: Path, connection: sqlite3.Connection) -> None:
    """Look for damage that reading the rows would not come across, such as pages in a wrong place.

    What is said of values is no damage: "NULL value in ...", "CHECK constraint failed in ...".
    """
    for (finding,) in connection.execute("PRAGMA quick_check"):
        if finding != "ok" and not _OF_VALUES.search(finding):
            lines = finding.removeprefix("*** in database main ***").strip().splitlines()
            raise InvalidInputError(_damaged(path, lines[0]))


def _damaged(path: Path, finding: object) -> str:
    return (
        f"{path} is damaged ({finding}), so nothing of it was imported; restore it from a copy, or "
        "save what can be with the command .recover of sqlite3."
    )


def _describe(path: Path, error: sqlite3.DatabaseError) -> str:
    """Say in a sentence or two why a file can't be read."""
    cases = {
        sqlite3.SQLITE_BUSY: _BEING_WRITTEN,
        sqlite3.SQLITE_NOTADB: "is not a SQLite database, or it is encrypted.",
        sqlite3.SQLITE_CANTOPEN: "has its latest changes in the file -wal beside it, which can't "
        "be read here; copy both to a folder that may be written, and import the copy.",
        sqlite3.SQLITE_READONLY: "was left in the middle of a change; open it once with sqlite3, "
        "which undoes that, and try again.",
    }
    # The lowest byte of an extended code is the primary one.
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code == sqlite3.SQLITE_CORRUPT:
        return _damaged(path, error)
    return f"{path} {cases.get(code, f'could not be read: {error}.')}"
