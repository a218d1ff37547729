"""Connections to a Postgres that sleeps, moves and restarts, such as Neon's, and its API."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # At run time, the quickest commands need not wait for SQLAlchemy.
    from serverless_postgres.database import Database
    from serverless_postgres.embedded import EmbeddedPostgres
    from serverless_postgres.losses import describe, fate, is_connection_loss
    from serverless_postgres.mark import Mark
    from serverless_postgres.neon import NeonProject
    from serverless_postgres.neon_commands.group import neon_group
    from serverless_postgres.refusals import Fate
    from serverless_postgres.retry import Patience
    from serverless_postgres.server import Server
    from serverless_postgres.settings import PostgresSettings
    from serverless_postgres.stats import examine
    from serverless_postgres.url import is_neon, masked, parse, resolve

_MODULES = {
    "Database": "database",
    "EmbeddedPostgres": "embedded",
    "Fate": "refusals",
    "Mark": "mark",
    "NeonProject": "neon",
    "Patience": "retry",
    "PostgresSettings": "settings",
    "Server": "server",
    "describe": "losses",
    "examine": "stats",
    "fate": "losses",
    "is_connection_loss": "losses",
    "is_neon": "url",
    "masked": "url",
    "neon_group": "neon_commands.group",
    "parse": "url",
    "resolve": "url",
}

__all__ = [
    "Database",
    "EmbeddedPostgres",
    "Fate",
    "Mark",
    "NeonProject",
    "Patience",
    "PostgresSettings",
    "Server",
    "describe",
    "examine",
    "fate",
    "is_connection_loss",
    "is_neon",
    "masked",
    "neon_group",
    "parse",
    "resolve",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
