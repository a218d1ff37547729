"""Parts of models that Alembic would have made twice, or not at all."""

from typing import Any

from alembic.operations import ops
from sqlalchemy import Boolean, CheckConstraint, Column, Enum, Sequence, String
from sqlalchemy.schema import SchemaItem
from sqlalchemy.types import TypeEngine


def plain(kind: TypeEngine[Any] | None) -> TypeEngine[Any] | None:
    """Leave the CHECK of a type to the comparison of constraints: Alembic would make it twice."""
    if isinstance(kind, Enum) and not kind.native_enum:
        return String(kind.length)
    if isinstance(kind, Boolean) and kind.create_constraint:
        return Boolean()
    return kind


def without_serial(item: SchemaItem) -> SchemaItem:
    """Keep Postgres from making a second sequence for a key that has one of the models'."""
    if not isinstance(item, Column) or not isinstance(item.default, Sequence):
        return item
    if item.default.optional:
        return item
    copied = item._copy()  # noqa: SLF001  SQLAlchemy's copy() is gone, Alembic does so, too
    copied.autoincrement = False
    return copied


def checks_of_columns(op: ops.CreateTableOp) -> list[CheckConstraint]:
    """Collect the CHECKs that stand with a column of a new table, which Alembic leaves out."""
    return [
        CheckConstraint(item.sqltext, name=item.name)
        for column in op.columns
        if isinstance(column, Column)
        for item in column.constraints
        if isinstance(item, CheckConstraint)
    ]
