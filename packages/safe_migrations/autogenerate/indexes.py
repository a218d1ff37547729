"""Compares indexes: method, columns, expressions, order, INCLUDE, WHERE, validity."""

from collections.abc import Iterator

from alembic.autogenerate.api import AutogenContext
from alembic.operations.ops import CreateIndexOp, DropIndexOp, MigrateOperation
from sqlalchemy import Table
from sqlalchemy.sql.elements import conv

from safe_migrations import cookbook
from safe_migrations.autogenerate.changes import (
    Change,
    Concurrently,
    Execute,
    Order,
    Phase,
    Remark,
    Step,
)
from safe_migrations.autogenerate.place import Place, place_of
from safe_migrations.autogenerate.shapes import Index, Shape

# PostgreSQL 18, CREATE INDEX, "Building Indexes Concurrently".
_OF_PARTITIONS = Remark(
    "Postgres neither builds nor drops an index of a partitioned table concurrently: this stops "
    "writes for as long as it takes."
)


def compare(autogen: AutogenContext, model: Table, live: Shape, wanted: Shape) -> Iterator[Change]:
    """Find the differences of one table's indexes, those of constraints left out."""
    table = _Table(autogen, model)
    old, new = live.indexes, wanted.indexes
    removed = [item for name, item in old.items() if name not in new]
    added = [item for name, item in new.items() if name not in old]
    for item in removed:
        twin = next((one for one in added if one.nameless == item.nameless), None)
        if twin and item.is_valid:
            added.remove(twin)
            yield table.rename(item, twin)
        else:
            yield table.remove(item)
    for item in added:
        yield table.add(item)
    for name in sorted(old.keys() & new.keys()):
        if old[name].definition != new[name].definition:
            yield table.replace(old[name], new[name])
        elif not old[name].is_valid:
            yield table.rebuild(old[name])


class _Table:
    """Words the changes of one table's indexes."""

    def __init__(self, autogen: AutogenContext, model: Table) -> None:
        self._dialect = autogen.dialect
        self._model = model
        place = place_of(model.schema, model.name, autogen.dialect)
        self._place, self._said = place, str(place)
        self._schema, self._name = place.schema, place.name
        self._is_partitioned = bool(model.dialect_options["postgresql"]["partition_by"])
        self._indexes = {str(item.name): item for item in model.indexes}

    def rename(self, old: Index, new: Index) -> Change:
        there, back = self._renaming(old.name, new.name), self._renaming(new.name, old.name)
        detail = f"The index {old.name} is {new.name} in the models."
        steps = [Step(Phase.CHANGE, [there], [back], Order.RENAME)]
        apart = [self._early_removal(old), self._addition(new)]
        return Change("rename_index", self._said, old.name, detail, steps, apart=apart)

    def _renaming(self, old: str, new: str) -> Execute:
        place = Place(self._schema, old).quoted(self._dialect)
        return Execute(f"ALTER INDEX {place} RENAME TO {Place(None, new).quoted(self._dialect)}")

    def remove(self, old: Index) -> Change:
        detail = f"The models lack the index {old.name}: {old.definition}."
        steps, apart = [self._removal(old)], [self._early_removal(old)]
        return Change("remove_index", self._said, old.name, detail, steps, apart=apart)

    def add(self, new: Index) -> Change:
        detail = f"The database lacks the index {new.name}: {new.definition}."
        return Change("add_index", self._said, new.name, detail, [self._addition(new)])

    def replace(self, old: Index, new: Index) -> Change:
        detail = (
            f"The index {new.name} is ({new.nameless}) in the models and ({old.nameless}) in the "
            "database."
        )
        apart = [self._early_removal(old), self._addition(new)]
        up = self._addition(new).up
        steps = [Step(Phase.INDEXES, up, self._restoration(old))]
        if self._goes_with_column(old):
            steps = apart
        return Change("change_index", self._said, new.name, detail, steps, apart=apart)

    def rebuild(self, old: Index) -> Change:
        detail = (
            f"The index {old.name} is INVALID: a concurrent build of it failed, no query uses it, "
            "every write maintains it."
        )
        steps = [Step(Phase.INDEXES, self._restoration(old))]
        apart = [self._early_removal(old), *steps]
        return Change("rebuild_index", self._said, old.name, detail, steps, apart=apart)

    def _addition(self, new: Index) -> Step:
        make: MigrateOperation = self._create(new)
        if new.name in self._indexes:
            make = CreateIndexOp.from_index(self._indexes[new.name])
            make.kw["postgresql_concurrently"] = not self._is_partitioned
        if not self._is_partitioned:
            return cookbook.index(self._place, conv(new.name), make)
        drop = self._drop(new)
        return Step(Phase.INDEXES, self._apart(drop, make), self._apart(drop))

    def _removal(self, old: Index) -> Step:
        if self._goes_with_column(old):
            return self._early_removal(old)
        return Step(Phase.INDEXES, self._apart(self._drop(old)), self._restoration(old))

    def _early_removal(self, old: Index) -> Step:
        drop = DropIndexOp(conv(old.name), self._name, schema=self._schema)
        return Step(Phase.CHANGE, [drop], [Execute(old.definition)], Order.OLD_INDEX)

    def _goes_with_column(self, old: Index) -> bool:
        """Whether a column of it is dropped, which would take the index along, lock and all."""
        return any(name not in self._model.columns for name in old.columns)

    def _restoration(self, old: Index) -> list[MigrateOperation]:
        return self._apart(self._drop(old), self._create(old))

    def _apart(self, *operations: MigrateOperation) -> list[MigrateOperation]:
        if self._is_partitioned:
            return [_OF_PARTITIONS, *operations]
        return [Concurrently(*operations)]

    def _drop(self, item: Index) -> DropIndexOp:
        drop = cookbook.drop_index(self._place, conv(item.name))
        drop.kw["postgresql_concurrently"] = not self._is_partitioned
        return drop

    def _create(self, item: Index) -> Execute:
        if self._is_partitioned:
            return Execute(item.definition)
        return Execute(item.definition.replace(" INDEX ", " INDEX CONCURRENTLY ", 1))
