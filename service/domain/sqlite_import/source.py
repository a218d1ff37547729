"""The predecessor's SQLite file: whether it is one, which revision it has, and its rows."""

import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any

from service.errors import InvalidInputError, NotFoundError

Row = tuple[Any, ...]

COLUMNS: dict[str, tuple[str, ...]] = {
    "users": ("id", "username", "email", "created_at", "updated_at"),
    "workflows": (
        *("id", "session_id", "user_id", "name", "status", "user_input", "input_type"),
        *("time_settings", "date_theme", "user_intent", "search_radius", "final_itinerary"),
        *("created_at", "updated_at", "completed_at"),
    ),
    "nodes": (
        *("id", "workflow_id", "node_name", "node_type", "execution_order", "status"),
        *("state_data", "input_data", "output_data", "error_message", "error_traceback"),
        *("started_at", "completed_at", "duration_ms"),
    ),
    "generations": (
        *("id", "workflow_id", "node_id", "model_name", "model_provider", "system_prompt"),
        *("user_prompt", "full_prompt", "output", "parsed_output", "temperature", "max_tokens"),
        *("prompt_tokens", "completion_tokens", "total_tokens", "latency_ms", "error_message"),
        "created_at",
    ),
}
"""The tables, parents first, and their columns in all revisions."""

BUSY_TIMEOUT_S = 5

_MAGIC = b"SQLite format 3\0"
_HEADER_BYTES = 100
_FIRST_ROWID = -(2**63)
_LAST_ROWID = 2**63 - 1


class Revision(StrEnum):
    """The revisions of the predecessor's schema."""

    R1 = "r1"
    R2 = "r2"
    R3 = "r3"

    @property
    def lacks(self) -> str:
        """The one column of workflows that this revision does not have, if any."""
        return {"r1": "session_id", "r2": "", "r3": "date_theme"}[self]


class Source:
    """A file that is open, its rows as they were when it was opened."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        """Tell the revision; InvalidInputError, naming what is missing, when there is none."""
        self._connection = connection
        found = {table: _columns(connection, table) for table in COLUMNS}
        self.revision = _revision(found["workflows"])
        _check_schema(path, found, self.revision)
        self._present = found
        self.unknown_columns = [
            f"{table}.{column}"
            for table, columns in COLUMNS.items()
            for column in found[table]
            if column not in columns
        ]
        self.counts = {table: self._count(table) for table in COLUMNS}
        self.identity = self._identity()

    def rows(self, table: str) -> Iterator[Row]:
        """Stream the rows of a table in the order of their rowid.

        A row is its rowid, a flag, and the values of COLUMNS. The flag is 1 when text in it was not
        valid UTF-8; the offending bytes are U+FFFD then.
        """
        names = ", ".join(
            column if column in self._present[table] else "NULL" for column in COLUMNS[table]
        )
        query = (
            f"SELECT rowid, ?, {names} FROM {table} "  # noqa: S608  names of this module
            "WHERE rowid >= ? ORDER BY rowid"
        )
        row: Row = (_FIRST_ROWID - 1,)
        while row[0] < _LAST_ROWID:
            try:
                # nosemgrep: sql-of-pieces  names of this module
                for row in self._connection.execute(query, (0, row[0] + 1)):  # noqa: B020
                    yield row
            except sqlite3.OperationalError as error:
                if "decode" not in str(error):
                    raise
            else:
                return
            # SQLite's own decoding is many times faster, but stops at what is no UTF-8.
            self._connection.text_factory = partial(str, encoding="utf-8", errors="replace")
            # nosemgrep: sql-of-pieces  names of this module
            row = self._connection.execute(query, (1, row[0] + 1)).fetchone()
            self._connection.text_factory = str
            yield row

    def _count(self, table: str) -> int:
        query = f"SELECT count(*) FROM {table}"  # noqa: S608  names of this module
        # nosemgrep: sql-of-pieces  names of this module
        count: int = self._connection.execute(query).fetchone()[0]
        return count

    def _identity(self) -> str:
        """Name the database by the first user it ever had.

        That stays the same when the file is copied, moved or vacuumed, and when rows are added; two
        databases that count their ids from 1 differ in it, unless one is a copy of the other. The
        predecessor never deletes or renames a user. Were the first one deleted by hand, the next
        import would take the database for a new one.
        """
        first = self._connection.execute(
            "SELECT id || '/' || hex(username) || '/' || hex(created_at) FROM users "
            "ORDER BY id LIMIT 1"
        ).fetchone()
        return str(first[0]) if first else ""


@contextmanager
def open_source(path: Path) -> Iterator[Source]:
    """Open a file for reading, in one transaction; nothing is ever written to it.

    Raises NotFoundError for a missing file, and InvalidInputError for one that can't be read, is no
    database, is damaged (also while its rows are read) or not of the predecessor.
    """
    header = _read_header(path)
    try:
        with closing(_connect(path, header)) as connection:
            connection.execute("BEGIN")
            _check_pages(path, connection)
            yield Source(path, connection)
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


def _connect(path: Path, header: bytes) -> sqlite3.Connection:
    address = path.resolve().as_uri() + "?mode=ro"
    is_in_wal_mode = header[18] == 2  # noqa: PLR2004  "file format write version"
    log = path.resolve().with_name(path.resolve().name + "-wal")
    if is_in_wal_mode and not log.exists():
        # No other program has it open, and SQLite would want to create files beside it.
        address += "&immutable=1"
    return sqlite3.connect(address, uri=True, isolation_level=None, timeout=BUSY_TIMEOUT_S)


def _check_pages(path: Path, connection: sqlite3.Connection) -> None:
    """Look for damage that reading the rows would not come across, such as pages in a wrong place.

    What is said of single values is no damage: "NULL value in ...", "TEXT value in ...".
    """
    for (finding,) in connection.execute("PRAGMA quick_check"):
        if finding != "ok" and " value in " not in finding:
            lines = finding.removeprefix("*** in database main ***").strip().splitlines()
            raise InvalidInputError(_damaged(path, lines[0]))


def _damaged(path: Path, finding: object) -> str:
    return (
        f"{path} is damaged ({finding}), so nothing of it was imported; restore it from a copy, or "
        "save what can be with the command .recover of sqlite3."
    )


def _columns(connection: sqlite3.Connection, table: str) -> dict[str, str]:
    """Read the names and declared types of a table's columns; none if there is no such table."""
    query = (
        "SELECT lower(c.name), upper(c.type) "
        "FROM sqlite_master AS t, pragma_table_info(t.name) AS c "
        "WHERE t.type = 'table' AND lower(t.name) = ?"
    )
    return dict(connection.execute(query, (table,)).fetchall())


def _revision(workflows: dict[str, str]) -> Revision:
    if "INT" in workflows.get("id", "INT"):
        return Revision.R1
    return Revision.R2 if "date_theme" in workflows else Revision.R3


def _check_schema(path: Path, found: dict[str, dict[str, str]], revision: Revision) -> None:
    tables = [f"the table {table}" for table, columns in found.items() if not columns]
    columns = [
        f"the column {table}.{column}"
        for table, columns in found.items()
        for column in COLUMNS[table]
        if columns and column not in columns and column != revision.lacks
    ]
    missing = tables + columns
    if missing:
        verb = "are" if len(missing) > 1 else "is"
        message = (
            f"{path} is not a database of the trip planner: "
            f"{', '.join(missing)} {verb} missing in it."
        )
        raise InvalidInputError(message)


def _describe(path: Path, error: sqlite3.DatabaseError) -> str:
    """Say in a sentence or two why a file can't be read."""
    cases = {
        sqlite3.SQLITE_BUSY: "is being written by another program; stop that, and try again.",
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
