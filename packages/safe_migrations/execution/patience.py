"""How long something that did not get its locks is tried again, and with which pauses."""

import random
import time
from collections.abc import Callable

from safe_migrations.errors import LockedError

_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 10.0


class Patience:
    """The time for one piece of work, from now on: `limit_s` seconds with growing pauses."""

    def __init__(self, limit_s: float, say: Callable[[str], None]) -> None:
        self._limit_s = limit_s
        self._deadline = time.monotonic() + limit_s
        self._pause_s = _FIRST_PAUSE_S
        self._say = say

    def pause(self, why: str, outcome: str, cause: BaseException) -> None:
        """Say why, and wait; LockedError, which says that `outcome` is so, once the time is up."""
        if time.monotonic() + self._pause_s > self._deadline:
            message = (
                f"{why} It was tried for {self._limit_s:g} s; {outcome}. Run the command again "
                "when there is less going on."
            )
            raise LockedError(message) from cause
        self._say(f"{why} Trying again in {self._pause_s:.1f} s ...")
        time.sleep(self._pause_s * random.uniform(0.75, 1.25))  # noqa: S311  no secret
        self._pause_s = min(self._pause_s * 2, _LONGEST_PAUSE_S)
