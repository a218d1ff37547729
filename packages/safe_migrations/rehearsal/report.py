"""What a rehearsal has found."""

from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from safe_migrations.lint.locks import Lock

Stops = Literal["reads and writes", "writes"]
_STOPS: tuple[Stops | None, ...] = (None, "writes", "reads and writes")
Outcome = Literal["ok", "impossible", "schema differs", "data differs", "not rehearsed"]


@dataclass(frozen=True, slots=True)
class TakenLock:
    """A lock that a statement took on a table, which may be one that the revision made."""

    table: str
    mode: Lock
    is_new_table: bool


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement as it was observed; one that a revision repeats counts as one, where it began.

    `longest_ms` is the longest of the `times`, `duration_ms` their sum. `locks` are those that the
    statement took, `stops` what it kept others from on older tables, also by locks that its
    transaction held already. `are_locks_known` is false when it ran outside of a transaction and
    was over before it could be looked at. `rewritten` has the rows of each table written anew.
    """

    revision: str
    sql: str
    duration_ms: float
    longest_ms: float
    locks: tuple[TakenLock, ...]
    stops: Stops | None
    rewritten: dict[str, int | None]
    rows: int | None
    times: int = 1
    are_locks_known: bool = True

    def with_repetition(self, other: "Statement") -> "Statement":
        """Add what was observed of the same statement later."""
        both = [item for item in (self.rows, other.rows) if item is not None]
        return replace(
            self,
            duration_ms=self.duration_ms + other.duration_ms,
            longest_ms=max(self.longest_ms, other.longest_ms),
            locks=tuple(dict.fromkeys(self.locks + other.locks)),
            stops=max(self.stops, other.stops, key=_STOPS.index),
            rewritten=self.rewritten | other.rewritten,
            rows=sum(both) if both else None,
            times=self.times + other.times,
            are_locks_known=self.are_locks_known and other.are_locks_known,
        )


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a direction ended; `statement` is None when no statement was running."""

    revision: str | None
    statement: str | None
    message: str


@dataclass(frozen=True, slots=True)
class Leg:
    """One way through the revisions, up or down."""

    duration_ms: float
    statements: tuple[Statement, ...]
    failure: Failure | None = None

    @property
    def longest_stop(self) -> Statement | None:
        """The statement for which others wait longest."""
        stops = [item for item in self.statements if item.stops]
        return max(stops, key=lambda item: item.longest_ms, default=None)


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """A whole rehearsal.

    `start` is where the copy stood, `revisions` are those that were pending, in order. `findings`
    are the sentences behind the outcome of the downgrade. `kept` tells of a copy that stays.
    """

    source: str
    copy: str
    start: tuple[str, ...]
    revisions: tuple[str, ...]
    upgrade: Leg
    downgrade: Leg | None = None
    second_upgrade: Leg | None = None
    outcome: Outcome = "not rehearsed"
    findings: tuple[str, ...] = ()
    kept: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Write it for programs; durations are in milliseconds, locks as Postgres writes them."""
        return {
            "source": self.source,
            "copy": self.copy,
            "kept": self.kept,
            "start": list(self.start),
            "revisions": list(self.revisions),
            "upgrade": _leg(self.upgrade),
            "downgrade": _leg(self.downgrade),
            "second_upgrade": _leg(self.second_upgrade),
            "outcome_of_downgrade": self.outcome,
            "findings": list(self.findings),
        }


def _leg(leg: Leg | None) -> dict[str, Any] | None:
    if leg is None:
        return None
    longest = leg.longest_stop
    return {
        "duration_ms": round(leg.duration_ms, 3),
        "failure": asdict(leg.failure) if leg.failure else None,
        "longest_stop": _statement(longest) if longest else None,
        "statements": [_statement(item) for item in leg.statements],
    }


def _statement(item: Statement) -> dict[str, Any]:
    return {
        **asdict(item),
        "duration_ms": round(item.duration_ms, 3),
        "longest_ms": round(item.longest_ms, 3),
        "locks": [
            {"table": lock.table, "mode": str(lock.mode), "is_new_table": lock.is_new_table}
            for lock in item.locks
        ],
    }
