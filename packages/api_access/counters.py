"""Counts requests, in this process or in a Redis that all processes share."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from cachetools import TLRUCache
from limits.errors import ConfigurationError as StorageMissingError
from limits.errors import StorageError
from limits.storage import Storage, storage_from_string

from plain_commands.errors import ConfigurationError

TIMEOUT_S = 0.1
"""The longest wait for Redis, and for a connection to it."""

AWAY_S = 5.0
"""For how long Redis is left alone after it did not answer."""

_SCHEMES = ("memory://", "redis://", "rediss://")

MOST = 100_000
"""Counters that a process keeps: of more callers, those are forgotten who came longest ago."""

_log = logging.getLogger(__name__)


class _Storage(Protocol):
    """What counts: a storage of `limits`, or this process."""

    def incr(self, key: str, expiry: int) -> int: ...

    def get(self, key: str) -> int: ...


@dataclass(slots=True)
class _Counted:
    """A count, and until when (of the monotonic clock) it goes on."""

    count: int
    until: float


class _Memory:
    """Counts in this process.

    Not as `limits` does, which keeps whatever comes, and looks at all of it from a thread that it
    starts a hundred times a second: addresses of IPv6 that somebody makes up would fill the memory.
    """

    def __init__(self) -> None:
        def until(_: str, counted: _Counted, __: float) -> float:
            return counted.until

        self._lock = threading.Lock()
        self._counted: TLRUCache[str, _Counted] = TLRUCache(MOST, until, timer=time.monotonic)

    def incr(self, key: str, expiry: int) -> int:
        with self._lock:
            counted = self._counted.get(key)
            if counted is None:
                counted = self._counted[key] = _Counted(0, time.monotonic() + expiry)
            counted.count += 1
            return counted.count

    def get(self, key: str) -> int:
        with self._lock:
            counted = self._counted.get(key)
            return counted.count if counted else 0


class Counters:
    """Counts in a storage, as long as that answers; `uncounted` hears of each time it did not."""

    def __init__(self, url: str, uncounted: Callable[[], None]) -> None:
        """Take the storage's address; ConfigurationError for one that is none."""
        self._storage = _storage(url)
        self._uncounted = uncounted
        self._lock = threading.Lock()
        self._away_until: float | None = None

    def add(self, name: str, lasts_s: int) -> int | None:
        """Add one to what is counted for some seconds, and tell how much that is by now.

        None where the storage is away: it is not waited for.
        """
        return self._ask(lambda storage: storage.incr(name, lasts_s))

    def get(self, name: str) -> int | None:
        """Tell how much is counted; None where the storage is away."""
        return self._ask(lambda storage: storage.get(name))

    def _ask(self, question: Callable[[_Storage], int]) -> int | None:
        if not self._is_worth_it():
            self._uncounted()
            return None
        try:
            answer = question(self._storage)
        except StorageError as error:
            self._note_away(error)
            self._uncounted()
            return None
        if self._away_until is not None:
            self._note_back()
        return answer

    def _is_worth_it(self) -> bool:
        """Tell whether to ask; while it is away, one in AWAY_S seconds finds out."""
        if self._away_until is None:
            return True
        with self._lock:
            now = time.monotonic()
            if self._away_until is None:
                return True
            if now < self._away_until:
                return False
            self._away_until = now + AWAY_S
            return True

    def _note_away(self, error: StorageError) -> None:
        with self._lock:
            is_news = self._away_until is None
            self._away_until = time.monotonic() + AWAY_S
        if is_news:
            cause = type(error.storage_error).__name__
            _log.warning(
                "RATE_LIMIT_STORAGE does not answer (%s): requests are let through uncounted.",
                cause,
            )

    def _note_back(self) -> None:
        with self._lock:
            is_news = self._away_until is not None
            self._away_until = None
        if is_news:
            _log.warning("RATE_LIMIT_STORAGE answers again: requests are counted.")


def _storage(url: str) -> _Storage:
    if not url.startswith(_SCHEMES):
        # Not the value itself, which may hold a password.
        message = f"RATE_LIMIT_STORAGE must begin with one of {', '.join(_SCHEMES)}."
        raise ConfigurationError(message)
    if url.startswith(_SCHEMES[0]):
        return _Memory()
    try:
        made = storage_from_string(url, wrap_exceptions=True, **_options())
    except StorageMissingError as error:
        message = "RATE_LIMIT_STORAGE is a Redis, whose client is not installed: pip install redis"
        raise ConfigurationError(message) from error
    except ValueError as error:
        message = "RATE_LIMIT_STORAGE must be an address such as redis://127.0.0.1:6379/0."
        raise ConfigurationError(message) from error
    assert isinstance(made, Storage)  # noqa: S101  none of the schemes is asynchronous
    return made


def _options() -> dict[str, Any]:
    try:
        from redis.backoff import NoBackoff  # noqa: PLC0415  an optional dependency
        from redis.retry import Retry  # noqa: PLC0415
    except ModuleNotFoundError:
        return {}
    # By itself the client tries again for seconds.
    return {
        "socket_timeout": TIMEOUT_S,
        "socket_connect_timeout": TIMEOUT_S,
        "retry": Retry(NoBackoff(), 0),
    }
