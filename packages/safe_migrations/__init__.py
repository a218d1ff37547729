"""Alembic without fear: `flask db`, whose schema changes keep the application running."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from safe_migrations.backfill import Backfill
    from safe_migrations.commands.group import db_group
    from safe_migrations.execution.environment import run
    from safe_migrations.migrate import Migrate
    from safe_migrations.project import Project
    from safe_migrations.settings import SchemaSettings

__all__ = ["Backfill", "Migrate", "Project", "SchemaSettings", "db_group", "run"]

_PLACES = {
    "Backfill": "backfill",
    "Migrate": "migrate",
    "Project": "project",
    "SchemaSettings": "settings",
    "db_group": "commands.group",
    "run": "execution.environment",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for: Flask, SQLAlchemy and Alembic take long, and few need all."""
    if name not in _PLACES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
