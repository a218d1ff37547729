"""What takes the place of Alembic's own comparisons: both sides in Postgres's own words."""

import warnings
from typing import Any

from alembic.autogenerate.api import AutogenContext
from alembic.operations.ops import AlterColumnOp, DropTableOp, ModifyTableOps, UpgradeOps
from alembic.runtime.plugins import Plugin
from alembic.util import DispatchPriority, PriorityDispatchResult
from sqlalchemy import Column, DefaultClause, Table, text
from sqlalchemy.exc import SAWarning

from safe_migrations.autogenerate import (
    columns,
    constraints,
    enums,
    foreign_keys,
    indexes,
    schemas,
    sequences,
)
from safe_migrations.autogenerate.declared import schemas as schemas_of
from safe_migrations.autogenerate.place import Place, place_of
from safe_migrations.autogenerate.twin import twins

CONTINUE = PriorityDispatchResult.CONTINUE
STOP = PriorityDispatchResult.STOP
_PATH = "search_path"
_SET_PATH = text("SELECT set_config('search_path', :path, true)")
_PARTITIONS = text("""
    SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relispartition AND c.relkind IN ('r', 'p')
""")

PLUGIN = "safe_migrations.autogenerate"
"""The name for the option `autogenerate_plugins`."""
INCOMPLETE = "incomplete"
"""Where `UpgradeOps.info` has the tables that were not compared in full, with the reasons."""


def _table(  # noqa: PLR0917  Alembic calls it so
    autogen: AutogenContext,
    operations: ModifyTableOps,
    schema: str | None,
    name: str,
    there: Table | None,
    model: Table | None,
) -> PriorityDispatchResult:
    """Compare constraints (but foreign keys, which Alembic sees), indexes and columns' sources.

    Of foreign keys Alembic sees all but the names.
    """
    if there is None or model is None:
        return CONTINUE
    if not (pair := twins(autogen).pair(Place(schema, name))):
        return CONTINUE
    live, wanted = pair
    found = [
        *columns.compare(autogen, model, live, wanted),
        *constraints.compare(autogen, model, live, wanted),
        *indexes.compare(autogen, model, live, wanted),
        *foreign_keys.compare(autogen, model, there),
    ]
    operations.ops.extend(found)
    return STOP


def _type(  # noqa: PLR0917  Alembic calls it so
    autogen: AutogenContext,
    operation: AlterColumnOp,
    schema: str | None,
    table: str,
    name: str,
    there: Column[Any],
    model: Column[Any],
) -> PriorityDispatchResult:
    """Compare types with their length, precision and collation."""
    if (pair := twins(autogen).pair(Place(schema, table))) is None:
        return CONTINUE
    live, wanted = pair[0].columns[name], pair[1].columns[name]
    operation.existing_type = there.type
    if live.collation and hasattr(there.type, "collation"):
        there.type.collation = live.collation.strip('"')
    # A computed column of another type is made anew, with its expression.
    is_computed = live.generated or wanted.generated
    if not is_computed and (live.type, live.collation) != (wanted.type, wanted.collation):
        operation.modify_type = model.type
        operation.kw["live_type"] = live.type
        operation.kw["wanted_type"] = wanted.type
    return STOP


def _server_default(  # noqa: PLR0917  Alembic calls it so
    autogen: AutogenContext,
    operation: AlterColumnOp,
    schema: str | None,
    table: str,
    name: str,
    _there: Column[Any],
    model: Column[Any],
) -> PriorityDispatchResult:
    """Compare expressions of defaults; what else gives a column its value, `_table` compares."""
    if (pair := twins(autogen).pair(Place(schema, table))) is None:
        return CONTINUE
    live, wanted = pair[0].columns[name], pair[1].columns[name]
    if {live.source, wanted.source} <= {"default", "none"}:
        operation.existing_server_default = (
            None if live.expression is None else DefaultClause(text(live.expression))
        )
        if live.expression != wanted.expression:
            operation.modify_server_default = model.server_default
    return STOP


def _reflection(
    autogen: AutogenContext, _operations: UpgradeOps, _schemas: set[str | None]
) -> PriorityDispatchResult:
    """Silence SQLAlchemy 2.1, which fails on its own `dialect_options` of a NOT VALID CHECK."""
    warnings.filterwarnings(
        "ignore", message="Can't validate argument 'dialect_options'", category=SAWarning
    )
    _find_by_schema(autogen)
    return CONTINUE


def _find_by_schema(autogen: AutogenContext) -> None:
    """Take the models' own schemas out of the search path: their tables would be seen twice."""
    connection = autogen.connection
    assert connection is not None  # noqa: S101  there is no comparison without one
    others = schemas_of(autogen.metadata, connection.dialect)
    path = connection.scalar(text("SELECT current_schemas(false)::text[]")) if others else ()
    if others & set(path or ()):
        quote = connection.dialect.identifier_preparer.quote
        kept = ", ".join(quote(schema) for schema in path or () if schema not in others)
        autogen.opts[_PATH] = connection.scalar(text("SELECT current_setting('search_path')"))
        connection.execute(_SET_PATH, {"path": kept})


def _beside_tables(
    autogen: AutogenContext, operations: UpgradeOps, there: set[str | None]
) -> PriorityDispatchResult:
    """Compare schemas, native enums and sequences; remember what could not be compared."""
    operations.ops.extend(schemas.compare(autogen))
    operations.ops.extend(enums.compare(autogen, there))
    operations.ops.extend(sequences.compare(autogen, there))
    operations.info[INCOMPLETE] = twins(autogen).incomplete
    return CONTINUE


def _settle(
    autogen: AutogenContext, operations: UpgradeOps, _schemas: set[str | None]
) -> PriorityDispatchResult:
    """Leave partitions that no model has to their tables; give the search path back."""
    connection = autogen.connection
    assert connection is not None  # noqa: S101  there is no comparison without one
    rows = connection.execute(_PARTITIONS)
    parts = {place_of(schema, name, connection.dialect) for schema, name in rows}

    for table in autogen.sorted_tables:
        parts.discard(place_of(table.schema, table.name, connection.dialect))
    operations.ops[:] = [
        op
        for op in operations.ops
        if not isinstance(op, DropTableOp | ModifyTableOps)
        or Place(op.schema, op.table_name) not in parts
    ]
    if _PATH in autogen.opts:
        connection.execute(_SET_PATH, {"path": autogen.opts.pop(_PATH)})
    return CONTINUE


_plugin = Plugin(PLUGIN)
_plugin.add_autogenerate_comparator(
    _table, "table", "indexes", qualifier="postgresql", priority=DispatchPriority.FIRST
)
_plugin.add_autogenerate_comparator(
    _type, "column", "types", qualifier="postgresql", priority=DispatchPriority.FIRST
)
_plugin.add_autogenerate_comparator(
    _server_default,
    "column",
    "server_default",
    qualifier="postgresql",
    priority=DispatchPriority.FIRST,
)
_plugin.add_autogenerate_comparator(
    _reflection, "schema", "reflection", qualifier="postgresql", priority=DispatchPriority.FIRST
)
_plugin.add_autogenerate_comparator(_beside_tables, "schema", "enums", qualifier="postgresql")
_plugin.add_autogenerate_comparator(
    _settle,
    "schema",
    "settling",
    qualifier="postgresql",
    priority=DispatchPriority.LAST,
)
