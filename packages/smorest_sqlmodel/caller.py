"""Who a request comes from, as far as it is known: an address, of which only a hash is kept."""

import hashlib
import hmac
import re
from functools import lru_cache
from ipaddress import IPv6Address, IPv6Network, ip_address

_WITH_PORT = re.compile(r"\[(.+)\](?::\d+)?|([^:]+):\d+")
"""How some proxies write an address; each connection has another port."""


def network_of(address: str) -> str:
    """Name whose an address is: an IPv4 address alone, of IPv6 the /64 that one site has."""
    if found := _WITH_PORT.fullmatch(address):
        address = found[1] or found[2]
    try:
        known = ip_address(address)
    except ValueError:
        return address
    if isinstance(known, IPv6Address):
        return str(known.ipv4_mapped or IPv6Network((known, 64), strict=False))
    return str(known)


@lru_cache(1000)
def caller_of(address: str | None, secret: str) -> int:
    """Number a caller. Without the secret the number tells no address, also not by trying all."""
    network = network_of(address or "").encode()
    digest = hmac.digest(hashlib.sha256(secret.encode()).digest(), network, "sha256")
    return int.from_bytes(digest[:8], signed=True)
