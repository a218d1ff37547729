"""Changes of a column's type that write the table anew, or its indexes."""

from collections.abc import Iterator
from typing import Any

from safe_migrations.lint.finding import Situation
from safe_migrations.lint.names import Type, type_of
from safe_migrations.lint.replay import definition
from safe_migrations.lint.retypes import retyped
from safe_migrations.lint.retyping import around, new_column
from safe_migrations.lint.rule import Facts, rule

_WHY = "From {old} to {new} Postgres rewrites {what} under ACCESS EXCLUSIVE: reads and writes wait."


@rule(
    "a change of a column's type that rewrites the table or its indexes",
    why=_WHY,
    cure=lambda _, found: new_column(found.table, found.command),
)
def type_change_rewrites(situation: Situation) -> Iterator[Facts]:
    """Find changes of type that write all rows anew."""
    for table, command, name, change in retyped(situation):
        if change.rewrites and name == table:
            what = f"all rows and indexes of {table}"
            yield Facts(
                table=table, command=command, what=what, **_types(situation, table, command)
            )


@type_change_rewrites.also(
    why=_WHY,
    cure=lambda situation, found: around(situation, found.table, found.command, found.change),
)
def indexes_rebuilt(situation: Situation) -> Iterator[Facts]:
    """Find changes of type that only build indexes anew."""
    for table, command, name, change in retyped(situation):
        if change.indexes and not change.rewrites:
            what = f"{' and '.join(change.indexes)}, with all rows of {name},"
            types = _types(situation, table, command)
            yield Facts(table=table, command=command, change=change, what=what, **types)


def _types(situation: Situation, table: str, command: Any) -> dict[str, str]:
    column = situation.catalog.column(table, command.name)
    old = _written(column.type) if column else "an unknown type"
    return {"old": old, "new": _written(type_of(definition(command).type_name))}


def _written(type_: Type) -> str:
    modifiers = f"({', '.join(map(str, type_.modifiers))})" if type_.modifiers else ""
    return f"{type_.name}{modifiers}{'[]' * type_.is_array}"
