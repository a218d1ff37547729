"""The service's settings: the only reader of the process environment and of `.env`."""

import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Self

from app_server.settings import ServerSettings
from json_rows.settings import RowsSettings
from plain_commands.errors import ConfigurationError
from plain_commands.settings.env_file import read
from plain_commands.settings.spelling import meant_in_environment
from plain_commands.settings.value import parse
from safe_migrations.settings import SchemaSettings

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, kw_only=True)
class Settings(ServerSettings, SchemaSettings, RowsSettings):
    """Everything that can be set from outside, typed and checked.

    Each field is read from the environment variable of the same name in upper case; the environment
    wins over `.env`, an empty value counts as not set.
    """

    application = "trip-planner"
    aside = ("predecessor",)

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Read the environment over `.env`.

        Raises ConfigurationError, which names all that is wrong at once: values that can't be used,
        names that look like one of a setting, and what can't be read of `.env`.
        """
        known = {spec.name.upper(): spec for spec in fields(cls)}
        in_file, problems = ({}, []) if environ is not None else read(ROOT / ".env", known)
        texts = {**in_file, **(os.environ if environ is None else environ)}
        problems += _misspelt(texts.keys() - in_file.keys() - known.keys(), texts, known)
        values: dict[str, Any] = {}
        for name, spec in known.items():
            if text := texts.get(name, "").strip():
                try:
                    values[spec.name] = parse(name, text, spec.type, spec.metadata, ROOT)
                except ConfigurationError as error:
                    problems.append(error.detail)
        if problems:
            raise ConfigurationError(_all_of(problems))
        values.setdefault("instance_dir", ROOT / "instance")
        return cls(**values)


def _misspelt(
    names: Iterable[str], texts: Mapping[str, str], known: Collection[str]
) -> Iterator[str]:
    """Say which names in the environment look like a setting, unless that one is set as well.

    Then it is not misspelt, and the other name is somebody else's.
    """
    for name in names:
        meant = meant_in_environment(name, known)
        if meant and texts[name] and not texts.get(meant):
            yield f"{name} is no setting: do you mean {meant}?"


def _all_of(problems: list[str]) -> str:
    if len(problems) == 1:
        return problems[0]
    return "\n  ".join([f"{len(problems)} things are wrong with the settings:", *problems])
