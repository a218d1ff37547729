"""The service's settings: the only reader of the process environment and of `.env`."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Self

from dotenv import dotenv_values

from service.errors import ConfigurationError

ROOT = Path(__file__).resolve().parent.parent


def _setting(
    default: Any,
    description: str,
    *,
    least: int | None = None,
    most: int | None = None,
    choices: tuple[str, ...] = (),
) -> Any:
    bounds = {"description": description, "least": least, "most": most, "choices": choices}
    return field(default=default, metadata=bounds)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that can be set from outside, typed and checked.

    Each field is read from the environment variable of the same name in upper case; the environment
    wins over `.env`, an empty value counts as not set.
    """

    app_env: str = _setting(
        "development",
        "In production nothing is embedded: DATABASE_URL must be set.",
        choices=("development", "production"),
    )
    database_url: str | None = _setting(
        None,
        "Postgres of the service; on Neon the pooled one. Not set: the embedded server, for "
        "development commands only.",
    )
    direct_database_url: str | None = _setting(
        None,
        "Postgres for schema changes, past the pooler. Not set: DATABASE_URL.",
    )
    flask_run_from_cli: str | None = _setting(
        None, "Set by the `flask` command itself; without it, a WSGI server runs the service."
    )
    host: str = _setting("127.0.0.1", "Address on which `flask dev` serves.")
    port: int = _setting(8000, "Port on which `flask dev` serves.", least=1, most=65535)
    instance_dir: Path = _setting(  # noqa: RUF009  no different from dataclasses.field
        Path("instance"), "Folder of the embedded server's data (relative to the project)."
    )
    max_body_bytes: int = _setting(
        4 * 1024 * 1024, "Largest request body; beyond that the answer is 413.", least=1024
    )
    pool_size: int = _setting(5, "Connections kept open, per process.", least=1)
    pool_max_overflow: int = _setting(10, "Connections opened beyond that under load.", least=0)
    pool_timeout_s: int = _setting(10, "Wait for a free connection before a 503.", least=1)
    pool_recycle_s: int = _setting(240, "Age at which an idle connection is replaced.", least=1)
    pool_ping_idle_s: int = _setting(
        15, "A connection idle for longer is pinged before it is used.", least=0
    )
    connect_timeout_s: int = _setting(15, "Wait for one connection attempt.", least=2)
    idempotency_ttl_hours: int = _setting(
        24, "How long an answer is kept for its Idempotency-Key.", least=1
    )

    @property
    def is_production(self) -> bool:
        """Whether nothing may be embedded."""
        return self.app_env == "production"

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Read the environment over `.env`.

        Raises ConfigurationError, naming the variable, for a value that can't be used.
        """
        if environ is None:
            environ = {
                **{k: v for k, v in dotenv_values(ROOT / ".env").items() if v is not None},
                **os.environ,
            }
        values: dict[str, Any] = {}
        for spec in fields(cls):
            text = environ.get(spec.name.upper(), "").strip()
            if text:
                values[spec.name] = _parse(spec.name.upper(), text, spec.type, spec.metadata)
        values.setdefault("instance_dir", ROOT / "instance")
        return cls(**values)


def _parse(
    variable: str,
    text: str,
    kind: Any,
    bounds: Mapping[str, Any],
) -> object:
    if kind is Path:
        return ROOT / text
    if kind is int:
        return _parse_int(variable, text, bounds["least"], bounds["most"])
    if bounds["choices"] and text not in bounds["choices"]:
        allowed = " or ".join(bounds["choices"])
        message = f"{variable} must be {allowed}, not {text!r}."
        raise ConfigurationError(message)
    return text


def _parse_int(variable: str, text: str, least: int | None, most: int | None) -> int:
    wanted = "a whole number" + (f" of at least {least}" if least is not None else "")
    wanted += f" and at most {most}" if most is not None else ""
    message = f"{variable} must be {wanted}, not {text!r}."
    try:
        number = int(text)
    except ValueError:
        raise ConfigurationError(message) from None
    if (least is not None and number < least) or (most is not None and number > most):
        raise ConfigurationError(message)
    return number
