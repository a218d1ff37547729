"""Rules on whole tables: locks, rewrites, refreshes, partitions."""

from collections.abc import Iterator

from postgast import pg_query_pb2 as pg

from safe_migrations.lint import fixes
from safe_migrations.lint.alter_effects import REWRITING
from safe_migrations.lint.effects import is_full
from safe_migrations.lint.finding import Problem, Situation
from safe_migrations.lint.locks import Lock
from safe_migrations.lint.names import kind_of, relation, sql_of, text_of
from safe_migrations.lint.partitions import is_proved, scanned_default
from safe_migrations.lint.replay import definition


def several_tables_locked(situation: Situation) -> Iterator[Problem]:
    """Find the statement by which a transaction holds strong locks on a second table in use.

    The table that a foreign key leads to does not count: that can't be had otherwise.
    """
    if not situation.is_in_transaction:
        return
    before = {
        effect.table
        for past in situation.earlier
        for effect in past.effects
        if _counts(situation, effect.table, effect.lock, is_target=effect.is_target)
    }
    now = {
        effect.table
        for effect in situation.effects
        if _counts(situation, effect.table, effect.lock, is_target=effect.is_target)
    }
    if len(before) <= 1 < len(before | now):
        names = " and ".join(sorted(before | now))
        yield Problem(
            "several-tables-locked",
            f"The transaction holds strong locks on {names} at once: it waits for the second while "
            "all others wait for the first, and code that takes them the other way round deadlocks "
            "with it.",
            fixes.then("# all up to here", fixes.execute(situation.statement.sql))
            if before
            else "# a statement for each table, each in a revision of its own",
        )


def _counts(situation: Situation, table: str, lock: Lock, *, is_target: bool) -> bool:
    return is_target and lock >= Lock.SHARE_ROW_EXCLUSIVE and situation.is_in_use(table)


def lock_table(situation: Situation) -> Iterator[Problem]:
    """Find explicit locks that stop others."""
    if situation.kind != "lock_stmt" or Lock(situation.node.mode) < Lock.SHARE:
        return
    names = [relation(item.range_var) for item in situation.node.relations]
    in_use = [name for name in names if situation.is_in_use(name)]
    if in_use:
        mode = Lock(situation.node.mode)
        who = "reads and writes" if mode.stops_reads else "writes"
        yield Problem(
            "lock-table",
            f"{mode} on {', '.join(in_use)} holds until the end of the revision: {who} wait.",
            "# leave it out: each statement takes the lock that it needs, when it needs it",
        )


def transaction_control(situation: Situation) -> Iterator[Problem]:
    """Find statements that end the transaction which keeps a revision whole."""
    if situation.kind == "transaction_stmt":
        place = next(
            at for at, item in enumerate(situation.revision) if item is situation.statement
        )
        rest = [fixes.execute(item.sql) for item in situation.revision[place + 1 :]]
        outside = fixes.outside_transaction(*rest)
        yield Problem(
            "transaction-control",
            "It ends the transaction that keeps the revision whole: what fails after it leaves the "
            "schema half-way. `flask db upgrade` refuses it.",
            "# leave it out" + (f", and all that follows:\n{outside}" if rest else ""),
        )


def table_rewrite(situation: Situation) -> Iterator[Problem]:
    """Find commands that write a table or index anew."""
    if situation.kind == "alter_table_stmt" and situation.node.objtype == pg.OBJECT_INDEX:
        moves = any(
            item.alter_table_cmd.subtype == pg.AT_SetTableSpace for item in situation.node.cmds
        )
        if moves and all(situation.is_in_use(item.table) for item in situation.effects):
            name = relation(situation.node.relation)
            again = f"REINDEX (CONCURRENTLY, TABLESPACE ...) INDEX {fixes.name(name)}"
            yield Problem(
                "table-rewrite",
                f"It writes {name} anew under ACCESS EXCLUSIVE: reads and writes wait.",
                fixes.outside_transaction(fixes.execute(again)),
            )
    for table, command in situation.commands(*REWRITING):
        yield _rewrite(table, REWRITING[command.subtype])
    if situation.kind == "cluster_stmt" or (
        situation.kind == "vacuum_stmt" and situation.node.is_vacuumcmd and is_full(situation.node)
    ):
        names = [item.table for item in situation.effects if situation.is_in_use(item.table)]
        if names or not situation.effects:
            what = "CLUSTER" if situation.kind == "cluster_stmt" else "VACUUM FULL"
            yield _rewrite(", ".join(names) or "all tables", what)


def _rewrite(table: str, what: str) -> Problem:
    return Problem(
        "table-rewrite",
        f"{what} writes {table} anew under ACCESS EXCLUSIVE: all reads and writes wait.",
        fixes.outside_transaction(fixes.execute(f"VACUUM (ANALYZE) {fixes.name(table)}"))
        + "\n# frees room for new rows and hinders nobody; to shrink the file, pg_repack"
        if what in {"CLUSTER", "VACUUM FULL"} and "," not in table and " " not in table
        else f"# make a new table with it beside {table}, fill it with a Backfill, and let the "
        "code change over",
    )


def refresh_not_concurrent(situation: Situation) -> Iterator[Problem]:
    """Find materialized views that are filled under a lock that stops reads."""
    if situation.kind != "refresh_mat_view_stmt" or situation.node.concurrent:
        return
    name = relation(situation.node.relation)
    if situation.is_in_use(name):
        tree = pg.Node()
        tree.CopyFrom(situation.statement.tree)
        tree.refresh_mat_view_stmt.concurrent = True
        tree.refresh_mat_view_stmt.skip_data = False
        yield Problem(
            "refresh-not-concurrent",
            f"It holds ACCESS EXCLUSIVE on {name} during the whole query: reads wait.",
            fixes.execute(sql_of(tree)) + "\n# wants a unique index on the view",
        )


def partition_attach_scans(situation: Situation) -> Iterator[Problem]:
    """Find partitions that are attached by reading them, or detached under a strong lock."""
    yield from _scans_default(situation)
    for table, command in situation.commands(pg.AT_AttachPartition):
        part = definition(command)
        name = relation(part.name)
        if situation.is_in_use(name) and not is_proved(situation.catalog, table, part):
            yield Problem(
                "partition-attach-scans",
                f"Postgres reads all rows of {name} under ACCESS EXCLUSIVE to see whether they "
                "belong there; a validated CHECK that says so spares that.",
                _with_check(situation, table, name),
            )
    for table, command in situation.commands(pg.AT_DetachPartition):
        part = definition(command)
        if not part.concurrent:
            name = relation(part.name)
            if situation.catalog.default_partition(table):
                yield Problem(
                    "partition-attach-scans",
                    f"It takes ACCESS EXCLUSIVE on {table} with all its partitions, and Postgres "
                    "knows no concurrent way where there is a default partition.",
                    "# in a quiet hour:\n"
                    + fixes.allow("partition-attach-scans", f"{name} is detached on DATE"),
                )
                continue
            yield Problem(
                "partition-attach-scans",
                f"It takes ACCESS EXCLUSIVE on {table} with all its partitions: reads and writes "
                "wait.",
                fixes.outside_transaction(
                    fixes.execute(
                        f"ALTER TABLE {fixes.name(table)} DETACH PARTITION {fixes.name(name)} "
                        "CONCURRENTLY"
                    )
                ),
            )


def _scans_default(situation: Situation) -> Iterator[Problem]:
    """Find partitions for which the default partition is read, lest it holds some of their rows."""
    parents = [table for table, _ in situation.commands(pg.AT_AttachPartition)]
    if situation.kind == "create_stmt" and situation.node.HasField("partbound"):
        parents += [relation(item.range_var) for item in situation.node.inh_relations]
    for parent in parents:
        default = scanned_default(situation.catalog, parent)
        if default and situation.is_in_use(default.name):
            yield Problem(
                "partition-attach-scans",
                f"Postgres reads all rows of {default.name} under ACCESS EXCLUSIVE, to see whether "
                "some belong into the new partition; a validated CHECK that says no spares that.",
                f"# put a CHECK on {default.name} that keeps the new partition's rows out, with "
                "postgresql_not_valid=True, and VALIDATE it, each in a revision of its own, before",
            )


def _with_check(situation: Situation, table: str, name: str) -> str:
    condition = _bound_as_check(situation, table)
    if condition is None:
        return (
            f"# first a CHECK on {name} that says what its bound does, with "
            "postgresql_not_valid=True,\n# and in the next revision its VALIDATE; then attach it"
        )
    constraint = f"ck_{name.rpartition('.')[2]}_bound"
    bare, schema = fixes.arguments(name)
    return fixes.then(
        f"op.create_check_constraint(op.f({fixes.quoted(constraint)}), {bare}, "
        f"{fixes.text(condition)}{schema}, postgresql_not_valid=True)",
        fixes.validate(name, constraint),
        f"{fixes.execute(situation.statement.sql)}\n"
        f'op.drop_constraint(op.f({fixes.quoted(constraint)}), {bare}, type_="check"{schema})',
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


RULES = (
    several_tables_locked,
    lock_table,
    table_rewrite,
    transaction_control,
    refresh_not_concurrent,
    partition_attach_scans,
)
