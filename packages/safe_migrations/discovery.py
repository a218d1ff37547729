"""Finds the project where only Alembic's own program runs, by alembic.ini and DATABASE_URL."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from alembic.config import Config

from plain_commands.errors import ConfigurationError
from safe_migrations.project import Project
from safe_migrations.settings import SchemaSettings

if TYPE_CHECKING:  # At run time, who has no Flask application needs no Flask.
    from flask import Flask

DATABASE_URL = "DATABASE_URL"


def database_url() -> str | None:
    """Read DATABASE_URL, which is for those who give no settings of their own."""
    # nosemgrep: environment-outside-settings  what Migrate documents
    return os.environ.get(DATABASE_URL) or None


def discovered(config: Config) -> Project:
    """Make the project of an Alembic environment that nobody has brought along.

    It is that of the Flask application which runs, or which alembic.ini names as `app`; else that
    of `sqlalchemy.url` or DATABASE_URL, without models. Raises ConfigurationError when there is no
    such application, or it has no Migrate.
    """
    from flask import current_app, has_app_context  # noqa: PLC0415  as above

    name = config.get_main_option("app")
    if has_app_context():
        app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001
    elif name:
        app = _loaded(name)
    else:
        url = config.get_main_option("sqlalchemy.url") or database_url()
        script = config.get_main_option("script_location") or "migrations"
        return Project(
            settings=SchemaSettings(database_url=url),
            metadata=None,
            directory=Path(script),
        )
    from safe_migrations.migrate import EXTENSION, Migrate  # noqa: PLC0415

    found = app.extensions.get(EXTENSION)
    if not isinstance(found, Migrate):
        message = f"The application {app.name} has no `Migrate(app, ...)` of safe_migrations."
        raise ConfigurationError(message)
    return found.project(app)


def _loaded(name: str) -> "Flask":
    from click import UsageError  # noqa: PLC0415
    from flask.cli import ScriptInfo  # noqa: PLC0415

    try:
        return ScriptInfo(app_import_path=name, load_dotenv_defaults=False).load_app()
    except UsageError as error:
        # Flask tells an ImportError with its whole traceback.
        said = error.format_message().strip().splitlines()
        reason = said[0] if len(said) == 1 else f"{said[0]} {said[-1]}."
    except Exception as error:  # noqa: BLE001  whatever code of others raises
        reason = f"{type(error).__name__}: {error}."
    message = f"The application {name}, which alembic.ini names, can't be loaded: {reason}"
    raise ConfigurationError(message)
