"""How long the client of Neon's API waits, and for what."""

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    """How long to wait, in seconds of wall clock."""

    connect_s: float = 5
    """How long one try may take to connect; with less than that left, there is no other."""
    read_s: float = 30
    """How long one try waits for its answer, and how long all of them look for the API at all."""
    call_s: float = 60
    """How long a call may take with all its tries: as long as Neon's own CLI waits for one."""
    first_delay_s: float = 0.5
    longest_delay_s: float = 15
    operation_s: float = 300
    """How long Neon may take to carry out an operation."""

    def delay_s(self, attempt: int) -> float:
        """Return the wait after an attempt (0, 1, ...): doubled each time, the half of it random.

        The random part keeps callers that were refused together from coming back together.
        """
        full = min(self.longest_delay_s, self.first_delay_s * 2.0**attempt)
        return full / 2 + random.uniform(0, full / 2)  # noqa: S311  nothing to guess here
