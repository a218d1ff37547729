"""One difference between the models and the database, with the steps that remove it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

from alembic.operations.ops import (
    AlterColumnOp,
    ExecuteSQLOp,
    MigrateOperation,
)

from safe_migrations.autogenerate.place import Place


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
    KEYS = 6
    """Foreign keys to what only has its unique index by now."""
    VALIDATE_KEYS = 7
    """Reads the tables of these."""


class Order(IntEnum):
    """The order of steps inside a phase: a downgrade takes them the other way round.

    What a column's new type would break goes before it and comes back after it.
    """

    NEW_SCHEMA = -1
    NEW_TYPE = 0
    RENAME = 1
    OLD_FOREIGN_KEY = 2
    TABLE_IN_THE_WAY = 3
    OLD_CONSTRAINT = 4
    OLD_INDEX = 5
    OLD_COMPUTED = 6
    OLD_SOURCE = 7
    COLUMN_IN_THE_WAY = 8
    TYPE_LEFT = 9
    REBUILD = 10
    RETYPE = 11
    NEW_TABLE = 12
    OTHER = 13
    NEW_COMPUTED = 14
    NEW_SOURCE = 15
    ALTER = 16
    NEW_INDEX = 17
    NEW_CONSTRAINT = 18
    NEW_FOREIGN_KEY = 19
    OLD_COLUMN = 20
    OLD_TABLE = 21
    OLD_TYPE = 22


@dataclass(frozen=True, slots=True)
class Step:
    """Operations of one phase: `up` for the upgrade, `down` for the downgrade, each in order.

    `down` takes back exactly what `up` does. Without an `order` it is the change's.
    """

    phase: Phase
    up: Sequence[MigrateOperation] = ()
    down: Sequence[MigrateOperation] = ()
    order: Order | None = None


class Change(MigrateOperation):
    """A difference: what it is, in a sentence, and the steps that remove it.

    `kind` is a word in the manner of Alembic's own (`add_index`, `change_check`). `apart` are other
    steps, for where the old has to be gone before a column of it gets another type; `origin` is the
    operation that it words.
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
        apart: Iterable[Step] = (),
        origin: MigrateOperation | None = None,
    ) -> None:
        self.kind = kind
        self.table = table
        self.name = name
        self.detail = detail
        self.steps = tuple(steps)
        self.order = order
        self.apart = tuple(apart)
        self.origin = origin

    def reverse(self) -> "Change":
        """Swap the two directions."""
        steps = (replace(step, up=step.down, down=step.up) for step in reversed(self.steps))
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


class EnumValues(MigrateOperation):
    """Other values for a native enum."""

    def __init__(self, oid: int, place: Place, old: list[str], new: list[str]) -> None:
        self.oid = oid
        self.place = place
        self.old = old
        self.new = new

    @property
    def only_adds(self) -> bool:
        """Whether no value goes, and none changes its place."""
        return [value for value in self.new if value in self.old] == self.old


class Concurrently(MigrateOperation):
    """Operations outside of a transaction."""

    def __init__(self, *operations: MigrateOperation) -> None:
        self.operations = operations


class Remark(MigrateOperation):
    """A comment for whoever reads and applies the revision; each paragraph begins a line."""

    def __init__(self, *paragraphs: str) -> None:
        self.paragraphs = paragraphs
