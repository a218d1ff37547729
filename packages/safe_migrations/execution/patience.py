"""Tries what did not get its locks again, and says so."""

from collections.abc import Callable

from safe_migrations.errors import LockedError
from serverless_postgres.retry import Patience

_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 10.0


class Repeating:
    """The attempts of one schema change, from now on for `limit_s` seconds."""

    def __init__(self, limit_s: float, say: Callable[[str], None]) -> None:
        self._patience = Patience(
            limit_s, first_s=_FIRST_PAUSE_S, longest_s=_LONGEST_PAUSE_S, drawn=0.5
        )
        self._say = say

    def pause(self, why: str, outcome: str, cause: BaseException) -> None:
        """Say why, and wait; LockedError, which says that `outcome` is so, once the time is up."""

        def tell(pause_s: float) -> None:
            self._say(f"{why} Trying again in {pause_s:.1f} s ...")

        if not self._patience.wait(tell=tell):
            message = (
                f"{why} Gave up after {self._patience.limit_s:g} s; {outcome}. Run the command "
                "again when there is less going on."
            )
            raise LockedError(message) from cause
