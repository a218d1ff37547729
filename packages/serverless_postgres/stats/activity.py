"""What runs right now for longer than it should, and who waits for whom.

Facts: PostgreSQL 18, 27.2.3 "pg_stat_activity", 9.27 "System Information Functions"
(pg_blocking_pids).
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from textwrap import shorten
from typing import Any

from serverless_postgres.stats import writing
from serverless_postgres.stats.finding import Figures, Finding, Severity

LONG_S = 5
"""A statement that runs for longer is worth a look."""
_QUERY_WIDTH = 100

SQL = """
WITH sessions AS MATERIALIZED (
  SELECT pid, usename AS role, application_name AS application,
    coalesce(state, 'unknown') AS state,
    coalesce(extract(epoch FROM clock_timestamp() - query_start), 0)::float8 AS running_s,
    left(regexp_replace(query, '\\s+', ' ', 'g'), 1000) AS query,
    CASE WHEN wait_event_type = 'Lock' THEN pg_blocking_pids(pid) ELSE '{}' END AS blocked_by
  FROM pg_stat_activity
  WHERE datname = current_database() AND pid <> pg_backend_pid()
    AND backend_type = 'client backend'
)
SELECT coalesce(json_agg(sessions ORDER BY running_s DESC), '[]') FROM sessions
WHERE cardinality(blocked_by) > 0
  OR pid IN (SELECT unnest(blocked_by) FROM sessions)
  OR state = 'active' AND running_s > %(long_statement_s)s
"""


@dataclass(frozen=True, slots=True)
class Session:
    """A session that runs a statement, or ran it last and is idle now."""

    pid: int
    role: str
    application: str
    state: str
    running_s: float
    query: str
    blocked_by: list[int]

    def __str__(self) -> str:
        """Name it in a sentence."""
        return f"pid {self.pid} ({self.role}, {self.application or 'no application_name'})"


@dataclass(frozen=True, slots=True)
class Activity:
    """The sessions that run for long, block or are blocked, by process id."""

    sessions: dict[int, Session]

    @property
    def running(self) -> list[Session]:
        """Those whose statement has been running for long."""
        return [
            item
            for item in self.sessions.values()
            if item.state == "active" and item.running_s > LONG_S
        ]

    @property
    def blocked(self) -> list[Session]:
        """Those that wait for a lock."""
        return [item for item in self.sessions.values() if item.blocked_by]

    def in_the_way(self) -> dict[int, list[Session]]:
        """Find who waits for nobody himself, and who waits for him, through others or directly."""
        found: dict[int, list[Session]] = {}
        for item in self.blocked:
            for pid in self._origins(item, frozenset()):
                found.setdefault(pid, []).append(item)
        return found

    def _origins(self, item: Session, seen: frozenset[int]) -> set[int]:
        origins: set[int] = set()
        for pid in set(item.blocked_by) - seen:
            other = self.sessions.get(pid)
            if other is None or not other.blocked_by:
                origins.add(pid)
            else:
                origins |= self._origins(other, seen | {item.pid})
        return origins

    def as_json(self, limit: int) -> dict[str, Any]:
        """Make the part of the document."""
        return {
            "running": [asdict(item) for item in self.running[:limit]],
            "blocked": [asdict(item) for item in self.blocked[:limit]],
        }

    def figures(self, limit: int) -> tuple[Figures, ...]:
        """Make the tables."""
        running, blocked = self.running, self.blocked
        headings = ("pid", "since", "application", "statement")
        return (
            Figures(
                f"Running for more than {LONG_S} s",
                headings,
                [
                    (str(i.pid), writing.seconds(i.running_s), i.application, i.query)
                    for i in running[:limit]
                ],
                len(running),
                texts=2,
            ),
            Figures(
                "Waiting for a lock",
                ("pid", "since", "held by", "statement"),
                [
                    (
                        str(item.pid),
                        writing.seconds(item.running_s),
                        ", ".join(map(str, item.blocked_by)),
                        item.query,
                    )
                    for item in blocked[:limit]
                ],
                len(blocked),
                texts=2,
            ),
        )

    def findings(self) -> Iterator[Finding]:
        """Judge them."""
        blocking = self.in_the_way()
        for pid, waiting in blocking.items():
            yield self._blocks(pid, waiting)
        for item in self.running:
            if item.pid not in blocking and not item.blocked_by:
                yield Finding(
                    "long-statement",
                    Severity.WARNING,
                    str(item.pid),
                    f"{item} has been running a statement for {writing.seconds(item.running_s)}: "
                    f"{_short(item.query)}",
                    "Look at its plan with EXPLAIN. To cancel it:",
                    f"SELECT pg_cancel_backend({item.pid});",
                )

    def _blocks(self, pid: int, waiting: list[Session]) -> Finding:
        longest_s = max(item.running_s for item in waiting)
        holder = self.sessions.get(pid)
        who = str(holder) if holder else f"pid {pid}"
        count = "1 session" if len(waiting) == 1 else f"{len(waiting)} sessions"
        said = f"{who} holds a lock for which {count} wait, for up to {writing.seconds(longest_s)}"
        is_idle = holder is not None and holder.state.startswith("idle in transaction")
        if pid == 0:
            said = said.replace("pid 0", "A prepared transaction")
            advice, sql = (
                "Find it, then COMMIT or ROLLBACK PREPARED:",
                ("SELECT gid, prepared, owner FROM pg_prepared_xacts;"),
            )
        elif is_idle:
            advice, sql = (
                "It is idle in a transaction, so that nothing is lost but its work:",
                (f"SELECT pg_terminate_backend({pid});"),
            )
        else:
            advice, sql = "Wait, or cancel it:", f"SELECT pg_cancel_backend({pid});"
        query = (
            f". {'Its last statement' if is_idle else 'It runs'}: {_short(holder.query)}"
            if (holder and holder.query)
            else "."
        )
        return Finding("blocking-session", Severity.ERROR, str(pid), said + query, advice, sql)


def activity(found: Any) -> Activity:
    """Read what SQL found."""
    return Activity({item["pid"]: Session(**item) for item in found})


def _short(query: str) -> str:
    return shorten(query, _QUERY_WIDTH, placeholder=" ...")
