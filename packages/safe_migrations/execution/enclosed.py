"""Runs revisions inside of a transaction that is somebody else's, who ends it.

All of them are taken back together with what else the transaction does, or none. What a revision
does outside of transactions, for the sake of those who use the tables meanwhile, it does plainly
here: it is for whoever encloses it to see that nobody waits.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from sqlalchemy import Connection, event

from plain_commands.errors import ConfigurationError
from safe_migrations.execution.statements import refuse_control

_CONCURRENTLY = re.compile(
    r"(\s*(?:CREATE\s+(?:UNIQUE\s+)?INDEX|DROP\s+INDEX|REINDEX(?:\s*\([^)]*\))?\s[^;()]*?"
    r"|ALTER\s+TABLE\b[^;]*?\bDETACH\s+PARTITION\b[^;]*?))\s+CONCURRENTLY\b",
    re.IGNORECASE,
)
# REINDEX (CONCURRENTLY) TABLE ... is an option, and one of several.
_AS_OPTION = re.compile(
    r"(\s*REINDEX\s*\([^)]*?)\bCONCURRENTLY\b(?:\s+(?:true|on|1))?", re.IGNORECASE
)
_VACUUM = re.compile(r"\s*VACUUM\b", re.IGNORECASE)
_INSTEAD = "SELECT WHERE false"


@contextmanager
def enclosed(connection: Connection, migration: Any) -> Iterator[None]:
    """Let revisions run in the open transaction of a connection, if there is one.

    `migration` is Alembic's MigrationContext. Raises ConfigurationError for a revision that would
    end the transaction.
    """
    if not migration._in_external_transaction:  # noqa: SLF001  nothing public tells
        yield
        return
    # Alembic's own wants a transaction that it has begun itself.
    migration.autocommit_block = nullcontext
    listeners = {"commit": _refuse, "rollback": _refuse}
    event.listen(connection, "before_cursor_execute", _plain, retval=True)
    for name, listener in listeners.items():
        event.listen(connection, name, listener)
    try:
        yield
    finally:
        event.remove(connection, "before_cursor_execute", _plain)
        for name, listener in listeners.items():
            event.remove(connection, name, listener)


def plainly(statement: str) -> str:
    """Write a statement so that it may run inside of a transaction."""
    if _VACUUM.match(statement):
        return _INSTEAD
    for pattern, instead in ((_CONCURRENTLY, r"\1"), (_AS_OPTION, r"\1VERBOSE false")):
        statement = (
            pattern.sub(instead, statement, count=1) if pattern.match(statement) else statement
        )
    return statement


def _plain(
    _connection: Connection,
    _cursor: Any,
    statement: str,
    parameters: Any,
    _context: object,
    _executemany: bool,  # noqa: FBT001  as SQLAlchemy calls it
) -> tuple[str, Any]:
    refuse_control(statement)
    return plainly(statement), parameters


def _refuse(_connection: Connection) -> None:
    message = (
        "A revision calls commit() or rollback() on the connection, whose transaction holds more "
        "than that revision; nothing was changed. Use `with connection.begin_nested():` for what "
        "may fail."
    )
    raise ConfigurationError(message)
