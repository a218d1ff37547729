"""How long, and how often, something is tried again while the database is away."""

import random
import time
from collections.abc import Callable
from threading import Event, Lock

FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 0.5
"""Long enough for a server that starts, short enough to be there soon after it has."""
LEAST_OUTAGE_S = 5.0
"""What is over sooner is no outage, even for requests that have no patience."""
PROBE_EVERY_S = 1.0
"""Nobody notices a second more after an outage, and an attempt a second burdens no server."""
STALE_S = 5.0
"""After a silence of so long nobody knows whether the database is still away."""


class Outage:
    """What all requests of a process know together: since when the database gives no answer.

    Once that is longer than the patience of a request, waiting has no prospect: requests are told
    so at once, and one at a time, at most one a second, is let through to find out whether the
    database is back. `probe_limit_s` is how long that one takes at most.
    """

    def __init__(self, budget_s: float, probe_limit_s: float) -> None:
        self._hopeless_after_s = max(budget_s, LEAST_OUTAGE_S)
        self._probe_limit_s = probe_limit_s
        self._lock = Lock()
        self._began: float | None = None
        self._failed = 0.0
        self._probe_began: float | None = None
        self.said = ""
        self.answered = 0.0
        """When the database answered last, of the monotonic clock."""
        self.ended = Event()
        """Set when this process stops, so that nobody sleeps on."""

    @property
    def is_on(self) -> bool:
        """Whether the last that was heard of the database is that it gave no answer."""
        return self._began is not None

    def failed(self, said: str) -> None:
        """Note that the database gave no answer, and the reason."""
        with self._lock:
            self.said = said
            self._failed = time.monotonic()
            self._probe_began = None
            if self._began is None:
                self._began = self._failed

    def succeeded(self) -> None:
        """Note that the database answers."""
        self.answered = time.monotonic()
        # Read without the lock: on this path, every request passes.
        if self._began is not None:
            with self._lock:
                self._began = self._probe_began = None

    def is_hopeless(self) -> bool:
        """Tell whether to give up without an attempt."""
        if self._began is None:
            return False
        with self._lock:
            now = time.monotonic()
            if self._began is None or now - self._began < self._hopeless_after_s:
                return False
            if self._probe_began is not None and now - self._probe_began < self._probe_limit_s:
                return True
            if now - self._failed < PROBE_EVERY_S:
                return True
            # After a silence all may try: it would be a pity to turn them away for nothing.
            self._probe_began = now if now - self._failed < STALE_S else None
            return False


class Patience:
    """The time for one piece of work, from now on, and the pauses between its attempts.

    Pauses double from `first_s` to `longest_s` (seconds). The share `drawn` of each is left to
    chance, so that those who lost their connections together don't come back together; 1 is the
    "full jitter" of the AWS Architecture Blog, "Exponential Backoff And Jitter". No pause outlasts
    `ended`.
    """

    def __init__(
        self,
        limit_s: float,
        ended: Event | None = None,
        *,
        first_s: float = FIRST_PAUSE_S,
        longest_s: float = LONGEST_PAUSE_S,
        drawn: float = 1.0,
    ) -> None:
        self.limit_s = limit_s
        self.attempts = 1
        self._began = time.monotonic()
        self._ended = ended or Event()
        self._next_s = first_s
        self._longest_s = longest_s
        self._drawn = drawn

    @property
    def elapsed_s(self) -> float:
        """How long it has lasted."""
        return time.monotonic() - self._began

    @property
    def left_s(self) -> float:
        """How much time is left; below 0 when it is over."""
        return self.limit_s - self.elapsed_s

    def wait(
        self,
        *,
        least_s: float = 0.0,
        needed_s: float = 0.0,
        tell: Callable[[float], None] = lambda _: None,
    ) -> bool:
        """Pause before the next attempt; False when there is no time for one.

        The pause lasts for `least_s` or longer, and leaves `needed_s` for the attempt; `tell` is
        told before it begins how long it will be at most.
        """
        longest = min(self._longest_s, self._next_s)
        drawn = random.uniform(0, self._drawn)  # noqa: S311  no secret
        pause = max(least_s, longest * (1 - drawn))
        if pause + needed_s >= self.left_s:
            return False
        self._next_s = longest * 2
        self.attempts += 1
        tell(max(least_s, longest))
        return not self._ended.wait(pause)
