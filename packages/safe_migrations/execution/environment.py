"""What env.py does: finds the database and runs Alembic's command on it, or writes its SQL."""

import sys
from contextlib import nullcontext
from pathlib import Path
from types import ModuleType
from typing import Any

import psycopg2
from alembic.config import Config
from alembic.script.revision import RevisionError
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, create_engine, pool
from sqlalchemy.exc import DBAPIError

from plain_commands.errors import PlainError
from safe_migrations.applied import Recorder
from safe_migrations.execution.enclosed import enclosed
from safe_migrations.execution.explanation import blame, explain
from safe_migrations.execution.offline import write_sql
from safe_migrations.execution.online import NOW, Online
from safe_migrations.execution.stamping import NOT_COMPARED
from safe_migrations.settings import SchemaSettings
from safe_migrations.standing import standing
from serverless_postgres.url import parse, resolve
from service.settings import Settings

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


def compares_models(config: Config) -> bool:
    """Tell whether the running command may compare the models with the database."""
    return _command(config) not in _WITHOUT_MODELS


def _command(config: Config) -> str | None:
    """Name the function of `alembic.command` that runs, if that can be known."""
    typed = getattr(config.cmd_opts, "cmd", None)
    known: str | None = config.attributes.get("command", typed and typed[0].__name__)
    return known


def run(context: ModuleType, options: dict[str, Any]) -> None:
    """Carry out the command of an Alembic environment.

    `context` is `alembic.context`, `options` go to its `configure`. An error ends the process with
    a sentence and an exit code, unless `raise_errors` in the attributes of the config says that
    somebody else takes care of that.
    """
    if context.config.attributes.get("raise_errors"):
        _run(context, options)
        return
    # `alembic ...` itself would answer with a traceback.
    folder = Path(context.script.dir) / "versions"
    try:
        _run(context, options)
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


def _run(context: ModuleType, options: dict[str, Any]) -> None:
    settings = Settings.load()
    _check_branch(context)
    options = {**options, "transaction_per_migration": True}
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
