"""Remembers how far a revision has come that is not one transaction, so that it can be resumed.

`autocommit_block()` commits what a revision did before it, and every statement in it by itself,
while Alembic notes the revision only at its end. A process that is killed between the two leaves a
revision half done, and the next run would stumble over its first half. Hence the table
`schema_progress`: which statements of a revision are committed, by a digest, and how many rows each
touched. The next run skips as many, and answers with those numbers, which a loop may depend on. The
table is there only as long as something is half done.

What goes past SQLAlchemy, such as COPY on a raw cursor, is not seen, and done again.
"""

import hashlib
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from plain_commands.errors import ConfigurationError
from safe_migrations.tool_tables import JOURNAL

_CREATE = f"""
    CREATE TABLE IF NOT EXISTS {JOURNAL} (
        revision varchar(64) NOT NULL,
        direction varchar(9) NOT NULL,
        rowcounts bigint[] NOT NULL,
        digest char(64) NOT NULL,
        updated_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (revision, direction)
    )
"""
_EXISTS = "SELECT to_regclass(%s) IS NOT NULL"
_READ = f"SELECT revision, direction, rowcounts, digest FROM {JOURNAL}"  # noqa: S608  a constant
_WRITE = f"""
    INSERT INTO {JOURNAL} (revision, direction, rowcounts, digest) VALUES (%s, %s, %s, %s)
    ON CONFLICT (revision, direction) DO UPDATE
    SET rowcounts = excluded.rowcounts, digest = excluded.digest, updated_at = now()
"""  # noqa: S608  a constant
_FORGET = f"DELETE FROM {JOURNAL} WHERE revision = %s AND direction = %s"  # noqa: S608  a constant
_IS_EMPTY = f"SELECT NOT EXISTS (SELECT FROM {JOURNAL})"  # noqa: S608  a constant
_DROP = f"DROP TABLE IF EXISTS {JOURNAL}"
# Not counted: what only reads, and Alembic's own note at the end.
_UNCOUNTED = re.compile(
    r"\s*(?:SELECT|SHOW|EXPLAIN|TABLE|VALUES)\b|[^']*\balembic_version\b", re.IGNORECASE
)
_RETURNING = re.compile(r"\bRETURNING\b", re.IGNORECASE)


def is_counted(statement: str) -> bool:
    """Tell whether a statement is one that must not be done twice."""
    return _UNCOUNTED.match(statement) is None


@dataclass(frozen=True, slots=True)
class _Entry:
    rowcounts: Sequence[int] = ()
    digest: str = ""

    @property
    def statements(self) -> int:
        return len(self.rowcounts)


class Journal:
    """Counts the statements of the revision that is being run, and skips what is committed."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], _Entry] = {}
        self._step: tuple[str, str] | None = None
        self._earlier = _Entry()
        self._rowcounts: list[int] = []
        self._digest = ""
        self._is_written = False

    def read(self, fetch: Any) -> None:
        """Read what is half done; `fetch` queries the database on another connection."""
        if fetch(_EXISTS, JOURNAL)[0][0]:
            self._known = {(row[0], row[1]): _Entry(*row[2:]) for row in fetch(_READ)}

    def check(self, planned: Collection[tuple[str, str]]) -> None:
        """Raise ConfigurationError when something is half done that is not among the planned."""
        for revision, direction in sorted(self._known.keys() - planned):
            way_out = (
                f"flask db upgrade {revision}"
                if direction == "upgrade"
                else f"flask db downgrade {revision}-1"
            )
            message = (
                f"The {direction} of revision {revision} was interrupted and is half done: finish "
                f"it with `{way_out}` before anything else. (`flask db stamp` forgets it, for who "
                "has corrected the schema by hand.)"
            )
            raise ConfigurationError(message)

    def begin(self, revision: str, direction: str) -> None:
        """Start on a revision."""
        self._step = (revision, direction)
        self._earlier = self._known.get(self._step, _Entry())
        self._is_written = self.is_resumed
        self._rowcounts, self._digest = [], ""

    def end(self) -> None:
        """Leave the revision."""
        self._step = None

    @property
    def is_resumed(self) -> bool:
        """Whether an earlier run has committed a part of this revision."""
        return self._step in self._known

    @property
    def is_at_the_break(self) -> bool:
        """Whether the present statement may be the one that was cut off, or done but not noted."""
        return self.is_resumed and self._count == self._earlier.statements + 1

    @property
    def _count(self) -> int:
        return len(self._rowcounts)

    def count(self, statement: str, parameters: object) -> int | None:
        """Count a statement; return its number of rows when an earlier run has committed it.

        Raises ConfigurationError when the revision does not do what it did then, or needs rows that
        only the earlier run has seen.
        """
        if self._step is None or not is_counted(statement):
            return None
        said = f"{self._digest}{statement}{parameters!r}"
        self._digest = hashlib.sha256(said.encode()).hexdigest()
        is_done = self._count < self._earlier.statements
        self._rowcounts.append(self._earlier.rowcounts[self._count] if is_done else -1)
        if not is_done:
            return None
        if self._count == self._earlier.statements and self._digest != self._earlier.digest:
            raise self._differs()
        if _RETURNING.search(statement):
            message = (
                f"Revision {self._step[0]} was interrupted, and the rows that its statement "
                f"{self._count} returned are lost. Finish it by hand, then `flask db stamp` it."
            )
            raise ConfigurationError(message)
        return self._rowcounts[-1]

    def counted(self, rows: int) -> None:
        """Note how many rows the statement that was counted last has touched."""
        if self._step is not None and self._count > self._earlier.statements:
            self._rowcounts[-1] = rows

    def check_complete(self) -> None:
        """Raise ConfigurationError when a revision did less than before it was interrupted."""
        if self._step is not None and self._count < self._earlier.statements:
            raise self._differs()

    def _differs(self) -> ConfigurationError:
        revision = self._step[0] if self._step else ""
        return ConfigurationError(
            f"Revision {revision} was interrupted after {self._earlier.statements} of its "
            "statements, and does other things now. If its file has changed since, bring "
            "it back to what it was; else finish it by hand, then `flask db stamp` it."
        )

    def write(self, cursor: Any) -> None:
        """Note, in the transaction of the cursor, that all statements so far are committed."""
        if self._step is None or not self._count or self._count < self._earlier.statements:
            return
        if not self._is_written:
            cursor.execute(_CREATE)
            self._is_written = True
        cursor.execute(_WRITE, (*self._step, self._rowcounts, self._digest))

    def announce(self, cursor: Any) -> None:
        """Note that a revision has begun, ahead of a first statement that no transaction holds."""
        if self._step is not None and not self._is_written:
            cursor.execute("BEGIN")
            cursor.execute(_CREATE)
            cursor.execute(_WRITE, (*self._step, [], ""))
            cursor.execute("COMMIT")
            self._is_written = True

    def forget(self, cursor: Any) -> None:
        """Drop the note, in the transaction that notes the whole revision."""
        if self._step is not None and self._is_written:
            cursor.execute(_FORGET, self._step)
            cursor.execute(_IS_EMPTY)
            if cursor.fetchone()[0]:
                cursor.execute(_DROP)
            self._is_written = False

    def forget_all(self, connection: Connection) -> None:
        """Drop all notes: somebody says himself what the schema is."""
        if self._known:
            connection.exec_driver_sql(_DROP)
            connection.commit()
            self._known = {}
