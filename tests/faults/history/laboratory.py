"""Runs clients on few workflows while things fail, and judges what they were told."""

import json
import time
from collections import Counter
from dataclasses import asdict, dataclass
from http import HTTPStatus
from itertools import chain

from rich.console import Console
from rich.table import Table

from tests.faults.grounds import LOGS, Grounds, laid_out
from tests.faults.load import running
from tests.faults.schedule import FAULTS, Pace, shuffled, strike

from . import tables
from .calls import Call, Database, History, Kind, Outcome
from .clients import crew
from .defects import DEFECTS
from .judgement import violations

BROKEN = "tests.faults.history.broken:app"

_KINDS = ("backends terminated", "COMMIT's reply eaten", "worker killed", "connections reset")
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Plan:
    """How many operations and faults, in how many minutes at most, from which seed.

    `broken` names the defect of the service, if it is to have one.
    """

    operations: int
    faults: int
    minutes: float
    seed: int
    broken: str = ""


@dataclass(frozen=True, slots=True)
class Summary:
    """The last line of the output."""

    operations: int
    faults: int
    workflows: int
    nodes: int
    generations: int
    refused: int
    unanswered: int
    unavailable: int
    unknown: int
    errors: int
    violations: int
    violated: dict[str, int]
    broken: str | None

    def json(self) -> str:
        """Write it as one line of JSON."""
        return json.dumps(asdict(self))


def run(plan: Plan, console: Console) -> tuple[Summary, list[str]]:
    """Run it; return the summary, and each target that was missed as a sentence."""
    mark = LOGS / "broken.mark"
    mark.unlink(missing_ok=True)
    with laid_out(plan.seed) as grounds:
        calls, faults, database = _observed(plan, grounds, {"BROKEN_MARK": str(mark)})
    found = violations(History(calls), database)
    _show(console, found)
    outcomes = Counter(call.outcome for call in calls)
    statuses = Counter(call.status for call in calls)
    summary = Summary(
        operations=len(calls),
        faults=faults,
        workflows=len(database[Kind.WORKFLOW]),
        nodes=len(database[Kind.NODE]),
        generations=len(database[Kind.GENERATION]),
        refused=outcomes[Outcome.REFUSED],
        unanswered=statuses[0],
        unavailable=statuses[HTTPStatus.SERVICE_UNAVAILABLE],
        unknown=outcomes[Outcome.UNKNOWN],
        errors=statuses[HTTPStatus.INTERNAL_SERVER_ERROR],
        violations=sum(map(len, found.values())),
        violated={name: len(sentences) for name, sentences in found.items()},
        broken=plan.broken or None,
    )
    return summary, missed(plan, summary, has_struck=mark.exists())


def _observed(
    plan: Plan, grounds: Grounds, environment: dict[str, str]
) -> tuple[list[Call], int, Database]:
    """Let the clients work and the faults strike; returns the history and what is left."""
    kinds = tuple(fault for fault in FAULTS if any(kind in fault.name for kind in _KINDS))
    deadline = time.monotonic() + plan.minutes * 60
    application = BROKEN if plan.broken else None
    environment = {**environment, "BROKEN": plan.broken}
    with grounds.serving(application, "history.log", environment) as world:
        with running(world.server.port, plan.seed, crew) as load:
            faults = shuffled(plan.faults, kinds, world.chance)
            windows = strike(faults, world, load, Pace(plan.operations, deadline))
            load.await_operations(plan.operations, max(0, deadline - time.monotonic()))
            calls = list(chain.from_iterable(load.end()))
        return calls, len(windows), tables.read(grounds.postgres)


def missed(plan: Plan, summary: Summary, *, has_struck: bool) -> list[str]:
    """Say which targets were missed, each in a sentence."""
    found = []
    if summary.operations < plan.operations:
        found.append(f"only {summary.operations:,} operations in the time")
    if plan.broken:
        if not has_struck:
            found.append(f"{plan.broken} never struck: what it looks for is nowhere in the SQL")
        elif summary.errors:
            found.append(f"{plan.broken} fails by itself: {summary.errors} answers are a 500")
        elif not summary.violations:
            found.append(f"nobody noticed that {DEFECTS[plan.broken].says}")
    elif summary.violations:
        found.append(f"{summary.violations} violations")
    return found


def _show(console: Console, found: dict[str, list[str]]) -> None:
    table = Table(title="Violations", title_justify="left")
    table.add_column("check")
    table.add_column("violations", justify="right")
    for name, sentences in found.items():
        table.add_row(name.replace("_", " "), f"{len(sentences):,}")
    console.print(table if found else "No violations.")
    for name, sentences in found.items():
        for sentence in sentences[:_SHOWN]:
            console.print(f"  {name}: {sentence}", markup=False, highlight=False)
