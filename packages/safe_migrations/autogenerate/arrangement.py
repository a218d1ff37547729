"""Puts changes into an order that Postgres takes, up and down, with all that hangs on them.

A column's type can't change below an expression that reads it, a key can't go while others refer to
it, and an enum can't lose a value that a default names. What is in the way goes first and comes
back afterwards; what no model describes is named, and nothing is written.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from alembic.operations import ops
from sqlalchemy import ARRAY, Connection, Enum, ForeignKeyConstraint

from plain_commands.errors import ConfigurationError
from safe_migrations.autogenerate import dependents, rebuilding
from safe_migrations.autogenerate.changes import Change, EnumValues, Execute, Order, Phase, Step
from safe_migrations.autogenerate.dependents import Column, Dependent
from safe_migrations.autogenerate.epochs import kinds
from safe_migrations.autogenerate.hanging import Touched, hanging
from safe_migrations.autogenerate.place import Place, place_of
from safe_migrations.autogenerate.rebuilding import Use
from safe_migrations.autogenerate.retyping import Distance, distance

_OF_CONSTRAINTS = {"remove_constraint", "change_constraint", "rename_constraint", "remove_fk"}
_OF_INDEXES = {"remove_index", "change_index", "rename_index", "rebuild_index"}
_KINDS = {
    "c": _OF_CONSTRAINTS,
    "d": {"change_column", "change_source", "change_computed", "remove_column"},
    "f": _OF_CONSTRAINTS,
    "g": {"change_computed", "remove_column"},
    "i": _OF_INDEXES,
    "p": _OF_CONSTRAINTS,
    "u": _OF_CONSTRAINTS,
    "x": _OF_CONSTRAINTS,
}
_LATER = {Phase.CHANGE: Phase.KEYS, Phase.VALIDATE: Phase.VALIDATE_KEYS}


def arranged(connection: Connection, changes: Iterable[Change]) -> list[Change]:
    """Complete the changes with what hangs on them, and bring keys behind what they refer to.

    Raises ConfigurationError when something is in the way that can't be made anew.
    """
    return _Arrangement(connection, list(changes)).all()


class _Arrangement:
    """The changes of one comparison, and what there is in the database."""

    def __init__(self, connection: Connection, changes: list[Change]) -> None:
        self._connection = connection
        self._dialect = connection.dialect
        self._quote = self._dialect.identifier_preparer.quote
        self._changes = changes
        self._there = dependents.read(connection)
        self._dropped_tables = {item.table for item in changes if item.kind == "remove_table"}
        made = [item.origin for item in changes if isinstance(item.origin, ops.CreateTableOp)]
        self._new_tables = {str(self._place(op.schema, op.table_name)) for op in made}
        self._retyped: dict[Column, Distance] = {}
        for change in changes:
            op = change.origin
            if isinstance(op, ops.AlterColumnOp) and op.modify_type is not None:
                there = distance(connection, *kinds(op, connection.dialect))
                self._retyped[change.table, change.name] = there

    def all(self) -> list[Change]:
        touched = Touched(columns=dict(self._retyped))
        touched.gone |= {item.key for item in self._there if self._loses_its_index(item)}
        touched.made_anew |= {
            (change.table, change.name)
            for change in self._changes
            if change.kind == "change_computed" and change.steps == change.apart
        }
        self._use_enums(touched)
        found = hanging(self._there, touched)
        self._refuse(touched)
        if any(item.table in self._dropped_tables for item in found):
            self._drop_tables_first()
        more = [change for item in found for change in self._part(item, touched)]
        self._free_loosened_columns()
        every = [*self._changes, *more]
        return self._keys_last(every)

    def _change_of(self, item: Dependent) -> Change | None:
        """Find the change that concerns it already."""
        name = (item.table, item.name)
        found = (one for one in self._changes if (one.table, one.name) == name)
        return next((one for one in found if one.kind in _KINDS[item.kind]), None)

    def _loses_its_index(self, item: Dependent) -> bool:
        if item.kind not in "piu" or item.table in self._dropped_tables:
            return False
        change = self._change_of(item)
        return change is not None and change.kind.startswith(("remove_", "change_"))

    def _use_enums(self, touched: Touched) -> None:
        """Write the steps of enums with other values."""
        for change in self._changes:
            values = change.origin
            if not isinstance(values, EnumValues):
                continue
            columns = rebuilding.uses(self._connection, values)
            if values.only_adds:
                change.steps = (self._extended(values, columns),)
                continue
            staying = [use for use in columns if self._stays(use, values)]
            touched.types.add(values.oid)
            touched.columns.update((use.column, Distance.FAR) for use in columns)
            if any(use.table in self._dropped_tables for use in columns):
                self._drop_tables_first()
            computed = {(item.table, item.name) for item in self._there if item.kind == "g"}
            kept = [use for use in staying if use.column not in computed]
            change.steps = (rebuilding.rebuilt(values, kept, self._dialect),)

    def _extended(self, values: EnumValues, columns: list[Use]) -> Step:
        touched = Touched({use.column: Distance.FAR for use in columns}, {values.oid})
        found = hanging(self._there, touched)
        computed = {(item.table, item.name) for item in found if item.kind == "g"}
        kept = [use for use in columns if use.column not in computed]
        in_the_way = dependents.others(
            self._connection, touched.columns.keys() | touched.made_anew, touched.types
        )
        return rebuilding.extended(values, kept, found, in_the_way, self._dialect)

    def _stays(self, use: Use, values: EnumValues) -> bool:
        """Whether a column is still of the type when that is made anew; see to it that it goes."""
        if use.table in self._dropped_tables:
            return False
        for change in (one for one in self._changes if (one.table, one.name) == use.column):
            op = change.origin
            if change.kind == "change_computed" and change.steps == change.apart:
                return False
            if isinstance(op, ops.DropColumnOp):
                if change.order is Order.OLD_COLUMN:
                    change.order = Order.COLUMN_IN_THE_WAY
                return False
            if isinstance(op, ops.AlterColumnOp) and op.modify_type is not None:
                kind: Any = op.modify_type
                kind = kind.item_type if isinstance(kind, ARRAY) else kind
                if isinstance(kind, Enum) and self._place(kind.schema, kind.name) == values.place:
                    return True
                change.steps = tuple(
                    replace(step, order=Order.TYPE_LEFT) if step.order is Order.RETYPE else step
                    for step in change.steps
                )
                return False
        return True

    def _refuse(self, touched: Touched) -> None:
        """Refuse what can't be made anew, by name."""
        columns = touched.columns.keys() | touched.made_anew
        columns = {column for column in columns if column[0] not in self._dropped_tables}
        in_the_way = dependents.others(self._connection, columns, touched.types)
        if in_the_way:
            names = " and ".join(in_the_way)
            message = (
                f"Postgres refuses to change what {names} depends on, and no model describes "
                "that. Write a revision that drops it (`flask db revision`), upgrade, then run "
                "migrate again, and create it again in a last revision."
            )
            raise ConfigurationError(message, in_the_way=in_the_way)

    def _drop_tables_first(self) -> None:
        for change in self._changes:
            if change.table in self._dropped_tables and change.kind != "remove_fk":
                change.order = Order.TABLE_IN_THE_WAY

    def _part(self, item: Dependent, touched: Touched) -> Iterator[Change]:
        """Let a dependent be gone while a column gets its type."""
        if item.table in self._dropped_tables:
            return
        change = self._change_of(item)
        if change is not None and self._concerns(change, item):
            change.steps = change.apart or change.steps
            return
        if not self._needs_parting(item, touched):
            return
        gone, back = item.orders
        drop = [Execute(sql) for sql in item.drop(self._quote)]
        make = [Execute(sql) for sql in item.make(self._quote)]
        phase = Phase.CHANGE
        if item.kind == "f" and item.key in touched.gone:
            phase = Phase.KEYS
        again = make
        later: list[Step] = []
        if item.kind in "cf" and item.is_valid:
            again = [Execute(f"{sql} NOT VALID") for sql in item.make(self._quote)]
            validate = f"ALTER TABLE {item.quoted} VALIDATE CONSTRAINT {self._quote(item.name)}"
            when = Phase.VALIDATE if phase is Phase.CHANGE else Phase.VALIDATE_KEYS
            later = [Step(when, [Execute(validate)])]
        steps = [
            Step(Phase.CHANGE, drop, make, gone),
            Step(phase, again, drop, back),
            *later,
        ]
        yield Change("make_anew", item.table, item.name, "", steps)

    def _concerns(self, change: Change, item: Dependent) -> bool:
        """Whether a change takes the old away by itself, or can."""
        if item.kind != "d" or not isinstance(change.origin, ops.AlterColumnOp):
            return True
        return bool(change.apart) or change.origin.modify_type is not None

    def _needs_parting(self, item: Dependent, touched: Touched) -> bool:
        """Whether what stays the same in words is in the way."""
        return item.kind == "g" or touched.is_far(item)

    def _free_loosened_columns(self) -> None:
        """Drop a primary key first where one of its columns may be NULL afterwards."""
        loosened = {
            (change.table, change.name)
            for change in self._changes
            if isinstance(change.origin, ops.AlterColumnOp) and change.origin.modify_nullable
        }
        for item in self._there:
            change = self._change_of(item) if item.kind == "p" else None
            if change and change.apart and loosened & item.columns:
                change.steps = change.apart

    def _keys_last(self, changes: list[Change]) -> list[Change]:
        """Bring foreign keys behind the unique indexes that they need."""
        staying = {
            (item.table, frozenset(name for _, name in item.columns))
            for item in self._there
            if item.kind in "piu" and not self._loses_its_index(item)
        }
        for change in list(changes):
            op = change.origin
            if isinstance(op, ops.CreateForeignKeyOp):
                table = str(self._place(op.kw.get("referent_schema"), op.referent_table))
                if not self._has_key((table, op.remote_cols), staying):
                    change.steps = tuple(
                        replace(step, phase=_LATER[step.phase]) for step in change.steps
                    )
            elif isinstance(op, ops.CreateTableOp):
                changes += self._parted_keys(op, staying)
        return changes

    def _has_key(self, target: tuple[str, Any], staying: set[tuple[str, frozenset[str]]]) -> bool:
        table, columns = target
        return table in self._new_tables or (table, frozenset(map(str, columns))) in staying

    def _parted_keys(
        self, op: ops.CreateTableOp, staying: set[tuple[str, frozenset[str]]]
    ) -> Iterator[Change]:
        for key in [item for item in op.columns if isinstance(item, ForeignKeyConstraint)]:
            schema, table, _ = key.elements[0]._column_tokens  # noqa: SLF001  known also of a table that was never read
            columns = [element._column_tokens[2] for element in key.elements]  # noqa: SLF001
            if self._has_key((str(self._place(schema, table)), columns), staying):
                continue
            op.columns = [item for item in op.columns if item is not key]
            make = ops.CreateForeignKeyOp.from_constraint(key)
            steps = [Step(Phase.KEYS, [make], [make.reverse()])]
            table = str(self._place(op.schema, op.table_name))
            yield Change("add_fk", table, str(key.name), "", steps)

    def _place(self, schema: str | None, name: Any) -> Place:
        return place_of(schema, name, self._dialect)
