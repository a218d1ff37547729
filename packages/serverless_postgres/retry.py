"""For how long, and how often, something is tried again while the database is away."""

import random
import time
from threading import Event, Lock

FIRST_PAUSE_S = 0.05
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
    """The attempts of one unit of work: pauses that grow, with jitter, inside a budget.

    The budget runs from the moment this is made. The pauses are drawn at random ("full jitter", AWS
    Architecture Blog, "Exponential Backoff And Jitter"), so that those who lost their connections
    together don't come back together.
    """

    def __init__(self, budget_s: float, ended: Event) -> None:
        self._deadline = time.monotonic() + budget_s
        self._ended = ended
        self.attempts = 1

    @property
    def left_s(self) -> float:
        """How much is left of the budget; below 0 when it is spent."""
        return self._deadline - time.monotonic()

    def wait(self) -> bool:
        """Pause before the next attempt; False when there is no time for one."""
        longest = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2**self.attempts)
        pause = random.uniform(0, longest)  # noqa: S311  no secret
        if time.monotonic() + pause >= self._deadline:
            return False
        self.attempts += 1
        return not self._ended.wait(pause)
