"""The read replica: whether it is to be asked, and what is known of how far it is behind."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Any

from sqlalchemy import URL

from serverless_postgres.losses import told
from serverless_postgres.position import LastWrite
from serverless_postgres.server import Server
from serverless_postgres.settings import PostgresSettings
from serverless_postgres.url import masked

CHECK_EVERY_S = 2.0
"""How often it is looked after, while there are requests: so soon it is used again."""

TRUSTED_S = 10.0
"""After so long without a look, because of no requests, it is not used before the next one."""

LONGEST_CHECK_S = 30.0
LOOK_EVERY_S = 0.05
"""How long it is believed to be as far behind as it was."""

POOL_TIMEOUT_S = 1

Rows = Sequence[tuple[Any, ...]]

NO_REPLICA = "DATABASE_READ_URL leads to a server that replicates no other."

_log = logging.getLogger(__name__)


class ReadFrom(StrEnum):
    """Where a read got its answer, and if from the primary, why not from the replica."""

    REPLICA = "replica"
    AWAY = "away"
    BEHIND = "behind"
    EMPTY = "empty"
    FAILED = "failed"


class Replica:
    """What a process knows of a replica.

    It is used only after a check in the background has found it fit, and no more after it has
    failed: no request waits for a replica that is known to be away. The check runs only when
    requests come, so that a serverless replica can sleep.
    """

    def __init__(self, settings: PostgresSettings, url: Callable[[], URL]) -> None:
        # The primary is there to be asked, so nobody waits long.
        patience = replace(
            settings, pool_timeout_s=POOL_TIMEOUT_S, statement_timeout_s=settings.read_timeout_s
        )
        self.server = Server(patience, url, "replica")
        self.last_write = LastWrite(masked(settings.database_url or ""))
        self.check: Callable[[], None] | None = None
        """Raises what speaks against using it; called in a thread of its own."""
        self._lock = threading.Lock()
        self._check_due = 0.0
        self._fit_until = 0.0
        self._is_fit: bool | None = None
        self._seen = 0
        self._seen_at = 0.0

    @property
    def is_fit(self) -> bool:
        """Whether it was fit when it was last looked after; asking this has nobody look."""
        return bool(self._is_fit)

    def objection(self, position: int) -> ReadFrom | None:
        """Tell why not to ask it for what was written until a position; None: it may have it.

        This is also what has it looked after when it is time to.
        """
        now = time.monotonic()
        if now >= self._check_due:
            self._begin_check(now)
        if now >= self._fit_until:
            return ReadFrom.AWAY
        if position >= self._seen and now - self._seen_at < LOOK_EVERY_S:
            return ReadFrom.BEHIND
        return None

    def judge(self, rows: Rows, position: int) -> tuple[Rows, ReadFrom]:
        """Judge an answer, whose last column is SEEN: its rows, or none when they don't count.

        Without rows it does not count: there may be some on the primary.
        """
        if not rows:
            return (), ReadFrom.EMPTY
        seen = rows[0][-1]
        if seen is None:
            self.away(NO_REPLICA)
            return (), ReadFrom.FAILED
        self._seen, self._seen_at = seen, time.monotonic()
        if position >= seen:
            return (), ReadFrom.BEHIND
        return [row[:-1] for row in rows], ReadFrom.REPLICA

    def away(self, reason: str) -> None:
        """Use it no more until a check finds it fit."""
        self._fit_until = 0.0
        with self._lock:
            if self._is_fit is False:
                return
            self._is_fit = False
        # The reasons are worded for the primary.
        said = reason.replace(" DATABASE_URL", " DATABASE_READ_URL")
        _log.warning("The read replica is not used: %s The primary answers instead.", said)

    def _begin_check(self, now: float) -> None:
        with self._lock:
            if now < self._check_due or self.check is None:
                return
            # A thread that got lost, as in a fork, does not hold up the next one forever.
            self._check_due = now + LONGEST_CHECK_S
        threading.Thread(target=self._look_after, name="replica", daemon=True).start()

    def _look_after(self) -> None:
        began = time.monotonic()
        try:
            if self.check is not None:
                self.check()
        except Exception as error:  # noqa: BLE001  whatever it is, the primary is there
            self.away(told(error))
        else:
            self._fit_until = began + TRUSTED_S
            with self._lock:
                was_fit, self._is_fit = self._is_fit, True
            if not was_fit:
                _log.info("The read replica is used.")
        self._check_due = time.monotonic() + CHECK_EVERY_S
