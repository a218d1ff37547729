"""What can be set of who may call."""

from dataclasses import dataclass
from typing import ClassVar

from api_access.issuer_settings import IssuerSettings
from api_access.limit_settings import LimitSettings
from app_server.hosts import LOOPBACK_NAMES, is_this_machine
from app_server.settings import ServerSettings
from plain_commands.errors import ConfigurationError
from plain_commands.settings.declared import setting

AUTH_NOT_SET = (
    "AUTH is not set: say AUTH=on, and make the first key with `flask keys create`, or AUTH=off, "
    "with which whoever reaches the service may read, change and erase everything."
)


@dataclass(frozen=True, kw_only=True)
class AccessSettings(IssuerSettings, LimitSettings, ServerSettings):
    """Whether callers are asked who they are."""

    key_name: ClassVar[str] = "key"
    """What all keys of a service begin with."""

    auth: str | None = setting(
        None,
        "Whether callers need a key. Not set: not on a loopback address in development; elsewhere "
        "nothing starts.",
        choices=("on", "off"),
    )

    auth_failures_per_minute: int = setting(
        30,
        "Keys that nobody has, and tokens that nobody signed, which are looked at for one "
        "address; more get a 429.",
        least=1,
    )
    metrics_auth: str | None = setting(
        None,
        "Whether GET /metrics needs a key. Not set: where not only this machine is served.",
        choices=("on", "off"),
    )
    readyz_auth: str = setting(
        "off", "Whether GET /readyz needs a key; probes mostly have none.", choices=("on", "off")
    )

    @property
    def needs_key_for_metrics(self) -> bool:
        """Whether GET /metrics needs a key."""
        return self.metrics_auth == "on" or (
            self.metrics_auth is None and not self.is_for_this_machine
        )

    @property
    def is_auth_on(self) -> bool:
        """Whether callers need a key."""
        return self.auth == "on"

    @property
    def is_for_this_machine(self) -> bool:
        """Whether only this machine is served, and nobody else by way of a proxy on it."""
        return (
            is_this_machine(self.host)
            and not self.trusted_proxies
            and set(self.allowed_hosts) <= set(LOOPBACK_NAMES)
        )

    @property
    def warning(self) -> str:
        """What is said at each start where callers need no key; empty where they do."""
        if self.is_auth_on:
            return ""
        return "AUTH is off: whoever reaches this service may read, change and erase everything."

    def check_auth(self) -> None:
        """Raise ConfigurationError where it must be said whether callers need a key, and is not."""
        if self.auth is None and (self.is_production or not self.is_for_this_machine):
            raise ConfigurationError(AUTH_NOT_SET)
