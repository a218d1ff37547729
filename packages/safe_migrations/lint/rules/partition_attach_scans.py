"""Partitions that are attached by reading them, or detached under a strong lock."""

from collections.abc import Iterator

from postgast import pg_query_pb2 as pg

from safe_migrations import cookbook
from safe_migrations.autogenerate.texts import escaped
from safe_migrations.lint import fixes
from safe_migrations.lint.finding import Situation
from safe_migrations.lint.names import kind_of, relation, text_of
from safe_migrations.lint.partitions import is_proved, scanned_default
from safe_migrations.lint.replay import definition
from safe_migrations.lint.rule import Facts, rule


def _with_check(situation: Situation, found: Facts) -> str:
    name = found.partition
    condition = _bound_as_check(situation, found.table)
    if condition is None:
        return (
            f"# first a CHECK on {name} that says what its bound does, with "
            "postgresql_not_valid=True,\n# and in the next revision its VALIDATE; then attach it"
        )
    constraint = f"ck_{name.rpartition('.')[2]}_bound"
    place = fixes.place(name)
    drop = cookbook.dropped_check(place, constraint)
    return fixes.then(
        fixes.printed(cookbook.check(place, constraint, escaped(condition))),
        fixes.execute(situation.statement.sql) + f"\n{fixes.rendered(drop)}",
    )


def _bound_as_check(situation: Situation, table: str) -> str | None:
    """Write the bound of a new partition as a condition, where it is about one column."""
    found = situation.catalog.table(table)
    if found is None or len(found.partition_key) != 1 or not found.partition_key[0]:
        return None
    column = fixes.name(found.partition_key[0])
    for _, command in situation.commands(pg.AT_AttachPartition):
        bound = definition(command).bound
        if bound.strategy == "r" and len(bound.lowerdatums) == 1:
            limits = ((">=", bound.lowerdatums[0]), ("<", bound.upperdatums[0]))
            # MINVALUE and MAXVALUE are no limits.
            said = [
                f"{column} {operator} {text_of(datum)}"
                for operator, datum in limits
                if kind_of(datum) != "column_ref"
            ]
            return " AND ".join((f"{column} IS NOT NULL", *said))
        if bound.strategy == "l":
            values = ", ".join(map(text_of, bound.listdatums))
            return f"{column} IS NOT NULL AND {column} IN ({values})"
    return None


@rule(
    "a partition that is attached by reading its rows, or detached under a strong lock",
    why="Postgres reads all rows of {partition} under ACCESS EXCLUSIVE to see whether they belong "
    "there; a validated CHECK that says so spares that.",
    cure=_with_check,
)
def partition_attach_scans(situation: Situation) -> Iterator[Facts]:
    """Find partitions that are attached with rows."""
    for table, command in situation.commands(pg.AT_AttachPartition):
        part = definition(command)
        name = relation(part.name)
        if situation.is_in_use(name) and not is_proved(situation.catalog, table, part):
            yield Facts(table=table, partition=name)


@partition_attach_scans.also(
    why="Postgres reads all rows of {default} under ACCESS EXCLUSIVE, to see whether some belong "
    "into the new partition; a validated CHECK that says no spares that.",
    cure="# put a CHECK on {default} that keeps the new partition's rows out, with "
    "postgresql_not_valid=True, and VALIDATE it, each in a revision of its own, before",
)
def scans_the_default(situation: Situation) -> Iterator[Facts]:
    """Find partitions for which the default partition is read, lest it holds some of their rows."""
    parents = [table for table, _ in situation.commands(pg.AT_AttachPartition)]
    if situation.kind == "create_stmt" and situation.node.HasField("partbound"):
        parents += [relation(item.range_var) for item in situation.node.inh_relations]
    for parent in parents:
        default = scanned_default(situation.catalog, parent)
        if default and situation.is_in_use(default.name):
            yield Facts(default=default.name)


def _detached(situation: Situation) -> Iterator[Facts]:
    for table, command in situation.commands(pg.AT_DetachPartition):
        part = definition(command)
        if not part.concurrent:
            has_default = bool(situation.catalog.default_partition(table))
            yield Facts(table=table, partition=relation(part.name), has_default=has_default)


def _concurrently(_: Situation, found: Facts) -> str:
    table, partition = fixes.name(found.table), fixes.name(found.partition)
    sql = f"ALTER TABLE {table} DETACH PARTITION {partition} CONCURRENTLY"
    return fixes.outside_transaction(fixes.execute(sql))


@partition_attach_scans.also(
    why="It takes ACCESS EXCLUSIVE on {table} with all its partitions: reads and writes wait.",
    cure=_concurrently,
)
def detached(situation: Situation) -> Iterator[Facts]:
    """Find partitions that are detached, but not concurrently."""
    return (found for found in _detached(situation) if not found.has_default)


@partition_attach_scans.also(
    why="It takes ACCESS EXCLUSIVE on {table} with all its partitions, and Postgres knows no "
    "concurrent way where there is a default partition.",
    cure="# in a quiet hour:\n{allow} {partition} is detached on DATE",
)
def detached_beside_a_default(situation: Situation) -> Iterator[Facts]:
    """Find partitions that can't be detached concurrently."""
    return (found for found in _detached(situation) if found.has_default)
