"""The attacks of `make audit`: all of them, or those that are named.

python -m tests.audit [code] [contract] [access] [injection] [--seeds 1 2 3] [--examples 20]
"""

import argparse
import sys

from . import access, code, contract, injection
from .service import audited

AUDITS = ("code", "contract", "access", "injection")


def main() -> int:
    """Run the audits; the exit code is 1 when one of them finds something."""
    parser = argparse.ArgumentParser(prog="python -m tests.audit")
    parser.add_argument("audits", nargs="*", help=f"of {', '.join(AUDITS)}; none: all")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--examples", type=int, default=20, help="of each operation and phase")
    options = parser.parse_args()
    chosen = options.audits or AUDITS
    if unknown := set(chosen) - set(AUDITS):
        parser.error(f"there is no {', '.join(sorted(unknown))}")
    passed = []
    if "code" in chosen:
        passed.append(code.run())
    if "contract" in chosen:
        with audited() as service:
            passed.append(contract.run(service, options.seeds, options.examples))
    if "access" in chosen:
        with audited(AUTH="on", RATE_LIMIT="1000000/minute") as service:
            passed.append(access.run(service, options.seeds[:1], options.examples))
    if "injection" in chosen:
        with audited() as service:
            passed.append(injection.run(service))
    return 0 if all(passed) else 1


sys.exit(main())
