"""Compares where a column's values come from: sequences, identity, generated expressions."""

from collections.abc import Iterator

from alembic.autogenerate.api import AutogenContext
from alembic.operations.ops import AddColumnOp, DropColumnOp, MigrateOperation
from sqlalchemy import Table

from service.schema.autogenerate.changes import Change, Execute, Phase, Step
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
            if (old.generated, old.expression) != (new.generated, new.expression):
                yield table.generate(old, new)
        elif old.source != new.source and {old.source, new.source} & {"serial", "identity"}:
            yield table.feed(old, new)


class _Table:
    """Words the changes of one table's columns."""

    def __init__(self, autogen: AutogenContext, model: Table) -> None:
        self._quote = autogen.dialect.identifier_preparer.quote
        self._model = model
        self._name = str(model.name)
        connection = autogen.connection
        version = connection.dialect.server_version_info if connection else None
        self._sets_expressions = int((version or (0,))[0]) >= _SET_EXPRESSION_SINCE

    def feed(self, old: Column, new: Column) -> Change:
        detail = (
            f"The column {self._name}.{new.name} has {_WORDS[new.source]} in the models and "
            f"{_WORDS[old.source]} in the database."
        )
        up = [*self._leave(old), *self._enter(new)]
        down = [*self._leave(new), *self._enter(old)]
        return Change("change_source", self._name, new.name, detail, [Step(Phase.CHANGE, up, down)])

    def generate(self, old: Column, new: Column) -> Change:
        detail = (
            f"The column {self._name}.{new.name} is {_expression(new)} in the models and "
            f"{_expression(old)} in the database."
        )
        up: list[MigrateOperation]
        down: list[MigrateOperation]
        if self._sets_expressions and old.generated == new.generated:
            up, down = [self._set_expression(new)], [self._set_expression(old)]
        else:
            # The values follow from other columns: nothing is lost that could not be made again.
            up = [
                DropColumnOp(self._name, new.name),
                AddColumnOp.from_column_and_tablename(None, self._name, self._model.c[new.name]),
            ]
            down = [DropColumnOp(self._name, new.name), self._add(old)]
        return Change(
            "change_computed", self._name, new.name, detail, [Step(Phase.CHANGE, up, down)]
        )

    def _set_expression(self, column: Column) -> Execute:
        return self._alter(column, f"SET EXPRESSION AS ({column.expression})")

    def _add(self, column: Column) -> Execute:
        words = [f"ALTER TABLE {self._quote(self._name)} ADD COLUMN {self._quote(column.name)}"]
        words.append(column.type)
        if column.generated:
            kind = "STORED" if column.generated == "s" else "VIRTUAL"
            words.append(f"GENERATED ALWAYS AS ({column.expression}) {kind}")
        elif column.expression is not None:
            words.append(f"DEFAULT {column.expression}")
        return Execute(" ".join(words))

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


def _expression(column: Column) -> str:
    if not column.generated:
        return "not computed"
    return f"computed as {column.expression}" + ("" if column.generated == "s" else " (virtual)")
