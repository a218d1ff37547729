"""The server's settings that matter most, and those that look wrong.

Facts: PostgreSQL 18, 19 "Server Configuration", 53.25 "pg_settings".
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from serverless_postgres.stats import writing
from serverless_postgres.stats.circumstances import Circumstances, Inquiry
from serverless_postgres.stats.finding import Figures, Finding, Section, Severity

NAMES = (
    "max_connections",
    "superuser_reserved_connections",
    "reserved_connections",
    "shared_buffers",
    "effective_cache_size",
    "work_mem",
    "maintenance_work_mem",
    "random_page_cost",
    "statement_timeout",
    "lock_timeout",
    "idle_in_transaction_session_timeout",
    "autovacuum",
    "autovacuum_vacuum_scale_factor",
    "fsync",
    "full_page_writes",
    "synchronous_commit",
    "track_activities",
    "track_counts",
    "track_io_timing",
    "log_min_duration_statement",
    "shared_preload_libraries",
)
_ALWAYS_ON = {
    "fsync": "a crash of the machine loses or breaks the database",
    "full_page_writes": "a crash of the machine can break the database",
    "autovacuum": "dead rows stay, estimates grow old, and in the end Postgres refuses writes",
    "track_counts": "autovacuum does not know what to do, and nothing is counted",
    "track_activities": "nobody sees what sessions do",
}

_BYTES = {"B": 1, "kB": 1024, "8kB": 8192, "MB": 1024**2}
"""Units of `pg_settings`; blocks are of 8 kB unless Postgres was built otherwise."""

# `reset_val` is what sessions begin with: the timeouts of this very transaction are its own, and
# hide who set those of others.
SQL = f"""
SELECT coalesce(json_object_agg(name, json_build_object('value', reset_val, 'unit', unit,
  'source', CASE WHEN name IN ('statement_timeout', 'lock_timeout') AND source = 'session'
    THEN NULL ELSE source END)), '{{}}')
FROM pg_settings WHERE name IN ({", ".join(f"'{name}'" for name in NAMES)})
"""  # noqa: S608  names from above


@dataclass(frozen=True, slots=True)
class _Setting:
    name: str
    value: str
    unit: str | None
    source: str | None

    def __str__(self) -> str:
        """Write the value with its unit; below 0 and at 0 it has a meaning of its own."""
        if self.unit is None or float(self.value) <= 0:
            return self.value
        if self.unit in _BYTES:
            return writing.size(float(self.value) * _BYTES[self.unit])
        return f"{self.value} {self.unit}"


def judge(found: Any, inquiry: Inquiry) -> Section:
    """Judge what SQL found."""
    settings = {
        name: _Setting(name, found[name]["value"], found[name]["unit"], found[name]["source"])
        for name in NAMES
        if name in found
    }
    findings = [check(settings, inquiry.about) for check in _CHECKS]
    return Section(
        facts=found,
        figures=(
            Figures(
                "Settings of the server",
                ("setting", "value", "set by"),
                [(item.name, str(item), item.source or "") for item in settings.values()],
                len(settings),
                texts=3,
            ),
        ),
        findings=tuple(item for item in findings if item),
    )


def _always_on(name: str) -> Callable[[dict[str, _Setting], Circumstances], Finding | None]:
    def check(settings: dict[str, _Setting], _about: Circumstances) -> Finding | None:
        if name not in settings or settings[name].value != "off":
            return None
        return Finding(
            "setting-off",
            Severity.ERROR,
            name,
            f"{name} is off: {_ALWAYS_ON[name]}.",
            "Only for a database that may be lost, such as one of tests. Otherwise:",
            f"ALTER SYSTEM SET {name} = on; SELECT pg_reload_conf();",
        )

    return check


def _idle_transactions(settings: dict[str, _Setting], about: Circumstances) -> Finding | None:
    name = "idle_in_transaction_session_timeout"
    if name not in settings or settings[name].value != "0":
        return None
    return Finding(
        "setting-unlimited",
        Severity.NOTE,
        name,
        f"{name} is 0: a client that forgets to commit holds its locks for ever.",
        "A minute is plenty where requests take seconds:",
        f"ALTER DATABASE {writing.quoted(about.database)} SET {name} = '60s';",
    )


_CHECKS = (*map(_always_on, _ALWAYS_ON), _idle_transactions)
