"""The fault laboratory's command: `python -m tests.faults`; tests/faults/README.md has the rest."""

import argparse
import sys

from rich.console import Console

from tests.pooler import PoolerMissingError

from .history import laboratory as history
from .history.defects import DEFECTS
from .laboratory import FULL, OPERATIONS, Laboratory, Plan
from .table import Summary

LOG_WIDTH = 110
"""Characters of a line where there is no terminal."""


BROKEN_OPERATIONS = 3_000
OPERATIONS_PER_FAULT = 1_000
LEAST_FAULTS = 4


def main() -> int:
    """Run the laboratory; return 1 when a target is missed."""
    options = _options()
    width = None if sys.stdout.isatty() else LOG_WIDTH
    console = Console(quiet=options.json, width=width)
    try:
        summary, missed = _run(options, console)
    except PoolerMissingError as error:
        sys.stderr.write(f"Error: {error}\n")
        return 1
    for sentence in missed:
        console.print(f"Missed: {sentence}", markup=False, highlight=False)
    sys.stdout.write(summary.json() + "\n")
    return 1 if missed else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--minutes", type=float, help="at most, all in all (7; a history: 30)")
    parser.add_argument(
        "--faults", type=int, help="how many strike (100; of a history: 1 in 1,000)"
    )
    parser.add_argument("--seed", type=int, default=1, help="of the order and the load (1)")
    parser.add_argument("--only", default="", help="kinds whose name contains this; no scenes")
    parser.add_argument("--control-only", action="store_true", help="run the control alone")
    parser.add_argument("--history", action="store_true", help="check a history instead")
    parser.add_argument(
        "--operations",
        type=int,
        help=f"of a history ({OPERATIONS}; with --broken {BROKEN_OPERATIONS})",
    )
    parser.add_argument(
        "--broken",
        choices=sorted(DEFECTS),
        default="",
        help="check a history of a service with this fault, which must be noticed",
    )
    parser.add_argument("--json", action="store_true", help="print the last line alone")
    return parser.parse_args()


def _run(
    options: argparse.Namespace, console: Console
) -> tuple[Summary | history.Summary, list[str]]:
    if options.history or options.broken:
        operations = options.operations or (BROKEN_OPERATIONS if options.broken else OPERATIONS)
        faults = options.faults or max(LEAST_FAULTS, operations // OPERATIONS_PER_FAULT)
        minutes = options.minutes or 30
        plan = history.Plan(operations, faults, minutes, options.seed, options.broken)
        return history.run(plan, console)
    minutes, faults = options.minutes or 7, options.faults or FULL
    return Laboratory(
        Plan(minutes, faults, options.seed, options.only, options.control_only), console
    ).run()


if __name__ == "__main__":
    sys.exit(main())
