"""What an application declares of an import: for each table how its rows become its own."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from psycopg2 import extensions

from sqlite_to_postgres.keys import Keys
from sqlite_to_postgres.source import Row
from sqlite_to_postgres.values import Values

Fields = tuple[str | None, ...]
"""Values as text for COPY."""


@dataclass(frozen=True, slots=True)
class Parent:
    """The row that each row of a table belongs to: its table, the column with its id, its name."""

    table: str
    column: str
    noun: str


@dataclass(frozen=True, slots=True)
class TableImport:
    """How the rows of a source's table get into the table of the same name, whose `id` is a UUID.

    - `convert` makes `fields` out of a row (`Source.rows`), as text for COPY; it notes repairs in
      the Values, and raises RefusedError for a row that can't be imported.
    - `made_of` is the source's table whose rows these are made of, if it is another: one of each,
      or none where `convert` returns None.
    - `source_id` and `note` are columns that keep the id in the source, and the repairs.
    - `parent`: a row is refused when its parent is neither in the source nor in the database.
    - `staged` are columns of the staging table that the table itself does not have, with their
      types, whether they are among the fields or not.
    - `is_same` and `has_changed` are SQL on the rows `new` and `there` of the same id: whether it
      is the same row, imported before, and whether it has gone on in the source since.
    - `write` writes what is staged in `import_<table>` and returns the number of rows; without it,
      the fields are inserted. `beside` are other tables that it writes into.
    """

    name: str
    convert: Callable[[Values, Keys, Row], Fields | None]
    fields: Sequence[str]
    made_of: str | None = None
    source_id: str | None = None
    note: str | None = None
    parent: Parent | None = None
    staged: Mapping[str, str] | None = None
    is_same: str = "true"
    has_changed: str = "false"
    write: Callable[[extensions.cursor], int] | None = None
    beside: Sequence[str] = ()

    @property
    def source(self) -> str:
        """The table of the source that is read."""
        return self.made_of or self.name

    @property
    def kept(self) -> dict[str, str]:
        """The columns of the table that are staged, each with its name there."""
        named = {"id": "id", self.source_id: "source_id", self.note: "note"}
        own = {name: name for name in self.fields if name not in (self.staged or {})}
        return {name: there for name, there in (named | own).items() if name}


@dataclass(frozen=True, slots=True)
class Import:
    """An import: its tables, parents first, and what all of them share.

    `namespace` is that of the ids made (see Keys). `lock` is the key of the advisory lock that
    keeps a second import waiting. `settle` is called when it is settled which rows are new, and may
    change what is staged. `setup` is SQL that is sent at the beginning of the work.
    """

    tables: Sequence[TableImport]
    namespace: UUID
    lock: int
    settle: Callable[[extensions.cursor], None] | None = None
    setup: str = ""
