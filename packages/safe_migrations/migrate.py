"""`Migrate`: the commands of `flask db` for any Flask application, as Flask-Migrate has them."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar

import click
from flask import Flask, has_app_context
from flask.cli import ScriptInfo

from plain_commands.errors import ConfigurationError
from safe_migrations.commands.group import db_group
from safe_migrations.discovery import database_url
from safe_migrations.project import Project
from safe_migrations.settings import SchemaSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from alembic.config import Config
    from sqlalchemy import MetaData

EXTENSION = "migrate"
"""The name in `app.extensions`, which is Flask-Migrate's: env.py of its projects asks for it."""

Change = TypeVar("Change", bound="Callable[[Config], Any]")


class HasMetadata(Protocol):
    """What has the tables of an application, such as the object of Flask-SQLAlchemy."""

    metadata: "MetaData"


class Migrate:
    """Gives an application the commands of `flask db`.

    `Migrate(app, db)` as with Flask-Migrate, where `db` is the object of Flask-SQLAlchemy or a
    declarative base, or `Migrate(app, metadata=SQLModel.metadata)`; without `app`, `init_app` is to
    be called. The models must be imported by then, or when `metadata` is called.

    The database is that of `settings`; without them, `SQLALCHEMY_DATABASE_URI` of the application's
    configuration, or else the environment's DATABASE_URL.
    """

    def __init__(
        self,
        app: Flask | None = None,
        db: HasMetadata | None = None,
        directory: str | Path = "migrations",
        command: str = "db",
        *,
        metadata: "MetaData | Callable[[], MetaData] | None" = None,
        settings: SchemaSettings | None = None,
        docs: str | Path = "docs/DATABASE_SCHEMA.md",
        other_tables: tuple[str, ...] = (),
        **options: Any,
    ) -> None:
        """Declare the migrations of an application.

        `directory` is the folder of the migrations, relative to where the command is called, and
        `command` the name of the group. What Flask-Migrate does not have: `metadata` are the
        models' tables, or what imports the models and returns them; `settings` say where the
        database is and how long schema changes wait for others (what messages call NEON_API_KEY is
        their `neon_api_key`); `docs` is the file that `flask db docs` writes; `other_tables` are
        names or patterns (`legacy_*`) of tables that nobody compares with the models or drops.
        `options` go to `context.configure` of Alembic, such as `include_object`.
        """
        self.db = db
        self.directory = directory
        self.command = command
        self.metadata = metadata
        self.settings = settings
        self.docs = docs
        self.other_tables = other_tables
        self.configure_args = options
        self._changes: list[Callable[[Config], Any]] = []
        if app is not None:
            self.init_app(app)

    def init_app(
        self,
        app: Flask,
        db: HasMetadata | None = None,
        directory: str | Path | None = None,
        command: str | None = None,
        **options: Any,
    ) -> None:
        """Add the commands to an application; what is given here takes the place of what was."""
        self.db = db or self.db
        self.directory = directory or self.directory
        self.command = command or self.command
        self.configure_args |= options
        app.extensions[EXTENSION] = self
        app.cli.add_command(db_group(lambda: self._running(app)), name=self.command)

    def configure(self, change: Change) -> Change:
        """Have a function change Alembic's Config before each command: a decorator."""
        self._changes.append(change)
        return change

    def project(self, app: Flask) -> Project:
        """Make what the commands work on.

        Raises ConfigurationError when nobody has said what the models are.
        """
        metadata = self.metadata if self.db is None else getattr(self.db, "metadata", None)
        if metadata is None:
            message = (
                "Migrate does not know the models: `Migrate(app, db)` with the object of "
                "Flask-SQLAlchemy, or `Migrate(app, metadata=...)`."
            )
            raise ConfigurationError(message)
        settings = self.settings or _settings(app)
        if self.other_tables:
            others = (*settings.schema_other_tables, *self.other_tables)
            settings = replace(settings, schema_other_tables=others)
        return Project(
            settings=settings,
            metadata=metadata,
            directory=Path(self.directory),
            docs=Path(self.docs),
            options=self.configure_args,
            configure=tuple(self._changes),
        )

    def _running(self, app: Flask) -> Project:
        """Make the project of the running command; env.py may ask for `current_app`."""
        context = click.get_current_context()
        if not has_app_context():
            context.with_resource(app.app_context())
        info = context.find_object(ScriptInfo)
        name = (info and info.app_import_path) or app.import_name
        return replace(self.project(app), app=name)


class _Configured(SchemaSettings):
    """Settings whose database the application's configuration names."""

    database_url_name: ClassVar[str] = "SQLALCHEMY_DATABASE_URI"


def _settings(app: Flask) -> SchemaSettings:
    found = app.config.get(_Configured.database_url_name)
    folder = Path(app.instance_path)
    if not found:
        return SchemaSettings(database_url=database_url(), instance_dir=folder)
    url = found if isinstance(found, str) else found.render_as_string(hide_password=False)
    return _Configured(database_url=url, instance_dir=folder)
