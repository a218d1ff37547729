"""Sets the world up, runs what there is to run, and judges it."""

import time
from dataclasses import dataclass

from rich.console import Console

from . import scenes, table
from .grounds import laid_out
from .load import running
from .operations import planners
from .scenes import Scene
from .schedule import FAULTS, Fault, Pace, Window, World, shuffled, strike
from .verification import Findings, compare

CONTROL = "tests.faults.control:app"

OPERATIONS = 100_000
FULL = 100
"""With so many faults of all kinds it is a full run, and the number of operations counts, too."""

CONTROL_OUTAGE_S = 1.0
"""The control gets the kinds whose outage is no longer than this."""

CONTROL_LIMIT_S = 30.0
CHECKS_S = 12.0
"""What is kept of the time for the end of the load and the checks after it."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run: for how long at most, how many faults, of which kinds, from which seed."""

    minutes: float
    faults: int
    seed: int
    only: str
    control_only: bool


@dataclass(frozen=True, slots=True)
class Run:
    """A load under faults: its table, and what the database says about it."""

    windows: list[Window]
    rows: list[table.Row]
    findings: Findings

    @property
    def failed(self) -> int:
        """How many operations failed."""
        return sum(row.failed_reads + row.failed_writes for row in self.rows)


class Laboratory:
    """A world in which the control and the service are run, one after the other."""

    def __init__(self, plan: Plan, console: Console) -> None:
        self._plan = plan
        self._console = console
        self._deadline = time.monotonic() + plan.minutes * 60
        self._kinds = tuple(fault for fault in FAULTS if plan.only in fault.name)
        self._is_full = plan.faults >= FULL and self._kinds == FAULTS

    def run(self) -> tuple[table.Summary, list[str]]:
        """Run it all; return the summary, and each target that was missed as a sentence."""
        with laid_out(self._plan.seed) as grounds:
            with grounds.serving(CONTROL, "control.log") as world:
                control = self._run_control(world)
            self._show("Control: SQLAlchemy's defaults", control)
            if self._plan.control_only:
                return _summary(control, [], control), _missed_by_control(control)
            with grounds.serving(None, "service.log") as world:
                played = self._play(world) if not self._plan.only else []
                grounds.clear()
                run = self._run_service(world)
            self._show("The service", run)
            return _summary(run, played, control), [
                *_missed_by_control(control),
                *self._missed(run, played),
            ]

    def _run_control(self, world: World) -> Run:
        faults = [fault for fault in self._kinds if fault.outage_s <= CONTROL_OUTAGE_S]
        pace = Pace(operations=0, deadline=time.monotonic() + CONTROL_LIMIT_S)
        return self._run(world, faults or list(self._kinds), pace)

    def _run_service(self, world: World) -> Run:
        faults = shuffled(self._plan.faults, self._kinds, world.chance)
        operations = OPERATIONS if self._is_full else 0
        return self._run(world, faults, Pace(operations, self._deadline - CHECKS_S))

    def _run(self, world: World, faults: list[Fault], pace: Pace) -> Run:
        with running(world.server.port, self._plan.seed, planners) as load:
            windows = strike(faults, world, load, pace)
            books = load.end()
        operations = (operation for ledger in books for operation in ledger.operations)
        rows = table.by_kind(operations, windows)
        return Run(windows, rows, compare(books, world.postgres))

    def _play(self, world: World) -> list[Scene]:
        port = world.server.port
        played = [
            scenes.lost_replies(port, world.proxy, world.postgres),
            scenes.one_key(port, world.postgres),
            scenes.awakening(port, world.proxy),
        ]
        table.show_scenes(self._console, played)
        return played

    def _show(self, title: str, run: Run) -> None:
        table.show(self._console, title, run.rows)
        table.show_findings(self._console, run.findings)

    def _missed(self, run: Run, played: list[Scene]) -> list[str]:
        missed = [
            f"{row.name}: {row.failed_reads} reads and {row.failed_writes} writes failed"
            for row in run.rows
            if row.failed_reads or row.failed_writes
        ]
        missed += [
            f"{row.name}: the slowest took {row.slowest_s:.1f} s" for row in run.rows if row.is_slow
        ]
        missed += [
            f"{scene.name}: {len(scene.failures)} failures" for scene in played if scene.failures
        ]
        if run.findings.lost:
            missed.append(f"{len(run.findings.lost)} acknowledged writes are lost")
        if run.findings.doubled:
            missed.append(f"{len(run.findings.doubled)} writes were done twice")
        if len(run.windows) < self._plan.faults:
            missed.append(f"only {len(run.windows)} faults in the time")
        if self._is_full and (done := sum(row.operations for row in run.rows)) < OPERATIONS:
            missed.append(f"only {done:,} operations in the time")
        return missed


def _missed_by_control(control: Run) -> list[str]:
    return [] if control.failed else ["the control did not fail: the faults don't bite"]


def _summary(run: Run, played: list[Scene], control: Run) -> table.Summary:
    short = [row.slowest_s for row in run.rows if row.has_short_outage]
    return table.Summary(
        operations=sum(row.operations for row in run.rows)
        + sum(scene.operations for scene in played),
        faults=len(run.windows),
        failed_reads=sum(row.failed_reads for row in run.rows),
        failed_writes=sum(row.failed_writes for row in run.rows)
        + sum(len(scene.failures) for scene in played),
        lost=len(run.findings.lost),
        doubled=len(run.findings.doubled),
        slowest_s=round(max([*short, *(scene.slowest_s for scene in played)]), 2),
        control_failed=control.failed,
    )
