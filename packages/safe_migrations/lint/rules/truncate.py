"""Tables that are emptied."""

from collections.abc import Iterator

from safe_migrations.lint.finding import Situation
from safe_migrations.lint.names import relation
from safe_migrations.lint.rule import Facts, rule


@rule(
    "a table that is emptied",
    why="All rows of {tables}{besides} go under ACCESS EXCLUSIVE: no way back.",
    cure="# empty {tables} in batches, or if the rows are really to go:\n"
    "{allow} rows are copied to X since release Y",
)
def truncate(situation: Situation) -> Iterator[Facts]:
    """Find TRUNCATEs of tables in use."""
    if situation.kind != "truncate_stmt":
        return
    names = [relation(item.range_var) for item in situation.node.relations]
    tables = [name for name in names if situation.is_in_use(name)]
    if tables:
        others = [effect.table for effect in situation.effects if not effect.is_target]
        besides = f", and with CASCADE also {', '.join(others)}" if others else ""
        yield Facts(tables=tables, besides=besides)
