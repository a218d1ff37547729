"""Writes the schema's documentation from the models: tables, constraints, indexes, a diagram."""

import inspect
from collections.abc import Iterator
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm.mapper import _all_registries
from sqlalchemy.schema import ColumnDefault, CreateIndex, DefaultClause, Index

_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]
_HEAD = """\
# The database schema

Made by `flask db docs` from {models}; don't edit it: `flask db docs --check` tells when it
is stale. Migrations make the same: `flask db check` compares them.
"""
# Mermaid takes one word, without commas, for a type.
_SHORT_TYPES = {"timestamp with time zone": "timestamptz", "double precision": "float8"}
_ENDS = {
    PrimaryKeyConstraint: "pkey",
    UniqueConstraint: "key",
    ForeignKeyConstraint: "fkey",
    CheckConstraint: "check",
}


def document(metadata: MetaData, models: str = "the models") -> str:
    """Write the documentation, in Markdown, of all tables; `models` says where they come from."""
    tables = sorted(metadata.tables.values(), key=lambda table: table.name)
    described = _described()
    parts = [_HEAD.format(models=models), *_diagram(tables)]
    for table in tables:
        parts += _table(table, described.get(table))
    return "\n".join(parts).rstrip() + "\n"


def _described() -> dict[Any, Any]:
    """Find the mapper of each table: nothing public leads there from the tables alone."""
    return {
        mapper.local_table: mapper
        for registry in _all_registries()
        for mapper in registry.mappers
        if not mapper.inherits
    }


def _diagram(tables: list[Table]) -> Iterator[str]:
    yield "## Diagram\n\n```mermaid\nerDiagram"
    for table in tables:
        for key in _foreign_keys(table):
            yield f"    {_relation(table, key)}"
    for table in tables:
        yield f"    {table.name} {{"
        for column in table.columns:
            keys = ", ".join(_keys(table, column))
            yield f"        {_short_type(column)} {column.name} {keys}".rstrip()
        yield "    }"
    yield "```\n"


def _relation(table: Table, key: ForeignKeyConstraint) -> str:
    """Write who refers to whom, in Mermaid's crow's feet.

    A row refers to one row (`||`), or to none where a column may be null (`|o`); it is referred to
    by any number of rows (`o{`), or at most one where the columns are unique (`o|`).
    """
    one = "|o" if any(column.nullable for column in key.columns) else "||"
    many = "o|" if _is_unique(table, set(key.column_keys)) else "o{"
    names = ", ".join(key.column_keys)
    return f'{key.referred_table.name} {one}--{many} {table.name} : "{names}"'


def _is_unique(table: Table, names: set[str]) -> bool:
    unique = [set(table.primary_key.columns.keys())]
    unique += [set(item.columns.keys()) for item in _uniques(table)]
    # A partial unique index lets other rows be the same.
    unique += [
        {column.name for column in index.columns}
        for index in table.indexes
        if index.unique and _where(index) is None and len(index.columns) == len(index.expressions)
    ]
    return any(columns and columns <= names for columns in unique)


def _keys(table: Table, column: Column[Any]) -> Iterator[str]:
    if column.primary_key:
        yield "PK"
    if column.foreign_keys:
        yield "FK"
    if _is_unique(table, {column.name}) and not column.primary_key:
        yield "UK"


def _table(table: Table, mapper: Any) -> Iterator[str]:
    yield f"## {table.name}\n"
    # A base class's own words are no description of the table.
    own = vars(mapper.class_).get("__doc__") if mapper is not None else None
    if said := table.comment or (inspect.cleandoc(own) if own else None):
        yield f"{said}\n"
    yield "| column | type | null | default | description |\n|---|---|---|---|---|"
    for column in table.columns:
        null = "yes" if column.nullable else "no"
        cells = (
            f"`{column.name}`",
            _type(column),
            null,
            _default(column),
            _description(column, mapper),
        )
        yield f"| {' | '.join(map(_cell, cells))} |"
    yield "\n| constraint | rule |\n|---|---|"
    for name, rule in _constraints(table):
        yield f"| `{name}` | {_cell(rule)} |"
    if table.indexes:
        yield "\n| index | on |\n|---|---|"
        for index in sorted(table.indexes, key=lambda item: str(item.name)):
            yield f"| `{index.name}` | {_cell(_index(index))} |"
    yield ""


def _constraints(table: Table) -> Iterator[tuple[str, str]]:
    """Yield names and rules: primary key, unique, foreign keys, checks, each kind by name."""
    yield (
        _name(table.primary_key),
        f"PRIMARY KEY ({', '.join(table.primary_key.columns.keys())})",
    )
    for unique in _uniques(table):
        yield _name(unique), f"UNIQUE ({', '.join(unique.columns.keys())})"
    for key in _foreign_keys(table):
        there = ", ".join(element.column.name for element in key.elements)
        rule = f"FOREIGN KEY ({', '.join(key.column_keys)}) → {key.referred_table.name} ({there})"
        yield _name(key), rule + (f" ON DELETE {key.ondelete}" if key.ondelete else "")
    checks = [item for item in table.constraints if isinstance(item, CheckConstraint)]
    for check in sorted(checks, key=_name):
        yield _name(check), f"CHECK `{check.sqltext}`"


def _index(index: Index) -> str:
    """Write what an index is on, as Postgres would: `gin (tags)`, `btree (a) WHERE b IS NULL`."""
    sql = str(CreateIndex(index).compile(dialect=_DIALECT))
    found = " ".join(sql.split()).partition(f" ON {index.table.name} ")[2]  # type: ignore[union-attr]
    method = "" if found.startswith("USING ") else "btree "
    return ("UNIQUE " if index.unique else "") + f"`{method}{found.removeprefix('USING ')}`"


def _where(index: Index) -> object:
    return index.dialect_options["postgresql"]["where"]


def _default(column: Column[Any]) -> str:
    if isinstance(column.server_default, DefaultClause):
        return f"`{getattr(column.server_default.arg, 'text', column.server_default.arg)}`"
    if column.identity is not None:
        return "identity"
    return "by the application" if isinstance(column.default, ColumnDefault) else ""


def _description(column: Column[Any], mapper: Any) -> str:
    if column.comment:
        return column.comment
    if mapper is None:
        return ""
    # A field and its column may differ in name.
    name = mapper.get_property_by_column(column).key
    field = getattr(mapper.class_, "model_fields", {}).get(name)
    return (field.description if field else column.doc) or ""


def _type(column: Column[Any]) -> str:
    return column.type.compile(dialect=_DIALECT).lower()


def _short_type(column: Column[Any]) -> str:
    kind = _type(column)
    short = _SHORT_TYPES.get(kind, kind)
    return short.partition("(")[0] if "," in short else short.replace(" ", "_")


def _uniques(table: Table) -> list[UniqueConstraint]:
    found = [item for item in table.constraints if isinstance(item, UniqueConstraint)]
    return sorted(found, key=_name)


def _foreign_keys(table: Table) -> list[ForeignKeyConstraint]:
    return sorted(table.foreign_key_constraints, key=_name)


def _name(item: Any) -> str:
    """Name a constraint; one without a name gets it of Postgres, in the way that this follows."""
    if item.name:
        return str(item.name)
    columns = [] if isinstance(item, PrimaryKeyConstraint) else item.columns.keys()
    return "_".join([item.table.name, *columns, _ENDS[type(item)]])


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
