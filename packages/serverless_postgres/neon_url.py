"""What is particular to the URLs of Neon: pooled and direct hosts, and TLS.

Without SQLAlchemy, so that the quickest commands can use it. Facts: Neon's manual, "Connect from
any application" and "Connection pooling".
"""

import re
from dataclasses import replace

from serverless_postgres.url_text import Parts, read

POOLER = "-pooler"
_DOMAINS = (".neon.tech", ".neon.build")


def is_neon_host(host: str) -> bool:
    """Tell whether a host is one of Neon's."""
    return host.lower().rstrip(".").endswith(_DOMAINS)


def is_pooled_host(host: str) -> bool:
    """Tell whether a host is that of a Neon pooler."""
    return is_neon_host(host) and host.partition(".")[0].endswith(POOLER)


def is_neon(parts: Parts) -> bool:
    """Tell whether a URL leads to Neon."""
    return any(is_neon_host(host) for host, _ in parts.hosts)


def is_pooled(parts: Parts) -> bool:
    """Tell whether a URL leads to a Neon pooler."""
    return any(is_pooled_host(host) for host, _ in parts.hosts)


def direct(parts: Parts) -> Parts:
    """Lead past the pooler: `-pooler` goes from Neon's hosts, and from the endpoint's name."""
    if not is_neon(parts):
        return parts
    hosts = tuple((_direct_host(host), port) for host, port in parts.hosts)
    options = parts.parameter("options")
    if options:
        mended = re.sub(rf"(\bendpoint=[\w-]+?){POOLER}(?![\w-])", r"\1", options)
        parts = parts.with_parameter("options", mended)
    return replace(parts, hosts=hosts)


def lacks_tls(parts: Parts) -> bool:
    """Tell whether a URL of Neon, which refuses plain connections, does not ask for TLS."""
    return is_neon(parts) and parts.parameter("sslmode") is None


def with_tls(parts: Parts) -> Parts:
    """Ask for TLS where Neon wants it and the URL does not say."""
    return parts.with_parameter("sslmode", "require") if lacks_tls(parts) else parts


def direct_text(text: str, variable: str = "DATABASE_URL") -> str:
    """Make a URL direct, with TLS where Neon wants it, as libpq takes it.

    Raises ConfigurationError, whose message says `variable`, when it is none.
    """
    return with_tls(direct(read(text, variable))).text()


def endpoint(host: str) -> str:
    """Name the compute that a Neon host leads to, pooled or not."""
    return host.partition(".")[0].removesuffix(POOLER)


def _direct_host(host: str) -> str:
    if not is_pooled_host(host):
        return host
    label, dot, domain = host.partition(".")
    return label.removesuffix(POOLER) + dot + domain
