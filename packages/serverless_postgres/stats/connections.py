"""Connections: how many there are and may be, whose they are, and who holds a transaction open.

Facts: PostgreSQL 18, 27.2.3 "pg_stat_activity", 19.3 "Connections and Authentication".
"""

from dataclasses import asdict, dataclass
from typing import Any

from serverless_postgres.stats import writing
from serverless_postgres.stats.circumstances import Inquiry
from serverless_postgres.stats.finding import Figures, Finding, Section, Severity

LONG_S = 60
"""A transaction open for longer than this keeps dead rows, and whatever it has locked."""
NEARLY_USED = 0.8
ALMOST_ALL_USED = 0.95

# Of sessions that the role may not look at, not even the type is told; clients have a role.
SQL = """
WITH sessions AS MATERIALIZED (
  SELECT * FROM pg_stat_activity WHERE coalesce(backend_type, 'client backend') = 'client backend'
    AND usesysid IS NOT NULL
)
SELECT json_build_object(
  'most', current_setting('max_connections')::int,
  'reserved', current_setting('superuser_reserved_connections')::int
    + coalesce(current_setting('reserved_connections', true), '0')::int,
  'used', (SELECT count(*) FROM sessions),
  'groups', coalesce((SELECT json_agg(item ORDER BY item.count DESC, item.application, item.state)
    FROM (
      SELECT application_name AS application, coalesce(state, 'unknown') AS state,
        count(*) AS count, extract(epoch FROM clock_timestamp() - min(state_change))::float8
        AS longest_s
      FROM sessions WHERE datname = current_database() AND pid <> pg_backend_pid() GROUP BY 1, 2
    ) item), '[]'),
  'transactions', coalesce((SELECT json_agg(item ORDER BY item.open_s DESC) FROM (
    SELECT pid, usename AS role, application_name AS application,
      coalesce(state, 'unknown') AS state,
      extract(epoch FROM clock_timestamp() - xact_start)::float8 AS open_s,
      extract(epoch FROM clock_timestamp() - state_change)::float8 AS idle_s,
      left(regexp_replace(query, '\\s+', ' ', 'g'), 200) AS query
    FROM sessions WHERE datname = current_database() AND pid <> pg_backend_pid()
      AND xact_start < clock_timestamp() - make_interval(secs => %(long_transaction_s)s)
  ) item), '[]'))
"""


@dataclass(frozen=True, slots=True)
class Transaction:
    """A transaction that has been open for long."""

    pid: int
    role: str
    application: str
    state: str
    open_s: float
    idle_s: float
    query: str

    @property
    def is_idle(self) -> bool:
        """Whether it waits for its client, doing nothing."""
        return self.state.startswith("idle in transaction")


def judge(found: Any, inquiry: Inquiry) -> Section:
    """Judge what SQL found."""
    limit, settings = inquiry.limit, inquiry.settings
    each = settings.pool_size + settings.pool_max_overflow
    free = found["most"] - found["reserved"]
    transactions = [Transaction(**item) for item in found["transactions"]]
    groups = found["groups"]
    rows = [
        (
            writing.number(item["count"]),
            writing.seconds(item["longest_s"]),
            item["state"],
            item["application"] or "(no application_name)",
        )
        for item in groups[:limit]
    ]
    return Section(
        facts={
            "used": found["used"],
            "max_connections": found["most"],
            "reserved": found["reserved"],
            "by_application_and_state": groups[:limit],
            "long_transactions": [asdict(item) for item in transactions[:limit]],
            "pool_per_process": each,
            "processes_that_fit": free // each,
        },
        figures=(
            Figures(
                "Connections to this database",
                ("count", "longest", "state", "application"),
                rows,
                len(groups),
                texts=2,
                empty="none but this one",
            ),
        ),
        findings=(*_full(found["used"], free), *map(_open, transactions)),
        remarks=(_room(found, each, is_neon=inquiry.about.is_neon),),
    )


def _room(found: Any, each: int, *, is_neon: bool) -> str:
    said = (
        f"{found['used']} of {found['most']} connections are used, {found['reserved']} are "
        f"reserved. A process of the application takes up to {each} (POOL_SIZE + "
        f"POOL_MAX_OVERFLOW): connecting directly, {(found['most'] - found['reserved']) // each} "
        "processes (workers of all instances) fit."
    )
    if is_neon:
        said += " Neon's pooler admits 10,000, and works with 90 % of max_connections per role."
    return said


def _full(used: int, free: int) -> list[Finding]:
    if used < NEARLY_USED * free:
        return []
    return [
        Finding(
            "connections-nearly-used",
            Severity.ERROR if used >= ALMOST_ALL_USED * free else Severity.WARNING,
            "max_connections",
            f"{used} of the {free} connections that are not reserved are used; the next clients "
            "are refused.",
            "Connect through a pooler, or lower POOL_SIZE and POOL_MAX_OVERFLOW, or run fewer "
            "workers. Each connection is a process of the server: raise max_connections last.",
        )
    ]


def _open(item: Transaction) -> Finding:
    who = f"pid {item.pid} ({item.role}, {item.application or 'no application_name'})"
    since = f"for {writing.seconds(item.open_s)}"
    if item.is_idle:
        return Finding(
            "idle-in-transaction",
            Severity.ERROR,
            str(item.pid),
            f"{who} is idle in a transaction that has been open {since}: it holds its locks, and "
            f"vacuum keeps what it might still see. Its last statement: {item.query}",
            "Find the client that forgot to commit. To end it:",
            f"SELECT pg_terminate_backend({item.pid});",
        )
    return Finding(
        "long-transaction",
        Severity.WARNING,
        str(item.pid),
        f"{who} has had a transaction open {since}: vacuum keeps what it might still see. It "
        f"runs: {item.query}",
        "Wait, or cancel its statement:",
        f"SELECT pg_cancel_backend({item.pid});",
    )
