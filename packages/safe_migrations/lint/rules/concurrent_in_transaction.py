"""Concurrent builds and drops inside a transaction, where Postgres refuses them."""

from collections.abc import Iterator

from postgast import pg_query_pb2 as pg

from safe_migrations.lint import fixes
from safe_migrations.lint.effects import is_concurrent_option, is_full
from safe_migrations.lint.finding import Situation
from safe_migrations.lint.replay import definition
from safe_migrations.lint.rule import Facts, rule


@rule(
    "a concurrent build or drop inside a transaction, which Postgres refuses",
    why="Postgres refuses it inside a transaction, and each revision is one.",
    cure=lambda situation, _: fixes.as_it_is(situation.statement),
)
def concurrent_in_transaction(situation: Situation) -> Iterator[Facts]:
    """Find what is done concurrently inside a transaction."""
    if situation.is_in_transaction and _is_concurrent(situation):
        yield Facts()


def _is_concurrent(situation: Situation) -> bool:
    node = situation.node
    match situation.kind:
        case "index_stmt":
            return bool(node.concurrent)
        case "drop_stmt":
            return bool(node.concurrent)
        case "reindex_stmt":
            return is_concurrent_option(node.params)
        case "alter_table_stmt":
            return any(
                item.alter_table_cmd.subtype == pg.AT_DetachPartition
                and definition(item.alter_table_cmd).concurrent
                for item in node.cmds
            )
        case "vacuum_stmt":
            return bool(node.is_vacuumcmd) and not is_full(node)
    return False
