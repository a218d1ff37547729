"""The keys of an issuer, as they are known here: kept while it is away, and not for too long."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from jwt import PyJWK

from api_access.jwks import Keys, NoKeysError

MOST_WAITING = 2
"""Requests with a key id that nobody knows that wait for the keys at a time.

Whoever makes up ids would otherwise have all threads wait for a slow issuer.
"""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Pace:
    """How long things may take, in seconds."""

    fetch_s: float = 3
    """The fetching of the keys, and the wait of a request for it."""
    cooldown_s: float = 10
    """From the beginning of one fetch to the next: whatever tokens name, there are no more."""
    refresh_s: float = 300
    """When keys are fetched anew, in the background, as long as they are used."""
    longest_s: float = 3600
    """When keys that could not be fetched anew are good no more."""


class KeySet:
    """Keys, which `fetch` gets within some seconds, or NoKeysError.

    All that is fetched replaces all that is known, so that an unknown id tells nothing of others:
    ids that somebody makes up delay a new key by one cooldown at most.
    """

    def __init__(
        self,
        fetch: Callable[[float], Keys],
        pace: Pace | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetch = fetch
        self._clock = clock
        self._pace = pace or Pace()
        self._changed = threading.Condition()
        self._keys: Keys = {}
        self._at = float("-inf")
        self._tried_at = float("-inf")
        self._is_underway = self._is_failing = False
        self._waiting = 0

    def find(self, kid: str, algorithm: str) -> PyJWK | None:
        """Find a key; where it is not known, and it is time for that, the keys are fetched first.

        None for one that the issuer does not have, or while nothing good is known of it.
        """
        name = (kid, algorithm)
        with self._changed:
            now = self._clock()
            keys = self._good(now)
            key = keys.get(name)
            if key is None or now - self._at > self._pace.refresh_s:
                self._begin(now)
            if key is None and self._is_awaited(now, is_known=bool(keys)):
                left_s = self._tried_at + self._pace.fetch_s - now
                self._waiting += 1
                try:
                    self._changed.wait_for(lambda: not self._is_underway, left_s)
                finally:
                    self._waiting -= 1
                key = self._good(self._clock()).get(name)
            return key

    def _good(self, now: float) -> Keys:
        return self._keys if now - self._at < self._pace.longest_s else {}

    def _is_awaited(self, now: float, *, is_known: bool) -> bool:
        """Tell whether waiting is worth it; the first keys are waited for by all."""
        is_there_time = self._is_underway and now - self._tried_at < self._pace.fetch_s
        return is_there_time and not (is_known and self._waiting >= MOST_WAITING)

    def _begin(self, now: float) -> None:
        """Begin to fetch the keys, in a thread of its own, unless that was just done."""
        if now - self._tried_at < self._pace.cooldown_s:
            return
        self._tried_at = now
        self._is_underway = True
        threading.Thread(target=self._renew, args=[now], name="jwks", daemon=True).start()

    def _renew(self, began: float) -> None:
        keys: Keys | None = None
        why = ""
        try:
            keys = self._fetch(self._pace.fetch_s)
        except NoKeysError as error:
            why = str(error)
        finally:
            with self._changed:
                # One that took longer than the cooldown has been overtaken.
                if keys is not None and began > self._at:
                    # Counted from before the answer: it may be as old as that.
                    self._keys, self._at = keys, began
                if began == self._tried_at:
                    self._is_underway = False
                    self._tell(why)
                self._changed.notify_all()

    def _tell(self, why: str) -> None:
        """Tell the log once when the keys can't be had, and once when they can again."""
        if why and not self._is_failing:
            _log.warning(
                "The keys of JWT_JWKS_URL could not be fetched: %s. Those that are known are used "
                "for an hour at most.",
                why,
            )
        elif not why and self._is_failing:
            _log.warning("The keys of JWT_JWKS_URL could be fetched again.")
        self._is_failing = bool(why)
