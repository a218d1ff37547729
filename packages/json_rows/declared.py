"""What a declaration can't mean is refused when the service starts, not by the first request."""

from collections.abc import Iterable, Mapping
from typing import Any

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


def nothing_lost(
    table: Table, body: type[SQLModel], expressions: Iterable[str], *, kept: str = ""
) -> None:
    """Refuse a body with a member that no column takes and no SQL reads: it would be lost.

    SQL finds it in the parameter `json`. `kept` is a column that takes nothing. Raises TypeError.
    """
    lost = sorted(
        set(json_names(body)) - set(table.columns.keys()) | ({kept} & set(json_names(body)))
    )
    read = " ".join(expressions)
    if lost and "%(json)s" not in read:
        message = (
            f"{body.__name__} has {', '.join(lost)}: no column of {table.name} takes that, and no "
            "SQL reads it from %(json)s."
        )
        raise TypeError(message)


def comes_again(state: Any, states: Mapping[Any, frozenset[Any]]) -> bool:
    """Tell whether a row can be in a state, leave it, and be in it once more."""
    reached: set[Any] = set()
    waiting = list(states.get(state, ()))
    while waiting:
        following = waiting.pop()
        if following not in reached:
            reached.add(following)
            waiting += states.get(following, ())
    return state in reached
