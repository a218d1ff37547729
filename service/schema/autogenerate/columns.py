"""Compares where a column's values come from: sequences, identity, generated expressions."""

from collections.abc import Iterator
from typing import Any

from alembic.autogenerate.api import AutogenContext
from alembic.operations.ops import AddColumnOp, DropColumnOp, MigrateOperation
from sqlalchemy import Enum, Table

from service.schema.autogenerate.changes import Change, Execute, Order, Phase, Step
from service.schema.autogenerate.twin import Column, Shape

_SET_EXPRESSION_SINCE = 17
_WORDS = {
    "none": "no default",
    "default": "a default",
    "serial": "a sequence of its own",
    "identity": "an identity",
}


def compare(autogen: AutogenContext, model: Table, live: Shape, wanted: Shape) -> Iterator[Change]:
    """Find the differences that Alembic's comparison of defaults doesn't see or can't mend."""
    table = _Table(autogen, model)
    for name in (name for name in wanted.columns if name in live.columns):
        old, new = live.columns[name], wanted.columns[name]
        if "generated" in (old.source, new.source):
            if _computing(old) != _computing(new):
                yield table.generate(old, new)
        elif old.source != new.source and {old.source, new.source} & {"serial", "identity"}:
            yield table.feed(old, new)


class _Table:
    """Words the changes of one table's columns."""

    def __init__(self, autogen: AutogenContext, model: Table) -> None:
        self._quote = autogen.dialect.identifier_preparer.quote
        self._model = model
        self._name = str(model.name)
        every = autogen.inspector.get_columns(self._name)
        self._there = {str(column["name"]): column for column in every}
        connection = autogen.connection
        version = connection.dialect.server_version_info if connection else None
        self._sets_expressions = int((version or (0,))[0]) >= _SET_EXPRESSION_SINCE

    def feed(self, old: Column, new: Column) -> Change:
        detail = (
            f"The column {self._name}.{new.name} has {_WORDS[new.source]} in the models and "
            f"{_WORDS[old.source]} in the database."
        )
        steps = [
            Step(Phase.CHANGE, self._leave(old), self._enter(old), Order.OLD_SOURCE),
            Step(Phase.CHANGE, self._enter(new), self._leave(new), Order.NEW_SOURCE),
        ]
        return Change("change_source", self._name, new.name, detail, steps)

    def generate(self, old: Column, new: Column) -> Change:
        detail = (
            f"The column {self._name}.{new.name} is {_expression(new)} in the models and "
            f"{_expression(old)} in the database."
        )
        kept = (old.type, old.collation) == (new.type, new.collation)
        kind: Any = self._model.c[new.name].type
        is_enum = isinstance(getattr(kind, "item_type", kind), Enum)
        # An enum may be made anew at the same time.
        steps = apart = self._made_anew(old, new, keeps_type=kept and not is_enum)
        if self._sets_expressions and kept and old.generated == new.generated:
            there, back = self._set_expression(new), self._set_expression(old)
            steps = [Step(Phase.CHANGE, [there], [back], Order.NEW_COMPUTED)]
        return Change("change_computed", self._name, new.name, detail, steps, apart=apart)

    def _made_anew(self, old: Column, new: Column, *, keeps_type: bool) -> list[Step]:
        """Drop it and add it: what is computed can be made again. What was, stays as it is."""
        # What others are computed of goes after these, and comes before them.
        gone = Order.OLD_COMPUTED if old.generated else Order.OLD_SOURCE
        come = Order.NEW_COMPUTED if new.generated else Order.OTHER
        drop, add = DropColumnOp(self._name, new.name), self._new(new)
        stay = self._alter(new, "DROP EXPRESSION")
        if keeps_type and new.generated == "s" and not old.generated:
            return [
                Step(Phase.CHANGE, [drop], self._enter(old), gone),
                Step(Phase.CHANGE, [add], [stay, *self._as_required(old)], come),
            ]
        if keeps_type and old.generated == "s" and not new.generated:
            return [
                Step(Phase.CHANGE, [stay], [drop, *self._add(old)], gone),
                Step(Phase.CHANGE, self._enter(new), self._leave(new), Order.NEW_SOURCE),
            ]
        return [
            Step(Phase.CHANGE, [drop], self._add(old), gone),
            Step(Phase.CHANGE, [add], [drop], come),
        ]

    def _as_required(self, old: Column) -> list[Execute]:
        is_nullable = self._there[old.name]["nullable"]
        return [] if is_nullable else [self._alter(old, "SET NOT NULL")]

    def _new(self, new: Column) -> AddColumnOp:
        column = self._model.c[new.name]
        if not new.generated and self._there[new.name]["nullable"] and not column.nullable:
            # A step of its own makes it NOT NULL, when older rows have their values.
            column = column._copy()  # noqa: SLF001  SQLAlchemy's copy() is gone, Alembic does so, too
            column.nullable = True
        return AddColumnOp.from_column_and_tablename(None, self._name, column)

    def _set_expression(self, column: Column) -> Execute:
        return self._alter(column, f"SET EXPRESSION AS ({column.expression})")

    def _add(self, column: Column) -> list[Execute]:
        words = [f"ALTER TABLE {self._quote(self._name)} ADD COLUMN {self._quote(column.name)}"]
        words.append(column.type)
        if column.collation:
            words.append(f"COLLATE {column.collation}")
        if column.generated:
            kind = "STORED" if column.generated == "s" else "VIRTUAL"
            words.append(f"GENERATED ALWAYS AS ({column.expression}) {kind}")
        elif column.expression is not None:
            words.append(f"DEFAULT {column.expression}")
        there = self._there[column.name]
        if not there["nullable"]:
            words.append("NOT NULL")
        added = [Execute(" ".join(words))]
        if comment := there.get("comment"):
            place = f"{self._quote(self._name)}.{self._quote(column.name)}"
            added.append(Execute(f"COMMENT ON COLUMN {place} IS {_literal(comment)}"))
        return added

    def _leave(self, column: Column) -> list[MigrateOperation]:
        match column.source:
            case "default":
                return [self._alter(column, "DROP DEFAULT")]
            case "serial":
                return [
                    self._alter(column, "DROP DEFAULT"),
                    Execute(f"DROP SEQUENCE {self._sequence(column)}"),
                ]
            case "identity":
                return [self._alter(column, "DROP IDENTITY")]
        return []

    def _enter(self, column: Column) -> list[MigrateOperation]:
        match column.source:
            case "default":
                return [self._alter(column, f"SET DEFAULT {column.expression}")]
            case "serial":
                sequence = self._sequence(column)
                owner = f"{self._quote(self._name)}.{self._quote(column.name)}"
                return [
                    Execute(f"CREATE SEQUENCE {sequence} AS {column.type} OWNED BY {owner}"),
                    self._alter(column, f"SET DEFAULT nextval({_literal(sequence)})"),
                    self._continue(column),
                ]
            case "identity":
                when = "ALWAYS" if column.identity == "a" else "BY DEFAULT"
                return [
                    self._alter(column, f"ADD GENERATED {when} AS IDENTITY"),
                    self._continue(column),
                ]
        return []

    def _continue(self, column: Column) -> Execute:
        """Let a new sequence go on after the highest value there is."""
        table, name = self._quote(self._name), self._quote(column.name)
        sequence = f"pg_get_serial_sequence({_literal(table)}, {_literal(column.name)})"
        return Execute(
            f"SELECT setval({sequence}, "  # noqa: S608  quoted
            f"coalesce(max({name}), 0) + 1, false) FROM {table}"
        )

    def _sequence(self, column: Column) -> str:
        return (column.sequence or "").rpartition(".")[2]

    def _alter(self, column: Column, action: str) -> Execute:
        return Execute(
            f"ALTER TABLE {self._quote(self._name)} "
            f"ALTER COLUMN {self._quote(column.name)} {action}"
        )


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _computing(column: Column) -> tuple[object, ...]:
    return column.generated, column.expression, column.type, column.collation


def _expression(column: Column) -> str:
    if not column.generated:
        return "not computed"
    return f"computed as {column.expression}" + ("" if column.generated == "s" else " (virtual)")
