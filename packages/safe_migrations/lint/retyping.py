"""How a column gets another type without a rewrite or a scan under its lock."""

from typing import Any

from safe_migrations.lint import fixes
from safe_migrations.lint.catalog import Index
from safe_migrations.lint.finding import Situation
from safe_migrations.lint.names import text_of, type_text
from safe_migrations.lint.replay import definition
from safe_migrations.lint.retypes import Retype


def new_column(table: str, command: Any) -> str:
    """Write the column of the new type beside the old one."""
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


def around(situation: Situation, table: str, command: Any, found: Retype) -> str:
    """Write the change so that nothing is built or read under its lock, where that can be had.

    Indexes go before and come back after it; a CHECK comes back in the same transaction, NOT VALID.
    """
    known = [situation.catalog.indexes.get(name) for name in found.indexes]
    indexes = [item for item in known if item is not None and _is_replaceable(situation, item)]
    checks = [item for name, item in found.constraints if name == table and item.kind == "check"]
    if len(indexes) < len(known) or len(checks) < len(found.constraints):
        return new_column(table, command)
    alter = f"ALTER TABLE {fixes.name(table)}"
    change = [fixes.execute(f"{alter} DROP CONSTRAINT {fixes.name(item.name)}") for item in checks]
    change.append(fixes.altered(table, command))
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
