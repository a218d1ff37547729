"""How Alembic reaches the database and compares it with the models.

It serves `alembic` and `flask db` alike, and never imports flask. The database is, in this order:
a connection or engine in `config.attributes["connection"]`, `-x url=...`, DIRECT_DATABASE_URL,
DATABASE_URL, the embedded server.
"""

import sys
from logging.config import fileConfig
from typing import Any, Literal

from alembic import context
from sqlalchemy import Connection, Engine, create_engine, pool
from sqlalchemy import types as sqltypes
from sqlalchemy.exc import OperationalError
from sqlmodel import SQLModel
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

import service.models  # noqa: F401  the tables register themselves in SQLModel.metadata
from service.db.errors import describe
from service.db.url import parse, resolve
from service.errors import ServiceError
from service.settings import Settings

config = context.config
if config.config_file_name and config.attributes.get("configure_logging", True):
    fileConfig(config.config_file_name, disable_existing_loggers=False)


def render_item(kind: str, item: Any, _autogen: object) -> str | Literal[False]:
    """Write SQLModel's own column types as plain `sa.` ones: a revision never imports sqlmodel."""
    if kind != "type":
        return False
    if isinstance(item, AutoString):
        length = item.impl_instance.length  # type: ignore[attr-defined]
        return f"sa.String(length={length})" if length else "sa.String()"
    if isinstance(item, UTCDateTime):
        return "sa.DateTime(timezone=True)"
    if isinstance(item, sqltypes.ARRAY) and isinstance(item.item_type, sqltypes.Text):
        return "sa.ARRAY(sa.Text())"
    return False


def drop_empty_revision(_context: object, _revision: object, directives: list[Any]) -> None:
    """Write no file when autogenerate finds nothing to do."""
    if getattr(config.cmd_opts, "autogenerate", False) and directives[0].upgrade_ops.is_empty():
        directives.clear()
        print("The models and the database agree: no revision is written.")  # noqa: T201  a command


options: dict[str, Any] = {
    "target_metadata": SQLModel.metadata,
    "compare_type": True,
    "compare_server_default": True,
    "render_item": render_item,
    "process_revision_directives": drop_empty_revision,
    "transaction_per_migration": True,
}


def run(connection: Connection) -> None:
    """Run the command on an open connection."""
    context.configure(connection=connection, **options)
    with context.begin_transaction():
        context.run_migrations()


def main() -> None:
    """Find the database and run the command, or write its SQL."""
    if context.is_offline_mode():
        context.configure(dialect_name="postgresql", literal_binds=True, **options)
        with context.begin_transaction():
            context.run_migrations()
        return
    given = config.attributes.get("connection")
    if isinstance(given, Connection):
        run(given)
        return
    url = context.get_x_argument(as_dictionary=True).get("url")
    engine = given if isinstance(given, Engine) else None
    if engine is None:
        where = parse(url) if url else resolve(Settings.load(), direct=True)
        engine = create_engine(where, poolclass=pool.NullPool)
    with engine.connect() as connection:
        run(connection)


if config.attributes.get("raise_errors"):
    main()
else:
    # `alembic ...` itself would answer with a traceback.
    try:
        main()
    except ServiceError as error:
        sys.exit(f"Error: {error}")
    except OperationalError as error:
        sys.exit(f"Error: {describe(error)}")
