"""What is taken over from whom: the tables, how they are known, and the words of messages."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import MetaData

from safe_migrations.tool_tables import TOOL_TABLES

Found = Mapping[str, Mapping[str, str]]
"""The columns of each table and their types; none for a table that is not there."""


class OldTables(Protocol):
    """What there is of the tables of an older program."""

    @property
    def revision(self) -> str:
        """Which of several known shapes they have."""

    @property
    def tables(self) -> Sequence[str]:
        """Those that are there."""

    @property
    def missing(self) -> Sequence[str]:
        """What is missing in them, as "the table loans" or "the column loans.due"."""

    @property
    def unknown_columns(self) -> Sequence[str]:
        """Columns that the older program never had, as `loans.colour`."""


@dataclass(frozen=True, slots=True)
class Takeover:
    """The tables of an older program, which stand where those of the models are to be.

    - `tables` are their names, parents first, which tables of `metadata` have as well;
      `recognise` tells by their columns whether they are the older program's.
    - `schema` is the one that they are moved into.
    - `unguarded` are tables of `metadata` whose rows may be lost on the way back.
    - `tools` are the tables that the schema commands keep, the older program's and the service's.
    - `is_ours` is SQL that tells whether the running statement is the service's own, and `setting`
      the one that lets a transaction through by hand.
    - `older` and `program` are what messages call the older program ("the old library"), `owner`
      whose the tables are now, `adopt` and `bring` the commands that take over, and that bring
      rows from another database.
    - `application_name` is that of the sessions in which this is done.
    """

    tables: tuple[str, ...]
    metadata: MetaData
    recognise: Callable[[Found], OldTables | None]
    is_ours: str
    setting: str
    owner: str
    adopt: str
    bring: str
    schema: str = "old_tables"
    trigger: str = "keep_out_the_old_program"
    older: str = "the older program"
    program: str = "the old program"
    application_name: str = "adoption"
    unguarded: tuple[str, ...] = ()
    tools: tuple[str, ...] = TOOL_TABLES

    @property
    def adoption(self) -> str:
        """The table that marks the schema as ours, with one row."""
        return f"{self.schema}.adoption"


def opening(words: str) -> str:
    """Write words as the beginning of a sentence."""
    return words[:1].upper() + words[1:]
