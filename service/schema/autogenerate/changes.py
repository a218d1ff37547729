"""One difference between the models and the database, with the steps that remove it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum

from alembic.operations.ops import (
    AlterColumnOp,
    ExecuteSQLOp,
    MigrateOperation,
)


class Phase(IntEnum):
    """Which of the revisions a step belongs to; each phase that has steps becomes one revision."""

    VALUES = 0
    """Values of enums: a value can't be used in the transaction that adds it."""
    CHANGE = 1
    """What running code doesn't notice, in one transaction."""
    REQUIRE = 2
    """What code of the release before may break: first deploy, then apply."""
    VALIDATE = 3
    """Reads whole tables, with locks that let others read and write."""
    ENFORCE = 4
    """Makes validated constraints NOT NULL: brief, but with locks that stop readers."""
    INDEXES = 5
    """Builds and drops indexes concurrently, outside of a transaction."""


class Order(IntEnum):
    """The order of changes inside a phase; what drops comes after what adds."""

    NEW_SCHEMA = -1
    NEW_TYPE = 0
    RENAME = 1
    NEW_TABLE = 2
    OLD_FOREIGN_KEY = 3
    OTHER = 4
    OLD_COMPUTED = 5
    OLD_COLUMN = 6
    OLD_TABLE = 7
    OLD_TYPE = 8


@dataclass(frozen=True, slots=True)
class Step:
    """Operations of one phase: `up` for the upgrade, `down` for the downgrade, each in order."""

    phase: Phase
    up: Sequence[MigrateOperation] = ()
    down: Sequence[MigrateOperation] = ()


class Change(MigrateOperation):
    """A difference: what it is, in a sentence, and the steps that remove it.

    `kind` is a word in the manner of Alembic's own (`add_index`, `change_check`).
    """

    def __init__(
        self,
        kind: str,
        table: str,
        name: str,
        detail: str,
        steps: Iterable[Step] = (),
        *,
        order: Order = Order.OTHER,
    ) -> None:
        self.kind = kind
        self.table = table
        self.name = name
        self.detail = detail
        self.steps = tuple(steps)
        self.order = order

    def reverse(self) -> "Change":
        """Swap the two directions."""
        steps = (Step(step.phase, step.down, step.up) for step in reversed(self.steps))
        return Change(self.kind, self.table, self.name, self.detail, steps, order=self.order)

    def to_diff_tuple(self) -> tuple[str, str, str, str]:
        """Say what differs, for `alembic check`."""
        return self.kind, self.table, self.name, self.detail


class Execute(ExecuteSQLOp):
    """A statement, written on several lines when it is long."""

    sqltext: str


class AddCheck(MigrateOperation):
    """A CHECK, not yet validated, its text written on several lines when it is long."""

    def __init__(self, table: str, name: str, condition: str, schema: str | None = None) -> None:
        self.table = table
        self.name = name
        self.condition = condition
        self.schema = schema


class AlterType(AlterColumnOp):
    """A change of type with USING, which Alembic itself doesn't write."""

    using: str = ""


class Concurrently(MigrateOperation):
    """Operations outside of a transaction."""

    def __init__(self, *operations: MigrateOperation) -> None:
        self.operations = operations


class Remark(MigrateOperation):
    """A comment for whoever reads and applies the revision."""

    def __init__(self, text: str) -> None:
        self.text = text
