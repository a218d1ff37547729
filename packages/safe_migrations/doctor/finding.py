"""What a check of the doctor finds."""

from dataclasses import dataclass
from enum import StrEnum

from safe_migrations.errors import ExitCode


class State(StrEnum):
    """How grave a finding is."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check says, in a sentence or two, and the commands that mend it, one in a line."""

    state: State
    said: str
    mend: str | None = None
    exit_code: ExitCode = ExitCode.OK


def fine(said: str) -> Finding:
    """Say that nothing is to be done."""
    return Finding(State.OK, said)


def warning(said: str, mend: str | None = None) -> Finding:
    """Tell of something that works now, and may not always."""
    return Finding(State.WARNING, said, mend)


def error(said: str, mend: str, exit_code: ExitCode = ExitCode.ERROR) -> Finding:
    """Tell of something that has to be mended."""
    return Finding(State.ERROR, said, mend, exit_code)


def skipped(said: str) -> Finding:
    """Say why there was nothing to look at."""
    return Finding(State.SKIPPED, said)


def listed(items: list[str], *, most: int = 5) -> str:
    """Write names in a sentence, not more than a few."""
    shown = ", ".join(items[:most])
    return shown if len(items) <= most else f"{shown} and {len(items) - most} more"
