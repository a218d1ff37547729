"""Rules on columns that get another type."""

from collections.abc import Iterator
from typing import Any

from postgast import pg_query_pb2 as pg

from safe_migrations.lint import fixes
from safe_migrations.lint.catalog import Index
from safe_migrations.lint.finding import Problem, Situation
from safe_migrations.lint.names import Type, sql_of, text_of, type_of, type_text
from safe_migrations.lint.replay import definition
from safe_migrations.lint.retypes import Retype, retype


def _retyped(situation: Situation) -> Iterator[tuple[str, Any, str, Retype]]:
    """Go through the columns that get a type: each with its table, and where that is felt."""
    for table, command in situation.commands(pg.AT_AlterColumnType):
        for name in (table, *situation.catalog.children(table)):
            yield table, command, name, retype(situation.catalog, name, command)


def type_change_rewrites(situation: Situation) -> Iterator[Problem]:
    """Find changes of a column's type that write the table anew, or indexes."""
    for table, command, name, found in _retyped(situation):
        if found.rewrites:
            if name == table:
                what = f"all rows and indexes of {table}"
                yield _rewritten(situation, table, command, what, _new_column(table, command))
        elif found.indexes:
            what = f"{' and '.join(found.indexes)}, with all rows of {name},"
            fix = _around(situation, table, command, found)
            yield _rewritten(situation, table, command, what, fix)


def _rewritten(situation: Situation, table: str, command: Any, what: str, fix: str) -> Problem:
    column = situation.catalog.column(table, command.name)
    old = _written(column.type) if column else "an unknown type"
    new = _written(type_of(definition(command).type_name))
    return Problem(
        "type-change-rewrites",
        f"From {old} to {new} Postgres writes {what} anew under ACCESS EXCLUSIVE: reads and writes "
        "wait.",
        fix,
    )


def type_change_scans(situation: Situation) -> Iterator[Problem]:
    """Find changes of a column's type for which a constraint is checked again, row by row."""
    for table, command, name, found in _retyped(situation):
        if found.constraints:
            names = " and ".join(item.name for _, item in found.constraints)
            yield Problem(
                "type-change-scans",
                f"The rows stay as they are, but Postgres verifies {names} anew: it reads all rows "
                f"of {name} under ACCESS EXCLUSIVE, so that all reads and writes wait.",
                _around(situation, table, command, found),
            )


def _written(type_: Type) -> str:
    modifiers = f"({', '.join(map(str, type_.modifiers))})" if type_.modifiers else ""
    return f"{type_.name}{modifiers}{'[]' * type_.is_array}"


def _new_column(table: str, command: Any) -> str:
    column, changed = command.name, definition(command)
    new = f"{column}_new"
    type_ = type_text(changed.type_name)
    value = f"CAST({fixes.name(column)} AS {type_})"
    if changed.HasField("raw_default"):  # USING
        value = text_of(changed.raw_default)
    return (
        fixes.execute(f"ALTER TABLE {fixes.name(table)} ADD COLUMN {fixes.name(new)} {type_}")
        + "\n# write both in the code, then in the next revision:\n"
        "from safe_migrations.backfill import Backfill\n"
        f'Backfill(name="{table.rpartition(".")[2]}_{new}", table={fixes.quoted(table)}, '
        f"set={{{fixes.quoted(new)}: {fixes.quoted(value)}}}, "
        f"where={fixes.quoted(f'{fixes.name(new)} IS NULL')}).run(op)\n"
        f"# read {new} in the code, and drop {column} a release later"
    )


def _around(situation: Situation, table: str, command: Any, found: Retype) -> str:
    """Write the change so that nothing is built or read under its lock, where that can be had.

    Indexes go before and come back after it; a CHECK comes back in the same transaction, NOT VALID.
    """
    known = [situation.catalog.indexes.get(name) for name in found.indexes]
    indexes = [item for item in known if item is not None and _is_replaceable(situation, item)]
    checks = [item for name, item in found.constraints if name == table and item.kind == "check"]
    if len(indexes) < len(known) or len(checks) < len(found.constraints):
        return _new_column(table, command)
    alter = f"ALTER TABLE {fixes.name(table)}"
    change = [fixes.execute(f"{alter} DROP CONSTRAINT {fixes.name(item.name)}") for item in checks]
    change.append(fixes.execute(_altered(table, command)))
    change += [
        fixes.execute(
            f"{alter} ADD CONSTRAINT {fixes.name(item.name)} CHECK ({text_of(item.condition)}) "
            "NOT VALID"
        )
        for item in checks
    ]
    steps = ["\n".join(change), *(fixes.validate(table, item.name) for item in checks)]
    if indexes:
        dropped = [
            fixes.execute(f"DROP INDEX CONCURRENTLY {fixes.name(item.name)}") for item in indexes
        ]
        built = [
            fixes.rewritten(item.definition, concurrent=True, if_not_exists=False)
            for item in indexes
        ]
        without = "# until the last step, queries do without:"
        steps = [f"{without}\n{fixes.outside_transaction(*dropped)}", *steps, *built]
    return fixes.then(*steps)


def _is_replaceable(situation: Situation, index: Index) -> bool:
    """Tell whether an index can be dropped for a while, and dropped and built concurrently."""
    table = situation.catalog.table(index.table)
    is_partition = table is not None and (table.partition_key or table.parent)
    return index.definition is not None and not (index.is_unique or is_partition)


def _altered(table: str, command: Any) -> str:
    schema, _, bare = table.rpartition(".")
    alter = pg.AlterTableStmt(
        relation=pg.RangeVar(schemaname=schema, relname=bare, inh=True, relpersistence="p"),
        cmds=[pg.Node(alter_table_cmd=command)],
        objtype=pg.OBJECT_TABLE,
    )
    return sql_of(pg.Node(alter_table_stmt=alter))


RULES = (type_change_rewrites, type_change_scans)
