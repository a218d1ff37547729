"""Whether the service is ready, without asking the database more often than is of use.

Neon suspends a database that nobody has asked for 5 minutes: a probe that asks every second would
pay for all of them.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import cast

from flask import Flask, current_app

from serverless_postgres.database import Database
from serverless_postgres.replica import ReadFrom

PROBE_S = 1.0
"""For how long a probe tries to reach the database: those who send it don't wait long."""

FRESH_S = 5.0
"""For how long a good answer is given again though others keep the database awake."""

IDLE_S = 6 * 3600.0
"""For how long it is while nobody else asks the database: looking would wake it."""


def readiness() -> "Readiness":
    """Get what the current app knows."""
    return cast("Readiness", current_app.extensions["readiness"])


@dataclass(frozen=True)
class Schema:
    """The revision of a database's schema, and a note on one that is not what the code wants."""

    revision: str
    note: str | None = None


@dataclass(frozen=True)
class Found:
    """What a look at the database has found, and when (of the monotonic clock)."""

    schema: Schema
    at: float
    is_replica_used: bool | None


class Readiness:
    """Looks at the database for all who ask meanwhile, one look at a time.

    A look that found it ready counts until the database does not answer somebody or does not fit a
    statement; then, and until it is ready again, each probe looks. While the requests of others
    keep it awake, a look counts for FRESH_S. On a developer's own machine, none counts for longer
    than itself.
    """

    def __init__(
        self,
        database: Database,
        look: Callable[[], Schema],
        is_fit: Callable[[], bool] = lambda: True,
    ) -> None:
        """Take what looks at the database, and what tells whether a look counts.

        `look` takes PROBE_S at most and raises what speaks against being ready; `is_fit` is False
        once a statement has not fitted the schema.
        """
        self._database = database
        self._look_at_schema = look
        self._is_fit = is_fit
        self._looking = threading.Lock()
        self._found: Found | None = None
        self._error: Exception | None = None
        self._ended = 0.0

    def init_app(self, app: Flask) -> None:
        """Answer /readyz of an app."""
        app.extensions["readiness"] = self

    def find(self) -> Found:
        """Tell what the database stands at; raises what speaks against being ready."""
        asked = time.monotonic()
        if found := self._known(asked):
            return found
        with self._looking:
            # What others found out since is new enough, good or bad.
            if self._ended <= asked:
                self._look()
            if self._error:
                raise self._error
            return cast("Found", self._found)

    def _known(self, now: float) -> Found | None:
        found = self._found
        primary = self._database.primary.outage
        if (
            found is None
            or self._error is not None
            or not self._is_fit()
            or primary.is_on
            or self._database.is_of_developer
        ):
            return None
        # Its own answer is not later than `at`.
        was_asked_by_others = primary.answered > found.at
        is_awake = was_asked_by_others and now - primary.answered < FRESH_S
        if now - found.at > (FRESH_S if is_awake else IDLE_S):
            return None
        replica = self._database.replica
        return found if replica is None else replace(found, is_replica_used=replica.is_fit)

    def _look(self) -> None:
        self._found = self._error = None
        try:
            schema = self._look_at_schema()
            replica, is_used = self._database.replica, None
            if replica is not None:
                # This also has it looked after.
                is_used = replica.objection(position=0) is not ReadFrom.AWAY
            self._found = Found(schema, time.monotonic(), is_used)
        except Exception as error:  # noqa: BLE001  whatever it is, all who wait are to get it
            self._error = error
        finally:
            self._ended = time.monotonic()
