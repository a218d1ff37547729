"""The models' tables as Postgres itself words them: made as temporary ones, read, rolled back.

Postgres keeps expressions parsed and prints them in its own words, so that texts of a model and of
the database can't be compared, while two definitions that it printed itself can.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Connection, Enum, Table, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.schema import CreateIndex, CreateSequence, CreateTable, ExecutableDDLElement

from safe_migrations.autogenerate.declared import Declared, native_enums, sequences
from safe_migrations.autogenerate.place import Place, place_of, prefix
from safe_migrations.autogenerate.shapes import Numbers, Shape, read, read_sequences, rewording

_WORD = r'"(?:[^"]|"")+"|[^\W\d][\w$]*'
# What SQLAlchemy writes for a schema that is to be put in afterwards.
_TO_BE_PLACED = re.compile(rf"__\[SCHEMA_([^\]]+)\]\.({_WORD})")
# A name with its schema in a text; what is called is a function.
_PLACED = re.compile(rf"(?<![\w.\"$])({_WORD})\s*\.\s*({_WORD})(?![\w\"$(])")
_NOT_TEMPORARY = re.compile(r"^\s*CREATE (UNLOGGED|(?:UNIQUE )?INDEX CONCURRENTLY) ")
_NAMES = text("""
    SELECT coalesce(to_regtype(quoted)::text, to_regclass(quoted)::text, quoted)
    FROM unnest(CAST(:schemas AS text[]), CAST(:names AS text[])) WITH ORDINALITY AS i (s, n, at),
         format('%I.%I', s, n) AS quoted
    ORDER BY at
""")


@dataclass(frozen=True, slots=True)
class Twins:
    """The tables that exist on both sides, as the database has them and as the models want them.

    `sequences` are the models' as Postgres has made them; `incomplete` are the tables that can't
    be compared in this way, with the reason.
    """

    live: dict[Place, Shape] = field(default_factory=dict)
    wanted: dict[Place, Shape] = field(default_factory=dict)
    sequences: dict[Place, Numbers] = field(default_factory=dict)
    incomplete: dict[Place, str] = field(default_factory=dict)

    def pair(self, table: Place) -> tuple[Shape, Shape] | None:
        """Both sides of a table, or None when it can't be compared in this way."""
        if table in self.live and table in self.wanted:
            return self.live[table], self.wanted[table]
        return None


_made: "WeakKeyDictionary[AutogenContext, Twins]" = WeakKeyDictionary()


def twins(autogen: AutogenContext) -> Twins:
    """Make and read the twins, once per comparison."""
    if autogen not in _made:
        connection = autogen.connection
        assert connection is not None  # noqa: S101  there is no comparison without one
        dialect = connection.dialect
        there: dict[Place, Table] = {}
        for table in autogen.sorted_tables:
            place = place_of(table.schema, table.name, dialect)
            if place.name in autogen.inspector.get_table_names(place.schema):
                there[place] = table
        enums = native_enums(autogen.metadata, dialect)
        declared = sequences(autogen.metadata, dialect)
        _made[autogen] = _Making(connection, enums, declared).all(there)
    return _made[autogen]


def create_type(name: str, values: Iterable[str]) -> str:
    """Write the statement that makes a native enum; `name` is as SQL takes it."""
    return f"CREATE TYPE {name} AS ENUM ({labels(values)})"


def labels(values: Iterable[str]) -> str:
    """Write the values of an enum as SQL."""
    return ", ".join("'" + value.replace("'", "''") + "'" for value in values)


class _Making:
    """Makes the tables of one schema after the other in the one that Postgres has for temporary.

    Types and sequences of the default schema keep their names there, and are found first. Those of
    other schemas get names that no other has, and lose them again in what is read.
    """

    def __init__(
        self,
        connection: Connection,
        enums: dict[Place, Enum],
        declared: dict[Place, Declared],
    ) -> None:
        self._connection = connection
        self._dialect = connection.dialect
        self._enums = enums
        self._sequences = {
            place: item.model
            for place, item in declared.items()
            if item.model is not None or not self._is_there(place)
        }
        places = [*enums, *self._sequences]
        self._names = {
            place: f"twin_of_{at}" if place.schema else place.name
            for at, place in enumerate(places)
        }

    def all(self, tables: dict[Place, Table]) -> Twins:
        """Read what there is, and what the models want."""
        made = Twins()
        groups: dict[str | None, dict[Place, Table]] = {}
        for place, table in tables.items():
            groups.setdefault(place.schema, {})[place] = table
        for schema, group in groups.items():
            made.live.update(self._read(group, schema, prefix(schema, self._dialect)))
        words = self._words()
        try:
            with self._connection.begin_nested() as savepoint:
                self._run(
                    "SELECT set_config('search_path', "
                    "'pg_temp, ' || current_setting('search_path'), true)"
                )
                made.sequences.update(self._prepare())
                for schema, group in groups.items():
                    self._round(made, schema, group)
                savepoint.rollback()
        except SQLAlchemyError as error:
            made.wanted.clear()
            made.incomplete.update(dict.fromkeys(tables, _reason(error)))
        if words:
            reword = rewording(words)
            made.wanted.update({at: shape.reworded(reword) for at, shape in made.wanted.items()})
        return made

    def _prepare(self) -> dict[Place, Numbers]:
        """Make the types and sequences that the tables use."""
        script = [
            create_type(self._temporary(place), enum.enums).replace("%", "%%")
            for place, enum in self._enums.items()
        ]
        for place, model in self._sequences.items():
            if model is None:
                script.append(f"CREATE SEQUENCE {self._temporary(place)}")
            else:
                script.append(self._written(CreateSequence(model), place.schema))
        if not script:
            return {}
        self._run(";\n".join(script))
        places = {self._names[place]: place for place in self._sequences}
        found = read_sequences(self._connection, self._namespace(), list(places)) if places else {}
        return {places[name]: numbers for name, numbers in found.items()}

    def _round(self, made: Twins, schema: str | None, tables: dict[Place, Table]) -> None:
        with self._connection.begin_nested() as savepoint:
            done = tables
            if self._trouble(*tables.values(), schema=schema):
                found = {
                    place: self._trouble(table, schema=schema) for place, table in tables.items()
                }
                done = {place: tables[place] for place, trouble in found.items() if not trouble}
                made.incomplete.update({place: why for place, why in found.items() if why})
            if done:
                made.wanted.update(self._read(done, schema, "pg_temp."))
            savepoint.rollback()

    def _trouble(self, *tables: Table, schema: str | None) -> str:
        """Make tables, or say what stands in the way."""
        try:
            script = [part for table in tables for part in self._script(table, schema)]
            with self._connection.begin_nested():
                self._run(";\n".join(script))
        except SQLAlchemyError as error:
            return _reason(error)
        return ""

    def _script(self, table: Table, schema: str | None) -> Iterator[str]:
        yield self._written(CreateTable(table, include_foreign_key_constraints=()), schema)
        for index in sorted(table.indexes, key=lambda item: str(item.name)):
            yield self._written(CreateIndex(index), schema)

    def _written(self, element: ExecutableDDLElement, schema: str | None) -> str:
        """Write a statement with the names that things have in the schema for temporary ones."""
        compiled = str(element.compile(dialect=self._dialect, schema_translate_map={None: None}))
        compiled = _NOT_TEMPORARY.sub(
            lambda match: re.sub("UNLOGGED |CONCURRENTLY ", "", match[0]), compiled
        )

        def of_model(match: re.Match[str]) -> str:
            given = None if match[1] == "_none" else match[1]
            place = place_of(given, _unquoted(match[2]), self._dialect)
            if place in self._names:
                return self._temporary(place)
            # Else the table that is being made.
            before = "pg_temp." if place.schema == schema else prefix(given, self._dialect)
            return f"{before}{match[2]}"

        def of_text(match: re.Match[str]) -> str:
            place = place_of(_unquoted(match[1]), _unquoted(match[2]), self._dialect)
            return self._temporary(place) if place in self._names else match[0]

        return _PLACED.sub(of_text, _TO_BE_PLACED.sub(of_model, compiled))

    def _temporary(self, place: Place) -> str:
        return f"pg_temp.{self._dialect.identifier_preparer.quote(self._names[place])}"

    def _words(self) -> dict[str, str]:
        """Find how Postgres writes what has another name here."""
        others = [place for place in self._names if place.schema]
        if not others:
            return {}
        names = {
            "schemas": [place.schema for place in others],
            "names": [place.name for place in others],
        }
        written = self._connection.scalars(_NAMES, names).all()
        return dict(zip((self._names[place] for place in others), written, strict=True))

    def _is_there(self, place: Place) -> bool:
        name = place.quoted(self._dialect)
        return bool(self._connection.scalar(text("SELECT to_regclass(:name)"), {"name": name}))

    def _namespace(self) -> int:
        return int(self._connection.scalar(text("SELECT pg_my_temp_schema()::bigint")) or 0)

    def _read(
        self, tables: dict[Place, Table], schema: str | None, there: str
    ) -> dict[Place, Shape]:
        quote = self._dialect.identifier_preparer.quote
        names = {place.name: f"{there}{quote(place.name)}" for place in tables}
        found = read(self._connection, names, prefix(schema, self._dialect))
        return {place: found[place.name] for place in tables}

    def _run(self, sql: str) -> None:
        # Parameters are given, so that %% is %, as in all that SQLAlchemy compiles.
        self._connection.exec_driver_sql(sql, ())


def _unquoted(word: str) -> str:
    word = word.replace("%%", "%")
    return word[1:-1].replace('""', '"') if word.startswith('"') else word


def _reason(error: SQLAlchemyError) -> str:
    return str(getattr(error, "orig", error)).strip().splitlines()[0]
