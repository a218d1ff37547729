"""How a project tells of tables that another program made under its models' names."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from safe_migrations.foreign import Foreign, Relation, Version


class Recogniser(Protocol):
    """Knows the tables of an older program, and the command by which a project takes them over."""

    @property
    def is_suspect(self) -> str:
        """A condition in SQL: whether a database, whatever its revision, may have such tables.

        It rides with the query for the revision, so that a sound database is asked nothing more.
        """

    @property
    def whose(self) -> str:
        """Whose tables it knows, in the genitive."""

    @property
    def traces(self) -> Sequence[str]:
        """Tables that the taking over itself leaves in the schema aside."""

    @property
    def aside(self) -> str:
        """The schema that such tables are moved aside into."""

    def recognised(self, there: Mapping[str, Relation], version: Version) -> Foreign | None:
        """Tell of the tables that are that program's; None when none is. All are in one schema."""

    def moved_aside(self, tables: Sequence[str]) -> Foreign | None:
        """Tell of tables that stand aside while those of the models are missing."""
