"""Commands that write a table or an index anew."""

from collections.abc import Iterator

from postgast import pg_query_pb2 as pg

from safe_migrations.lint import fixes
from safe_migrations.lint.alter_effects import REWRITING
from safe_migrations.lint.effects import is_full
from safe_migrations.lint.finding import Situation
from safe_migrations.lint.names import relation, type_of
from safe_migrations.lint.replay import definition
from safe_migrations.lint.rule import Facts, rule


@rule(
    "any other command that rewrites a table or an index",
    why="{command} rewrites {table} under ACCESS EXCLUSIVE: all reads and writes wait.",
    cure="# make a new table with it beside {table}, fill it with a Backfill, and let the code "
    "change over",
)
def table_rewrite(situation: Situation) -> Iterator[Facts]:
    """Find commands of ALTER TABLE that write all rows."""
    for table, command in situation.commands(*REWRITING):
        yield Facts(table=table, command=REWRITING[command.subtype])


def _vacuum(_: Situation, found: Facts) -> str:
    if len(found.tables) != 1:
        return (
            f"# make a new table with it beside {', '.join(found.tables) or 'all tables'}, fill it "
            "with a Backfill, and let the code change over"
        )
    vacuum = fixes.execute(f"VACUUM (ANALYZE) {fixes.name(found.tables[0])}")
    why = "# frees room for new rows and blocks nobody; to shrink the file, pg_repack"
    return f"{fixes.outside_transaction(vacuum)}\n{why}"


@table_rewrite.also(
    why="{command} rewrites {what} under ACCESS EXCLUSIVE: all reads and writes wait.",
    cure=_vacuum,
)
def cluster_or_vacuum_full(situation: Situation) -> Iterator[Facts]:
    """Find CLUSTER and VACUUM FULL."""
    is_vacuum = situation.kind == "vacuum_stmt" and situation.node.is_vacuumcmd
    if situation.kind == "cluster_stmt" or (is_vacuum and is_full(situation.node)):
        tables = [item.table for item in situation.effects if situation.is_in_use(item.table)]
        if tables or not situation.effects:
            command = "VACUUM FULL" if is_vacuum else "CLUSTER"
            yield Facts(tables=tables, what=tables or "all tables", command=command)


def _reindex(_: Situation, found: Facts) -> str:
    again = f"REINDEX (CONCURRENTLY, TABLESPACE ...) INDEX {fixes.name(found.index)}"
    return fixes.outside_transaction(fixes.execute(again))


@table_rewrite.also(
    why="It rewrites {index} under ACCESS EXCLUSIVE: reads and writes wait.", cure=_reindex
)
def index_moved(situation: Situation) -> Iterator[Facts]:
    """Find indexes that move to another tablespace."""
    if situation.kind == "alter_table_stmt" and situation.node.objtype == pg.OBJECT_INDEX:
        kinds = {item.alter_table_cmd.subtype for item in situation.node.cmds}
        is_in_use = all(situation.is_in_use(item.table) for item in situation.effects)
        if pg.AT_SetTableSpace in kinds and is_in_use:
            yield Facts(index=relation(situation.node.relation))


@table_rewrite.also(
    why="The domain has constraints: Postgres rewrites every row under ACCESS EXCLUSIVE, so "
    "that all reads and writes wait.",
    cure="# give {table}.{column} the domain's base type, and add the domain's CHECK as a "
    "constraint with postgresql_not_valid=True",
)
def column_of_a_domain(situation: Situation) -> Iterator[Facts]:
    """Find added columns of a domain with constraints, which Postgres checks row by row."""
    for table, command in situation.commands(pg.AT_AddColumn):
        column = definition(command)
        if type_of(column.type_name).name in situation.catalog.domains:
            yield Facts(table=table, column=column.colname)
