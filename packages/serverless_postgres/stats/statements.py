"""Which statements take the most time, as pg_stat_statements has counted them.

Facts: PostgreSQL 18, F.32 "pg_stat_statements". Its columns used here are those of version 1.8
(PostgreSQL 13) and later.
"""

from dataclasses import asdict, dataclass
from textwrap import shorten
from typing import Any

from serverless_postgres.stats import writing
from serverless_postgres.stats.circumstances import Circumstances
from serverless_postgres.stats.finding import Figures, Finding, Severity

SLOW_MS = 500
"""A statement that takes longer on average is worth an EXPLAIN."""
FEW_CALLS = 3
_QUERY_WIDTH = 100
_SWITCH_ON = "CREATE EXTENSION IF NOT EXISTS pg_stat_statements;"

# shared_preload_libraries is shown only to members of pg_read_all_settings.
AVAILABILITY_SQL = """
SELECT json_build_object(
  'schema', (SELECT quote_ident(n.nspname) FROM pg_extension e
    JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_stat_statements'),
  'is_available', EXISTS (
    SELECT FROM pg_available_extensions WHERE name = 'pg_stat_statements'),
  'preloaded', (SELECT setting FROM pg_settings WHERE name = 'shared_preload_libraries'))
"""

# One statement of several roles, or called by functions, too, is one.
SQL = """
SELECT queryid::text, sum(calls)::bigint AS calls, sum(total_exec_time) AS total_ms,
  sum(total_exec_time) / sum(calls) AS mean_ms, max(max_exec_time) AS max_ms,
  sum(rows)::bigint AS rows,
  sum(total_exec_time) / nullif(sum(sum(total_exec_time)) OVER (), 0) AS share,
  sum(shared_blks_hit) / nullif(sum(shared_blks_hit + shared_blks_read), 0)::float8 AS hit_share,
  left(regexp_replace(min(query), '\\s+', ' ', 'g'), 1000) AS query,
  count(*) OVER () AS total
FROM SCHEMA.pg_stat_statements
WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND calls > 0
GROUP BY queryid ORDER BY total_ms DESC LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement, its constants left out; `share` is its part of all statements' time.

    `hit_share` is the part of its blocks that was in Postgres's cache, None if it read none.
    """

    queryid: str | None
    calls: int
    total_ms: float
    mean_ms: float
    max_ms: float
    rows: int
    share: float | None
    hit_share: float | None
    query: str | None


@dataclass(frozen=True, slots=True)
class Statements:
    """The statements that take the most time, or in `missing` why they are not known."""

    statements: tuple[Statement, ...] = ()
    total: int = 0
    missing: Finding | None = None

    def as_json(self) -> dict[str, Any]:
        """Make the part of the document; `statements` is null where nobody counts them."""
        known = None if self.missing else [asdict(item) for item in self.statements]
        return {"statements": known}

    def figures(self) -> Figures:
        """Make the table."""
        rows = [
            (
                writing.share(item.share),
                writing.milliseconds(item.mean_ms),
                writing.number(item.calls),
                writing.number(item.rows / item.calls),
                writing.share(item.hit_share),
                item.query or "",
            )
            for item in self.statements
        ]
        return Figures(
            "Statements, by their total time",
            ("of all", "mean", "calls", "rows each", "cached", "statement"),
            rows,
            self.total,
            empty="not counted: see below" if self.missing else "none counted yet",
        )

    def findings(self) -> list[Finding]:
        """Judge them."""
        if self.missing:
            return [self.missing]
        return [
            _slow(item)
            for item in self.statements
            if item.mean_ms >= SLOW_MS and item.calls >= FEW_CALLS
        ]


def missing(availability: Any, about: Circumstances, said: str = "") -> Statements:
    """Say how to have statements counted; `said` is why they can't be read, if that was tried."""
    sql: str | None = _SWITCH_ON
    needs_preload = "pg_stat_statements" not in (availability["preloaded"] or "")
    if about.is_neon:
        advice = "On Neon it has only to be created; it starts over when the compute suspends:"
    elif not availability["is_available"]:
        advice = (
            "This server does not have it. Install PostgreSQL's contrib modules (Debian: part of "
            "the package postgresql; Docker's image has them), then set shared_preload_libraries = "
            "'pg_stat_statements', restart, and in this database:"
        )
    elif needs_preload or said:
        advice = (
            "Set shared_preload_libraries = 'pg_stat_statements' in postgresql.conf, restart the "
            "server, and in this database:"
        )
    else:
        advice = "The server is ready for it; in this database:"
    reason = (
        f"pg_stat_statements can't be read ({said})"
        if said
        else ("pg_stat_statements is not switched on")
    )
    finding = Finding(
        "statements-not-counted",
        Severity.NOTE,
        "pg_stat_statements",
        f"{reason}, so that nothing counts which statements take the time.",
        advice,
        sql,
    )
    return Statements(missing=finding)


def statements(rows: Any) -> Statements:
    """Read what SQL found."""
    return Statements(
        tuple(Statement(*row[:-1]) for row in rows),
        rows[0][-1] if rows else 0,
    )


def _slow(item: Statement) -> Finding:
    query = shorten(item.query or "", _QUERY_WIDTH, placeholder=" ...")
    cached = (
        f"; {writing.share(item.hit_share)} of its blocks were cached"
        if item.hit_share is not None
        else ""
    )
    return Finding(
        "slow-statement",
        Severity.WARNING,
        item.queryid or "",
        f"{writing.milliseconds(item.mean_ms)} on average, {writing.number(item.calls)} times, "
        f"{writing.share(item.share)} of all time{cached}: {query}",
        "Look at its plan with EXPLAIN (ANALYZE, BUFFERS): an index, fewer rows, or a cursor "
        "instead of OFFSET.",
    )
