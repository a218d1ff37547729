"""Pairs of model sets at random: the second has much of the first, and some of it changed."""

from dataclasses import dataclass, field
from functools import cache
from typing import Any

from hypothesis import strategies as st
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    Date,
    DateTime,
    Enum,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    Numeric,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from tests.safe_migrations.autogenerate.cases import METADATA

TABLES = ("hosts", "stays", "order")
COLUMNS = ("a", "b", "c", "Kind", "end")
VALUES = ("new", "it's", "old", "gone")


@dataclass(frozen=True, slots=True)
class Kind:
    """A type, and SQL that it can be used in: `{}` is the column, `{v}` a value of an enum."""

    make: Any
    default: str
    conditions: tuple[str, ...]
    expression: str
    computed: Any = None
    family: str = "other"


_WORDS: dict[str, Any] = {
    "default": "'x'",
    "conditions": ("length({}) > 0", "{} <> 'b'", "{} IN ('a', 'b')"),
    "expression": "lower({})",
    "computed": Text(),
    "family": "words",
}
_NUMBERS: dict[str, Any] = {
    "default": "7",
    "conditions": ("{} > 0", "{} <> 5"),
    "expression": "({} + 1)",
    "computed": BigInteger(),
    "family": "numbers",
}
_TIMES: dict[str, Any] = {"conditions": ("{} > '2000-01-01'",), "family": "times"}
KINDS = {
    "text": Kind(Text, **_WORDS),
    "short": Kind(lambda: String(20), **_WORDS),
    "long": Kind(lambda: String(40), **_WORDS),
    "C": Kind(lambda: Text(collation="C"), **_WORDS),
    "small": Kind(SmallInteger, **_NUMBERS),
    "integer": Kind(Integer, **_NUMBERS),
    "bigint": Kind(BigInteger, **_NUMBERS),
    "numeric": Kind(lambda: Numeric(8, 2), **_NUMBERS),
    "boolean": Kind(Boolean, "false", ("{}", "NOT {}"), "(NOT {})", Boolean()),
    "moment": Kind(
        lambda: DateTime(timezone=True), "now()", expression="date_part('epoch', {})", **_TIMES
    ),
    "local": Kind(DateTime, "'2026-01-01'", expression="date_trunc('day', {})", **_TIMES),
    "day": Kind(Date, "'2026-01-01'", expression="({} + 1)", **_TIMES),
    "uuid": Kind(Uuid, "gen_random_uuid()", ("{} IS NOT NULL",), "({}::text)", Text()),
    "json": Kind(JSONB, "'{{}}'", ("jsonb_typeof({}) = 'object'",), "({} -> 'a')", JSONB()),
    "texts": Kind(lambda: ARRAY(Text), "'{{}}'", ("cardinality({}) < 5",), "cardinality({})"),
    "mood": Kind("mood", "'{v}'", ("{} <> '{v}'", "{} IN ('{v}')"), "({} = '{v}')", Boolean()),
    "Level": Kind("Level", "'{v}'", ("{} <> '{v}'",), "({} = '{v}')", Boolean()),
    "moods": Kind("mood", "'{{}}'", ("cardinality({}) < 5",), "cardinality({})"),
}
FAMILIES = {
    family: [name for name, kind in KINDS.items() if kind.family == family]
    for family in {kind.family for kind in KINDS.values()}
}
KEYS = ("integer", "bigint", "short", "text", "uuid", "mood")


@dataclass(frozen=True, slots=True)
class Attribute:
    """A column; `source` is the column that it is computed of, `refers` what its key is to."""

    kind: str
    nullable: bool = True
    has_default: bool = False
    comment: str | None = None
    source: str | None = None
    is_stored: bool = True
    refers: tuple[str, str] | None = None
    on_delete: str | None = None
    value: int = 0


@dataclass(frozen=True, slots=True)
class Entity:
    """A table; what can't be made of the columns that there are is left out of its model."""

    key: str
    identity: str
    attributes: dict[str, Attribute]
    checks: dict[str, tuple[str, int]]
    uniques: frozenset[tuple[str, ...]]
    indexes: dict[str, tuple[str, str]]
    comment: str | None = None
    key_with: str | None = None


@dataclass(frozen=True, slots=True)
class Models:
    """A set of models."""

    enums: dict[str, tuple[str, ...]]
    tables: dict[str, Entity] = field(default_factory=dict)

    def metadata(self) -> MetaData:
        """Make them."""
        made = MetaData(naming_convention=METADATA.naming_convention)
        for name, entity in self.tables.items():
            _Making(self, name, entity, made).table()
        return made


class _Making:
    def __init__(self, models: Models, name: str, entity: Entity, metadata: MetaData) -> None:
        self.models, self.name, self.entity, self.metadata = models, name, entity, metadata
        self.kinds = {"id": entity.key}
        for column, attribute in entity.attributes.items():
            kind = attribute.kind
            if attribute.refers and (target := self.kind_of(*attribute.refers)):
                kind = target
            self.kinds[column] = kind

    def kind_of(self, table: str, column: str) -> str | None:
        """Tell the type of a key that can be referred to."""
        target = self.models.tables.get(table)
        if target is None:
            return None
        if column == "id" and not target.key_with:
            return target.key
        attribute = target.attributes.get(column)
        is_key = attribute and not attribute.refers and not attribute.source
        if attribute and is_key and (column,) in target.uniques and attribute.kind in KEYS:
            return attribute.kind
        return None

    def table(self) -> None:
        entity = self.entity
        items: list[Any] = [self.primary()]
        items += [self.column(name, item) for name, item in entity.attributes.items()]
        if entity.key_with in self.plain():
            items[1 + list(entity.attributes).index(entity.key_with or "")].primary_key = True
        for name, (column, variant) in entity.checks.items():
            if column in self.kinds:
                conditions = KINDS[self.kinds[column]].conditions
                condition = self.sql(conditions[variant % len(conditions)], column, variant)
                items.append(CheckConstraint(text(condition), name=name))
        items += [
            UniqueConstraint(*columns)
            for columns in sorted(entity.uniques)
            if all(column in self.plain() for column in columns)
        ]
        for name, (column, form) in entity.indexes.items():
            if column in self.kinds and column not in self.virtual():
                items.append(self.index(name, column, form))
        Table(self.name, self.metadata, *items, comment=entity.comment)

    def plain(self) -> set[str]:
        computed = {name for name, item in self.entity.attributes.items() if self.source(item)}
        return self.kinds.keys() - computed

    def virtual(self) -> set[str]:
        every = self.entity.attributes.items()
        return {name for name, item in every if self.source(item) and not self.is_stored(item)}

    def source(self, item: Attribute) -> str | None:
        source = self.entity.attributes.get(item.source or "")
        if source is None or source.source or KINDS[self.kinds[item.source or ""]].computed is None:
            return None
        return item.source

    def is_stored(self, item: Attribute) -> bool:
        return item.is_stored or self.kinds[item.source or ""] in {"mood", "Level"}

    def primary(self) -> Any:
        kind, identity = self.entity.key, self.entity.identity
        numbers = kind in {"integer", "bigint"}
        extra: list[Any] = [Identity(always=identity == "always")] if identity != "serial" else []
        if self.entity.key_with in self.plain():
            return Column("id", self.type(kind), primary_key=True, autoincrement=False)
        return Column("id", self.type(kind), *(extra if numbers else ()), primary_key=True)

    def column(self, name: str, item: Attribute) -> Any:
        kind = KINDS[self.kinds[name]]
        extra: list[Any] = []
        if source := self.source(item):
            base = KINDS[self.kinds[source]]
            expression = self.sql(base.expression, source, item.value)
            extra.append(Computed(text(expression), persisted=self.is_stored(item)))
            return Column(name, base.computed, *extra, comment=item.comment)
        if item.refers and self.kind_of(*item.refers):
            extra.append(ForeignKey(".".join(item.refers), ondelete=item.on_delete))
        default = text(self.sql(kind.default, "", item.value)) if item.has_default else None
        return Column(
            name,
            self.type(self.kinds[name]),
            *extra,
            nullable=item.nullable and name != self.entity.key_with,
            server_default=default,
            comment=item.comment,
        )

    def index(self, name: str, column: str, form: str) -> Any:
        kind = KINDS[self.kinds[column]]
        source = self.source(self.entity.attributes[column]) if column != "id" else None
        named = f"ix_{self.name}_{name}"
        if source or form in {"plain", "unique"}:
            return Index(named, column, unique=form == "unique")
        if form == "partial":
            return Index(named, "id", postgresql_where=text(self.sql(kind.conditions[0], column)))
        return Index(named, text(self.sql(kind.expression, column)))

    def type(self, name: str) -> Any:
        make = KINDS[name].make
        if not isinstance(make, str):
            return make()
        kind = Enum(*self.models.enums[make], name=make)
        return ARRAY(kind) if name == "moods" else kind

    def sql(self, pattern: str, column: str, value: int = 0) -> str:
        enum = KINDS[self.kinds.get(column, "text")].make
        values = self.models.enums[enum if isinstance(enum, str) else "mood"]
        quoted = f'"{column}"' if column in {"Kind", "end"} else column
        return pattern.format(quoted, v=values[value % len(values)].replace("'", "''"))


@cache
def _attributes() -> st.SearchStrategy[Attribute]:
    return st.builds(
        Attribute,
        kind=st.sampled_from(sorted(KINDS)),
        nullable=st.booleans(),
        has_default=st.booleans(),
        comment=st.sampled_from([None, None, "100% of 'it': a :word"]),
        source=st.sampled_from([None, None, None, *COLUMNS[:3]]),
        is_stored=st.booleans(),
        refers=st.none()
        | st.tuples(st.sampled_from(TABLES), st.sampled_from(["id", "id", *COLUMNS[:2]])),
        on_delete=st.sampled_from([None, "CASCADE"]),
        value=st.integers(0, 3),
    )


@cache
def _entities() -> st.SearchStrategy[Entity]:
    column = st.sampled_from(COLUMNS)
    forms = st.sampled_from(["plain", "unique", "partial", "partial", "expression"])
    return st.builds(
        Entity,
        key=st.sampled_from(["integer", *KEYS]),
        identity=st.sampled_from(["serial", "always", "by default"]),
        attributes=st.dictionaries(column, _attributes(), min_size=1, max_size=len(COLUMNS)),
        checks=st.dictionaries(
            st.sampled_from(["one", "two"]), st.tuples(column, st.integers(0, 3))
        ),
        uniques=st.frozensets(st.tuples(column) | st.just(("a", "b")), max_size=2),
        indexes=st.dictionaries(st.sampled_from(["x", "y"]), st.tuples(column, forms)),
        comment=st.sampled_from([None, "It's", "100%"]),
        key_with=st.sampled_from([None, None, None, None, "a"]),
    )


@cache
def _enums() -> st.SearchStrategy[tuple[str, ...]]:
    return st.permutations(VALUES).flatmap(
        lambda values: st.integers(1, len(values)).map(lambda count: tuple(values[:count]))
    )


@st.composite
def _changed(draw: Any, old: dict[str, Any], strategy: Any, names: tuple[str, ...]) -> Any:
    """Draw a dictionary like another: much is kept, some is left out, changed or new."""
    made = {}
    for name in names:
        choice = draw(st.integers(0, 9))
        if name in old and choice < 6:
            made[name] = old[name]
        elif (name in old and choice < 9) or (name not in old and choice < 4):
            made[name] = draw(strategy)
    return made


@st.composite
def _similar_attributes(draw: Any, old: dict[str, Attribute]) -> Any:
    made = draw(_changed(old, _attributes(), COLUMNS))
    for name, item in made.items():
        # Of the same family, mostly: between others hardly a row can be taken along.
        if name in old and item is not old[name] and draw(st.integers(0, 3)):
            kind = draw(st.sampled_from(FAMILIES[KINDS[old[name].kind].family]))
            values = {slot: getattr(item, slot) for slot in Attribute.__slots__}
            made[name] = Attribute(**{**values, "kind": kind})
    return made or old


@st.composite
def _similar(draw: Any, old: Entity) -> Entity:
    fresh = draw(_entities())
    keep = st.integers(0, 3).map(bool)
    return Entity(
        key=old.key if draw(keep) else fresh.key,
        identity=old.identity if draw(keep) else fresh.identity,
        attributes=draw(_similar_attributes(old.attributes)),
        checks=draw(
            _changed(
                old.checks,
                st.tuples(st.sampled_from(COLUMNS), st.integers(0, 3)),
                ("one", "two"),
            )
        ),
        uniques=old.uniques if draw(keep) else fresh.uniques,
        indexes=old.indexes if draw(keep) else {**old.indexes, **fresh.indexes},
        comment=old.comment if draw(keep) else fresh.comment,
        key_with=old.key_with if draw(keep) else fresh.key_with,
    )


@st.composite
def pairs(draw: Any) -> tuple[Models, Models]:
    """Draw two sets of models."""
    enums = {"mood": draw(_enums()), "Level": draw(_enums())}
    before = Models(enums, draw(st.dictionaries(st.sampled_from(TABLES), _entities(), min_size=1)))
    others = {
        name: draw(_enums()) if draw(st.booleans()) else values for name, values in enums.items()
    }
    after = {}
    for name in TABLES:
        old = before.tables.get(name)
        choice = draw(st.integers(0, 9))
        if old and choice < 8:
            after[name] = draw(_similar(old))
        elif old is None and choice < 5:
            after[name] = draw(_entities())
    return before, Models(others, after)
