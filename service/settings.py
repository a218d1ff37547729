"""The service's settings: the only reader of the process environment and of `.env`."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from app_server.settings import ServerSettings
from json_rows.settings import RowsSettings
from plain_commands.settings.declared import setting
from plain_commands.settings.loading import load
from safe_migrations.settings import SchemaSettings

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, kw_only=True)
class Settings(ServerSettings, SchemaSettings, RowsSettings):
    """Everything that can be set from outside, typed and checked.

    Each field is read from the environment variable of the same name in upper case; the environment
    wins over `.env`, an empty value counts as not set.
    """

    otel_service_name: str = setting("trip-planner", "The service's name in traces.")

    application = "trip-planner"

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Read the environment over `.env`, or what is given in place of both.

        Raises ConfigurationError, which names all that is wrong at once.
        """
        if environ is not None:
            return load(cls, environ, folder=ROOT)
        return load(cls, os.environ, folder=ROOT, file=ROOT / ".env")
