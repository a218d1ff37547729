"""Takes back what a revision does to lock_timeout, as all others queue behind who waits for a lock.

Facts: PostgreSQL 18, 19.11.1 "Statement Behavior"; 0, its default, is to wait for ever.
"""

import re
from typing import Any

from psycopg2.extensions import TRANSACTION_STATUS_INTRANS

LONGEST_MS = 10_000
"""A revision may choose a limit of its own up to this one."""

_NAMES_IT = r"lock_timeout|set_config|pg_settings|\bRESET\b|\bDISCARD\b"
_NAMES = re.compile(_NAMES_IT, re.IGNORECASE)
# A function may change it, too.
_MAY_CHANGE = re.compile(
    rf"{_NAMES_IT}|\A\s*(?:SET|SELECT|WITH|DO|CALL|EXECUTE)\b|;\s*\S", re.IGNORECASE
)
_SEVERAL = re.compile(rf"(?=.*(?:{_NAMES_IT})).*;\s*\S", re.IGNORECASE | re.DOTALL)
# Where it is as it should be, this is one round trip and no row.
_TAKE_BACK = """
    SELECT set_config('lock_timeout', %s, true) FROM pg_settings
    WHERE name = 'lock_timeout' AND NOT setting::bigint BETWEEN 1 AND %s
"""


class LockTimeout:
    """The limit of a run, in milliseconds."""

    def __init__(self, limit_ms: int) -> None:
        self._limit_ms = limit_ms

    def restore(self, raw: Any, statement: str) -> bool:
        """Set the limit again for the rest of a transaction, if a statement of it took it away."""
        if not _MAY_CHANGE.search(statement):
            return False
        if raw.info.transaction_status != TRANSACTION_STATUS_INTRANS:
            return False
        with raw.cursor() as cursor:
            cursor.execute(_TAKE_BACK, (f"{self._limit_ms}ms", max(self._limit_ms, LONGEST_MS)))
            return cursor.fetchone() is not None

    def kept(self, text: str) -> str:
        """Write several statements so that the limit also holds between them."""
        return self._written(text, "SET LOCAL") if _SEVERAL.match(text) else text

    def kept_in_script(self, text: str) -> str:
        """Write a statement, or several, so that the limit holds after each of them."""
        return self._written(text, "SET", is_last=True) if _NAMES.search(text) else text

    def _written(self, text: str, set_: str, *, is_last: bool = False) -> str:
        # Most revisions come without; the parser takes a quarter of a second to import.
        import postgast  # noqa: PLC0415

        from safe_migrations.lint.timeouts import loosened  # noqa: PLC0415

        try:
            statements = postgast.parse(text).stmts
        except postgast.PgQueryError:
            return text  # Postgres itself says what is wrong with it.
        source, written, begin = text.encode(), b"", 0
        again = f"; {set_} lock_timeout = '{self._limit_ms}ms'".encode()
        for raw in statements:
            end = raw.stmt_location + raw.stmt_len if raw.stmt_len else len(source.rstrip())
            is_between = raw is not statements[-1] or is_last
            written += source[begin:end] + (again if is_between and loosened(raw.stmt) else b"")
            begin = end
        return (written + source[begin:]).decode()
