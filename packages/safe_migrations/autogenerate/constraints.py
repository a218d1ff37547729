"""Compares CHECK, UNIQUE, EXCLUDE and primary keys, and finds what was never validated."""

import re
from collections.abc import Iterator

from alembic.autogenerate.api import AutogenContext
from alembic.operations.ops import CreateIndexOp, DropConstraintOp, MigrateOperation
from alembic.util import sqla_compat
from sqlalchemy import CheckConstraint, Table
from sqlalchemy.sql.elements import conv

from safe_migrations import cookbook
from safe_migrations.autogenerate.changes import (
    AddCheck,
    Change,
    Execute,
    Order,
    Phase,
    Step,
)
from safe_migrations.autogenerate.place import place_of
from safe_migrations.autogenerate.rendering import condition
from safe_migrations.autogenerate.shapes import Constraint, Shape

_WORDS = {
    "c": "check",
    "f": "foreign key",
    "n": "NOT NULL",
    "p": "primary key",
    "u": "unique",
    "x": "EXCLUDE",
}
_TYPES = {"c": "check", "p": "primary", "u": "unique"}
_KEY = re.compile(
    r"(?P<kind>UNIQUE|PRIMARY KEY)(?P<nulls> NULLS NOT DISTINCT)? "
    r"(?P<columns>\([^()]*\))(?P<include> INCLUDE \([^()]*\))?(?P<timing> DEFERRABLE.*)?"
)


def compare(autogen: AutogenContext, model: Table, live: Shape, wanted: Shape) -> Iterator[Change]:
    """Find the differences of one table's constraints; foreign keys are left to Alembic."""
    table = _Table(autogen, model)
    old = {name: item for name, item in live.constraints.items() if item.kind not in "fn"}
    new = {
        name: item
        for name, item in wanted.constraints.items()
        if not table.comes_with_new_column(name, live)
    }
    removed = [item for name, item in old.items() if name not in new]
    added = [item for name, item in new.items() if name not in old]
    for item in removed:
        twin = next((one for one in added if _same(one, item)), None)
        if twin:
            added.remove(twin)
            yield table.rename(item, twin)
        else:
            yield table.remove(item)
    for item in added:
        yield table.add(item)
    for name in old.keys() & new.keys():
        if not _same(old[name], new[name]):
            yield table.replace(old[name], new[name])
        elif not old[name].is_valid:
            yield table.validate(old[name])
    for item in live.constraints.values():
        if item.kind in "fn" and not item.is_valid and "NOT ENFORCED" not in item.definition:
            yield table.validate(item)


def _same(one: Constraint, other: Constraint) -> bool:
    return (one.kind, one.definition) == (other.kind, other.definition)


class _Table:
    """Words the changes of one table's constraints."""

    def __init__(self, autogen: AutogenContext, model: Table) -> None:
        self._autogen = autogen
        self._preparer = autogen.dialect.identifier_preparer
        self._model = model
        place = place_of(model.schema, model.name, autogen.dialect)
        self._place, self._schema, self._name = place, place.schema, place.name
        self._quoted = place.quoted(autogen.dialect)
        self._said = str(place)
        self._checks = {
            sqla_compat._get_constraint_final_name(item, autogen.dialect): item  # noqa: SLF001
            for item in model.constraints
            if isinstance(item, CheckConstraint)
        }

    def comes_with_new_column(self, name: str, live: Shape) -> bool:
        """Whether a CHECK belongs to the type of a column that `add_column` is to make."""
        check = self._checks.get(name)
        return (
            check is not None
            and getattr(check, "_type_bound", False)
            and any(column.name not in live.columns for column in check.columns)
        )

    def rename(self, old: Constraint, new: Constraint) -> Change:
        there = self._alter(f"RENAME CONSTRAINT {self._quote(old.name)} TO {self._quote(new.name)}")
        back = self._alter(f"RENAME CONSTRAINT {self._quote(new.name)} TO {self._quote(old.name)}")
        detail = f"The {_WORDS[old.kind]} constraint {old.name} is {new.name} in the models."
        steps = [Step(Phase.CHANGE, [there], [back], Order.RENAME)]
        apart = [self._removal(old), *self._steps_to_add(new)]
        return Change("rename_constraint", self._said, old.name, detail, steps, apart=apart)

    def remove(self, old: Constraint) -> Change:
        detail = f"The models lack the {_WORDS[old.kind]} constraint {old.name}: {old.definition}."
        return Change("remove_constraint", self._said, old.name, detail, [self._removal(old)])

    def add(self, new: Constraint) -> Change:
        detail = (
            f"The database lacks the {_WORDS[new.kind]} constraint {new.name}: {new.definition}."
        )
        return Change("add_constraint", self._said, new.name, detail, self._steps_to_add(new))

    def replace(self, old: Constraint, new: Constraint) -> Change:
        detail = (
            f"The {_WORDS[new.kind]} constraint {new.name} is {new.definition} in the models and "
            f"{old.definition} in the database."
        )
        apart = [self._removal(old), *self._steps_to_add(new)]
        steps = apart
        if new.kind in "pu" and old.kind == new.kind and self._keeps_columns(old):
            steps = self._steps_to_add(new, instead_of=old)
        return Change("change_constraint", self._said, new.name, detail, steps, apart=apart)

    def _removal(self, old: Constraint) -> Step:
        return Step(Phase.CHANGE, [self._drop(old)], [self._restore(old)], Order.OLD_CONSTRAINT)

    def _keeps_columns(self, old: Constraint) -> bool:
        """Whether no column of it is dropped, which would take the constraint along."""
        return all(name in self._model.columns for name in old.columns)

    def validate(self, old: Constraint) -> Change:
        detail = (
            f"The {_WORDS[old.kind]} constraint {old.name} is NOT VALID in the database: "
            "rows from before it may break it."
        )
        return Change(
            "validate_constraint",
            self._said,
            old.name,
            detail,
            [cookbook.validated(self._place, old.name)],
        )

    def _steps_to_add(self, new: Constraint, instead_of: Constraint | None = None) -> list[Step]:
        if new.kind == "c":
            make: MigrateOperation = self._alter(
                f"ADD CONSTRAINT {self._quote(new.name)} {new.definition} NOT VALID"
            )
            if new.name in self._checks:
                text = condition(self._checks[new.name], self._autogen)
                make = AddCheck(self._name, new.name, text, self._schema)
            drop = self._drop(new)
            return cookbook.not_valid(self._place, new.name, make, drop, Order.NEW_CONSTRAINT)
        if new.kind in "pu" and (match := _KEY.fullmatch(new.definition)):
            return [self._key(new, match, instead_of)]
        before = [self._drop(instead_of)] if instead_of else []
        after = [self._restore(instead_of)] if instead_of else []
        make = self._alter(f"ADD CONSTRAINT {self._quote(new.name)} {new.definition}")
        step = Step(Phase.CHANGE, [*before, make], [self._drop(new), *after], Order.NEW_CONSTRAINT)
        return [step]

    def _key(self, new: Constraint, match: re.Match[str], old: Constraint | None) -> Step:
        """Build the index without a lock, then make it the constraint's."""
        index = cookbook.index_of_key(new.name, is_replaced=old is not None)
        build: MigrateOperation
        if match["include"] or match["nulls"]:
            build = Execute(
                f"CREATE UNIQUE INDEX CONCURRENTLY {self._quote(index)} "
                f"ON {self._quoted} {match['columns']}"
                f"{match['include'] or ''}{match['nulls'] or ''}"
            )
        else:
            build = CreateIndexOp(
                conv(index),
                self._name,
                list(new.columns),
                schema=self._schema,
                unique=True,
                postgresql_concurrently=True,
            )
        return cookbook.key(
            self._place,
            new.name,
            match["kind"],
            build,
            self._drop(new),
            *([self._restore(old)] if old else []),
            timing=match["timing"] or "",
            replaces=old.name if old else None,
        )

    def _drop(self, item: Constraint) -> MigrateOperation:
        return DropConstraintOp(
            conv(item.name), self._name, type_=_TYPES.get(item.kind), schema=self._schema
        )

    def _restore(self, old: Constraint) -> MigrateOperation:
        """Make it exactly as it was, down to its not having been validated."""
        state = "" if old.is_valid or "NOT ENFORCED" in old.definition else " NOT VALID"
        return self._alter(f"ADD CONSTRAINT {self._quote(old.name)} {old.definition}{state}")

    def _alter(self, action: str) -> Execute:
        return Execute(f"ALTER TABLE {self._quoted} {action}")

    def _quote(self, name: str) -> str:
        return self._preparer.quote(name)
