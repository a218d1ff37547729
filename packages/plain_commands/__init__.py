"""Programs that tell people in sentences: their errors, their settings and their commands.

What has the name of its module is imported from there: `plain_commands.command.command`,
`plain_commands.durations.read_duration`, `plain_commands.table.table`,
`plain_commands.waiting.waiting`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from plain_commands.errors import (
    ConfigurationError,
    ConflictError,
    InvalidInputError,
    NotFoundError,
    PlainError,
    UnavailableError,
)

if TYPE_CHECKING:  # At run time, what has no commands need not wait for click.
    from plain_commands.command import Result, fail, subject
    from plain_commands.confirmation import confirm
    from plain_commands.group import LazyGroup
    from plain_commands.settings.declared import Environment, setting

_MODULES = {
    "Environment": "plain_commands.settings.declared",
    "LazyGroup": "plain_commands.group",
    "Result": "plain_commands.command",
    "confirm": "plain_commands.confirmation",
    "fail": "plain_commands.command",
    "setting": "plain_commands.settings.declared",
    "subject": "plain_commands.command",
}

__all__ = [
    "ConfigurationError",
    "ConflictError",
    "Environment",
    "InvalidInputError",
    "LazyGroup",
    "NotFoundError",
    "PlainError",
    "Result",
    "UnavailableError",
    "confirm",
    "fail",
    "setting",
    "subject",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(_MODULES[name]), name)
