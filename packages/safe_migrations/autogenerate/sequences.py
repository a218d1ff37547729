"""Compares the sequences that models describe, which Alembic leaves alone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from alembic.autogenerate.api import AutogenContext
from sqlalchemy import text
from sqlalchemy.schema import CreateSequence

from safe_migrations.autogenerate import declared
from safe_migrations.autogenerate.changes import Change, Execute, Order, Phase, Step
from safe_migrations.autogenerate.declared import Declared
from safe_migrations.autogenerate.numbering import (
    alteration,
    continued,
    creation,
    difference,
    lifted,
    literal,
)
from safe_migrations.autogenerate.place import Place, place_of
from safe_migrations.autogenerate.shapes import Numbers
from safe_migrations.autogenerate.twin import Twins, twins

_SEQUENCES = text("""
    SELECT n.nspname::text, c.relname::text,
           EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = c.oid
                   AND deptype IN ('a', 'i')),
           ARRAY(SELECT ARRAY[un.nspname::text, t.relname::text, a.attname::text]
                 FROM pg_depend u JOIN pg_attrdef d ON d.oid = u.objid
                 JOIN pg_class t ON t.oid = d.adrelid
                 JOIN pg_namespace un ON un.oid = t.relnamespace
                 JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.adnum
                 WHERE u.classid = 'pg_attrdef'::regclass AND u.refobjid = c.oid),
           q.seqtypid::regtype::text, q.seqstart, q.seqincrement, q.seqmin, q.seqmax, q.seqcache,
           q.seqcycle
    FROM pg_sequence q JOIN pg_class c ON c.oid = q.seqrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = ANY (:schemas)
      AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = c.oid AND deptype = 'e')
    ORDER BY 1, 2
""")
_WHOLE_NUMBERS = {"smallint", "integer", "bigint"}


@dataclass(frozen=True, slots=True)
class _Live:
    """A sequence of the database; `uses` are the columns whose defaults take its numbers."""

    is_owned: bool
    uses: tuple[tuple[Place, str], ...]
    numbers: Numbers


def compare(autogen: AutogenContext, there: set[str | None]) -> Iterator[Change]:
    """Find sequences that one side lacks, and those that give other numbers."""
    assert autogen.connection is not None  # noqa: S101  there is no comparison without one
    dialect = autogen.connection.dialect
    wanted = declared.sequences(autogen.metadata, dialect)
    schemas = {schema or dialect.default_schema_name for schema in there}
    schemas |= {place.schema for place in wanted if place.schema}
    live: dict[Place, _Live] = {}
    for schema, name, is_owned, uses, *numbers in autogen.connection.execute(
        _SEQUENCES, {"schemas": list(schemas)}
    ):
        columns = tuple((place_of(at, table, dialect), column) for at, table, column in uses)
        live[place_of(schema, name, dialect)] = _Live(is_owned, columns, Numbers(*numbers))
    comparing = _Comparing(autogen, twins(autogen))
    for place in sorted(wanted.keys() - live.keys(), key=str):
        yield comparing.add(place, wanted[place])
    for place in sorted(live.keys() - wanted.keys(), key=str):
        if place.schema in there and comparing.is_left_over(place, live[place]):
            yield comparing.remove(place, live[place])
    for place in sorted(live.keys() & wanted.keys(), key=str):
        old, new = live[place].numbers, comparing.made.sequences.get(place)
        if wanted[place].model is not None and new is not None and old != new:
            yield comparing.renumber(place, old, new)


class _Comparing:
    """Words the changes of sequences."""

    def __init__(self, autogen: AutogenContext, made: Twins) -> None:
        assert autogen.dialect is not None  # noqa: S101  there is a connection
        self._autogen = autogen
        self._dialect = autogen.dialect
        self.made = made

    def add(self, place: Place, new: Declared) -> Change:
        name = place.quoted(self._dialect)
        create = f"CREATE SEQUENCE {name}"
        if new.model is not None:
            create = str(CreateSequence(new.model).compile(dialect=self._dialect)).strip()
        columns = [
            (place_of(column.table.schema, column.table.name, self._dialect), str(column.name))
            for column in new.columns
        ]
        up = [create, *self._continuations(name, columns, self.made.sequences.get(place))]
        detail = f"The database lacks the sequence {place}."
        steps = [Step(Phase.CHANGE, [*map(Execute, up)], [Execute(f"DROP SEQUENCE {name}")])]
        # Before new tables, and behind renames, which come first among what has their order.
        return Change("add_sequence", "", str(place), detail, steps, order=Order.RENAME)

    def remove(self, place: Place, old: _Live) -> Change:
        name = place.quoted(self._dialect)
        back = [
            creation(name, old.numbers),
            *self._continuations(name, old.uses, old.numbers),
        ]
        detail = f"The models lack the sequence {place}."
        steps = [Step(Phase.CHANGE, [Execute(f"DROP SEQUENCE {name}")], [*map(Execute, back)])]
        return Change("remove_sequence", "", str(place), detail, steps, order=Order.OLD_TYPE)

    def renumber(self, place: Place, old: Numbers, new: Numbers) -> Change:
        name = place.quoted(self._dialect)
        up = [*lifted(literal(name), old, new), alteration(name, old, new)]
        down = [*lifted(literal(name), new, old), alteration(name, new, old)]
        detail = f"The sequence {place} differs in the models: {difference(old, new)}."
        steps = [Step(Phase.CHANGE, [*map(Execute, up)], [*map(Execute, down)])]
        return Change("change_sequence", "", str(place), detail, steps)

    def is_left_over(self, place: Place, old: _Live) -> bool:
        """Whether neither a model nor what other applications have needs it."""
        if old.is_owned or not self._is_ours(place):
            return False
        for table, column in old.uses:
            pair = self.made.pair(table)
            wanted = pair[1].columns.get(column) if pair else None
            if not self._is_ours(table) or (wanted and wanted.source == "serial"):
                return False
        return True

    def _is_ours(self, place: Place) -> bool:
        """Whether it is neither in a schema nor of a name that is left to others."""
        filters = self._autogen.run_name_filters
        return filters(place.schema, "schema", {}) and filters(
            place.name, "table", {"schema_name": place.schema}
        )

    def _continuations(
        self, name: str, columns: Sequence[tuple[Place, str]], numbers: Numbers | None
    ) -> Iterator[str]:
        """Let a new sequence go on behind the values that columns have already."""
        for table, column in columns:
            pair = self.made.pair(table)
            sides = [side.columns[column] for side in pair or () if column in side.columns]
            if len(sides) == 2 and {side.type for side in sides} <= _WHOLE_NUMBERS:  # noqa: PLR2004  both
                quoted = self._dialect.identifier_preparer.quote(column)
                yield continued(literal(name), table.quoted(self._dialect), quoted, numbers)
