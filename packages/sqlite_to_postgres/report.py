"""What became of every row of a source."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from psycopg2 import extensions
from psycopg2.sql import SQL, Identifier

from sqlite_to_postgres.source import Source

EXAMPLES = 5

# A note on a row is lines of the form "repair: value before".
_REPAIRS = SQL("""
    SELECT split_part(line, ': ', 1), count(*),
           (array_agg(source_id ORDER BY position))[:{examples}]
    FROM {staged}, unnest(string_to_array(note, E'\\n')) AS line
    GROUP BY 1 ORDER BY 2 DESC, 1
""")
_REPAIRED = SQL("SELECT count(*) FROM {staged} WHERE note IS NOT NULL")
_REFUSALS = """
    SELECT reason, array_agg(source_id ORDER BY position)
    FROM import_refused WHERE of_table = %s GROUP BY 1 ORDER BY count(*) DESC, 1
"""


@dataclass(frozen=True, slots=True)
class Repair:
    """One kind of repair: in how many rows of a table, and the ids of some in the source."""

    repair: str
    rows: int
    examples: list[str]


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason for refusing rows of a table, and the ids in the source of all of them."""

    reason: str
    ids: list[str | None]


@dataclass(slots=True)
class TableReport:
    """What became of the rows of one table: read = written + already_there + refused.

    `changed` are those of `already_there` that went on in the source since, and were left as they
    are here.
    """

    read: int = 0
    written: int = 0
    already_there: int = 0
    changed: int = 0
    refused: int = 0
    repaired: int = 0
    repairs: list[Repair] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)

    @property
    def is_complete(self) -> bool:
        """Whether every row that was read is accounted for."""
        return self.read == self.written + self.already_there + self.refused

    def complete(self, cursor: extensions.cursor, table: str) -> None:
        """Add what the staging tables tell: repairs of the rows written, and all refusals."""
        staged = Identifier(f"import_{table}")
        cursor.execute(_REPAIRED.format(staged=staged))
        (self.repaired,) = cursor.fetchone() or (0,)
        cursor.execute(_REPAIRS.format(staged=staged, examples=SQL(str(EXAMPLES))))
        self.repairs = [Repair(*row) for row in cursor]
        cursor.execute(_REFUSALS, (table,))
        self.refusals = [Refusal(*row) for row in cursor]
        self.refused = sum(len(refusal.ids) for refusal in self.refusals)


@dataclass(slots=True)
class Report:
    """What became of the rows of a source."""

    source: str
    revision: str
    dry_run: bool
    tables: dict[str, TableReport]
    unknown_columns: Sequence[str]

    @classmethod
    def of(cls, source: Source, tables: dict[str, TableReport], *, dry_run: bool) -> Self:
        """Report on a source whose rows have been brought in."""
        return cls(source.name, source.revision, dry_run, tables, source.unknown_columns)

    @property
    def refused(self) -> int:
        """How many rows of all tables were refused."""
        return sum(table.refused for table in self.tables.values())

    def as_json(self) -> dict[str, Any]:
        """Return the report as values for JSON."""
        return asdict(self)
