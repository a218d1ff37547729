"""The keys with which an issuer signs (RFC 7517): what a set of them holds, and its fetching."""

import json
import re
import socket
import ssl
import threading
from contextlib import suppress
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from jwt import PyJWK
from jwt.exceptions import PyJWTError

from app_server.hosts import is_this_machine
from plain_commands.errors import ConfigurationError

LARGEST = 256 * 1024
"""Bytes of a set of keys: issuers have a handful of them, of 1 to 2 KB each."""

MOST_KEYS = 100
RSA_BITS = range(2048, 8193)
"""How long an RSA key may be: shorter is weak (RFC 7518, 3.3), longer takes long."""

_ALGORITHMS = {("RSA", ""): "RS256", ("EC", "P-256"): "ES256", ("OKP", "Ed25519"): "EdDSA"}
"""The one algorithm for which a key is used, by its type and curve: a token has no say in that.

A secret (`oct`) is none of these: whoever checks with it could sign with it, too.
"""

_OK = 200

Keys = dict[tuple[str, str], PyJWK]
"""Keys by their id and algorithm."""


class NoKeysError(Exception):
    """There is no set of keys to be had; the text says why."""


def check_url(url: str, *, is_production: bool) -> None:
    """Raise ConfigurationError for an address from which somebody on the way could send his keys.

    Without TLS it is only this machine, and not in production.
    """
    try:
        parts = urlsplit(url)
        is_address = bool(parts.hostname) and parts.port != 0 and parts.username is None
        is_address &= re.fullmatch(r"[!-~]+", url) is not None
    except ValueError:
        is_address = False
    if not is_address or parts.scheme not in {"https", "http"}:
        message = "JWT_JWKS_URL must be an address such as https://auth.example.com/jwks.json."
        raise ConfigurationError(message)
    if parts.scheme == "http" and (is_production or not is_this_machine(parts.hostname or "")):
        message = (
            "JWT_JWKS_URL must begin with https://: whoever is between here and there could put "
            "their own keys in. In development it may be http://127.0.0.1."
        )
        raise ConfigurationError(message)


def fetch(url: str, limit_s: float) -> Keys:
    """Get the keys at an address, in `limit_s` seconds or so; NoKeysError where there are none.

    Redirects are not followed: they could lead to where no TLS is, or into one's own network.
    """
    parts = urlsplit(url)
    make = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = make(parts.hostname or "", parts.port, timeout=limit_s)
    timer = None
    try:
        connection.connect()
        # A socket's own limit is for each piece: an answer that comes letter by letter has none.
        timer = threading.Timer(limit_s, _cut, [connection.sock])
        timer.daemon = True
        timer.start()
        connection.request(
            "GET",
            (parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
            headers={"Accept": "application/json", "Connection": "close"},
        )
        answer = connection.getresponse()
        if answer.status != _OK:
            message = f"the answer has the status {answer.status}"
            raise NoKeysError(message)
        data = answer.read(LARGEST + 1)
    except (OSError, HTTPException, ssl.SSLError, ValueError) as error:
        message = f"there is no answer ({type(error).__name__})"
        raise NoKeysError(message) from error
    finally:
        if timer:
            timer.cancel()
        connection.close()
    return read(data)


def read(data: bytes) -> Keys:
    """Read a set of keys; those that can't be used here are left out.

    Raises NoKeysError where nothing is left.
    """
    if len(data) > LARGEST:
        message = f"the answer is larger than {LARGEST} bytes"
        raise NoKeysError(message)
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        found = None
    keys = found.get("keys") if isinstance(found, dict) else None
    if not isinstance(keys, list):
        message = "the answer is no set of keys"
        raise NoKeysError(message)
    usable = [key for key in map(_read_key, keys[:MOST_KEYS]) if key]
    if not usable:
        message = "none of its keys is of RSA, P-256 or Ed25519, for signing, and has an id (kid)"
        raise NoKeysError(message)
    return dict(usable)


def _read_key(key: Any) -> tuple[tuple[str, str], PyJWK] | None:
    if not isinstance(key, dict) or not isinstance(key.get("kid"), str):
        return None
    algorithm = _ALGORITHMS.get((str(key.get("kty")), str(key.get("crv", ""))))
    is_for_signing = key.get("use", "sig") == "sig" and "d" not in key
    if algorithm is None or key.get("alg", algorithm) != algorithm or not is_for_signing:
        return None
    try:
        read_key = PyJWK(key, algorithm)
    except (PyJWTError, ValueError, TypeError, KeyError, AttributeError):
        return None
    if algorithm == "RS256" and read_key.key.key_size not in RSA_BITS:
        return None
    return (key["kid"], algorithm), read_key


def _cut(taken: socket.socket) -> None:
    with suppress(OSError):
        taken.shutdown(socket.SHUT_RDWR)
