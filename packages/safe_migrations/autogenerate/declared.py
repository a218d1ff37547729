"""What the models hold beside tables: native enums and sequences."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Column, Dialect, Enum, MetaData, Table
from sqlalchemy import Sequence as SequenceOfModel
from sqlalchemy.sql.elements import ClauseElement, TextClause
from sqlalchemy.sql.functions import next_value

from safe_migrations.autogenerate.place import Place, place_of

Models = MetaData | Sequence[MetaData] | None

_WORD = r'(?:"(?:[^"]|"")+"|[^\W\d][\w$]*)'
_NEXTVAL = re.compile(rf"nextval\(\s*'({_WORD})(?:\.({_WORD}))?'", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Declared:
    """A sequence of the models, and the columns that take their values from it.

    `model` is None when it is only named, in the text of a server default.
    """

    model: SequenceOfModel | None
    columns: tuple[Column[object], ...]


def native_enums(models: Models, dialect: Dialect) -> dict[Place, Enum]:
    """Find the native enums of the models."""
    found: dict[Place, Enum] = {}
    for column in _columns(models):
        kind = getattr(column.type, "item_type", column.type)
        if isinstance(kind, Enum) and kind.native_enum and kind.name:
            found[place_of(kind.schema, kind.name, dialect)] = kind
    return found


def sequences(models: Models, dialect: Dialect) -> dict[Place, Declared]:
    """Find the sequences of the models; those of serial and identity columns are none."""
    found: dict[Place, SequenceOfModel | None] = {}
    columns: dict[Place, list[Column[object]]] = {}
    for metadata in _every(models):
        for item in metadata._sequences.values():  # noqa: SLF001  nothing public lists them
            if not item.optional:
                found[place_of(item.schema, item.name, dialect)] = item
    for column in _columns(models):
        for place, model in _named(column, dialect):
            found[place] = found.get(place) or model
            columns.setdefault(place, []).append(column)
    return {place: Declared(model, tuple(columns.get(place, ()))) for place, model in found.items()}


def _named(
    column: Column[object], dialect: Dialect
) -> Iterator[tuple[Place, SequenceOfModel | None]]:
    """Find the sequences that a column takes its values from."""
    default = column.default
    if isinstance(default, SequenceOfModel) and not default.optional:
        yield place_of(default.schema, default.name, dialect), default
    given = getattr(column.server_default, "arg", None)
    if isinstance(given, next_value):
        yield place_of(given.sequence.schema, given.sequence.name, dialect), given.sequence
    elif match := _NEXTVAL.search(_text(given, dialect)):
        first, second = match.groups()
        schema, name = (first, second) if second else (None, first)
        yield place_of(schema and _unquoted(schema), _unquoted(name), dialect), None


def _text(given: object, dialect: Dialect) -> str:
    """Write an expression; a plain text is the value itself."""
    if isinstance(given, TextClause):
        return given.text
    if not isinstance(given, ClauseElement):
        return ""
    return str(given.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))


def _unquoted(word: str) -> str:
    return word[1:-1].replace('""', '"') if word.startswith('"') else word.lower()


def _every(models: Models) -> Iterable[MetaData]:
    return [models] if isinstance(models, MetaData) else models or ()


def tables(models: Models) -> list[Table]:
    """Collect the tables of the models."""
    return [table for item in _every(models) for table in item.sorted_tables]


def _columns(models: Models) -> Iterator[Column[object]]:
    return (column for table in tables(models) for column in table.columns)


def schemas(models: Models, dialect: Dialect) -> set[str]:
    """Find the schemas that the models name, but for the default one."""
    places = [
        *(place_of(table.schema, table.name, dialect) for table in tables(models)),
        *native_enums(models, dialect),
        *sequences(models, dialect),
    ]
    return {place.schema for place in places if place.schema}
