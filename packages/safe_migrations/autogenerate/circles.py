"""Foreign keys between tables that are made, or dropped, together."""

from collections.abc import Sequence
from typing import Any

from alembic.operations import ops
from alembic.operations.ops import MigrateOperation
from sqlalchemy import ForeignKeyConstraint
from sqlalchemy.schema import SchemaItem


def place(op: Any) -> tuple[str | None, str]:
    """Name the table of an operation, with its schema."""
    return op.schema, str(op.table_name)


def without_circles(found: list[MigrateOperation]) -> list[MigrateOperation]:
    """Part foreign keys from their tables where no order of the tables would do for them all."""
    made = [place(op) for op in found if isinstance(op, ops.CreateTableOp)]
    gone = [place(op) for op in found if isinstance(op, ops.DropTableOp)]
    parted: list[MigrateOperation] = []
    for op in found:
        if isinstance(op, ops.CreateTableOp):
            later = made[made.index(place(op)) + 1 :]
            keys, op.columns = _keys_to(later, op.columns)
            parted += [op, *map(ops.CreateForeignKeyOp.from_constraint, keys)]
        elif isinstance(op, ops.DropTableOp) and op._reverse:  # noqa: SLF001  what it drops
            earlier = gone[: gone.index(place(op))]
            keys, op._reverse.columns = _keys_to(earlier, op._reverse.columns)  # noqa: SLF001
            parted += [*map(ops.DropConstraintOp.from_constraint, keys), op]
        else:
            parted.append(op)
    return parted


def _keys_to(
    tables: list[tuple[str | None, str]], items: Sequence[SchemaItem]
) -> tuple[list[ForeignKeyConstraint], list[SchemaItem]]:
    keys = [
        item
        for item in items
        if isinstance(item, ForeignKeyConstraint)
        and (item.use_alter or item.elements[0]._column_tokens[:2] in tables)  # noqa: SLF001  known also of a table that was never read
    ]
    # By identity: `==` of a column makes SQL.
    return keys, [item for item in items if not any(item is key for key in keys)]
