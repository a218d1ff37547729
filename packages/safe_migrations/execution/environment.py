"""What env.py does: finds the database and runs Alembic's command on it, or writes its SQL.

The database is, in this order: `-x url=...`, a connection or engine in
`config.attributes["connection"]`, and what the settings say: DIRECT_DATABASE_URL, DATABASE_URL made
direct, the embedded server.
"""

import sys
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from logging.config import fileConfig
from pathlib import Path
from types import ModuleType
from typing import Any

import psycopg2
from alembic.config import Config
from alembic.script.revision import RevisionError
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, create_engine, pool
from sqlalchemy.exc import DBAPIError

from plain_commands.errors import ConfigurationError, PlainError
from safe_migrations.applied import Recorder
from safe_migrations.execution.enclosed import enclosed
from safe_migrations.execution.explanation import blame, explain
from safe_migrations.execution.offline import write_sql
from safe_migrations.execution.online import NOW, Online
from safe_migrations.execution.stamping import NOT_COMPARED
from safe_migrations.project import ATTRIBUTE, RUNS, Project
from safe_migrations.settings import SchemaSettings
from safe_migrations.standing import standing
from serverless_postgres.url import parse, resolve

# The commands of Alembic that have no use for the models.
_WITHOUT_MODELS = {
    "current",
    "downgrade",
    "edit",
    "ensure_version",
    "history",
    "merge",
    "show",
    "stamp",
    "upgrade",
}


def _command(config: Config) -> str | None:
    """Name the function of `alembic.command` that runs, if that can be known."""
    typed = getattr(config.cmd_opts, "cmd", None)
    known: str | None = config.attributes.get("command", typed and typed[0].__name__)
    return known


def run(
    context: ModuleType, project: Project | Callable[[], Project] | None = None, **options: Any
) -> None:
    """Carry out the command of an Alembic environment: what env.py has to do.

    `context` is `alembic.context`. `project`, or what makes it, is asked for when no command of
    `flask db` has brought one along; without it, it is that of the Flask application which
    alembic.ini names as `app`, or else the database of DATABASE_URL or of alembic.ini with the
    models of `target_metadata`. `options` go to `context.configure`. An error ends the process
    with a sentence and an exit code, unless a command of `flask db` takes care of that.
    """
    if context.config.attributes.get("raise_errors"):
        _run(context, project, options)
        return
    # `alembic ...` itself would answer with a traceback.
    folder = Path(context.script.dir) / "versions"
    try:
        _run(context, project, options)
        now = context.config.attributes.get(NOW)
        if now is not None:
            context.config.print_stdout("%s", standing(now, folder).place)
    except (PlainError, CommandError, DBAPIError, RevisionError, psycopg2.Error) as error:
        explained = explain(error, standing(None, folder).heads)
    except Exception as error:
        blamed = blame(error, folder)
        if not blamed:
            raise
        explained = blamed
    else:
        return
    print(f"Error: {explained}", file=sys.stderr)  # noqa: T201  a command's answer
    sys.exit(explained.exit_code)


def _run(
    context: ModuleType,
    project_given: Project | Callable[[], Project] | None,
    options: dict[str, Any],
) -> None:
    project = _project(context, project_given, options)
    settings = project.settings
    _check_branch(context)
    options = {**_options(context.config, project), "transaction_per_migration": True}
    if context.is_offline_mode():
        if _command(context.config) == "stamp":
            print(NOT_COMPARED, file=sys.stderr)  # noqa: T201  standard output is the script
        write_sql(context, options, settings)
        return
    given = context.config.attributes.get("connection")
    if given is None or isinstance(given, Engine):
        online = Online(context, options, settings, _command(context.config))
        online.run(_engine(context, settings, given))
        return
    # An open connection, or what pytest-alembic wraps one in: its owner has ideas of his own about
    # transactions.
    with nullcontext(given) if isinstance(given, Connection) else given.connect() as connection:
        context.configure(connection=connection, on_version_apply=Recorder(), **options)
        with enclosed(connection, context.get_context()), context.begin_transaction():
            context.run_migrations()


def _project(
    context: ModuleType,
    given: Project | Callable[[], Project] | None,
    options: dict[str, Any],
) -> Project:
    config = context.config
    _set_up_log(config)
    project = config.attributes.get(ATTRIBUTE) or given
    if project is None:
        from safe_migrations.discovery import discovered  # noqa: PLC0415  with Flask

        project = discovered(config)
    elif not isinstance(project, Project):
        project = project()
    if options.get("target_metadata") is not None:
        project = replace(project, metadata=options["target_metadata"])
    project = replace(project, options={**project.options, **options}).at(context.script.dir)
    config.attributes.update({ATTRIBUTE: project, RUNS: True})
    return project


def _set_up_log(config: Config) -> None:
    if not (config.config_file_name and config.attributes.get("configure_logging", True)):
        return
    if not config.file_config.has_section("loggers"):
        return
    try:
        fileConfig(config.config_file_name, disable_existing_loggers=False)
    except Exception as error:
        said = f"{type(error).__name__}: {error}"
        message = f"{config.config_file_name} can't set up logging: {said}."
        raise ConfigurationError(message) from error


def _options(config: Config, project: Project) -> dict[str, Any]:
    """Make the options of `context.configure`."""
    if _command(config) not in _WITHOUT_MODELS:
        from safe_migrations.autogenerate.options import options  # noqa: PLC0415

        return options(config, project)
    # Most commands run without the models, whose import takes as long as all of Alembic's.
    is_there = not (project.metadata is None or callable(project.metadata))
    return {**project.options, **({"target_metadata": project.metadata} if is_there else {})}


def _check_branch(context: ModuleType) -> None:
    """Raise for `typo@base`, which Alembic takes for `base`, and would take back everything."""
    target = context._proxy.context_opts.get("destination_rev")  # noqa: SLF001  nothing public has it
    branch, at, _ = target.rpartition("@") if isinstance(target, str) else ("", "", "")
    if at:
        context.script.get_revisions(f"{branch}@heads")


def _engine(context: ModuleType, settings: SchemaSettings, given: Engine | None) -> Engine:
    url = context.get_x_argument(as_dictionary=True).get("url")
    if given is not None and url is None:
        return given
    where = parse(url, "-x url") if url is not None else resolve(settings, direct=True)
    return create_engine(
        where,
        poolclass=pool.NullPool,
        connect_args={"connect_timeout": settings.connect_timeout_s},
    )
