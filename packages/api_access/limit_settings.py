"""What can be set of how much a caller may send."""

from dataclasses import dataclass

from plain_commands.settings.declared import Environment, setting


@dataclass(frozen=True, kw_only=True)
class LimitSettings(Environment):
    """How many requests are answered in which time."""

    rate_limit: str = setting(
        "6000/minute", "Requests of one key, or of one issuer's subject; `off`: any number."
    )
    rate_limit_anonymous: str | None = setting(
        None,
        "Requests that need no key, from one address (IPv6: one /64). Not set: 600/minute with "
        "AUTH=on, else any number.",
    )
    rate_limit_feed: str = setting("600/hour", "Requests with one link of a feed.")
    rate_limit_storage: str = setting(
        "memory://",
        "Where requests are counted: memory://, by each process for itself, or redis:// and "
        "rediss:// for all.",
        secret=True,
    )
