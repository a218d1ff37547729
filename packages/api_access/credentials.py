"""What a request brings along to say who sends it."""

import re

from api_access.errors import missing, unreadable

_BEARER = re.compile(r"bearer +([A-Za-z0-9._~+/-]+=*) *", re.IGNORECASE | re.ASCII)
"""RFC 6750, 2.1. Two headers are one with a comma, which no token has."""


def bearer_of(authorization: str | None) -> str:
    """Read the token of an Authorization header; UnauthorizedError where there is none."""
    if authorization is None:
        raise missing()
    if found := _BEARER.fullmatch(authorization):
        return found[1]
    raise unreadable()
