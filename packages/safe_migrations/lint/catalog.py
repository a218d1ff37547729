"""What lint and plan know of a schema, whether from the revisions before or from a database."""

from dataclasses import dataclass, field
from typing import Any, Literal

from safe_migrations.lint.names import Type, not_null_columns

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
    made_in: str | None = None
    """The revision that added it, when that is known."""
    has_default: bool = False
    is_identity: bool = False
    generated: Literal["", "stored", "virtual"] = ""
    generated_from: tuple[str, ...] = ()
    """The columns that its expression is about."""

    @property
    def has_value(self) -> bool:
        """Whether Postgres has a value for INSERTs that leave it out."""
        return self.has_default or self.is_identity or bool(self.generated)


@dataclass(slots=True)
class Constraint:
    """A constraint; `condition` is the tree of a CHECK, `parent` the table of a foreign key.

    `uses` are all columns that it is about, `columns` those that it lists. `is_plain` tells that
    its index, if it has one, is on columns alone and on all rows.
    """

    name: str
    kind: ConstraintKind
    columns: tuple[str, ...] = ()
    is_valid: bool = True
    condition: Any = None
    parent: str | None = None
    parent_columns: tuple[str, ...] = ()
    """The columns of `parent` that it leads to; none are those of its primary key."""
    is_enforced: bool = True
    uses: tuple[str, ...] = ()
    is_plain: bool = True


@dataclass(slots=True)
class Index:
    """An index; `columns` are empty where it is on an expression, or on some rows only.

    `uses` are all columns of its keys, expressions and condition, `parent` is the index of the
    partitioned table that it is a part of.
    """

    name: str
    table: str
    columns: tuple[str, ...] = ()
    is_unique: bool = False
    uses: tuple[str, ...] = ()
    is_plain: bool = True
    parent: str | None = None
    definition: Any = None
    """The tree of its CREATE INDEX."""


@dataclass(slots=True)
class Dependent:
    """What Postgres keeps a column's type, and the column, for: a view, a trigger, a policy, ...

    `uses` are the columns that it names, by table; a view whose columns are not known has none of
    them. `tree` is the statement that makes it.
    """

    kind: Literal["view", "materialized view", "rule", "trigger", "policy", "function"]
    name: str
    uses: dict[str, frozenset[str]]
    tree: Any
    table: str | None = None
    """The table that it is on, for those that have no name without one."""
    made_in: str | None = None


@dataclass(frozen=True, slots=True)
class Function:
    """A function or procedure of the users'; `body` is its text, None where it is a tree.

    `tree` is the statement that makes it.
    """

    name: str
    arguments: tuple[Type, ...]
    language: str
    is_volatile: bool
    body: str | None
    tree: Any
    is_trigger: bool = False
    made_in: str | None = None


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
    """A schema: names are without `public`. `functions` are the users', by name."""

    tables: dict[str, Table] = field(default_factory=dict)
    indexes: dict[str, Index] = field(default_factory=dict)
    enums: dict[str, str | None] = field(default_factory=dict)
    """Names of the enum types, and the revision that made each."""
    domains: set[str] = field(default_factory=set)
    """The domains with constraints."""
    bases: dict[str, Type] = field(default_factory=dict)
    """The type that each domain stands for, whether it has constraints or not."""
    types: dict[str, str | None] = field(default_factory=dict)
    """Names of the composite types and domains, and the revision that made each."""
    functions: dict[str, list[Function]] = field(default_factory=dict)
    views: dict[str, str | None] = field(default_factory=dict)
    """Names of the plain views, and the revision that made each."""
    dependents: list[Dependent] = field(default_factory=list)
    """In the order in which they were made."""
    is_utc: bool = True
    """Whether the session's time zone is still the one that env.py sets."""
    major: int = DEFAULT_MAJOR
    is_live: bool = False

    def table(self, name: str) -> Table | None:
        """Find a table."""
        return self.tables.get(name)

    def children(self, name: str) -> list[str]:
        """Name the partitions of a table, and theirs."""
        found = [table.name for table in self.tables.values() if table.parent == name]
        return [item for child in found for item in (child, *self.children(child))]

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

    def referenced(self, key: Constraint) -> tuple[str, ...]:
        """Name the columns that a foreign key leads to."""
        table = self.tables.get(key.parent or "")
        if key.parent_columns or table is None:
            return key.parent_columns
        return next(
            (item.columns for item in table.constraints.values() if item.kind == "primary key"), ()
        )

    def indexes_on(self, table: str, column: str) -> list[str]:
        """Name the indexes on a column, those of constraints among them."""
        found = self.tables.get(table)
        constraints = found.constraints.values() if found else ()
        return [
            item.name
            for item in constraints
            if item.kind in {"unique", "primary key", "exclude"} and column in item.uses
        ] + [
            item.name
            for item in self.indexes.values()
            if item.table == table and column in item.uses
        ]

    def dependents_on(self, table: str, column: str | None = None) -> list[Dependent]:
        """Find what depends on a table, or on a column of it."""
        return [
            item
            for item in self.dependents
            if table in item.uses and (column is None or column in item.uses[table])
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
