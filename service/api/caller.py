"""Who a request comes from, as far as it is known: an address, of which only a hash is kept."""

import hashlib
import hmac
import re
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network

_WITH_PORT = re.compile(r"\"?(?:\[([^\]]*)\]|([^:]*))(?::[^:]*)?\"?")
"""How proxies write an address with a port, or of IPv6 (RFC 7239, 6): `[2001:db8::1]:443`."""


def network_of(address: str | None) -> str:
    """Name whose an address is: an IPv4 address alone, of IPv6 the /64 that one site has.

    Some proxies add the port to X-Forwarded-For, which is another one for each connection.
    """
    address = (address or "").strip()
    if found := _WITH_PORT.fullmatch(address):
        address = found[1] or found[2] or ""
    try:
        known = ip_address(address)
    except ValueError:
        return address
    if not isinstance(known, IPv6Address):
        return str(known)
    if known.ipv4_mapped:
        return str(known.ipv4_mapped)
    return str(ip_network((int(known), 64), strict=False))


@lru_cache(1000)
def caller_of(address: str | None, secret: str) -> int:
    """Number a caller. Without the secret the number tells no address, also not by trying all."""
    network = network_of(address).encode()
    digest = hmac.digest(hashlib.sha256(secret.encode()).digest(), network, "sha256")
    return int.from_bytes(digest[:8], signed=True)
