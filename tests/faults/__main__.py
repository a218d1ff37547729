"""The fault laboratory's command: `python -m tests.faults`; tests/faults/README.md has the rest."""

import argparse
import sys

from rich.console import Console

from tests.pooler import PoolerMissingError

from .laboratory import Laboratory, Plan

LOG_WIDTH = 110
"""Characters of a line where there is no terminal."""


def main() -> int:
    """Run the laboratory; return 1 when a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--minutes", type=float, default=7, help="at most, all in all (7)")
    parser.add_argument("--faults", type=int, default=100, help="how many strike (100)")
    parser.add_argument("--seed", type=int, default=1, help="of the order and the load (1)")
    parser.add_argument("--only", default="", help="kinds whose name contains this; no scenes")
    parser.add_argument("--control-only", action="store_true", help="run the control alone")
    parser.add_argument("--json", action="store_true", help="print the last line alone")
    options = parser.parse_args()
    width = None if sys.stdout.isatty() else LOG_WIDTH
    console = Console(quiet=options.json, width=width)
    plan = Plan(options.minutes, options.faults, options.seed, options.only, options.control_only)
    try:
        summary, missed = Laboratory(plan, console).run()
    except PoolerMissingError as error:
        sys.stderr.write(f"Error: {error}\n")
        return 1
    for sentence in missed:
        console.print(f"Missed: {sentence}", markup=False, highlight=False)
    sys.stdout.write(summary.json() + "\n")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
