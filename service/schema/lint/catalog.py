"""What lint and plan know of a schema, whether from the revisions before or from a database."""

from dataclasses import dataclass, field
from typing import Any, Literal

from service.schema.lint.names import Type, not_null_columns

DEFAULT_MAJOR = 17
"""The version of Postgres that is assumed without a database."""

ConstraintKind = Literal["check", "foreign key", "unique", "primary key", "exclude", "not null"]


@dataclass(slots=True)
class Column:
    """A column of a table."""

    name: str
    type: Type
    is_not_null: bool = False
    collation: str = ""
    """Where it is another one than the type's own."""


@dataclass(slots=True)
class Constraint:
    """A constraint; `condition` is the tree of a CHECK, `parent` the table of a foreign key."""

    name: str
    kind: ConstraintKind
    columns: tuple[str, ...] = ()
    is_valid: bool = True
    condition: Any = None
    parent: str | None = None


@dataclass(slots=True)
class Index:
    """An index; `columns` are empty where it is on an expression."""

    name: str
    table: str
    columns: tuple[str, ...] = ()
    is_unique: bool = False


@dataclass(frozen=True, slots=True)
class Size:
    """How large a table is: rows as the planner estimates them, bytes with indexes and TOAST.

    `rows` is None where the table was never analysed.
    """

    rows: int | None
    bytes: int


@dataclass(slots=True)
class Table:
    """A table or materialized view; `made_in` is the revision that made it, when that is known."""

    name: str
    columns: dict[str, Column] = field(default_factory=dict)
    constraints: dict[str, Constraint] = field(default_factory=dict)
    made_in: str | None = None
    is_view: bool = False
    partition_key: tuple[str, ...] = ()
    parent: str | None = None
    is_default: bool = False
    """Whether it is the partition of the rows that no other one is for."""
    size: Size | None = None

    def is_proved_not_null(self, column: str) -> bool:
        """Tell whether Postgres knows, without reading, that no row has NULL in a column."""
        known = self.columns.get(column)
        return (known is not None and known.is_not_null) or any(
            item.kind == "check"
            and item.is_valid
            and item.condition is not None
            and column in not_null_columns(item.condition)
            for item in self.constraints.values()
        )


@dataclass(slots=True)
class Catalog:
    """A schema: names are without `public`. `functions` tells which of the users' are volatile."""

    tables: dict[str, Table] = field(default_factory=dict)
    indexes: dict[str, Index] = field(default_factory=dict)
    enums: dict[str, str | None] = field(default_factory=dict)
    """Names of the enum types, and the revision that made each."""
    domains: set[str] = field(default_factory=set)
    """The domains with constraints."""
    bases: dict[str, Type] = field(default_factory=dict)
    """The type that each domain stands for, whether it has constraints or not."""
    functions: dict[str, bool] = field(default_factory=dict)
    views: dict[str, str | None] = field(default_factory=dict)
    """Names of the plain views, and the revision that made each."""
    major: int = DEFAULT_MAJOR
    is_live: bool = False

    def table(self, name: str) -> Table | None:
        """Find a table."""
        return self.tables.get(name)

    def children(self, name: str) -> list[str]:
        """Name the partitions of a table."""
        return [table.name for table in self.tables.values() if table.parent == name]

    def default_partition(self, name: str) -> Table | None:
        """Find the default partition of a table."""
        return next(
            (item for item in self.tables.values() if item.parent == name and item.is_default), None
        )

    def column(self, table: str, name: str) -> Column | None:
        """Find a column."""
        found = self.tables.get(table)
        return found.columns.get(name) if found else None

    def base_of(self, type_: Type) -> Type:
        """Name the type that a domain stands for; another type is returned as it is."""
        while type_.name in self.bases and not type_.is_array:
            type_ = self.bases[type_.name]
        return type_

    def of_type(self, name: str) -> list[Table]:
        """Find the tables that have a column of a type."""
        return [
            table
            for table in self.tables.values()
            if any(column.type.name == name for column in table.columns.values())
        ]

    def referencing(self, table: str) -> list[str]:
        """Name the tables whose foreign keys lead to a table."""
        return [
            other.name
            for other in self.tables.values()
            if any(item.parent == table for item in other.constraints.values())
        ]

    def indexes_on(self, table: str, column: str) -> list[str]:
        """Name the indexes on a column, those of constraints among them."""
        found = self.tables.get(table)
        constraints = found.constraints.values() if found else ()
        return [
            item.name
            for item in constraints
            if item.kind in {"unique", "primary key", "exclude"} and column in item.columns
        ] + [
            item.name
            for item in self.indexes.values()
            if item.table == table and column in item.columns
        ]

    def unique_keys(self, table: str) -> list[tuple[str, ...]]:
        """List the columns of each unique index of a table."""
        found = self.tables.get(table)
        constraints = found.constraints.values() if found else ()
        return [item.columns for item in constraints if item.kind in {"unique", "primary key"}] + [
            item.columns
            for item in self.indexes.values()
            if item.table == table and item.is_unique and item.columns
        ]
