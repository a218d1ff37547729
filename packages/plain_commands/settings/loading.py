"""Makes settings of an environment and a `.env` file, or tells at once all that is wrong."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

from plain_commands.errors import ConfigurationError
from plain_commands.settings import env_file
from plain_commands.settings.spelling import meant_in_environment
from plain_commands.settings.value import parse

S = TypeVar("S")


def load(kind: type[S], environ: Mapping[str, str], *, folder: Path, file: Path | None = None) -> S:
    """Make settings, a dataclass whose fields are made by `setting`.

    Each field is read from the variable of the same name in upper case: out of `environ`, or else
    of `file`, which need not exist. An empty value counts as not set. Relative paths, defaults
    included, are relative to `folder`.

    Raises ConfigurationError, which names all that is wrong at once: values that can't be used,
    names that look like one of a setting, and what can't be read of the file.
    """
    known = {spec.name.upper(): spec for spec in fields(kind)}  # type: ignore[arg-type]
    in_file, problems = env_file.read(file, known, environ) if file else ({}, [])
    texts = {**in_file, **environ}
    problems += _misspelt(texts.keys() - in_file.keys() - known.keys(), texts, known)
    values: dict[str, Any] = {}
    for name, spec in known.items():
        if text := texts.get(name, "").strip():
            try:
                values[spec.name] = parse(name, text, spec.type, spec.metadata, folder)
            except ConfigurationError as error:
                problems.append(error.detail)
        elif isinstance(spec.default, Path):
            values[spec.name] = folder / spec.default
    if problems:
        raise ConfigurationError(_all_of(problems))
    return kind(**values)


def _misspelt(
    names: Iterable[str], texts: Mapping[str, str], known: Collection[str]
) -> Iterator[str]:
    """Say which names in the environment look like a setting, unless that one is set as well.

    Then it is not misspelt, and the other name is somebody else's.
    """
    for name in names:
        meant = meant_in_environment(name, known)
        if meant and texts[name] and not texts.get(meant):
            yield f"{name} is not a setting: did you mean {meant}?"


def _all_of(problems: list[str]) -> str:
    if len(problems) == 1:
        return problems[0]
    return "\n  ".join([f"{len(problems)} things are wrong with the settings:", *problems])
