"""The service's settings: the only reader of the process environment and of `.env`."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from api_access.settings import AccessSettings
from json_rows.settings import RowsSettings
from plain_commands.settings.declared import setting
from plain_commands.settings.loading import load
from safe_migrations.settings import SchemaSettings

ROOT = Path(__file__).resolve().parent.parent

MOST_MINUTES = 10 * 365 * 24 * 60
"""The longest that `flask workflows reap` can be told to wait: ten years."""


@dataclass(frozen=True, kw_only=True)
class Settings(AccessSettings, SchemaSettings, RowsSettings):
    """Everything that can be set from outside, typed and checked.

    Each field is read from the environment variable of the same name in upper case; the environment
    wins over `.env`, an empty value counts as not set.
    """

    otel_service_name: str = setting("trip-planner", "The service's name in traces.")

    reap_silent_minutes: int = setting(
        60,
        "`flask workflows reap` closes a workflow whose agent has been silent for longer.",
        least=1,
        most=MOST_MINUTES,
    )
    reap_waiting_hours: int = setting(
        168,
        "It closes one that has waited for a person's answer for longer.",
        least=1,
        most=MOST_MINUTES // 60,
    )

    application = "trip-planner"
    key_name = "tps"

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Read the environment over `.env`, or what is given in place of both.

        Raises ConfigurationError, which names all that is wrong at once.
        """
        if environ is not None:
            return load(cls, environ, folder=ROOT)
        return load(cls, os.environ, folder=ROOT, file=ROOT / ".env")
