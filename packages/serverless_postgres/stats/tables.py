"""Tables: how large they are, what is dead in them, how they are read and cleaned.

Facts: PostgreSQL 18, 27.2.19 "pg_stat_all_tables", 24.1 "Routine Vacuuming", 68.2 "TOAST". How much
of a file is empty (bloat) is not estimated: only the extension pgstattuple knows, by reading it.
"""

from dataclasses import asdict, dataclass
from operator import attrgetter
from typing import Any

from serverless_postgres.stats import writing
from serverless_postgres.stats.circumstances import Circumstances, Inquiry
from serverless_postgres.stats.finding import Figures, Finding, Section, Severity

MANY_ROWS = 10_000
"""Reading a smaller table from end to end is quick."""
MANY_SCANS = 50
MANY_BLOCKS = 100_000
MANY_DEAD_ROWS = 5000
DEAD_SHARE = 0.3
"""Autovacuum begins at a fifth (autovacuum_vacuum_scale_factor): here it does not keep up."""
SCANNED_SHARE = 0.1
HIT_SHARE = 0.95
OLD_AGE = 500_000_000
CRITICAL_AGE = 1_500_000_000
"""At about 2.1 thousand million transactions Postgres refuses writes (24.1.5)."""

# As in `indexes`: partitions count as their table, and nothing waits for a lock. The size of TOAST
# includes that of its index, as in pg_total_relation_size.
SQL = """
WITH locked AS MATERIALIZED (
  SELECT DISTINCT relation FROM pg_locks
  WHERE mode = 'AccessExclusiveLock' AND pid <> pg_backend_pid()
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
), sized AS MATERIALIZED (
  SELECT c.oid, c.relkind, c.reltoastrelid, CASE WHEN c.oid IN (SELECT relation FROM locked)
    THEN c.relpages * current_setting('block_size')::bigint
    -- Not pg_table_size of a table: that opens its TOAST, too.
    ELSE coalesce(pg_relation_size(c.oid), 0) + coalesce(pg_relation_size(c.oid, 'fsm'), 0)
      + coalesce(pg_relation_size(c.oid, 'vm'), 0) END AS bytes
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'm', 'i', 't') AND c.relpersistence <> 't'
    AND n.nspname <> ALL (%(aside)s::text[])
    AND (n.nspname = 'pg_toast' OR NOT starts_with(n.nspname, 'pg_'))
), indexed AS MATERIALIZED (
  SELECT i.indrelid, sum(s.bytes) AS bytes FROM pg_index i JOIN sized s ON s.oid = i.indexrelid
  GROUP BY 1
)
SELECT coalesce(json_agg(item), '[]') FROM (
  SELECT coalesce(pg_partition_root(s.oid), s.oid)::regclass::text AS name,
    count(*) FILTER (WHERE c.relispartition) AS partitions,
    sum(s.bytes)::bigint AS heap_bytes,
    sum(coalesce(i.bytes, 0))::bigint AS index_bytes,
    sum(coalesce(t.bytes, 0) + coalesce(ti.bytes, 0))::bigint AS toast_bytes,
    sum(CASE WHEN c.reltuples < 0 THEN pg_stat_get_live_tuples(c.oid)
      ELSE c.reltuples END) AS rows,
    bool_and(c.reltuples < 0) AS is_unknown,
    sum(pg_stat_get_dead_tuples(c.oid))::bigint AS dead_rows,
    sum(pg_stat_get_numscans(c.oid))::bigint AS scans,
    sum(pg_stat_get_tuples_returned(c.oid))::bigint AS rows_scanned,
    coalesce(sum((SELECT sum(pg_stat_get_numscans(indexrelid)) FROM pg_index
      WHERE indrelid = c.oid)), 0)::bigint AS index_scans,
    sum(pg_stat_get_blocks_fetched(c.oid) - pg_stat_get_blocks_hit(c.oid))::bigint AS blocks_read,
    sum(pg_stat_get_blocks_hit(c.oid))::bigint AS blocks_hit,
    coalesce(sum((SELECT sum(pg_stat_get_blocks_fetched(indexrelid)
      - pg_stat_get_blocks_hit(indexrelid)) FROM pg_index
      WHERE indrelid = c.oid)), 0)::bigint AS index_blocks_read,
    coalesce(sum((SELECT sum(pg_stat_get_blocks_hit(indexrelid)) FROM pg_index
      WHERE indrelid = c.oid)), 0)::bigint AS index_blocks_hit,
    extract(epoch FROM clock_timestamp() - max(greatest(pg_stat_get_last_vacuum_time(c.oid),
      pg_stat_get_last_autovacuum_time(c.oid))))::float8 AS vacuumed_s,
    extract(epoch FROM clock_timestamp() - max(greatest(pg_stat_get_last_analyze_time(c.oid),
      pg_stat_get_last_autoanalyze_time(c.oid))))::float8 AS analysed_s,
    max(age(c.relfrozenxid)) AS age,
    bool_or(array_to_string(c.reloptions, ',') ~ 'autovacuum_enabled=(false|off|0|no)')
      IS TRUE AS is_left_alone
  FROM sized s JOIN pg_class c ON c.oid = s.oid
  LEFT JOIN indexed i ON i.indrelid = s.oid
  LEFT JOIN sized t ON t.oid = c.reltoastrelid
  LEFT JOIN indexed ti ON ti.indrelid = c.reltoastrelid
  WHERE s.relkind IN ('r', 'm')
  GROUP BY coalesce(pg_partition_root(s.oid), s.oid)
) item
"""


@dataclass(frozen=True, slots=True)
class Table:
    """A table or materialized view, one for all partitions; rows are estimates.

    The times are seconds since the last vacuum and analyze, by hand or by autovacuum. `is_unknown`
    says that the planner has never seen it; `age` is that of its oldest row in transactions.
    """

    name: str
    partitions: int
    heap_bytes: int
    index_bytes: int
    toast_bytes: int
    rows: float
    is_unknown: bool
    dead_rows: int
    scans: int
    rows_scanned: int
    index_scans: int
    blocks_read: int
    blocks_hit: int
    index_blocks_read: int
    index_blocks_hit: int
    vacuumed_s: float | None
    analysed_s: float | None
    age: int | None
    is_left_alone: bool

    @property
    def bytes(self) -> int:
        """All of it."""
        return self.heap_bytes + self.index_bytes + self.toast_bytes

    @property
    def dead_share(self) -> float:
        """The part of its rows that is dead."""
        return self.dead_rows / max(self.dead_rows + self.rows, 1)


def judge(found: Any, inquiry: Inquiry) -> Section:
    """Judge what SQL found."""
    about, limit = inquiry.about, inquiry.limit
    tables = sorted((Table(**item) for item in found), key=attrgetter("bytes"), reverse=True)
    hits = {
        "tables": _hit_share(tables, "blocks"),
        "indexes": _hit_share(tables, "index_blocks"),
    }
    findings = [item for table in tables for item in _findings(table)]
    return Section(
        facts={
            "database_bytes": about.database_bytes,
            "cache_hit": hits,
            "largest": [asdict(item) | {"bytes": item.bytes} for item in tables[:limit]],
        },
        figures=(_sizes(tables, limit), _cleaning(tables, limit)),
        findings=(*findings, *_cache(tables, hits, about)),
        remarks=(_cached(hits),),
    )


def _cached(hits: dict[str, float | None]) -> str:
    tables, indexes = (writing.share(hits[name]) or "nothing yet" for name in hits)
    return f"From Postgres's cache: {tables} of the tables' blocks, {indexes} of the indexes'."


def _sizes(tables: list[Table], limit: int) -> Figures:
    headings = ("total", "heap", "indexes", "TOAST", "~rows", "seq scans", "rows each", "table")
    rows = [
        (
            writing.size(item.bytes),
            writing.size(item.heap_bytes),
            writing.size(item.index_bytes),
            writing.size(item.toast_bytes),
            writing.number(item.rows),
            writing.number(item.scans),
            writing.number(item.rows_scanned / item.scans if item.scans else None),
            _name(item),
        )
        for item in tables[:limit]
    ]
    return Figures("Tables, the largest first", headings, rows, len(tables))


def _cleaning(tables: list[Table], limit: int) -> Figures:
    dirty = sorted(tables, key=attrgetter("dead_rows"), reverse=True)
    rows = [
        (
            writing.number(item.dead_rows),
            writing.share(item.dead_share),
            writing.ago(item.vacuumed_s),
            writing.ago(item.analysed_s),
            writing.number(item.age),
            _name(item),
        )
        for item in dirty[:limit]
        if item.dead_rows
    ]
    headings = ("dead rows", "of all", "vacuumed", "analysed", "age", "table")
    return Figures("Dead rows", headings, rows, sum(bool(item.dead_rows) for item in tables))


def _name(item: Table) -> str:
    return f"{item.name} ({item.partitions} partitions)" if item.partitions else item.name


def _hit_share(tables: list[Table], blocks: str) -> float | None:
    read = sum(getattr(item, f"{blocks}_read") for item in tables)
    hit = sum(getattr(item, f"{blocks}_hit") for item in tables)
    return hit / (hit + read) if hit + read else None


def _findings(item: Table) -> list[Finding]:
    judgements = (_dead(item), _left_alone(item), _never_analysed(item), _scanned(item), _old(item))
    return [finding for finding in judgements if finding]


def _dead(item: Table) -> Finding | None:
    if item.dead_rows < MANY_DEAD_ROWS or item.dead_share < DEAD_SHARE:
        return None
    return Finding(
        "dead-rows",
        Severity.WARNING,
        item.name,
        f"{writing.share(item.dead_share)} of {item.name} is dead "
        f"({writing.number(item.dead_rows)} rows; vacuumed {writing.ago(item.vacuumed_s)}): "
        "queries read them all the same.",
        "Look for a transaction that has been open for long (section connections): it "
        "keeps dead rows. Then:",
        f"VACUUM (ANALYZE) {item.name};",
    )


def _left_alone(item: Table) -> Finding | None:
    if not item.is_left_alone:
        return None
    return Finding(
        "autovacuum-off",
        Severity.WARNING,
        item.name,
        f"Autovacuum is switched off for {item.name}: dead rows stay, and estimates grow old.",
        "Switch it on again, in a revision:",
        f"ALTER TABLE {item.name} RESET (autovacuum_enabled);",
    )


def _never_analysed(item: Table) -> Finding | None:
    if not item.is_unknown or item.rows < MANY_ROWS:
        return None
    return Finding(
        "never-analysed",
        Severity.WARNING,
        item.name,
        f"{item.name} has about {writing.number(item.rows)} rows and was never analysed: the "
        "planner knows nothing of its values.",
        "Autovacuum does it within minutes, if it is on; or at once:",
        f"ANALYZE {item.name};",
    )


def _scanned(item: Table) -> Finding | None:
    if item.scans < MANY_SCANS or item.rows < MANY_ROWS:
        return None
    rows_each = item.rows_scanned / item.scans
    if rows_each < MANY_ROWS or item.scans < SCANNED_SHARE * (item.scans + item.index_scans):
        return None
    return Finding(
        "sequential-scans",
        Severity.WARNING,
        item.name,
        f"{item.name} was read from end to end {writing.number(item.scans)} times, "
        f"{writing.number(rows_each)} rows each; {writing.number(item.index_scans)} times an index "
        "was used.",
        "Find the queries (section queries), look at them with EXPLAIN (ANALYZE, "
        "BUFFERS), and index what their WHERE and ORDER BY ask for.",
    )


def _old(item: Table) -> Finding | None:
    if item.age is None or item.age < OLD_AGE:
        return None
    return Finding(
        "wraparound",
        Severity.ERROR if item.age >= CRITICAL_AGE else Severity.WARNING,
        item.name,
        f"{item.name} holds rows {writing.number(item.age)} transactions old: at about "
        "2,100,000,000 Postgres refuses writes.",
        "See that autovacuum is on, and that no transaction, prepared transaction or replication "
        "slot holds it back. Then:",
        f"VACUUM (FREEZE) {item.name};",
    )


def _cache(
    tables: list[Table], hits: dict[str, float | None], about: Circumstances
) -> list[Finding]:
    found = []
    for what, blocks in (("tables", "blocks"), ("indexes", "index_blocks")):
        part = hits[what]
        read = sum(getattr(item, f"{blocks}_read") for item in tables)
        if part is None or part >= HIT_SHARE or read < MANY_BLOCKS:
            continue
        advice = (
            "Neon's own file cache lies behind it, and may still have had them (extension neon, "
            "neon_stat_file_cache); if not, a larger compute has a larger one."
            if about.is_neon
            else "The operating system may still have had them. A larger shared_buffers, up to a "
            "quarter of the memory, or fewer rows read per query, helps."
        )
        found.append(
            Finding(
                "cache-misses",
                Severity.WARNING,
                what,
                f"Only {writing.share(part)} of the {what}' blocks were in Postgres's cache; "
                f"{writing.number(read)} were not.",
                advice,
            )
        )
    return found
