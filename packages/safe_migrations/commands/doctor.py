"""`flask db doctor`: what is wrong around the database, and the commands that mend it."""

import sys
from textwrap import indent
from typing import TYPE_CHECKING

from safe_migrations.commands.command import Result, command
from safe_migrations.project import Project

if TYPE_CHECKING:  # At run time, `flask db --help` need not wait for SQLAlchemy.
    from safe_migrations.doctor import Diagnosis, Finding

SIGNS = {"ok": "✓", "warning": "!", "error": "✗", "skipped": "-"}
ASCII_SIGNS = {"ok": "ok", "warning": "!", "error": "X", "skipped": "-"}


@command(doing="Examining the database")
def doctor(project: Project, x: tuple[str, ...]) -> Result:
    """Look for what is wrong around the database, and say how to put it right.

    It changes nothing. Exits with 1 when something is wrong, 6 when that is only that the revisions
    have several heads, 3 when only that some are pending.

    Example: flask db doctor
    """
    from safe_migrations.doctor import examine  # noqa: PLC0415

    found = examine(project, x)
    return Result(_document(found), _text(found), found.exit_code)


def _document(found: "Diagnosis") -> dict[str, object]:
    return {
        "checks": [
            {"name": name, "state": item.state, "said": item.said, "mend": item.mend}
            for name, item in found.findings.items()
        ]
    }


def _text(found: "Diagnosis") -> str:
    signs = SIGNS if _can_write("".join(SIGNS.values())) else ASCII_SIGNS
    # Many checks are skipped for one and the same reason.
    lines = dict.fromkeys(_line(signs[item.state], item) for item in found.findings.values())
    counts = {
        state: sum(item.state == state for item in found.findings.values())
        for state in ("error", "warning")
    }
    summary = " and ".join(
        f"{count} {state}{'s' * (count != 1)}" for state, count in counts.items() if count
    )
    return "\n".join([*lines, "", f"{summary}." if summary else "All is well."])


def _line(sign: str, item: "Finding") -> str:
    line = f"{sign:2} {item.said}"
    return f"{line}\n{indent(item.mend, '     ')}" if item.mend else line


def _can_write(text: str) -> bool:
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "ascii")
    except UnicodeEncodeError:
        return False
    return True
