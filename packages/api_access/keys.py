"""Finds out who has a key: by the database, and for half a minute without it.

What a process knows of a key is at most FOUND_S old, counted from before the database was asked,
so that a revoked key is refused after that wherever it is sent. Always the primary is asked: how
far a replica lags behind has no bound.
"""

import threading
import time
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from cachetools import LRUCache, TLRUCache
from sqlmodel import SQLModel

from api_access.api_key import Scope
from api_access.attempts import Attempts
from api_access.caller import Caller, including
from api_access.errors import UnauthorizedError
from api_access.key_format import KeyFormat, digest_of
from json_rows import UnitOfWork
from json_rows.statement import quoted, table_of
from serverless_postgres.database import Database

FOUND_S = 30.0
UNKNOWN_S = 2.0
"""For how long it counts that there is a key, and that there is none."""

MOST = 10_000
"""How many keys of each kind a process remembers."""

# Always one row, so that a key that is not there is no other case than one that is.
_FIND = """
SELECT key.id, key.client_id, key.scopes, key.user_id, key.reach, key.expires_at,
    extract(epoch FROM least(key.expires_at, key.revoked_at) - clock_timestamp())::float8
FROM (SELECT %(digest)s::bytea AS digest) AS sought LEFT JOIN {keys} AS key USING (digest)
"""


class RefusedKeyError(UnauthorizedError):
    """There is no such key, or it is no longer good; then `key_id` says which one it is."""

    def __init__(self, key_id: UUID | None) -> None:
        # No word on which of them it is: a stranger learns nothing of keys.
        message = "There is no such key, or it has expired or was revoked."
        super().__init__(message, reason="invalid_token")
        self.key_id = key_id


@dataclass(frozen=True, slots=True)
class _Known:
    """What the database said of a key, and until when (of the monotonic clock) that counts."""

    caller: Caller | None
    key_id: UUID | None
    until: float


class Keys:
    """What a process knows of keys."""

    def __init__(
        self, database: Database, table: type[SQLModel], written: KeyFormat, attempts: Attempts
    ) -> None:
        self._database = database
        self._written = written
        self._attempts = attempts
        self._find = _FIND.format(keys=quoted(table_of(table)))
        self._lock = threading.Lock()
        # Each for itself: whoever tries many keys must not have those that are right forgotten.
        self._found: LRUCache[bytes, _Known] = LRUCache(MOST)
        self._unknown = _memory()

    def caller_of(self, key: str, address: str | None, *, is_fresh: bool = False) -> Caller:
        """Tell who has a key; UnauthorizedError when nobody has.

        `is_fresh` asks the database whatever is known. Raises TooManyRequestsError where it would
        be asked for an address that has sent too many wrong ones.
        """
        digest = digest_of(key)
        with self._lock:
            before = self._found.get(digest)
            known = before or self._unknown.get(digest)
        if known is None or (before and (is_fresh or before.until <= time.monotonic())):
            self._written.check(key)
            # What was right before is no guess: others at its address must not have it locked out.
            known = self._look_up(digest, address, is_guess=before is None)
        if known.caller is None:
            raise RefusedKeyError(known.key_id)
        return known.caller

    def _look_up(self, digest: bytes, address: str | None, *, is_guess: bool) -> _Known:
        if is_guess:
            self._attempts.check(address)
        known = self._ask(digest)
        with self._lock:
            self._found.pop(digest, None)
            (self._found if known.caller else self._unknown)[digest] = known
        # One that is over is no guess, either: whoever forgot to replace it goes on sending it.
        if known.key_id is None:
            self._attempts.failed(address)
        return known

    def _ask(self, digest: bytes) -> _Known:
        began = time.monotonic()
        with UnitOfWork(self._database) as work:
            ((key_id, client_id, scopes, user_id, reach, expires_at, left_s),) = work.execute(
                self._find, {"digest": digest}
            )
        is_right = key_id is not None and (left_s is None or left_s > 0)
        # Both columns say whose it is: one that has lost its user is nobody's.
        if not is_right or (reach == "all") != (user_id is None):
            return _Known(None, key_id, began + UNKNOWN_S)
        given = including([Scope(scope) for scope in scopes])
        found = Caller(str(client_id), given, user_id, key_id, expires_at)
        lasts_s = FOUND_S if left_s is None else min(FOUND_S, left_s)
        return _Known(found, key_id, began + lasts_s)


def _memory() -> TLRUCache[bytes, _Known]:
    def until(_: Any, known: _Known, __: float) -> float:
        return known.until

    return TLRUCache(MOST, until, timer=time.monotonic)
