"""Sequences: which of them run out of numbers.

Facts: PostgreSQL 18, 53.26 "pg_sequences".
"""

from dataclasses import asdict, dataclass
from operator import attrgetter
from typing import Any

from serverless_postgres.stats import writing
from serverless_postgres.stats.circumstances import Inquiry
from serverless_postgres.stats.finding import Figures, Finding, Section, Severity

NEARLY_USED = 0.7
ALMOST_ALL_USED = 0.9

# A bigint sequence does not help an integer column: the smaller of both counts.
SQL = """
SELECT coalesce(json_agg(item), '[]') FROM (
  SELECT format('%%I.%%I', s.schemaname, s.sequencename) AS name, s.last_value AS last,
    least(s.max_value, CASE a.atttypid WHEN 'smallint'::regtype THEN 32767
      WHEN 'integer'::regtype THEN 2147483647 END) AS most,
    a.attrelid::regclass::text AS table, quote_ident(a.attname) AS column,
    format_type(a.atttypid, NULL) AS type
  FROM pg_sequences s
  LEFT JOIN LATERAL (
    SELECT owned.* FROM pg_depend d
    JOIN pg_attribute owned ON owned.attrelid = d.refobjid AND owned.attnum = d.refobjsubid
    WHERE d.objid = format('%%I.%%I', s.schemaname, s.sequencename)::regclass
      AND d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
      AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0 LIMIT 1) a ON true
  WHERE s.increment_by > 0 AND NOT s.cycle AND s.last_value IS NOT NULL
    AND s.schemaname <> ALL (%(aside)s::text[])
) item
"""


@dataclass(frozen=True, slots=True)
class Sequence:
    """A sequence that counts upwards, and the column that it is for, if it belongs to one."""

    name: str
    last: int
    most: int
    table: str | None
    column: str | None
    type: str | None

    @property
    def used(self) -> float:
        """The part of its numbers that is used."""
        return max(self.last, 0) / self.most if self.most > 0 else 0.0


def judge(found: Any, inquiry: Inquiry) -> Section:
    """Judge what SQL found."""
    sequences = sorted((Sequence(**item) for item in found), key=attrgetter("used"), reverse=True)
    rows = [
        (writing.share(item.used), writing.number(item.last), writing.number(item.most), item.name)
        for item in sequences[: inquiry.limit]
    ]
    return Section(
        facts={"used": [asdict(item) | {"used": item.used} for item in sequences[: inquiry.limit]]},
        figures=(Figures("Sequences", ("used", "last", "of", "sequence"), rows, len(sequences)),),
        findings=tuple(_ending(item) for item in sequences if item.used >= NEARLY_USED),
    )


def _ending(item: Sequence) -> Finding:
    said = f"{item.name} has used {writing.share(item.used)} of its numbers"
    severity = Severity.ERROR if item.used >= ALMOST_ALL_USED else Severity.WARNING
    if item.table is None:
        return Finding(
            "sequence-ends",
            severity,
            item.name,
            f"{said}; then each INSERT that uses it fails.",
            "Widen it, and the column that it is for, in a revision:",
            f"ALTER SEQUENCE {item.name} AS bigint;",
        )
    return Finding(
        "sequence-ends",
        severity,
        item.name,
        f"{said}; then each INSERT into {item.table} fails.",
        f"Make {item.column}, which is {item.type}, and what refers to it bigint, by expand and "
        "contract on a large table. The sequence itself:",
        f"ALTER SEQUENCE {item.name} AS bigint;",
    )
