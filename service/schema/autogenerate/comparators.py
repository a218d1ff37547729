"""What takes the place of Alembic's own comparisons: both sides in Postgres's own words."""

import warnings
from typing import Any

from alembic.autogenerate.api import AutogenContext
from alembic.operations.ops import AlterColumnOp, ModifyTableOps, UpgradeOps
from alembic.runtime.plugins import Plugin
from alembic.util import DispatchPriority, PriorityDispatchResult
from sqlalchemy import Column, DefaultClause, Table, text
from sqlalchemy.exc import SAWarning

from service.schema.autogenerate import columns, constraints, enums, foreign_keys, indexes
from service.schema.autogenerate.twin import twins

CONTINUE = PriorityDispatchResult.CONTINUE
STOP = PriorityDispatchResult.STOP

PLUGIN = "service.autogenerate"
"""The name for the option `autogenerate_plugins`."""


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
    if there is None or model is None or schema or not (pair := twins(autogen).pair(name)):
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
    if schema or (pair := twins(autogen).pair(table)) is None:
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
    if schema or (pair := twins(autogen).pair(table)) is None:
        return CONTINUE
    live, wanted = pair[0].columns[name], pair[1].columns[name]
    if live.source == wanted.source == "identity":
        return CONTINUE
    if {live.source, wanted.source} <= {"default", "none"}:
        operation.existing_server_default = (
            None if live.expression is None else DefaultClause(text(live.expression))
        )
        if live.expression != wanted.expression:
            operation.modify_server_default = model.server_default
    return STOP


def _reflection(
    _autogen: AutogenContext, _operations: UpgradeOps, _schemas: set[str | None]
) -> PriorityDispatchResult:
    """Silence SQLAlchemy 2.1, which trips over its own `dialect_options` of a NOT VALID CHECK."""
    warnings.filterwarnings(
        "ignore", message="Can't validate argument 'dialect_options'", category=SAWarning
    )
    return CONTINUE


def _types(
    autogen: AutogenContext, operations: UpgradeOps, _schemas: set[str | None]
) -> PriorityDispatchResult:
    """Compare native enums."""
    operations.ops.extend(enums.compare(autogen))
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
_plugin.add_autogenerate_comparator(_types, "schema", "enums", qualifier="postgresql")
