"""Statements after which a lock is waited for without limit, or for long."""

import re
from collections.abc import Iterator

from safe_migrations.execution.lock_timeout import LONGEST_MS
from safe_migrations.lint import fixes
from safe_migrations.lint.finding import Situation
from safe_migrations.lint.rule import Facts, rule
from safe_migrations.lint.timeouts import loosened

# Spares most statements a walk through their trees.
_NAMES = re.compile(r"lock_timeout|set_config|pg_settings|RESET|DISCARD", re.IGNORECASE)


@rule(
    "a lock_timeout that is switched off, or too long",
    why="Without a short lock_timeout, what waits for a lock makes all others wait behind it, for "
    "as long as the longest transaction lasts. `flask db upgrade` sets one, tries again, and takes "
    "this back.",
    cure="# leave it out; where a revision needs another limit, one of at most "
    f"{LONGEST_MS // 1000} s:\n" + fixes.execute("SET LOCAL lock_timeout = '5s'"),
)
def lock_timeout_off(situation: Situation) -> Iterator[Facts]:
    """Find statements that switch lock_timeout off, or make it long."""
    if _NAMES.search(situation.statement.sql) and loosened(situation.statement.tree):
        yield Facts()
