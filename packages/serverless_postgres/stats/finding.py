"""What statistics tell: tables of figures, and findings with what to do about them."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    """How soon something should be done about a finding."""

    ERROR = "error"
    """Now: something stands still, or will."""
    WARNING = "warning"
    """When there is time: it costs space or speed."""
    NOTE = "note"
    """Perhaps never: it is good to know."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to act on.

    `kind` is a stable word for programs, `about` the table, index, sequence, setting or process id.
    `said` and `advice` are sentences; `sql` is the statement that the advice is about, if there is
    one.
    """

    kind: str
    severity: Severity
    about: str
    said: str
    advice: str
    sql: str | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """A table for people: `rows` of `total` that there are; the last `texts` cells are words."""

    title: str
    headings: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    total: int
    texts: int = 1
    empty: str = "none"


@dataclass(frozen=True, slots=True)
class Section:
    """What one kind of question found: `facts` for programs, `figures` for people."""

    facts: dict[str, Any]
    figures: tuple[Figures, ...]
    findings: tuple[Finding, ...] = ()
    remarks: tuple[str, ...] = ()
