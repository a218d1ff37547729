"""Rules on indexes, which can be built and dropped while others write."""

from collections.abc import Iterator

from postgast import pg_query_pb2 as pg

from safe_migrations.lint import fixes
from safe_migrations.lint.effects import is_concurrent_option, is_full
from safe_migrations.lint.finding import Problem, Situation
from safe_migrations.lint.names import dotted, relation, sql_of
from safe_migrations.lint.replay import definition


def index_not_concurrent(situation: Situation) -> Iterator[Problem]:
    """Find index builds that stop writes."""
    if situation.kind != "index_stmt" or situation.node.concurrent:
        return
    node = situation.node
    table = relation(node.relation)
    if not situation.is_in_use(table):
        return
    found = situation.catalog.table(table)
    if found and found.partition_key:
        if node.relation.inh:
            yield Problem(
                "index-not-concurrent",
                f"Postgres builds it on all partitions of {table} under SHARE: writes wait.",
                _partition_by_partition(situation),
            )
        return
    elements = [item.index_elem for item in node.index_params]
    is_plain = all(
        item.name
        and not (item.opclass or item.opclassopts or item.collation)
        and item.ordering == pg.SORTBY_DEFAULT
        and item.nulls_ordering == pg.SORTBY_NULLS_DEFAULT
        for item in elements
    ) and not (
        node.HasField("where_clause")
        or node.access_method not in {"", "btree"}
        or node.index_including_params
        or node.options
        or node.table_space
        or node.nulls_not_distinct
    )
    columns = [item.name for item in elements]
    name = node.idxname or f"{table.rpartition('.')[2]}_{'_'.join(columns)}_idx"
    yield Problem(
        "index-not-concurrent",
        f"Postgres holds SHARE on {table} during the whole build: writes wait.",
        # With index=True, Alembic's add_column makes the index, too.
        fixes.needed(situation, table, columns)
        + fixes.create_index(name, table, columns, unique=node.unique)
        if is_plain
        else fixes.rewritten(situation.statement.tree, concurrent=True, if_not_exists=False),
    )


def _partition_by_partition(situation: Situation) -> str:
    tree = pg.Node()
    tree.CopyFrom(situation.statement.tree)
    tree.index_stmt.relation.inh = False
    tree.index_stmt.concurrent = False
    return (
        f"# {fixes.execute(sql_of(tree))}, then for each partition a concurrent build "
        "and ALTER INDEX ... ATTACH PARTITION"
    )


def concurrent_on_partitioned(situation: Situation) -> Iterator[Problem]:
    """Find concurrent builds that Postgres refuses, because the table has partitions."""
    node = situation.node
    if situation.kind != "index_stmt" or not (node.concurrent and node.relation.inh):
        return
    found = situation.catalog.table(relation(node.relation))
    if found and found.partition_key:
        yield Problem(
            "concurrent-on-partitioned",
            f"{found.name} is partitioned: Postgres refuses to build its index concurrently.",
            _partition_by_partition(situation),
        )


def drop_index_not_concurrent(situation: Situation) -> Iterator[Problem]:
    """Find indexes that are dropped under a lock which stops reads, too."""
    node = situation.node
    if situation.kind != "drop_stmt" or node.remove_type != pg.OBJECT_INDEX or node.concurrent:
        return
    for item in node.objects:
        name = dotted(item)
        index = situation.catalog.indexes.get(name)
        if index and not situation.is_in_use(index.table):
            continue
        table = index.table if index else "its table"
        schema, _, bare = name.rpartition(".")
        where = f", schema={fixes.quoted(schema)}" if schema else ""
        yield Problem(
            "drop-index-not-concurrent",
            f"It takes ACCESS EXCLUSIVE on {table}: all reads and writes queue behind it, and it "
            "behind the longest of them.",
            fixes.outside_transaction(
                f"op.drop_index({fixes.quoted(bare)}{where}, postgresql_concurrently=True)"
            ),
        )


def concurrent_in_transaction(situation: Situation) -> Iterator[Problem]:
    """Find what Postgres refuses inside a transaction."""
    if situation.is_in_transaction and _is_concurrent(situation):
        yield Problem(
            "concurrent-in-transaction",
            "Postgres refuses it inside a transaction, and each revision is one.",
            fixes.as_it_is(situation.statement),
        )


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


def concurrent_if_not_exists(situation: Situation) -> Iterator[Problem]:
    """Find concurrent builds that take an invalid index for done."""
    node = situation.node
    if situation.kind != "index_stmt" or not (node.concurrent and node.if_not_exists):
        return
    if situation.is_in_use(relation(node.relation)):
        yield Problem(
            "concurrent-if-not-exists",
            "A build that failed before left an invalid index of this name: IF NOT EXISTS keeps "
            "it, and no query ever uses it. Without, `flask db upgrade` builds it anew.",
            fixes.rewritten(
                situation.statement.tree,
                if_not_exists=False,
                is_outside=not situation.is_in_transaction,
            ),
        )


def reindex_not_concurrent(situation: Situation) -> Iterator[Problem]:
    """Find indexes that are rebuilt under a lock."""
    if situation.kind != "reindex_stmt" or is_concurrent_option(situation.node.params):
        return
    tables = [effect.table for effect in situation.effects]
    if tables and not any(map(situation.is_in_use, tables)):
        return
    tree = pg.Node()
    tree.CopyFrom(situation.statement.tree)
    tree.reindex_stmt.params.append(
        pg.Node(def_elem=pg.DefElem(defname="concurrently", defaction=pg.DEFELEM_UNSPEC))
    )
    yield Problem(
        "reindex-not-concurrent",
        "Writes wait during the whole build, and so do reads that would use the index.",
        fixes.outside_transaction(fixes.execute(sql_of(tree))),
    )


RULES = (
    index_not_concurrent,
    concurrent_on_partitioned,
    drop_index_not_concurrent,
    concurrent_in_transaction,
    concurrent_if_not_exists,
    reindex_not_concurrent,
)
