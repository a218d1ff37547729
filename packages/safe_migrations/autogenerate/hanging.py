"""Which dependents are in the way of columns, types and keys that are made anew."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from safe_migrations.autogenerate.dependents import Column, Dependent
from safe_migrations.autogenerate.retyping import Distance


@dataclass(slots=True)
class Touched:
    """What changes: columns with how far their type goes, enums by their oid, indexes that go.

    `made_anew` are columns that are dropped and added again.
    """

    columns: dict[Column, Distance] = field(default_factory=dict)
    types: set[int] = field(default_factory=set)
    gone: set[int] = field(default_factory=set)
    made_anew: set[Column] = field(default_factory=set)

    def is_far(self, item: Dependent) -> bool:
        """Whether it can't stay, not even with the same words."""
        if item.kind == "f":
            return True
        return bool(item.columns & self.made_anew) or self._distance(item) is Distance.FAR

    def holds(self, item: Dependent) -> bool:
        """Whether it is in the way."""
        own = (item.table, item.name)
        if item.columns & self.made_anew:
            return item.kind != "d"
        match item.kind:
            case "d":
                # That of a column which gets another type is a part of that change.
                return bool(item.types & self.types) or self.columns.get(own) is Distance.FAR
            case "g":
                return own in self.columns or self._distance(item) is not None
            case "f" if item.key in self.gone:
                return True
            case "p" | "u":
                return False
        is_taken_along = item.kind == "i" and item.is_plain
        return not is_taken_along and (self._distance(item) or 0) > Distance.WORDS

    def _distance(self, item: Dependent) -> Distance | None:
        if item.types & self.types:
            return Distance.FAR
        found = [self.columns[column] for column in item.columns if column in self.columns]
        return max(found, default=None)


def hanging(there: Iterable[Dependent], touched: Touched) -> list[Dependent]:
    """Find what is in the way, and what hangs on that; it becomes a part of `touched`."""
    found: list[Dependent] = []
    left = list(there)
    while more := [item for item in left if touched.holds(item)]:
        found += more
        left = [item for item in left if item not in more]
        touched.made_anew |= {(item.table, item.name) for item in more if item.kind == "g"}
        touched.gone |= {item.key for item in more if item.kind in "piu"}
    return found
