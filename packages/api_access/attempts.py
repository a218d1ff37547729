"""How often an address may be wrong before it has to wait: guessing must not cost look-ups."""

from hashlib import sha256

from api_access.counters import Counters
from smorest_sqlmodel.caller import network_of
from smorest_sqlmodel.errors import TooManyRequestsError

WAIT_S = 60


class Attempts:
    """Counts keys that nobody has, and tokens that nobody signed, by the address they came from.

    What a process has found before is not held up, however long ago: behind a proxy without
    TRUSTED_PROXIES all have one address, and those with a key that is known go on.
    """

    def __init__(self, most: int, counters: Counters) -> None:
        """Take how many are looked at for one address, in a minute from the first."""
        self._most = most
        self._counters = counters

    def check(self, address: str | None) -> None:
        """Raise TooManyRequestsError for an address that has been wrong too often."""
        count = self._counters.get(_counter(address))
        if count is not None and count >= self._most:
            message = (
                "Too many keys that nobody has came from this address: wait a minute, and check "
                "the key."
            )
            raise TooManyRequestsError(message, retry_after_s=WAIT_S)

    def failed(self, address: str | None) -> None:
        """Note that an address has sent what nobody has."""
        self._counters.add(_counter(address), WAIT_S)


def _counter(address: str | None) -> str:
    return f"failures:{sha256(network_of(address or '').encode()).hexdigest()[:32]}"
