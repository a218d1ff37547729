"""Values of enums that are used before the transaction that added them is committed."""

from collections.abc import Iterator
from typing import Any

from postgast import pg_query_pb2 as pg

from safe_migrations.lint import fixes
from safe_migrations.lint.finding import Situation
from safe_migrations.lint.names import find, kind_of, qualified, relation, strings, type_of
from safe_migrations.lint.rule import Facts, rule


@rule(
    "a new value of an enum that is used in the transaction that adds it",
    why="Postgres refuses {value!r} until the transaction that added it is committed.",
    cure=lambda _, found: f"{fixes.as_it_is(found.statement)}\n# before the statements that use it",
)
def enum_value_used_in_transaction(situation: Situation) -> Iterator[Facts]:
    """Find uses of values that are not committed yet."""
    for past in situation.earlier:
        tree = past.statement.tree
        if tree is None or kind_of(tree) != "alter_enum_stmt" or tree.alter_enum_stmt.old_val:
            continue
        enum, value = (
            qualified(strings(tree.alter_enum_stmt.type_name)),
            tree.alter_enum_stmt.new_val,
        )
        # Postgres allows it for an enum of the same transaction.
        is_new = situation.catalog.enums.get(enum) == situation.statement.revision
        if value and not is_new and _uses(situation, enum, value):
            yield Facts(value=value, statement=past.statement)


def _uses(situation: Situation, enum: str, value: str) -> bool:
    tree: Any = situation.statement.tree
    if all(item.sval.sval != value for item in find(tree, pg.A_Const)):
        return False
    if any(type_of(item).name == enum for item in find(tree, pg.TypeName)):
        return True
    tables = {relation(item) for item in find(tree, pg.RangeVar)}
    return any(
        column.type.name == enum
        for name in tables
        if (table := situation.catalog.table(name))
        for column in table.columns.values()
    )
