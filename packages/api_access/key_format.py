"""How a key is written: whose it is, for which environment, a secret and a checksum.

    tps_live_<43 characters of the secret><6 of the checksum>

The checksum stops typing errors, and lets scanners for secrets tell keys from what looks like one;
whoever attacks can write it, too.
"""

import hashlib
import secrets
import string
import zlib

from api_access.errors import refused

DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
SECRET = 43
"""Characters of a secret: 62 ** 43 is more than 256 bits can tell apart."""

CHECKSUM = 6

SHOWN = 12
"""How many characters of a key are kept, so that people can tell which one is meant."""


class KeyFormat:
    """Writes and reads the keys of a service, in production or elsewhere."""

    def __init__(self, name: str, *, is_production: bool) -> None:
        """Take the word with which all keys begin."""
        self._name = f"{name}_"
        self._environment = "live" if is_production else "test"

    def make(self) -> str:
        """Make up a key."""
        secret = "".join(secrets.choice(DIGITS) for _ in range(SECRET))
        body = f"{self._name}{self._environment}_{secret}"
        return body + checksum_of(body)

    def means_key(self, token: str) -> bool:
        """Tell whether something is meant to be one of the keys, right or wrong."""
        return token.startswith(self._name)

    def check(self, key: str) -> None:
        """Raise UnauthorizedError for what can't be a key of this environment."""
        body, checksum = key[:-CHECKSUM], key[-CHECKSUM:]
        environment, _, secret = body.removeprefix(self._name).partition("_")
        if (
            environment not in {"live", "test"}
            or len(secret) != SECRET
            or checksum != checksum_of(body)
        ):
            message = "The key is not whole, or has a typing error: its checksum is wrong."
            raise refused(message)
        if environment != self._environment:
            message = f"The key is for another environment: here keys are {self._environment}."
            raise refused(message)


def checksum_of(body: str) -> str:
    """Write the CRC32 of what precedes it, in digits of base 62."""
    number = zlib.crc32(body.encode())
    digits = ""
    for _ in range(CHECKSUM):
        number, digit = divmod(number, len(DIGITS))
        digits = DIGITS[digit] + digits
    return digits


def digest_of(key: str) -> bytes:
    """Make what is kept of a key. SHA-256 will do: nobody can try 256 bits."""
    return hashlib.sha256(key.encode()).digest()
