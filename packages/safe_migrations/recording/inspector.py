"""Answers SQLAlchemy's inspector from what is known of the schema."""

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, exc
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import NullType, TypeEngine

from safe_migrations.lint.catalog import Catalog, Constraint, Index, Table
from safe_migrations.lint.names import Type, qualified, text_of
from safe_migrations.lint.replay import apply
from safe_migrations.recording.connection import RecordingDialect
from safe_migrations.recording.recorder import Recorder
from safe_migrations.recording.unknown import Unknown
from safe_migrations.recording.world import World

_NAME = re.compile(r"[^\W\d]\w{0,62}")
_TYPES: dict[str, TypeEngine[Any]] = {
    "bool": postgresql.BOOLEAN(),
    "float4": postgresql.REAL(),
    "float8": postgresql.DOUBLE_PRECISION(),
    "int2": postgresql.SMALLINT(),
    "int4": postgresql.INTEGER(),
    "int8": postgresql.BIGINT(),
    "timestamptz": postgresql.TIMESTAMP(timezone=True),
}


class Inspected:
    """The schema that a revision sees at the point where it asks."""

    def __init__(self, catalog: Catalog, path: Path, world: World) -> None:
        self.is_asked = False
        self._before = catalog
        self._path = path
        self._world = world
        self._recorder: Recorder

    def listen(self, recorder: Recorder) -> None:
        """Follow what a revision does."""
        self._recorder = recorder
        recorder.known_columns = lambda name: tuple(
            ((table := self._now().table(name)) and table.columns) or ()
        )

    @property
    def major(self) -> int:
        """The version of Postgres."""
        return self._before.major

    def asked(self) -> Catalog:
        """Note that a revision asks; returns the schema of now."""
        self.is_asked = True
        if not self._before.is_live:
            why = "what it does depends on what the database holds"
            self._recorder.remark("not-analysable", why)
        return self._now()

    def unknown(self) -> Unknown:
        """Make a value for what is not known of the schema."""
        return Unknown.of(self._recorder.decide)

    def has(self, known: Callable[[Catalog], bool]) -> bool:
        """Tell whether there is something."""
        catalog = self.asked()
        return self._world.schema == "full" if self._world.schema != "known" else known(catalog)

    def names(self, known: Callable[[Catalog], Iterable[str]]) -> list[str]:
        """Name what there is."""
        catalog = self.asked()
        if self._world.schema == "empty":
            return []
        more = self._named() if self._world.schema == "full" else ()
        return list(dict.fromkeys((*known(catalog), *more)))

    def of_table(
        self, name: str, listed: Callable[[Table, Catalog], Sequence[Any]]
    ) -> tuple[Sequence[Any], Sequence[str]]:
        """Find what a table has, and names of more that it may have.

        Raises SQLAlchemy's NoSuchTableError as the inspector does.
        """
        catalog = self.asked()
        if self._world.schema == "empty":
            return (), ()
        table = catalog.table(name)
        if table is None and self._before.is_live and self._world.schema == "known":
            raise exc.NoSuchTableError(name)
        found = listed(table, catalog) if table else ()
        return found, self._named() if self._world.schema == "full" else ()

    def _now(self) -> Catalog:
        catalog = deepcopy(self._before)
        for statement in self._recorder.statements:
            if statement.tree is not None:
                apply(catalog, statement.tree, statement.revision)
        return catalog

    def _named(self) -> list[str]:
        """List the texts in the revision that can be names."""
        module = ast.parse(self._path.read_text(encoding="utf-8"))
        texts = [node.value for node in ast.walk(module) if isinstance(node, ast.Constant)]
        names = [text for text in texts if isinstance(text, str) and _NAME.fullmatch(text)]
        return list(dict.fromkeys(names))


def _name(table: str, schema: str | None) -> str:
    return qualified(filter(None, (schema, table)))


def _in(names: Iterable[str], schema: str | None) -> list[str]:
    """Choose the names of a schema, without it."""
    wanted = "" if schema in {None, "public"} else schema
    return [item.rpartition(".")[2] for item in names if item.rpartition(".")[0] == wanted]


class _Answers:
    """What the inspector asks a dialect, by the names and with the answers that SQLAlchemy has."""

    def __init__(self, inspected: Inspected) -> None:
        self._inspected = inspected

    def has_table(self, table_name: str, schema: str | None = None, **_: Any) -> bool:
        name = _name(table_name, schema)
        return self._inspected.has(lambda known: name in known.tables or name in known.views)

    def has_schema(self, schema: str, **_: Any) -> bool:
        return self._inspected.has(
            lambda known: bool(_in(known.tables, schema)) or schema == "public"
        )

    def has_type(self, type_name: str, schema: str | None = None, **_: Any) -> bool:
        name = _name(type_name, schema)
        return self._inspected.has(lambda known: name in known.enums or name in known.bases)

    def has_sequence(self, *_: Any, **__: Any) -> bool:
        return bool(self._inspected.unknown())

    def get_schema_names(self, **_: Any) -> list[str]:
        return self._inspected.names(
            lambda known: {"public", *(item.rpartition(".")[0] for item in known.tables)} - {""}
        )

    def get_table_names(self, schema: str | None = None, **_: Any) -> list[str]:
        return self._inspected.names(
            lambda known: _in((t.name for t in known.tables.values() if not t.is_view), schema)
        )

    def get_view_names(self, schema: str | None = None, **_: Any) -> list[str]:
        return self._inspected.names(lambda known: _in(known.views, schema))

    def get_materialized_view_names(self, schema: str | None = None, **_: Any) -> list[str]:
        return self._inspected.names(
            lambda known: _in((t.name for t in known.tables.values() if t.is_view), schema)
        )

    def get_temp_table_names(self, *_: Any, **__: Any) -> list[str]:
        return []

    get_temp_view_names = get_temp_table_names

    def get_sequence_names(self, *_: Any, **__: Any) -> list[str]:
        return self._inspected.names(lambda _: ())

    def get_enums(self, schema: str | None = None, **_: Any) -> list[Any]:
        names = self._inspected.names(lambda known: _in(known.enums, schema))
        return [
            {"name": name, "schema": schema or "public", "visible": True, "labels": []}
            for name in names
        ]

    def get_domains(self, *_: Any, **__: Any) -> list[Any]:
        self._inspected.asked()
        return []

    def get_view_definition(self, *_: Any, **__: Any) -> str:
        self._inspected.asked()
        return self._inspected.unknown()

    get_table_oid = get_view_definition

    def get_columns(self, table_name: str, schema: str | None = None, **_: Any) -> list[Any]:
        found, more = self._inspected.of_table(
            _name(table_name, schema), lambda table, _: list(table.columns.values())
        )
        columns = [(item.name, _type(item.type), not item.is_not_null) for item in found]
        columns += [(item, NullType(), True) for item in more]
        return [
            {
                "name": name,
                "type": type_,
                "nullable": is_nullable,
                "default": self._inspected.unknown(),
                "autoincrement": False,
                "comment": None,
            }
            for name, type_, is_nullable in {item[0]: item for item in columns}.values()
        ]

    def get_indexes(self, table_name: str, schema: str | None = None, **_: Any) -> list[Any]:
        name = _name(table_name, schema)
        found, more = self._inspected.of_table(
            name, lambda _, known: [i for i in known.indexes.values() if i.table == name]
        )
        indexes = [*found, *(Index(item, name, (item,)) for item in more)]
        return [
            {
                "name": item.name.rpartition(".")[2],
                "column_names": list(item.columns) or [None],
                **({} if item.columns else {"expressions": ["NULL"]}),
                "unique": item.is_unique,
                "include_columns": [],
                "dialect_options": {},
            }
            for item in indexes
        ]

    def get_pk_constraint(
        self, table_name: str, schema: str | None = None, **_: Any
    ) -> dict[str, Any]:
        keys = self._constraints(table_name, schema, "primary key")
        one = keys[0] if keys else Constraint("", "primary key")
        return {"name": one.name or None, "constrained_columns": list(one.columns), "comment": None}

    def get_unique_constraints(
        self, table_name: str, schema: str | None = None, **_: Any
    ) -> list[Any]:
        return [
            {"name": item.name, "column_names": list(item.columns), "comment": None}
            for item in self._constraints(table_name, schema, "unique")
        ]

    def get_check_constraints(
        self, table_name: str, schema: str | None = None, **_: Any
    ) -> list[Any]:
        return [
            {
                "name": item.name,
                "sqltext": text_of(item.condition) if item.condition else "",
                "comment": None,
            }
            for item in self._constraints(table_name, schema, "check")
        ]

    def get_foreign_keys(self, table_name: str, schema: str | None = None, **_: Any) -> list[Any]:
        return [
            {
                "name": item.name,
                "constrained_columns": list(item.columns),
                "referred_schema": (item.parent or "").rpartition(".")[0] or None,
                "referred_table": (item.parent or "").rpartition(".")[2],
                "referred_columns": [self._inspected.unknown() for _ in item.columns],
                "options": {},
                "comment": None,
            }
            for item in self._constraints(table_name, schema, "foreign key")
        ]

    def get_table_comment(self, *_: Any, **__: Any) -> dict[str, Any]:
        self._inspected.asked()
        return {"text": None}

    def get_table_options(self, *_: Any, **__: Any) -> dict[str, Any]:
        return {}

    def _constraints(self, table: str, schema: str | None, kind: Any) -> list[Constraint]:
        found, more = self._inspected.of_table(
            _name(table, schema),
            lambda known, _: [item for item in known.constraints.values() if item.kind == kind],
        )
        return [*found, *(Constraint(item, kind, (item,)) for item in more)]


class InspectedDialect(RecordingDialect):
    """Postgres's dialect, whose questions about the schema are answered without a database."""

    supports_statement_cache = True

    def __init__(self, inspected: Inspected, compiler: Any) -> None:
        # Any other style of parameters than the driver's: that would double the percent signs.
        super().__init__(paramstyle="named")  # type: ignore[no-untyped-call]
        self.answers = _Answers(inspected)
        self.statement_compiler = compiler
        self.server_version_info = (inspected.major, 0)
        self.default_schema_name = "public"
        self._backslash_escapes = False


def _one(name: str) -> Callable[..., Any]:
    def ask(self: InspectedDialect, _: Connection, *args: Any, **options: Any) -> Any:
        options.pop("info_cache", None)
        return getattr(self.answers, name)(*args, **options)

    return ask


def _many(name: str) -> Callable[..., Iterator[tuple[tuple[str | None, str], Any]]]:
    """Make what asks for many tables of what asks for one."""

    def ask(
        self: InspectedDialect,
        _: Connection,
        *,
        schema: str | None = None,
        filter_names: Sequence[str] | None = None,
        **__: Any,
    ) -> Iterator[tuple[tuple[str | None, str], Any]]:
        for table in filter_names or self.answers.get_table_names(schema):
            yield (schema, table), getattr(self.answers, name)(table, schema)

    return ask


for _name_of in vars(_Answers):
    if _name_of.startswith(("has_", "get_")):
        setattr(InspectedDialect, _name_of, _one(_name_of))
for _what in (
    *("columns", "indexes", "pk_constraint", "unique_constraints", "check_constraints"),
    *("foreign_keys", "table_comment", "table_options"),
):
    setattr(InspectedDialect, f"get_multi_{_what}", _many(f"get_{_what}"))


def _type(type_: Type) -> TypeEngine[Any]:
    known = _TYPES.get(type_.name)
    if known is None:
        made: Any = {"varchar": postgresql.VARCHAR, "bpchar": postgresql.CHAR}.get(type_.name)
        known = made(*type_.modifiers) if made else None
    if known is None:
        kind = postgresql.base.ischema_names.get(type_.name, NullType)
        known = kind()
    return postgresql.ARRAY(known) if type_.is_array else known
