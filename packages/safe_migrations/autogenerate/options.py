"""What Alembic is told about comparing the models with the database, for env.py."""

import sys
from collections.abc import Collection, Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.operations.ops import MigrationScript, UpgradeOps
from sqlalchemy import Connection, MetaData

from safe_migrations.autogenerate import beyond, gaps, renames
from safe_migrations.autogenerate.arrangement import arranged
from safe_migrations.autogenerate.changes import Change
from safe_migrations.autogenerate.comparators import PLUGIN
from safe_migrations.autogenerate.rendering import render_item
from safe_migrations.autogenerate.safety import changes
from safe_migrations.autogenerate.scripts import scripts
from safe_migrations.project import Project
from safe_migrations.tool_tables import TOOL_TABLES


def options(config: Config, project: Project) -> dict[str, Any]:
    """Make the options of `context.configure` that concern the models.

    The attributes `renames`, `no_renames` and `ask` of the config are described in `renames.py`.
    """
    metadata = project.tables
    compared = comparison(metadata, project.settings.schema_other_tables, project.options)

    def write(context: MigrationContext, _heads: object, directives: list[MigrationScript]) -> None:
        """Replace the one revision that Alembic would write by safe ones, or by none."""
        if not directives or directives[0].upgrade_ops is None or context.connection is None:
            return
        first = directives[0]
        connection = context.connection
        assert first.upgrade_ops is not None  # noqa: S101  it was asked two lines before
        for sentence in _unseen(connection, metadata, first.upgrade_ops):
            print(sentence, file=sys.stderr)  # noqa: T201  a command's answer
        # `check` and pytest-alembic compare, too, and want to see what Alembic found.
        if not getattr(config.cmd_opts, "autogenerate", False):
            return
        every = renames.settle(
            context,
            metadata,
            first.upgrade_ops,
            renames.wishes(config),
            lambda found: arranged(connection, changes(connection, found)),
        )
        directives[:] = scripts(first, every) if every else []
        if not directives:
            print("The models and the database agree: no revision is written.")  # noqa: T201
        if len(directives) > 1:
            print(_say(directives), file=sys.stderr)  # noqa: T201  a command's answer
        if warning := _of_dropped_tables(every):
            print(warning, file=sys.stderr)  # noqa: T201  a command's answer

    return {**compared, "process_revision_directives": write}


def comparison(
    metadata: MetaData, others: Collection[str], given: Mapping[str, Any]
) -> dict[str, Any]:
    """Make the options that decide what differs and how it is written.

    `others` are names or patterns of tables of other applications; `given`, what the project wants
    of Alembic, goes before what is so by default.
    """
    their_name = given.get("include_name")
    schemas = {table.schema for table in metadata.tables.values()}
    names = {table.name for table in metadata.tables.values()}

    def is_ours(name: str | None, kind: str, parents: Any) -> bool:
        if their_name is not None and not their_name(name, kind, parents):
            return False
        if kind == "schema":
            return name is None or name in schemas
        if kind != "table" or name is None or name in names:
            return True
        return name not in TOOL_TABLES and not any(fnmatchcase(name, other) for other in others)

    return {
        "include_schemas": any(schemas),
        "compare_type": True,
        "compare_server_default": True,
        **given,
        "target_metadata": metadata,
        "autogenerate_plugins": ["alembic.autogenerate.*", PLUGIN],
        "include_name": is_ours,
        "render_item": render_item,
    }


def _unseen(connection: Connection, metadata: MetaData, found: UpgradeOps) -> list[str]:
    """Say what the comparison could not see, if there is such a thing."""
    beside = beyond.notes(connection, metadata)
    return [*gaps.said(gaps.incomplete(found)), *([beyond.said(beside)] if beside else [])]


def _of_dropped_tables(every: Iterable[Change]) -> str:
    tables = [change.table for change in every if change.kind == "remove_table"]
    if not tables:
        return ""
    return (
        f"No model has {', '.join(tables)}: the revision drops what it holds. If that is another "
        "application's, remove the revision, and name the table in SCHEMA_OTHER_TABLES "
        "(`other_tables` of Migrate)."
    )


def _say(written: list[MigrationScript]) -> str:
    titles = ", ".join(f'"{script.message}" ({script.rev_id})' for script in written)
    return f"{len(written)} revisions, so that none holds a lock for long: {titles}."
