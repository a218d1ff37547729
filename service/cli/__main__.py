"""`python -m service.cli db ...` is `flask db ...` without waiting for Flask's imports."""

import sys

from service.cli import groups

if __name__ == "__main__":
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name not in {"db", "neon", "workflows"}:
        sys.exit("Usage: python -m service.cli db|neon|workflows COMMAND ...")
    getattr(groups, name)(sys.argv[2:], prog_name=f"flask {name}")
