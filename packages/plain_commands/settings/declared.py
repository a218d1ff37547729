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
    """Declare a field of a dataclass as a setting; what is `secret` stays out of its `repr`."""
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
