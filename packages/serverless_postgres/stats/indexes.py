"""Indexes: which are never used, which do the work of another, which are missing or broken.

Facts: PostgreSQL 18, 27.2.21 "pg_stat_all_indexes", 52.26 "pg_index", 11.3 "Multicolumn Indexes".
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import groupby
from operator import attrgetter
from typing import Any

from serverless_postgres.stats import writing
from serverless_postgres.stats.circumstances import Circumstances, Inquiry
from serverless_postgres.stats.finding import Figures, Finding, Section, Severity

WORTH_BYTES = 1024**2
"""A smaller index costs next to nothing, and the planner rarely wants one on a small table."""
MANY_ROWS = 10_000
"""Reading a smaller table from end to end is quick."""

# Partitions are counted with the table that they are of. A relation that somebody is about to
# change is measured by the catalog's last known pages, and its indexes keep their definitions to
# themselves: pg_get_indexdef opens the table, and so would wait for him.
SQL = """
WITH locked AS MATERIALIZED (
  SELECT DISTINCT relation FROM pg_locks
  WHERE mode = 'AccessExclusiveLock' AND pid <> pg_backend_pid()
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
), own AS MATERIALIZED (
  SELECT c.oid, coalesce(pg_partition_root(c.oid), c.oid) AS root, i.indisvalid,
    CASE WHEN c.oid IN (SELECT relation FROM locked)
      THEN c.relpages * current_setting('block_size')::bigint ELSE pg_table_size(c.oid) END AS bytes
  FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('i', 'I') AND c.relpersistence <> 't'
    AND n.nspname <> ALL (%(aside)s::text[]) AND NOT starts_with(n.nspname, 'pg_')
), counts AS MATERIALIZED (
  SELECT coalesce(pg_partition_root(oid), oid) AS root,
    sum(CASE WHEN reltuples < 0 THEN pg_stat_get_live_tuples(oid) ELSE reltuples END) AS rows
  FROM pg_class WHERE relkind = 'r' GROUP BY 1
), roots AS (
  SELECT root, sum(bytes) AS bytes, bool_and(indisvalid) AS is_valid,
    sum(pg_stat_get_numscans(oid)) AS scans, count(*) > 1 AS is_partitioned,
    (SELECT indrelid FROM pg_index WHERE indexrelid = root) IN (SELECT relation FROM locked)
      AS is_locked
  FROM own GROUP BY root
)
SELECT json_build_object('indexes', coalesce((SELECT json_agg(item) FROM (
  SELECT r.root::regclass::text AS name, i.indrelid::regclass::text AS table, r.is_locked,
    r.bytes::bigint AS bytes, r.scans::bigint AS scans, r.is_valid,
    r.is_partitioned OR c.relkind = 'I' AS is_partitioned,
    EXISTS (SELECT FROM pg_stat_progress_create_index p WHERE p.index_relid = r.root)
      AS is_being_built,
    i.indisunique AS is_unique,
    i.indisprimary OR i.indisexclusion OR i.indisreplident
      OR EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = r.root) AS is_needed,
    (SELECT amname FROM pg_am WHERE oid = c.relam) AS method,
    (SELECT coalesce(json_agg(json_build_array(pg_get_indexdef(r.root, k, true),
      i.indclass[k - 1], i.indcollation[k - 1], i.indoption[k - 1]) ORDER BY k), '[]')
      FROM generate_series(1, i.indnkeyatts::int) k WHERE NOT r.is_locked) AS keys,
    (SELECT coalesce(json_agg(pg_get_indexdef(r.root, k, true)), '[]')
      FROM generate_series(i.indnkeyatts + 1, i.indnatts::int) k WHERE NOT r.is_locked) AS included,
    (SELECT json_agg(k) FROM unnest(i.indkey[0:i.indnkeyatts - 1]) k) AS numbers,
    CASE WHEN NOT r.is_locked
      THEN substring(pg_get_indexdef(r.root) FROM ' WHERE (.*)$') END AS condition,
    coalesce((to_jsonb(i) ->> 'indnullsnotdistinct')::boolean, false) AS nulls_equal
  FROM roots r JOIN pg_index i ON i.indexrelid = r.root JOIN pg_class c ON c.oid = r.root
) item), '[]'), 'foreign_keys', coalesce((SELECT json_agg(item) FROM (
  SELECT k.conname AS name, k.conrelid::regclass::text AS table,
    k.confrelid::regclass::text AS parent, to_json(k.conkey) AS numbers,
    (SELECT json_agg(quote_ident(a.attname) ORDER BY at.place)
      FROM unnest(k.conkey) WITH ORDINALITY at (number, place)
      JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = at.number) AS columns,
    coalesce((SELECT rows FROM counts WHERE root = k.conrelid), 0) AS rows
  FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE k.contype = 'f' AND k.conparentid = 0
    AND n.nspname <> ALL (%(aside)s::text[]) AND NOT starts_with(n.nspname, 'pg_')
) item), '[]'))
"""


@dataclass(frozen=True, slots=True, eq=False)
class Index:
    """An index, one for all partitions.

    A key is a column or expression, its operator class, collation and order; `numbers` are the
    columns' numbers in the table, 0 for expressions. `is_needed` is that of a constraint or of a
    replica's identity. Of an index that `is_locked`, keys and condition are not known.
    """

    name: str
    table: str
    is_locked: bool
    bytes: int
    scans: int
    is_valid: bool
    is_partitioned: bool
    is_being_built: bool
    is_unique: bool
    is_needed: bool
    method: str
    keys: list[list[Any]]
    included: list[str]
    numbers: list[int]
    condition: str | None
    nulls_equal: bool

    @property
    def drop(self) -> str:
        """The statement that drops it; Postgres can't do it concurrently for partitions."""
        way = "" if self.is_partitioned else "CONCURRENTLY "
        return f"DROP INDEX {way}{self.name};"

    @property
    def rank(self) -> tuple[int, bool, bool, int]:
        """What speaks for keeping it, when another one does the same."""
        return len(self.keys), self.is_needed, self.is_unique, self.scans

    def replaces(self, other: "Index") -> bool:
        """Tell whether everything that another index does is done by this one, too."""
        if (self.table, self.method, self.condition) != (
            other.table,
            other.method,
            other.condition,
        ):
            return False
        if not self.is_valid or not other.is_valid or other.is_needed or self.is_locked:
            return False
        if other.is_unique:
            is_same_rule = self.is_unique and self.nulls_equal == other.nulls_equal
            if not is_same_rule or self.keys != other.keys:
                return False
        holds = {key[0] for key in self.keys} | set(self.included)
        if not set(other.included) <= holds:
            return False
        if self.method == "btree":
            return self.keys[: len(other.keys)] == other.keys
        return self.keys == other.keys


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A foreign key; `rows` of its table are estimated."""

    name: str
    table: str
    parent: str
    numbers: list[int]
    columns: list[str]
    rows: float

    def is_served_by(self, index: Index) -> bool:
        """Tell whether a delete in the parent finds its rows by an index (11.3)."""
        leading = index.numbers[: len(self.numbers)]
        # What is NULL refers to nothing, and need not be found.
        is_whole = index.condition in {None, f"({self.columns[0]} IS NOT NULL)"}
        return (
            index.table == self.table
            and index.is_valid
            and index.method in {"btree", "hash"}
            and is_whole
            and sorted(leading) == sorted(self.numbers)
        )


def judge(found: Any, inquiry: Inquiry) -> Section:
    """Judge what SQL found."""
    about, limit = inquiry.about, inquiry.limit
    indexes = [Index(**item) for item in found["indexes"]]
    keys = [ForeignKey(**item) for item in found["foreign_keys"]]
    redundant = _redundant(indexes)
    unused = [
        item
        for item in sorted(indexes, key=attrgetter("bytes"), reverse=True)
        if item.scans == 0
        and item.is_valid
        and not item.is_unique
        and not item.is_needed
        # Deletes in the parent want it, though perhaps nobody has deleted anything yet.
        and not any(key.is_served_by(item) for key in keys)
    ]
    missing = [key for key in keys if not any(key.is_served_by(item) for item in indexes)]
    findings = [
        *_invalid(indexes),
        *_duplicates(redundant),
        *(_unused(item, about) for item in unused if _is_worth(item) and item not in redundant),
        *(_missing(key) for key in missing),
    ]
    largest = sorted(indexes, key=attrgetter("bytes"), reverse=True)[:limit]
    return Section(
        facts={
            "largest": [_facts(item) for item in largest],
            "never_used": [_facts(item) for item in unused[:limit]],
            "never_used_bytes": sum(item.bytes for item in unused),
            "foreign_keys_without_index": [asdict(key) for key in missing[:limit]],
        },
        figures=(
            Figures(
                "Indexes, the largest first",
                ("scans", "size", "index", "table"),
                [
                    (writing.number(item.scans), writing.size(item.bytes), item.name, item.table)
                    for item in largest
                ],
                len(indexes),
                texts=2,
            ),
        ),
        findings=tuple(findings),
    )


def _facts(item: Index) -> dict[str, Any]:
    names = ("name", "table", "bytes", "scans", "is_unique", "is_needed", "is_valid", "method")
    return {name: getattr(item, name) for name in names}


def _is_worth(item: Index) -> bool:
    return item.bytes >= WORTH_BYTES


def _redundant(indexes: list[Index]) -> dict[Index, Index]:
    """Find what other indexes replace; of two that replace each other, the better one stays."""
    found: dict[Index, Index] = {}
    by_table = sorted(indexes, key=attrgetter("table"))
    for _, group in groupby(by_table, key=attrgetter("table")):
        # Shorter ones first: what is kept in the end is what nothing replaces.
        items = sorted(group, key=attrgetter("rank"))
        for item in items:
            others = [other for other in items if other is not item and other not in found]
            keeper = next((other for other in reversed(others) if other.replaces(item)), None)
            if keeper:
                found[item] = keeper
    return found


def _duplicates(redundant: dict[Index, Index]) -> Iterator[Finding]:
    for item, keeper in redundant.items():
        is_same = item.keys == keeper.keys
        how = "is the same as" if is_same else "is the beginning of"
        yield Finding(
            "duplicate-index" if is_same else "redundant-index",
            Severity.WARNING,
            item.name,
            f"{item.name} ({writing.size(item.bytes)}) {how} {keeper.name} on {item.table}: "
            "each write maintains both.",
            "Take it out of the model and run `flask db migrate`, which writes this:",
            item.drop,
        )


def _invalid(indexes: list[Index]) -> Iterator[Finding]:
    for item in indexes:
        if item.is_valid or item.is_being_built:
            continue
        yield Finding(
            "invalid-index",
            Severity.ERROR,
            item.name,
            f"{item.name} on {item.table} is invalid, left by a build that failed: writes keep it "
            "up, and no query uses it.",
            "Drop it, then `flask db upgrade` builds what a pending revision wants:",
            item.drop,
        )


def _unused(item: Index, about: Circumstances) -> Finding:
    known = writing.seconds(about.counted_s) or "an unknown time"
    if about.is_young:
        return Finding(
            "unused-index",
            Severity.NOTE,
            item.name,
            f"{item.name} on {item.table} ({writing.size(item.bytes)}) was not used in {known}, "
            "which says little.",
            "Look again after days of the usual load.",
        )
    return Finding(
        "unused-index",
        Severity.WARNING,
        item.name,
        f"{item.name} on {item.table} takes {writing.size(item.bytes)}, and was not used in "
        f"{known}.",
        "If no read replica uses it, and it is not new, take it out of the model and run "
        "`flask db migrate`, which writes this:",
        item.drop,
    )


def _missing(key: ForeignKey) -> Finding:
    columns = ", ".join(key.columns)
    return Finding(
        "foreign-key-without-index",
        Severity.WARNING if key.rows >= MANY_ROWS else Severity.NOTE,
        f"{key.table} ({columns})",
        f"{writing.quoted(key.name)} on {key.table} ({columns}) has no index: each delete in "
        f"{key.parent}, and each change of its key, reads all of about "
        f"{writing.number(key.rows)} rows.",
        "Set index=True in the model and run `flask db migrate`, which writes this:",
        f"CREATE INDEX CONCURRENTLY ON {key.table} ({columns});",
    )
