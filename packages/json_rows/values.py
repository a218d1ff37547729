"""What is put into columns: references to rows of the asker, and defaults that Python knows."""

from collections.abc import Container

from sqlalchemy import Table
from sqlalchemy.sql.schema import ScalarElementColumnDefault

from json_rows import ownership
from json_rows.frame import literal
from json_rows.resource import Resource
from json_rows.statement import quoted, references


def visible(resource: Resource, name: str, sql: str) -> str:
    """Write a value so that a foreign key to a row of others is refused as one to no row."""
    target = references(resource.table).get(name)
    if target is None or sql.startswith(("parent.", "added.", "changed.")):
        return sql
    if name == resource.owner_column and resource.owner:
        allowed = resource.owner.to_own("given")
    elif owner := ownership.owner_of(quoted(target.table)):
        there = f"{quoted(target.table)}.{quoted(target.name)} = {sql}"
        owned = owner.sql(quoted(target.table))
        found = f"EXISTS (SELECT FROM {quoted(target.table)} WHERE {there} AND {owned})"
        allowed = f"(%(owner)s::uuid IS NULL OR {sql} IS NULL OR {found})"
    else:
        return sql
    # No row has a key that was made up this moment: the database refuses it as any unknown one.
    return f"CASE WHEN {allowed} THEN {sql} ELSE gen_random_uuid() END"


def defaults(table: Table, given_names: Container[str]) -> dict[str, str]:
    """Find the values of columns that only Python knows, for which Postgres would take NULL.

    Raises TypeError for one that Python would have to compute, or that nothing fills.
    """
    found: dict[str, str] = {}
    for column in table.columns:
        if column.name in given_names or column.server_default is not None:
            continue
        if column.default is None and (column.nullable or column is table.autoincrement_column):
            continue
        if not isinstance(column.default, ScalarElementColumnDefault):
            message = f"{table.name}.{column.name} needs a server default, or a value in `values`."
            raise TypeError(message)
        found[column.name] = literal(column.default.arg, column.type)
    return found
