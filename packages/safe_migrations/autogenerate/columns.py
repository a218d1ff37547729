"""Compares where a column's values come from: sequences, identity, generated expressions."""

from collections.abc import Iterator
from typing import Any

from alembic.autogenerate.api import AutogenContext
from alembic.operations.ops import AddColumnOp, DropColumnOp, MigrateOperation
from sqlalchemy import Enum, Table

from safe_migrations.autogenerate import declared
from safe_migrations.autogenerate.changes import Change, Execute, Order, Phase, Step
from safe_migrations.autogenerate.numbering import (
    alteration,
    continued,
    creation,
    difference,
    lifted,
    literal,
    options,
)
from safe_migrations.autogenerate.place import place_of
from safe_migrations.autogenerate.shapes import Column, Numbers, Shape

_SET_EXPRESSION_SINCE = 17
_WORDS = {
    "none": "no default",
    "default": "a default",
    "serial": "a sequence of its own",
    "idle": "a sequence of its own that gives it no value",
    "identity": "an identity",
}


def compare(autogen: AutogenContext, model: Table, live: Shape, wanted: Shape) -> Iterator[Change]:
    """Find the differences that Alembic's comparison of defaults doesn't see or can't mend."""
    table = _Table(autogen, model)
    used = {item.sequence for item in live.columns.values() if item.source == "default"}
    for name in (name for name in wanted.columns if name in live.columns):
        old, new = live.columns[name], wanted.columns[name]
        sources = {old.source, new.source}
        if "generated" in sources:
            if _computing(old) != _computing(new):
                checks = [item for item in live.constraints.values() if item.kind == "c"]
                yield table.generate(old, new, has_checks=bool(checks))
        elif old.source == new.source in {"serial", "identity"}:
            yield from table.renumber(old, new)
        elif new.source == "serial" and old.source == "default" and old.sequence:
            yield table.own(old, new)
        elif old.source == "serial" and old.expression == new.expression:
            # Models can't say who owns a sequence of theirs.
            continue
        elif old.source == "idle" and old.sequence in used:
            # It is the sequence of another column, which that one is to own.
            continue
        elif old.source != new.source and sources & {"serial", "idle", "identity"}:
            yield table.feed(old, new)


class _Table:
    """Words the changes of one table's columns."""

    def __init__(self, autogen: AutogenContext, model: Table) -> None:
        self._autogen = autogen
        self._quote = autogen.dialect.identifier_preparer.quote
        self._model = model
        place = place_of(model.schema, model.name, autogen.dialect)
        self._schema, self._name, self._said = place.schema, place.name, str(place)
        self._quoted = place.quoted(autogen.dialect)
        every = autogen.inspector.get_columns(self._name, schema=self._schema)
        self._there = {str(column["name"]): column for column in every}
        connection = autogen.connection
        version = connection.dialect.server_version_info if connection else None
        self._sets_expressions = int((version or (0,))[0]) >= _SET_EXPRESSION_SINCE

    def feed(self, old: Column, new: Column) -> Change:
        steps = [
            Step(Phase.CHANGE, self._leave(old), self._enter(old), Order.OLD_SOURCE),
            Step(Phase.CHANGE, self._enter(new), self._leave(new), Order.NEW_SOURCE),
        ]
        return Change("change_source", self._said, new.name, self._words(old, new), steps)

    def _words(self, old: Column, new: Column) -> str:
        return (
            f"The column {self._said}.{new.name} has {_WORDS[new.source]} in the models and "
            f"{_WORDS[old.source]} in the database."
        )

    def own(self, old: Column, new: Column) -> Change:
        """Let a column own the sequence that its default uses already."""
        up = [*self._renumbered(old, old.numbers, new.numbers), self._owned(old)]
        down = [self._owned(old, by_none=True), *self._renumbered(old, new.numbers, old.numbers)]
        steps = [Step(Phase.CHANGE, up, down, Order.NEW_SOURCE)]
        return Change("change_source", self._said, new.name, self._words(old, new), steps)

    def renumber(self, old: Column, new: Column) -> Iterator[Change]:
        """Change the sequence of a column, as far as the change of its type has not done that."""
        assert old.numbers is not None and new.numbers is not None  # noqa: S101, PT018  both have
        is_identity = new.source == "identity"
        are_same = old.numbers == new.numbers
        if is_identity:
            are_same = old.identity == new.identity and not [*options(old.numbers, new.numbers)]
        if are_same:
            return
        said = difference(old.numbers, new.numbers)
        if old.identity != new.identity:
            always = "always" if new.identity == "a" else "only where none is given"
            said = f"its numbers are taken {always}{', ' if said else ''}{said}"
        detail = (
            f"The sequence of the column {self._said}.{new.name} differs in the models: {said}."
        )
        there, back = (
            [self._reidentified(old, new), self._reidentified(new, old)]
            if is_identity
            else [
                self._renumbered(old, old.numbers, new.numbers),
                self._renumbered(old, new.numbers, old.numbers),
            ]
        )
        step = Step(Phase.CHANGE, there, back, Order.NEW_SOURCE)
        yield Change("change_sequence", self._said, new.name, detail, [step])

    def _renumbered(self, at: Column, old: Numbers | None, new: Numbers | None) -> list[Execute]:
        if old is None or new is None or old == new or at.sequence is None:
            return []
        lifting = lifted(literal(at.sequence), old, new)
        return [Execute(sql) for sql in [*lifting, alteration(at.sequence, old, new)]]

    def _reidentified(self, old: Column, new: Column) -> list[Execute]:
        assert old.numbers is not None and new.numbers is not None  # noqa: S101, PT018  both have
        words = [f"SET {option}" for option in options(old.numbers, new.numbers)]
        if old.identity != new.identity:
            words.insert(0, f"SET GENERATED {'ALWAYS' if new.identity == 'a' else 'BY DEFAULT'}")
        lifting = lifted(self._own_sequence(new), old.numbers, new.numbers)
        return [*map(Execute, lifting), self._alter(new, " ".join(words))]

    def _owned(self, column: Column, *, by_none: bool = False) -> Execute:
        owner = "NONE" if by_none else f"{self._quoted}.{self._quote(column.name)}"
        return Execute(f"ALTER SEQUENCE {column.sequence} OWNED BY {owner}")

    def generate(self, old: Column, new: Column, *, has_checks: bool) -> Change:
        detail = (
            f"The column {self._said}.{new.name} is {_expression(new)} in the models and "
            f"{_expression(old)} in the database."
        )
        kept = (old.type, old.collation) == (new.type, new.collation)
        kind: Any = self._model.c[new.name].type
        is_enum = isinstance(getattr(kind, "item_type", kind), Enum)
        # An enum may be made anew at the same time.
        steps = apart = self._made_anew(old, new, keeps_type=kept and not is_enum)
        # PostgreSQL 18 refuses that for virtual columns of tables with CHECKs.
        may_be_set = self._sets_expressions and not (new.generated == "v" and has_checks)
        if may_be_set and kept and old.generated == new.generated:
            there, back = self._set_expression(new), self._set_expression(old)
            steps = [Step(Phase.CHANGE, [there], [back], Order.NEW_COMPUTED)]
        return Change("change_computed", self._said, new.name, detail, steps, apart=apart)

    def _made_anew(self, old: Column, new: Column, *, keeps_type: bool) -> list[Step]:
        """Drop it and add it: what is computed can be made again. What was, stays as it is."""
        # What others are computed of goes after these, and comes before them.
        gone = Order.OLD_COMPUTED if old.generated else Order.OLD_SOURCE
        come = Order.NEW_COMPUTED if new.generated else Order.OTHER
        drop = DropColumnOp(self._name, new.name, schema=self._schema)
        add = self._new(new)
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
        return AddColumnOp.from_column_and_tablename(self._schema, self._name, column)

    def _set_expression(self, column: Column) -> Execute:
        return self._alter(column, f"SET EXPRESSION AS ({column.expression})")

    def _add(self, column: Column) -> list[Execute]:
        words = [f"ALTER TABLE {self._quoted} ADD COLUMN {self._quote(column.name)}"]
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
            place = f"{self._quoted}.{self._quote(column.name)}"
            added.append(Execute(f"COMMENT ON COLUMN {place} IS {literal(comment)}"))
        return added

    def _leave(self, column: Column) -> list[MigrateOperation]:
        match column.source:
            case "default":
                return [self._alter(column, "DROP DEFAULT")]
            case "serial" | "idle" if self._is_of_models(column):
                return [self._alter(column, "DROP DEFAULT"), self._owned(column, by_none=True)]
            case "serial" | "idle":
                return [
                    self._alter(column, "DROP DEFAULT"),
                    Execute(f"DROP SEQUENCE {column.sequence}"),
                ]
            case "identity":
                return [self._alter(column, "DROP IDENTITY")]
        return []

    def _enter(self, column: Column) -> list[MigrateOperation]:
        value = column.expression
        default: list[MigrateOperation] = []
        if value is not None:
            default = [self._alter(column, f"SET DEFAULT {value}")]
        match column.source:
            case "serial" | "idle" if self._is_of_models(column):
                return [self._owned(column), *default]
            case "serial" | "idle":
                assert column.sequence is not None and column.numbers is not None  # noqa: S101, PT018  it owns one
                if column.source == "serial":
                    default = [
                        self._alter(column, f"SET DEFAULT nextval({literal(column.sequence)})")
                    ]
                return [
                    Execute(creation(column.sequence, column.numbers)),
                    self._owned(column),
                    *default,
                    self._continue(column),
                ]
            case "identity":
                when = "ALWAYS" if column.identity == "a" else "BY DEFAULT"
                return [
                    self._alter(column, f"ADD GENERATED {when} AS IDENTITY{self._options(column)}"),
                    self._continue(column),
                ]
        return default

    def _options(self, column: Column) -> str:
        assert column.numbers is not None  # noqa: S101  an identity has some
        words = creation("", column.numbers).split(f" AS {column.numbers.type}", 1)[1].strip()
        return f" ({words})" if words else ""

    def _continue(self, column: Column) -> Execute:
        """Let a new sequence go on after the highest value there is."""
        sequence = self._own_sequence(column)
        return Execute(continued(sequence, self._quoted, self._quote(column.name), column.numbers))

    def _own_sequence(self, column: Column) -> str:
        return f"pg_get_serial_sequence({literal(self._quoted)}, {literal(column.name)})"

    def _is_of_models(self, column: Column) -> bool:
        """Whether the models describe the sequence, so that it is not the column's alone."""
        places = declared.sequences(self._autogen.metadata, self._autogen.dialect)
        return (column.sequence or "").replace('"', "") in {str(place) for place in places}

    def _alter(self, column: Column, action: str) -> Execute:
        return Execute(
            f"ALTER TABLE {self._quoted} ALTER COLUMN {self._quote(column.name)} {action}"
        )


def _computing(column: Column) -> tuple[object, ...]:
    return column.generated, column.expression, column.type, column.collation


def _expression(column: Column) -> str:
    if not column.generated:
        return "not computed"
    return f"computed as {column.expression}" + ("" if column.generated == "s" else " (virtual)")
