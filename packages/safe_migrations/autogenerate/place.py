"""Where something stands: its schema and its name."""

from dataclasses import dataclass

from sqlalchemy import Dialect
from typing_extensions import override


@dataclass(frozen=True, slots=True)
class Place:
    """A table, a type or a sequence, by name; without a schema it is in the default one."""

    schema: str | None
    name: str

    @override
    def __str__(self) -> str:
        """Write it for people."""
        return f"{self.schema}.{self.name}" if self.schema else self.name

    def quoted(self, dialect: Dialect) -> str:
        """Write it as SQL takes it."""
        return prefix(self.schema, dialect) + dialect.identifier_preparer.quote(self.name)


def prefix(schema: str | None, dialect: Dialect) -> str:
    """Write what stands before a name in SQL."""
    return f"{dialect.identifier_preparer.quote(schema)}." if schema else ""


def place_of(schema: str | None, name: str, dialect: Dialect) -> Place:
    """Find the place of a model's item; the default schema may have been named by its name."""
    default = schema == dialect.default_schema_name
    return Place(None if default or not schema else str(schema), str(name))
