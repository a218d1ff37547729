"""What a declaration can't mean is refused when the service starts, not by the first request."""

from collections.abc import Iterable

from sqlalchemy import Table
from sqlmodel import SQLModel

from json_rows.statement import json_names


def only_columns(table: Table, names: Iterable[str], *, of: str) -> None:
    """Refuse names that no column of a table has: TypeError, `of` says where they were given."""
    if unknown := sorted(set(names) - set(table.columns.keys())):
        message = f"{table.name} has no column {', '.join(unknown)}, which {of} names."
        raise TypeError(message)


def only_known(known: Iterable[str], names: Iterable[str], *, of: str) -> None:
    """Refuse names that are none of those known: TypeError, `of` says where they were given."""
    if unknown := sorted(set(names) - set(known)):
        message = f"{of} names {', '.join(unknown)}; there are {', '.join(known)}."
        raise TypeError(message)


def nothing_lost(table: Table, body: type[SQLModel], expressions: Iterable[str]) -> None:
    """Refuse a body with a member that no column takes and no SQL reads: it would be lost.

    SQL finds it in the parameter `json`. Raises TypeError.
    """
    lost = sorted(set(json_names(body)) - set(table.columns.keys()))
    read = " ".join(expressions)
    if lost and "%(json)s" not in read:
        message = (
            f"{body.__name__} has {', '.join(lost)}: no column of {table.name} takes that, and no "
            "SQL reads it from %(json)s."
        )
        raise TypeError(message)
