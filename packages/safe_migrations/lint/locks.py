"""The modes of table locks and what they keep others from.

Facts: PostgreSQL 18, 13.3 "Explicit Locking"; the numbers are those of the server's lockdefs.h.
"""

from dataclasses import dataclass
from enum import IntEnum


class Lock(IntEnum):
    """A mode of a table lock; a higher one conflicts with more others."""

    ACCESS_SHARE = 1
    ROW_SHARE = 2
    ROW_EXCLUSIVE = 3
    SHARE_UPDATE_EXCLUSIVE = 4
    SHARE = 5
    SHARE_ROW_EXCLUSIVE = 6
    EXCLUSIVE = 7
    ACCESS_EXCLUSIVE = 8

    def __str__(self) -> str:
        """Write it as the documentation does."""
        return self.name.replace("_", " ")

    @property
    def stops_reads(self) -> bool:
        """Whether a plain SELECT has to wait."""
        return self is Lock.ACCESS_EXCLUSIVE

    @property
    def stops_writes(self) -> bool:
        """Whether INSERT, UPDATE and DELETE have to wait."""
        return self >= Lock.SHARE


@dataclass(frozen=True, slots=True)
class Effect:
    """What a statement does to one table.

    `rewrites` is to write all its rows anew, `scans` to read them all under the lock. `is_target`
    tells the table that the statement is about from those that it locks besides.
    """

    table: str
    lock: Lock
    rewrites: bool = False
    scans: bool = False
    is_target: bool = True

    def __or__(self, other: "Effect") -> "Effect":
        """Put two on the same table together."""
        return Effect(
            self.table,
            max(self.lock, other.lock),
            self.rewrites or other.rewrites,
            self.scans or other.scans,
            self.is_target or other.is_target,
        )
