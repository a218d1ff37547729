"""A column's other type: what Postgres needs to be told, and what stands in its way."""

import re
from dataclasses import dataclass
from enum import IntEnum

from alembic.operations import ops
from alembic.operations.ops import MigrateOperation
from sqlalchemy import Connection, Enum, text

from safe_migrations.autogenerate import epochs
from safe_migrations.autogenerate.changes import AlterType, Execute, Order, Phase, Step

_NEEDS_USING = text("""
    SELECT NOT (
        :old = :new
        OR EXISTS (SELECT FROM pg_type WHERE oid = to_regtype(:new) AND typcategory = 'S')
        OR EXISTS (SELECT FROM pg_cast WHERE castcontext IN ('a', 'i')
                   AND castsource = to_regtype(:old) AND casttarget = to_regtype(:new))
    )
""")
_CAST = text("""
    SELECT EXISTS (SELECT FROM pg_cast
                   WHERE castsource = to_regtype(:old) AND casttarget = to_regtype(:new))
""")
_CATEGORIES = text("""
    SELECT o.typcategory::text FROM pg_type o, pg_type n
    WHERE o.oid = to_regtype(:old) AND n.oid = to_regtype(:new)
      AND o.typcategory = n.typcategory AND o.typtype <> 'e'
""")


class Distance(IntEnum):
    """How far apart two types are: how much of what is written for one holds for the other."""

    WORDS = 0
    """Both are of text: Postgres takes everything along but computed columns."""
    NUMBERS = 1
    """Both are numbers: Postgres takes along what is worded the same for both."""
    FAR = 2
    """An expression that was read with the old type is none with the new."""


def bare(kind: str) -> str:
    """Cut length and precision off the name of a type."""
    return re.sub(r"\([^()]*\)", "", kind)


def distance(connection: Connection, old: str, new: str) -> Distance:
    """Tell how far apart they are."""
    row = {"old": bare(old), "new": bare(new)}
    category = connection.scalar(_CATEGORIES, row)
    return {"S": Distance.WORDS, "N": Distance.NUMBERS}.get(str(category), Distance.FAR)


@dataclass(frozen=True, slots=True)
class Retyping:
    """Writes the change of one column's type."""

    connection: Connection
    op: ops.AlterColumnOp
    old: str
    new: str

    def steps(self) -> list[Step]:
        """Change the type, and the default with it where the old one can't stay."""
        op = self.op
        before, after = op.existing_server_default, op.existing_server_default
        if op.modify_server_default is not False:
            after = op.modify_server_default
        is_plain = not self._needs_using(self.old, self.new) and before == after
        if is_plain and not self._needs_using(self.new, self.old):
            return [self._step(self._typed(), self._typed(is_back=True))]
        up, down = self._typed(), self._typed(is_back=True)
        return [*default_steps(self.connection, op, before, after), self._step(up, down)]

    def _step(self, up: MigrateOperation, down: MigrateOperation) -> Step:
        return Step(Phase.CHANGE, [up], [down], Order.RETYPE)

    def _typed(self, *, is_back: bool = False) -> MigrateOperation:
        old, new = (self.new, self.old) if is_back else (self.old, self.new)
        kinds = self.op.existing_type, self.op.modify_type
        was, becomes = reversed(kinds) if is_back else kinds
        is_counted = "unit" in self.op.kw
        needs_using = is_counted or self._needs_using(old, new) or isinstance(was, Enum)
        typed = (AlterType if needs_using else ops.AlterColumnOp)(
            self.op.table_name,
            self.op.column_name,
            schema=self.op.schema,
            existing_type=was,
            modify_type=becomes,
        )
        typed.existing_nullable = self.op.existing_nullable
        if isinstance(typed, AlterType):
            typed.using = self._using(old, new)
        return typed

    def _using(self, old: str, new: str) -> str:
        column = self.connection.dialect.identifier_preparer.quote(self.op.column_name)
        if unit := self.op.kw.get("unit"):
            return epochs.using(column, new, unit)
        are_arrays = old.endswith("[]") and new.endswith("[]")
        row = {"old": bare(old), "new": bare(new)}
        is_direct = are_arrays or new == "text" or self.connection.scalar(_CAST, row)
        return f"{column}::{new}" if is_direct else f"{column}::text::{new}"

    def _needs_using(self, old: str, new: str) -> bool:
        row = {"old": bare(old), "new": bare(new)}
        return bool(self.connection.scalar(_NEEDS_USING, row))


def default_steps(
    connection: Connection, op: ops.AlterColumnOp, old: object, new: object
) -> list[Step]:
    """Take the old default away before a type changes, and give the new one after it."""
    quote = connection.dialect.identifier_preparer.quote
    place = f"{quote(op.schema)}." if op.schema else ""
    column = f"ALTER TABLE {place}{quote(op.table_name)} ALTER COLUMN {quote(op.column_name)}"
    drop = Execute(f"{column} DROP DEFAULT")

    def given(default: object, kind: object) -> MigrateOperation:
        given = ops.AlterColumnOp(op.table_name, op.column_name, schema=op.schema)
        given.existing_type, given.modify_server_default = kind, default
        return given

    steps = []
    if old:
        back = given(old, op.existing_type)
        steps.append(Step(Phase.CHANGE, [drop], [back], Order.OLD_SOURCE))
    if new:
        there = given(new, op.modify_type or op.existing_type)
        steps.append(Step(Phase.CHANGE, [there], [drop], Order.NEW_SOURCE))
    return steps
