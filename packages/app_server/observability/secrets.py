"""Keeps secrets out of texts that the service did not write itself, such as those of exceptions."""

import re
from dataclasses import fields

from app_server.observability.exchange import Exchange
from app_server.settings import ServerSettings
from plain_commands.errors import ConfigurationError
from serverless_postgres import url_text

HIDDEN = url_text.HIDDEN

_SHORTEST = 4
"""What is shorter would be found all over a text, and is no secret."""
_SHORTEST_SENT = 8
"""The same of what clients send: they must not be able to blacken common words."""

_LOGIN = re.compile(r"(://[^\s:/@]*:)[^\s@]+(?=@)")
_NAMED = re.compile(
    r"""(?ix)
    ( (?:proxy-)?authorization | (?:set-)?cookie | idempotency-key | x-api-key | password )
    ( ["']? \s* [:=] \s* ["']? (?:(?:bearer|basic)\s+)? )
    [^\s"',;&]+"""
)
_CREDENTIALS = ("HTTP_AUTHORIZATION", "HTTP_COOKIE", "HTTP_IDEMPOTENCY_KEY", "HTTP_X_API_KEY")


class Secrets:
    """The secrets of the settings, and those that each request brings with it."""

    def __init__(self, settings: ServerSettings) -> None:
        self._own = _of_settings(settings)

    def hide(self, text: str, exchange: Exchange | None) -> str:
        """Put `***` in place of each secret: known ones, and what looks like one."""
        text = text.encode("utf-8", "replace").decode()
        known = self._own | _of_request(exchange) if exchange else self._own
        # The longest first: one may be a part of another, whose rest would stay.
        for secret in sorted(known, key=len, reverse=True):
            text = text.replace(secret, HIDDEN)
        text = _LOGIN.sub(rf"\1{HIDDEN}", text)
        return _NAMED.sub(rf"\1\2{HIDDEN}", text)


def _of_settings(settings: ServerSettings) -> set[str]:
    found: set[str | None] = set()
    for spec in fields(settings):
        # What is declared as a secret stays out of the `repr`; of a URL only the password is one.
        value = None if spec.repr else getattr(settings, spec.name)
        if isinstance(value, str):
            found |= _passwords(value) if "://" in value else {value}
    return {secret for secret in found if secret and len(secret) >= _SHORTEST}


def _passwords(url: str) -> set[str | None]:
    """Find the passwords of a URL, as they are and as they are written there."""
    try:
        parts = url_text.read(url)
    except ConfigurationError:
        return set()
    written = re.search(r"://[^:/@]*:(.*)@", url)
    return {
        parts.password,
        written[1] if written else None,
        parts.parameter("password"),
        parts.parameter("sslpassword"),
    }


def _of_request(exchange: Exchange) -> set[str]:
    environ = exchange.environ
    found = {environ.get(name, "") for name in _CREDENTIALS}
    found.add(environ.get("HTTP_AUTHORIZATION", "").partition(" ")[2].strip())
    for pair in environ.get("HTTP_COOKIE", "").split(";"):
        found.add(pair.partition("=")[2].strip())
    return {secret for secret in found if len(secret) >= _SHORTEST_SENT}
