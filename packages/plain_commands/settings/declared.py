"""How a library or a service declares its settings: a field with a default, a text and bounds."""

from dataclasses import dataclass, field
from typing import Any


def setting(
    default: Any,
    description: str,
    *,
    least: int | None = None,
    most: int | None = None,
    choices: tuple[str, ...] = (),
    secret: bool = False,
) -> Any:
    """Declare a field of a dataclass as a setting.

    `description` is a sentence for people; `least` and `most` bound a number, `choices` a text.
    What is `secret` stays out of the settings' `repr`, and out of what is logged.
    """
    bounds = {"description": description, "least": least, "most": most, "choices": choices}
    return field(default=default, metadata=bounds, repr=not secret)


@dataclass(frozen=True, kw_only=True)
class Environment:
    """Whether a program runs for those who use it, or for those who write it."""

    app_env: str = setting(
        "development",
        "In production nothing is embedded: DATABASE_URL must be set.",
        choices=("development", "production"),
    )

    @property
    def is_production(self) -> bool:
        """Whether nothing may be embedded."""
        return self.app_env == "production"


@dataclass(frozen=True, kw_only=True)
class Processes(Environment):
    """How much a server does at a time, which is also how many connections it may need."""

    workers: int = setting(2, "Processes of the production server.", least=1)
    threads: int = setting(
        8, "Requests that a process works on at a time; each may need a connection.", least=1
    )
