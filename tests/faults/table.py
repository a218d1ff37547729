"""The result: a table by kind of fault, and the same as one line of JSON."""

import bisect
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from functools import partial

from rich.console import Console
from rich.table import Table

from .ledger import Operation
from .scenes import SLOWEST_S, Scene
from .schedule import SHORT_OUTAGE_S, Window
from .verification import Findings

CALM = "none"


@dataclass(slots=True)
class Row:
    """What happened in the windows of one kind of fault."""

    name: str
    outage_s: float = 0.0
    faults: int = 0
    operations: int = 0
    failed_reads: int = 0
    failed_writes: int = 0
    repeats: int = 0
    slowest_s: float = 0.0
    failures: Counter[str] = field(default_factory=Counter)
    slow: list[str] = field(default_factory=list)
    """What is known about the operations that took too long."""

    def add(self, operation: Operation, window: Window | None = None) -> None:
        """Count an operation, which met the fault of this window."""
        self.operations += 1
        self.repeats += operation.repeats
        self.slowest_s = max(self.slowest_s, operation.seconds)
        if window is not None and operation.seconds >= SLOWEST_S:
            began, ended = operation.began - window.began, operation.ended - window.began
            self.slow.append(f"{operation.kind}, from {began:.1f} s until {ended:.1f} s")
        if operation.failure is not None:
            self.failures[f"{operation.kind} → {operation.failure}"] += 1
            if operation.is_write:
                self.failed_writes += 1
            else:
                self.failed_reads += 1

    @property
    def has_short_outage(self) -> bool:
        """Whether the outages are such that the slowest operation has its limit."""
        return self.outage_s <= SHORT_OUTAGE_S

    @property
    def is_slow(self) -> bool:
        """Whether an operation took too long, though the outage was short."""
        return self.has_short_outage and self.slowest_s >= SLOWEST_S


@dataclass(frozen=True, slots=True)
class Summary:
    """The last line of the output."""

    operations: int
    faults: int
    failed_reads: int
    failed_writes: int
    lost: int
    doubled: int
    slowest_s: float
    control_failed: int | None

    def json(self) -> str:
        """Write it as one line of JSON."""
        return json.dumps(asdict(self))


def by_kind(operations: Iterable[Operation], windows: list[Window]) -> list[Row]:
    """Sort operations into the windows of the faults that they met.

    One that lasted through several belongs to the one in which it spent the most time.
    """
    rows = {CALM: Row(CALM)}
    for window in windows:
        name = window.fault.name
        rows.setdefault(name, Row(name, window.fault.outage_s)).faults += 1
    starts = [window.began for window in windows]
    for operation in operations:
        first = max(0, bisect.bisect_right(starts, operation.began) - 1)
        last = bisect.bisect_right(starts, operation.ended)
        met = [window for window in windows[first:last] if operation.began <= window.ended]
        hit = max(met, key=partial(_overlap_s, operation), default=None)
        rows[hit.fault.name if hit else CALM].add(operation, hit)
    return list(rows.values())


def _overlap_s(operation: Operation, window: Window) -> float:
    return min(operation.ended, window.ended) - max(operation.began, window.began)


def show(console: Console, title: str, rows: list[Row]) -> None:
    """Print the table of a run."""
    table = Table(title=title, title_justify="left")
    table.add_column("fault")
    for name in ("faults", "operations", "failed reads", "failed writes", "repeats", "slowest s"):
        table.add_column(name, justify="right")
    for row in rows:
        numbers = (row.faults, row.operations, row.failed_reads, row.failed_writes, row.repeats)
        slowest = f"{row.slowest_s:.2f}{' !' if row.is_slow else ''}"
        table.add_row(row.name, *[f"{number:,}" for number in numbers], slowest)
    console.print(table)
    for row in rows:
        for failure, count in row.failures.most_common(3):
            console.print(f"  {row.name}: {count} x {failure}", markup=False, highlight=False)
        for slow in row.slow[:10] if row.is_slow else ():
            console.print(f"  {row.name}: {slow}", markup=False, highlight=False)


def show_scenes(console: Console, scenes: list[Scene]) -> None:
    """Print the scenes."""
    table = Table(title="Scenes", title_justify="left")
    table.add_column("scene")
    for name in ("failures", "slowest s"):
        table.add_column(name, justify="right")
    for scene in scenes:
        table.add_row(scene.name, str(len(scene.failures)), f"{scene.slowest_s:.2f}")
    console.print(table)
    for scene in scenes:
        for failure, count in Counter(scene.failures).most_common(5):
            console.print(f"  {scene.name}: {count} x {failure}", markup=False, highlight=False)


def show_findings(console: Console, findings: Findings) -> None:
    """Print what is lost and what was done twice, the first of each."""
    for word, found in (("lost", findings.lost), ("doubled", findings.doubled)):
        console.print(f"{word}: {len(found)}")
        for sentence in found[:10]:
            console.print(f"  {sentence}", markup=False, highlight=False)
