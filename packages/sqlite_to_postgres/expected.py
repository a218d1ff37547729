"""Which tables a source is expected to have, and what is missing in those that it has."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

Found = Mapping[str, Mapping[str, str]]
"""The columns of each expected table and their declared types, in any case; none for a table that
is not there."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What there is of the expected tables.

    `revision` says which of several known shapes it is, if a program tells them apart. `missing`
    are "the table loans" or "the column loans.due", `unknown_columns` those nobody asked for, as
    `loans.colour`.
    """

    tables: tuple[str, ...]
    missing: tuple[str, ...]
    unknown_columns: tuple[str, ...]
    revision: str = ""

    @classmethod
    def of(
        cls,
        found: Found,
        columns: Mapping[str, Sequence[str]],
        *,
        revision: str = "",
        without: Sequence[tuple[str, str]] = (),
    ) -> Self:
        """Hold what was found to what is wanted; the columns in `without` may be missing."""
        lost = [f"the table {table}" for table in columns if not found[table]] + [
            f"the column {table}.{column}"
            for table, wanted in columns.items()
            for column in wanted
            if found[table] and column not in found[table] and (table, column) not in without
        ]
        unknown = [
            f"{table}.{column}"
            for table, known in columns.items()
            for column in found[table]
            if column not in known
        ]
        there = tuple(table for table in columns if found[table])
        return cls(there, tuple(lost), tuple(unknown), revision)


@dataclass(frozen=True, slots=True)
class Expected:
    """The tables to be read from a source.

    - `columns` are theirs, by table and parents first; the first of each is the id.
    - `identity` is a table and its columns, the id first: the row with the lowest id names the
      database, so it should be one that never changes.
    - `owner` is what messages call the program that made the source.
    - `landmark` is the table that tells the schema in Postgres, where the search path leads to
      several with such tables.
    - `shape` judges what was found; without it, each column must be there.
    """

    columns: Mapping[str, Sequence[str]]
    identity: tuple[str, Sequence[str]]
    owner: str
    landmark: str = ""
    shape: Callable[[Found], Shape] | None = None

    def judged(self, found: Found) -> Shape:
        """Tell what there is, and what is missing."""
        return self.shape(found) if self.shape else Shape.of(found, self.columns)

    def not_whole(self, name: str, missing: Sequence[str], where: str) -> str:
        """Say that a source called `name` lacks something; `where` is "it" or "its schema x"."""
        verb = "are" if len(missing) > 1 else "is"
        lost = ", ".join(missing)
        return f"{name} is not a database of {self.owner}: {lost} {verb} missing in {where}."
