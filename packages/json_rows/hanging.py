"""What hangs on a row: the rows of other tables that go when it goes, by their foreign keys."""

from collections.abc import Sequence

from sqlalchemy import ForeignKeyConstraint, Table

from json_rows import ownership
from json_rows.frame import where
from json_rows.resource import Resource
from json_rows.statement import columns, quoted


def hanging_on(resource: Resource) -> dict[Table, str]:
    """Find the tables whose rows go with the row `key` of a resource, parents first.

    Each with the condition that finds these rows. Raises TypeError for a table whose rows go with
    rows of its own.
    """
    tables = resource.table.metadata.sorted_tables
    found: dict[Table, str] = {resource.table: f"{resource.column(resource.key)} = %(key)s"}
    for table in tables:
        keys = cascading(table)
        if table is resource.table and any(key.referred_table is table for key in keys):
            message = f"Rows of {table.name} go with each other: they can't be counted."
            raise TypeError(message)
        keys = [
            key for key in keys if key.referred_table in found and key.referred_table is not table
        ]
        if keys and table is not resource.table:
            found[table] = any_of(
                table, [_goes_with(key, found[key.referred_table]) for key in keys]
            )
    del found[resource.table]
    return found


def any_of(table: Table, conditions: Sequence[str]) -> str:
    """Write a condition on rows of a table that fit one of several.

    Not by OR, beside which Postgres reads the whole table: each by an index of its own.
    """
    if len(conditions) == 1:
        return conditions[0]
    own = columns(table.primary_key.columns.keys(), quoted(table))
    found = " UNION ".join(f"SELECT {own} FROM {kept_to(table, each)}" for each in conditions)
    return f"({own}) IN ({found})"


def cascading(table: Table) -> list[ForeignKeyConstraint]:
    """Find the foreign keys by which rows of a table go with others."""
    return [key for key in table.foreign_key_constraints if key.ondelete == "CASCADE"]


def kept_to(table: Table, rows: str, beside: str = "") -> str:
    """Write a table and a condition on its rows, as they stand behind FROM, for who asks."""
    owner = ownership.owner_of(quoted(table))
    found = where(f"({rows})", owner.sql(quoted(table)) if owner else "true")
    return f"{quoted(table)}{beside} WHERE {found}"


def _goes_with(key: ForeignKeyConstraint, rows: str) -> str:
    own = columns((each.parent.name for each in key.elements), quoted(key.table))
    theirs = columns(each.column.name for each in key.elements)
    return f"({own}) IN (SELECT {theirs} FROM {kept_to(key.referred_table, rows)})"
