"""By which names the service may be called: none that a page could have rebound to its address."""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv6Address, ip_address

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")
"""What a service that only this machine reaches is called, unless ALLOWED_HOSTS says otherwise."""

OF_LOOPBACK = (
    "This service serves this machine alone, by the names localhost, 127.0.0.1 and [::1]; behind a "
    "proxy that passes on another Host, set ALLOWED_HOSTS to that name."
)
_OF_LIST = "This service has another name; ALLOWED_HOSTS lists those that it goes by."
_OF_DEVELOPER = (
    "This development server goes by localhost and its addresses only; to call it by another name, "
    "set ALLOWED_HOSTS."
)

_PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
"""Who asks for them, a kubelet say, knows the address and not always the name."""


class Hosts:
    """Judges the hosts of requests.

    A page can have the name that it came by resolved to any address (DNS rebinding), and then read
    and write there as if it were its own; that it can't have an address for a name is what the
    exceptions here stand on.
    """

    def __init__(self, listed: Iterable[str], *, is_development: bool) -> None:
        """Take ALLOWED_HOSTS, and whether this is `flask dev` or `flask run`."""
        listed = [host.lower() for host in listed]
        self._names = frozenset(host.removeprefix(".") for host in listed)
        self._suffixes = tuple(host for host in listed if host.startswith("."))
        self._is_development = is_development

    def objection(self, host: str, listener: str, path: str) -> str | None:
        """Say why a host, with or without port, is none of the service's; None when it is.

        `listener` is the address on which the connection was accepted (WSGI's SERVER_NAME); that
        of a Unix socket, which no page reaches, is none, and so is what some servers put there.
        """
        name = _name_of(host)
        if self._names:
            is_known = name in self._names or name.endswith(self._suffixes)
            return None if is_known or (path in _PROBES and _is_address(name)) else _OF_LIST
        if is_loopback(listener):
            return None if name in LOOPBACK_NAMES or name.strip("[]") == listener else OF_LOOPBACK
        if self._is_development:
            return None if name == "localhost" or _is_address(name) else _OF_DEVELOPER
        return None


@lru_cache(maxsize=64)
def is_loopback(address: str) -> bool:
    """Tell whether only this machine reaches an address; False for what is no address."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    if isinstance(found, IPv6Address) and found.ipv4_mapped:
        return found.ipv4_mapped.is_loopback
    return found.is_loopback


def is_this_machine(name: str) -> bool:
    """Tell whether a name or an address leads to this machine, wherever it is used."""
    return name == "localhost" or is_loopback(name)


@lru_cache(maxsize=64)
def _name_of(host: str) -> str:
    name = host.lower()
    if not name.endswith("]"):
        name = name.rpartition(":")[0] or name
    # With the root's dot it is the same name (RFC 1034, 3.1).
    return name.removesuffix(".")


def _is_address(name: str) -> bool:
    is_bracketed = name.startswith("[") and name.endswith("]")
    try:
        version = ip_address(name[1:-1] if is_bracketed else name).version
    except ValueError:
        return False
    return (version == 6) is is_bracketed  # noqa: PLR2004  RFC 9110, 7.2: in brackets, or no host
